"""Who acts, and which roles may do what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    REQUESTER = "requester"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """Everything a person can do at the desk; each is checked in the service layer."""

    SUBMIT = "submit"
    VIEW_REQUESTS = "view_requests"
    SEE_IDENTIFIERS = "see_identifiers"
    CANCEL = "cancel"
    RETRY = "retry"
    ATTEST = "attest"
    APPROVE = "approve"
    VIEW_CONNECTIONS = "view_connections"
    OPERATE_CONNECTIONS = "operate_connections"
    VIEW_METRICS = "view_metrics"
    VIEW_AUDIT = "view_audit"
    EXPORT = "export"
    RESEND_TO_VAULT = "resend_to_vault"
    FILL_SANDBOX = "fill_sandbox"
    VIEW_PURPOSES = "view_purposes"
    COMPARE_PURPOSES = "compare_purposes"
    DECLARE_PURPOSES = "declare_purposes"
    ENFORCE_PURPOSES = "enforce_purposes"
    EXTEND = "extend"  # an extension, a pause of the clock, the day identity was established
    VIEW_HOLDS = "view_holds"
    PLACE_HOLDS = "place_holds"
    RELEASE_HOLDS = "release_holds"
    CHECK_LEDGER = "check_ledger"
    SEND_NOW = "send_now"  # what waits in its grace period
    STOP_SENDING = "stop_sending"  # the kill switch; going on again is for fewer
    RESUME_SENDING = "resume_sending"
    VIEW_NOTICES = "view_notices"
    ACKNOWLEDGE_NOTICES = "acknowledge_notices"
    VIEW_PEOPLE = "view_people"
    MANAGE_PEOPLE = "manage_people"
    DISPOSE_OF_RECORDS = "dispose_of_records"  # when their time is over


_VIEW = frozenset(
    {
        Action.VIEW_REQUESTS,
        Action.VIEW_CONNECTIONS,
        Action.VIEW_METRICS,
        Action.VIEW_PURPOSES,
        Action.VIEW_HOLDS,
        Action.VIEW_NOTICES,
    }
)
_DAILY = frozenset({Action.SEE_IDENTIFIERS, Action.CANCEL, Action.EXTEND, Action.PLACE_HOLDS, Action.CHECK_LEDGER})
_WATCH = frozenset({Action.STOP_SENDING, Action.ACKNOWLEDGE_NOTICES})
_PURPOSES = frozenset({Action.COMPARE_PURPOSES, Action.DECLARE_PURPOSES, Action.ENFORCE_PURPOSES})

PERMISSIONS: Mapping[Role, frozenset[Action]] = {
    Role.REQUESTER: _VIEW | _DAILY | _WATCH | _PURPOSES | {Action.SUBMIT, Action.RETRY, Action.ATTEST},
    Role.APPROVER: _VIEW
    | _DAILY
    | _WATCH
    | {
        Action.APPROVE,
        Action.SEND_NOW,
        Action.RESUME_SENDING,
        Action.RELEASE_HOLDS,
        Action.COMPARE_PURPOSES,
    },
    Role.AUDITOR: _VIEW | {Action.VIEW_AUDIT, Action.EXPORT, Action.VIEW_PEOPLE},
    Role.ADMINISTRATOR: frozenset(Action),
}


class NotAllowedError(Exception):
    """The actor's roles do not include the action."""


class SessionEndedError(NotAllowedError):
    """The actor's session is over: they have to sign in again first. The message says why it ended."""


@dataclass(frozen=True)
class Actor:
    """A person (or the desk itself), identified by who vouches for them and the subject they are known by there.

    `session` is that of somebody who signed in: the desk then reads their roles again for each action.
    """

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]
    session: str | None = field(default=None, compare=False, repr=False)

    @property
    def id(self) -> str:
        """`issuer|subject`: what four-eyes comparisons use, never the name."""
        return f"{self.issuer}|{self.subject}"

    def may(self, action: Action) -> bool:
        return any(action in PERMISSIONS[role] for role in self.roles)


DESK = Actor("desk", "worker", "Privacy Desk", frozenset())

# Whoever is at a desk without sign-in: it listens to its own machine only.
LOCAL = Actor("local", "visitor", "Local administrator", frozenset({Role.ADMINISTRATOR}))

# Whom a visitor of the sandbox may act as, on the pages and with the shell's `--as`: four people, so that one can
# try what takes two.
SANDBOX_PEOPLE: Mapping[Role, Actor] = {
    role: Actor("sandbox", role, f"Sandbox {role}", frozenset({role})) for role in Role
}
