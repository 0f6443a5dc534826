"""Who acts, and which roles may do what."""

from collections.abc import Mapping
from dataclasses import dataclass
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


_VIEW = frozenset({Action.VIEW_REQUESTS, Action.VIEW_CONNECTIONS, Action.VIEW_METRICS, Action.VIEW_PURPOSES})
_PURPOSES = frozenset({Action.COMPARE_PURPOSES, Action.DECLARE_PURPOSES, Action.ENFORCE_PURPOSES})

PERMISSIONS: Mapping[Role, frozenset[Action]] = {
    Role.REQUESTER: _VIEW
    | _PURPOSES
    | {Action.SUBMIT, Action.SEE_IDENTIFIERS, Action.CANCEL, Action.RETRY, Action.ATTEST},
    Role.APPROVER: _VIEW | {Action.SEE_IDENTIFIERS, Action.APPROVE, Action.CANCEL, Action.COMPARE_PURPOSES},
    Role.AUDITOR: _VIEW | {Action.VIEW_AUDIT, Action.EXPORT},
    Role.ADMINISTRATOR: frozenset(Action),
}


class NotAllowedError(Exception):
    """The actor's roles do not include the action."""


@dataclass(frozen=True)
class Actor:
    """A person (or the desk itself), identified by who vouches for them and the subject they are known by there."""

    issuer: str
    subject: str
    name: str
    roles: frozenset[Role]

    @property
    def id(self) -> str:
        """`issuer|subject`: what four-eyes comparisons use, never the name."""
        return f"{self.issuer}|{self.subject}"

    def may(self, action: Action) -> bool:
        return any(action in PERMISSIONS[role] for role in self.roles)


DESK = Actor("desk", "worker", "Privacy Desk", frozenset())
