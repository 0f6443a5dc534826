"""The house rules over the vendor's schema: categories nobody may erase, and how deep one request may cut."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.model.findings import Finding
from core.validation.fields import Rules, tidy_categories
from core.validation.policy import policy

_NUMBERS = {2: "two", 3: "three", 4: "four"}


def check_immutable_categories(
    payload: Mapping[str, Any], rules: Rules, overrides: Collection[str]
) -> Iterator[Finding]:
    """One finding for each immutable category that the payload holds and no override allows."""
    refused = _refused(overrides)
    for category in policy().immutable_category:
        if category.name in refused and category.name in _categories(payload):
            yield Finding(
                "categories",
                "immutable_category",
                f"{category.name} cannot be erased: {category.reason}.",
                category.advice,
                suggestion=tidy_categories(payload["categories"], rules, without=refused),
            )


def check_scope_depth(payload: Mapping[str, Any], rules: Rules, overrides: Collection[str]) -> Iterator[Finding]:
    """A finding where the scope allows fewer categories, with groups of them that each pass on their own."""
    depth = policy().scope_depth
    chosen = [category for category in rules["items"]["enum"] if category in _categories(payload)]
    if payload.get("scope") != depth.scope or len(chosen) <= depth.max_categories:
        return
    allowed = [category for category in chosen if category not in _refused(overrides)]
    parts = max(2, -(-len(allowed) // depth.max_categories))
    yield Finding(
        "scope",
        "scope_depth",
        f"Scope {depth.scope} with {len(chosen)} categories exceeds the maximum scope depth; "
        f"at most {depth.max_categories} are allowed.",
        f"Split into {_NUMBERS.get(parts, parts)} requests",
        split=_even(allowed, parts),
    )


def _refused(overrides: Collection[str]) -> set[str]:
    return {category.name for category in policy().immutable_category} - set(overrides)


def _categories(payload: Mapping[str, Any]) -> list[Any]:
    categories = payload.get("categories")
    return categories if isinstance(categories, list) else []


def _even(categories: list[str], parts: int) -> tuple[tuple[str, ...], ...]:
    """In as many runs as asked, as even as can be, the longer ones first."""
    size, longer = divmod(len(categories), parts)
    runs = []
    start = 0
    for part in range(parts):
        end = start + size + (part < longer)
        runs.append(tuple(categories[start:end]))
        start = end
    return tuple(runs)
