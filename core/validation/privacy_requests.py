"""A vendor payload checked against the contract's JSON Schema, then against the house rules."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from core.model.findings import Finding
from core.validation.fields import check_field, missing
from core.validation.house_rules import check_immutable_categories, check_scope_depth
from core.validation.schemas import schema_of, validator_of
from core.validation.unknown_fields import unknown_fields

_MOST_ITEMS = 100


def check_privacy_request(
    payload: dict[str, Any], contract: str = "cxone-requests", *, overrides: Collection[str] = ()
) -> list[Finding]:
    """What keeps a payload from being submitted, in the order of the schema's fields; empty when nothing does.

    `overrides` names the immutable categories that a second person has allowed. Whatever the payload is,
    checking it raises nothing, and no finding's text repeats the subject id. Raises ValueError for a
    contract that has no schema.
    """
    schema = schema_of(contract)
    properties: Mapping[str, Any] = schema["properties"]
    if not isinstance(payload, dict):
        return [Finding("", "type", "A request is a table of fields.", "Give an object with the request's fields")]
    known = {field: _plain(payload[field]) for field in properties if field in payload}
    broken = _broken_keywords(contract, known)
    findings: dict[str, list[Finding]] = defaultdict(list)
    for field, rules in properties.items():
        if field in schema["required"] and known.get(field) is None:
            findings[field].append(missing(field, rules))
        elif field in known:
            findings[field] += check_field(field, rules, known[field], broken[field])
    findings["categories"] += check_immutable_categories(known, properties["categories"], overrides)
    findings["scope"] += check_scope_depth(known, properties["categories"], overrides)
    return [f for field in properties for f in findings[field]] + list(unknown_fields(payload, properties))


def _plain(value: Any, *, top: bool = True) -> Any:
    """The value as far as a rule can look at it, so that neither depth nor a huge number can hurt the check.

    No field is a number or an object: those become 0 and {}. A list keeps its first hundred items, which
    already repeat or break some rule where there are more.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return 0
    if isinstance(value, list | tuple):
        return [_plain(item, top=False) for item in value[:_MOST_ITEMS]] if top else []
    return {}


def _broken_keywords(contract: str, known: Mapping[str, Any]) -> Mapping[str, set[str]]:
    """The schema keywords that each field breaks; `items.` before those of an array's items."""
    broken: dict[str, set[str]] = defaultdict(set)
    for error in validator_of(contract).iter_errors(known):
        if error.absolute_path:  # what concerns the whole object, a missing field, is told apart by name instead
            prefix = "items." if len(error.absolute_path) > 1 else ""
            broken[str(error.absolute_path[0])].add(f"{prefix}{error.validator}")
    return broken
