"""Decisions by a second person: what waits for them, and what becomes of it."""

from core.desk.approvals.deciding import CONFIRM_ABOVE, Choice, Decided, DecidingActions, unsent
from core.desk.approvals.waiting import ApprovalPage, PendingApproval, WaitingActions

__all__ = ["CONFIRM_ABOVE", "ApprovalActions", "ApprovalPage", "Choice", "Decided", "PendingApproval", "unsent"]


class ApprovalActions(WaitingActions, DecidingActions):
    """The part of the desk where a second person sees what waits, and decides."""
