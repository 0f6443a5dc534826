"""A declared purpose checked against the model, then against the house's retention ceiling."""

import re
from typing import Any

from pydantic import ValidationError

from core.model.findings import Finding
from core.model.purposes import NAME, LegalBasis, Purpose, retention_from_wire
from core.validation.policy import policy
from core.validation.unknown_fields import unknown_fields
from core.validation.wording import listed, shown

_TITLES = {
    "name": "Name",
    "description": "Description",
    "retention_days": "Retention period",
    "legal_basis": "Legal basis",
    "is_active": "Active",
}
_TYPE_NAMES = {"retention_days": "a whole number of days, such as 180", "is_active": "true or false"}


def check_purpose(payload: dict[str, Any]) -> list[Finding]:
    """What keeps a declared purpose from being enforced, in the order of its fields; empty when nothing does.

    The fields are those of `core.model.purposes.Purpose`. Whatever the payload is, checking it raises nothing.
    """
    if not isinstance(payload, dict):
        return [Finding("", "type", "A purpose is a table of fields.", "Give an object with the purpose's fields")]
    known = {field: payload[field] for field in _TITLES if field in payload}
    kinds = _kinds_of_error(known)
    findings = []
    for field in _TITLES:
        if field in kinds:
            findings.append(_finding(field, kinds[field], known.get(field)))
        elif field == "retention_days" and known[field] > policy().retention.ceiling_days:
            findings.append(_over_the_ceiling())
    return findings + list(unknown_fields(payload, _TITLES))


def _kinds_of_error(known: dict[str, Any]) -> dict[str, str]:
    """Pydantic's type of error for each field that has one; the model tells of one a field."""
    try:
        Purpose.model_validate(known)
    except ValidationError as error:
        # Without the input: a page of nested lists does not print.
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        return {str(problem["loc"][0]): problem["type"] for problem in problems}
    return {}


def _finding(field: str, kind: str, value: Any) -> Finding:
    title = _TITLES[field]
    if kind == "missing" or (value == "" and field in {"name", "legal_basis"}):
        return Finding(field, "required", f"{title} is missing.", f"Fill in {title.lower()}")
    if kind.endswith("_type") or (field == "legal_basis" and not isinstance(value, str)):
        expected = _TYPE_NAMES.get(field, "text")
        days = _days(value) if field == "retention_days" else None
        return Finding(field, "type", f"{title} must be {expected}.", f"Give {expected}", suggestion=days)
    if field == "retention_days":
        return Finding(field, "minimum", "Retention period must be at least 1 day.", "Give 1 day or more")
    if field == "legal_basis":
        return Finding(
            field,
            "enum",
            f"{shown(value)} is not a legal basis of GDPR Art. 6(1).",
            f"Choose {listed(LegalBasis, 'or')}",
            suggestion=_legal_basis(value),
        )
    if field == "name":
        return Finding(
            field,
            "pattern",
            f"{shown(value)} is not a name of a purpose.",
            "Start with A to Z and use 4 to 50 letters, digits, spaces and underscores",
            suggestion=_name(value),
        )
    return Finding(
        field, "pattern", f"{title} holds a character that cannot be stored.", "Type it anew, without pasting"
    )


def _over_the_ceiling() -> Finding:
    ceiling = policy().retention.ceiling_days
    return Finding(
        "retention_days",
        "retention_ceiling",
        f"Retention period is over the house's ceiling of {ceiling} days.",
        f"Give {ceiling} days or fewer",
        suggestion=ceiling,
    )


def _days(value: Any) -> int | None:
    """The days that `30`, `30.0`, `30d` or `P30D` plainly mean, where they would pass."""
    text = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else value
    if not isinstance(text, str):
        return None
    text = text.strip()
    try:
        days = retention_from_wire(f"{text}d" if text.isdigit() else text)
    except ValueError:
        return None
    return days if days <= policy().retention.ceiling_days else None


def _legal_basis(value: str) -> str | None:
    basis = re.sub(r"[\s-]+", "_", value.strip().lower())
    return basis if basis in set(LegalBasis) else None


def _name(value: str) -> str | None:
    name = " ".join(value.split())
    name = name[:1].upper() + name[1:]
    return name if NAME.fullmatch(name) else None
