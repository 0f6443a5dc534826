"""The words, icons and colours of retention: how a purpose stands, what came of a change, a value as people say it."""

from collections.abc import Mapping
from typing import Any, Literal

from core.model.enforcements import ChangeState
from core.model.purposes import Difference, LegalBasis, PurposeStatus

Color = Literal["green", "orange", "red", "gray", "blue"]

STATUS_WORDS: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "In force",
    PurposeStatus.DRIFTED: "Drifted",
    PurposeStatus.MISSING: "Not found at the vendor",
    PurposeStatus.UNDECLARED: "Not declared",
    PurposeStatus.AMBIGUOUS: "More than once at the vendor",
    PurposeStatus.NOT_COMPARED: "Not compared yet",
}
# Where there is little room.
SHORT_WORDS: Mapping[PurposeStatus, str] = {
    **STATUS_WORDS,
    PurposeStatus.MISSING: "Not found",
    PurposeStatus.AMBIGUOUS: "More than once",
    PurposeStatus.NOT_COMPARED: "Not compared",
}
STATUS_ICONS: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: ":material/check_circle:",
    PurposeStatus.DRIFTED: ":material/difference:",
    PurposeStatus.MISSING: ":material/search_off:",
    PurposeStatus.UNDECLARED: ":material/help:",
    PurposeStatus.AMBIGUOUS: ":material/content_copy:",
    PurposeStatus.NOT_COMPARED: ":material/schedule:",
}
STATUS_COLORS: Mapping[PurposeStatus, Color] = {
    PurposeStatus.IN_FORCE: "green",
    PurposeStatus.DRIFTED: "orange",
    PurposeStatus.MISSING: "red",
    PurposeStatus.UNDECLARED: "gray",
    PurposeStatus.AMBIGUOUS: "red",
    PurposeStatus.NOT_COMPARED: "gray",
}
STATUS_HINTS: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "Declared, and the vendor is set to just that.",
    PurposeStatus.DRIFTED: "Declared, and the vendor is set to something else.",
    PurposeStatus.MISSING: "Declared, and not found at the vendor. Privacy Desk never creates a purpose by itself.",
    PurposeStatus.UNDECLARED: "The vendor keeps data for it, and nobody has declared it. Adopt it, or remove it there.",
    PurposeStatus.AMBIGUOUS: "The vendor has the name more than once, so nobody can say which one is meant.",
    PurposeStatus.NOT_COMPARED: "Declared, and the vendor has not been asked yet.",
}

CHANGE_WORDS: Mapping[ChangeState, str] = {
    ChangeState.AWAITING_APPROVAL: "Awaiting a second person",
    ChangeState.QUEUED: "Queued",
    ChangeState.SENDING: "Being changed",
    ChangeState.IN_FORCE: "In force already",
    ChangeState.ENFORCED: "Enforced and read back",
    ChangeState.ACCEPTED_BUT_UNCHANGED: "Accepted but not changed",
    ChangeState.CHANGED_MEANWHILE: "Changed at the vendor meanwhile",
    ChangeState.MISSING_AT_VENDOR: "Not found at the vendor",
    ChangeState.FAILED: "Failed",
    ChangeState.CANCELLED: "Cancelled",
}
CHANGE_ICONS: Mapping[ChangeState, str] = {
    ChangeState.AWAITING_APPROVAL: ":material/how_to_reg:",
    ChangeState.QUEUED: ":material/schedule:",
    ChangeState.SENDING: ":material/upload:",
    ChangeState.IN_FORCE: ":material/check_circle:",
    ChangeState.ENFORCED: ":material/task_alt:",
    ChangeState.ACCEPTED_BUT_UNCHANGED: ":material/warning:",
    ChangeState.CHANGED_MEANWHILE: ":material/sync_problem:",
    ChangeState.MISSING_AT_VENDOR: ":material/search_off:",
    ChangeState.FAILED: ":material/error:",
    ChangeState.CANCELLED: ":material/cancel:",
}
CHANGE_COLORS: Mapping[ChangeState, Color] = {
    ChangeState.AWAITING_APPROVAL: "orange",
    ChangeState.QUEUED: "gray",
    ChangeState.SENDING: "blue",
    ChangeState.IN_FORCE: "green",
    ChangeState.ENFORCED: "green",
    ChangeState.ACCEPTED_BUT_UNCHANGED: "red",
    ChangeState.CHANGED_MEANWHILE: "orange",
    ChangeState.MISSING_AT_VENDOR: "red",
    ChangeState.FAILED: "red",
    ChangeState.CANCELLED: "gray",
}

FIELD_WORDS: Mapping[str, str] = {
    "name": "Name",
    "description": "Description",
    "retention_days": "Retention period",
    "legal_basis": "Legal basis",
    "is_active": "Active",
    "owner": "Owner",
    "data_subjects": "Categories of data subjects",
    "data_categories": "Categories of data",
    "recipients": "Recipients",
    "transfers": "Transfers to third countries",
    "security_measures": "Security measures",
}
WHAT_WORDS: Mapping[str, str] = {
    "declared": "Declared",
    "changed": "Changed",
    "adopted": "Adopted from the vendor",
    "imported": "Imported",
    "withdrawn": "Withdrawn",
}


def basis_words(basis: str) -> str:
    """`(a) Consent`; what is none of the six as it is."""
    if basis not in set(LegalBasis):
        return basis or "none"
    return f"({LegalBasis(basis).letter}) {basis.replace('_', ' ').capitalize()}"


def days_words(days: int | str | None) -> str:
    """`90 days`, `1 day`; the vendor's own text where it cannot be read, a dash where there is none."""
    if days is None:
        return "–"
    if isinstance(days, str):
        return f"“{days}”, which cannot be read"
    return "1 day" if days == 1 else f"{days} days"


def value_words(field: str, value: Any) -> str:
    """One value of a purpose in words."""
    match field:
        case "retention_days":
            return days_words(value)
        case "legal_basis":
            return basis_words(str(value))
        case "is_active":
            return "yes" if value else "no"
    return str(value) or "empty"


def difference_words(difference: Difference) -> str:
    """`Retention period: declared 90 days, live 7 days`; of a description only that it differs."""
    if difference.field == "description":
        return "Description differs"
    declared, live = (value_words(difference.field, value) for value in (difference.declared, difference.live))
    return f"{FIELD_WORDS[difference.field]}: declared {declared}, live {live}"
