"""What people do with retention purposes: declare, compare, enforce, and keep the record of processing."""

from core.desk.purposes.comparisons import ComparisonActions, PurposePage, PurposesAtAGlance, PurposeView
from core.desk.purposes.declarations import DeclarationActions, Declared, ImportLine, ImportReport
from core.desk.purposes.enforcement import (
    CONFIRM_ABOVE,
    Asked,
    EnforcementActions,
    EnforcementPreview,
    PlannedChange,
)
from core.desk.purposes.shortenings import PendingShortening, ShorteningActions

__all__ = [
    "CONFIRM_ABOVE",
    "Asked",
    "Declared",
    "EnforcementPreview",
    "ImportLine",
    "ImportReport",
    "PendingShortening",
    "PlannedChange",
    "PurposeActions",
    "PurposePage",
    "PurposeView",
    "PurposesAtAGlance",
]


class PurposeActions(DeclarationActions, ComparisonActions, EnforcementActions, ShorteningActions):
    """The part of the desk that deals in retention purposes."""
