"""Enforcing a purpose at its vendor: the states of one change, and which may follow which."""

from collections.abc import Mapping
from enum import StrEnum


class ChangeState(StrEnum):
    """Where one change of one purpose stands. Outcomes stay apart: none is folded into another."""

    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    SENDING = "sending"
    IN_FORCE = "in_force"  # the vendor had the wanted values already; nothing was sent
    ENFORCED = "enforced"  # sent, read back, and as wanted
    ACCEPTED_BUT_UNCHANGED = "accepted_but_unchanged"  # the vendor said yes, and reads back otherwise
    CHANGED_MEANWHILE = "changed_meanwhile"  # not what the person saw in the preview; nothing was overwritten
    MISSING_AT_VENDOR = "missing_at_vendor"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDS = frozenset(
    {
        ChangeState.IN_FORCE,
        ChangeState.ENFORCED,
        ChangeState.ACCEPTED_BUT_UNCHANGED,
        ChangeState.CHANGED_MEANWHILE,
        ChangeState.MISSING_AT_VENDOR,
        ChangeState.FAILED,
        ChangeState.CANCELLED,
    }
)

TRANSITIONS: Mapping[ChangeState, frozenset[ChangeState]] = {
    ChangeState.AWAITING_APPROVAL: frozenset({ChangeState.QUEUED, ChangeState.CANCELLED}),
    ChangeState.QUEUED: frozenset({ChangeState.SENDING, ChangeState.FAILED, ChangeState.CANCELLED}),
    ChangeState.SENDING: _ENDS | {ChangeState.QUEUED},
    **dict.fromkeys(_ENDS, frozenset()),
}

ENDED = frozenset(state for state, followers in TRANSITIONS.items() if not followers)
SUCCESSFUL = frozenset({ChangeState.IN_FORCE, ChangeState.ENFORCED})
# Ends after which the vendor does not have what was declared.
UNSUCCESSFUL = ENDED - SUCCESSFUL - {ChangeState.CANCELLED}


class ChangeTransitionError(Exception):
    """A change was asked to go from one state to another that may not follow it."""


def check_transition(before: ChangeState, after: ChangeState) -> None:
    """Raise ChangeTransitionError unless `after` may follow `before`."""
    if after not in TRANSITIONS[before]:
        raise ChangeTransitionError(f"A change cannot go from {before} to {after}")
