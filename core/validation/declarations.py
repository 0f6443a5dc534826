"""A declaration checked whole: the purpose itself, and what Art. 30(1) asks for beside it."""

from typing import Any

from core.model.findings import Finding
from core.model.purposes import RECORD_FIELDS, Purpose
from core.validation.purposes import check_purpose
from core.validation.unknown_fields import unknown_fields

LISTS = frozenset({"data_subjects", "data_categories", "recipients"})
MOST_CHARACTERS = 2000
MOST_ENTRIES = 50

DECLARATION_FIELDS = (*Purpose.model_fields, *RECORD_FIELDS)

TITLES = {
    "owner": "Owner",
    "data_subjects": "Categories of data subjects",
    "data_categories": "Categories of data",
    "recipients": "Recipients",
    "transfers": "Transfers to third countries",
    "security_measures": "Security measures",
}


def check_declaration(payload: dict[str, Any]) -> list[Finding]:
    """What keeps a declaration from being taken, in the order of its fields; empty when nothing does.

    The fields are those of `core.model.purposes.Declaration`. Whatever the payload is, checking it raises nothing.
    """
    if not isinstance(payload, dict):
        return check_purpose(payload)
    findings = check_purpose({field: payload[field] for field in Purpose.model_fields if field in payload})
    findings += [finding for field in RECORD_FIELDS if field in payload for finding in _check(field, payload[field])]
    return findings + list(unknown_fields(payload, DECLARATION_FIELDS))


def _check(field: str, value: Any) -> list[Finding]:
    title = TITLES[field]
    if field not in LISTS:
        if not isinstance(value, str):
            return [Finding(field, "type", f"{title} must be text.", "Give text")]
        return _check_text(field, value)
    if not isinstance(value, list | tuple) or not all(isinstance(entry, str) for entry in value):
        texts = value if isinstance(value, str) else None
        suggestion = [part.strip() for part in texts.split(";") if part.strip()] if texts else None
        return [Finding(field, "type", f"{title} must be a list of texts.", "Give a list", suggestion=suggestion)]
    if len(value) > MOST_ENTRIES:
        return [
            Finding(
                field, "max_items", f"{title} has {len(value)} entries.", f"Give {MOST_ENTRIES} entries at the most"
            )
        ]
    if any(not entry.strip() for entry in value):
        kept = [entry for entry in value if entry.strip()]
        return [Finding(field, "empty", f"{title} has an empty entry.", "Remove the empty entry", suggestion=kept)]
    return next((found for entry in value if (found := _check_text(field, entry))), [])


def _check_text(field: str, value: str) -> list[Finding]:
    title = TITLES[field]
    if len(value) > MOST_CHARACTERS:
        return [
            Finding(
                field,
                "max_length",
                f"{title} has {len(value)} characters.",
                f"Cut it to {MOST_CHARACTERS} characters",
            )
        ]
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        return [
            Finding(
                field, "pattern", f"{title} holds a character that cannot be stored.", "Type it anew, without pasting"
            )
        ]
    return []
