"""The words for how a call can be sent, how it can end, and what follows."""

from dataclasses import dataclass
from enum import StrEnum


class Sending(StrEnum):
    """What sending the same call twice would do."""

    REPEATABLE = "repeatable"  # GET and PUT: nothing more than once
    KEYED = "keyed"  # a POST whose idempotency key the vendor honours
    UNKEYED = "unkeyed"  # a POST that might be carried out twice


class Outcome(StrEnum):
    """How one attempt ended; the rows of the retry table."""

    ANSWERED = "answered"
    NOT_SENT = "not_sent"
    INTERRUPTED = "interrupted"
    RATE_LIMITED = "rate_limited"
    SERVER_FAILED = "server_failed"
    UNAUTHENTICATED = "unauthenticated"
    TRY_LATER = "try_later"
    CONFLICT = "conflict"
    REFUSED = "refused"
    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    CONTRACT_VIOLATION = "contract_violation"


class Decision(StrEnum):
    """What to do after an attempt. LOOK_UP: the vendor may have done it; find out before anything else."""

    SUCCESS = "success"
    RETRY = "retry"
    LOOK_UP = "look_up"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - a decision, not a token
    ATTACH = "attach"
    PERMANENT = "permanent"


class BreakerEffect(StrEnum):
    """What the attempt tells the circuit breaker about the vendor's health."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


# Error codes after which the vendor may nevertheless have carried the call out. A task whose retries end on
# one of these, or met one on the way, is "outcome unknown" and not "failed".
MAY_HAVE_BEEN_DONE = frozenset(
    {"interrupted", "timed_out", "too_large", "not_json", "vendor_unavailable", "contract_violation"}
)


@dataclass(frozen=True)
class Verdict:
    """What follows from an attempt. `floor_seconds` is the vendor's Retry-After, 0 to 24 hours, where it sent one."""

    decision: Decision
    breaker: BreakerEffect
    floor_seconds: float | None = None
