"""Fields that a payload should not have, each with the known one it was probably meant to be."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from typing import Any

from core.model.findings import Finding
from core.validation.wording import shown

_MOST = 20  # more would bury the findings that matter


def unknown_fields(payload: dict[Any, Any], known: Collection[str]) -> Iterator[Finding]:
    """A finding for each unknown field, in alphabetical order, twenty at most."""
    names = {key if isinstance(key, str) else f"({type(key).__name__})" for key in payload if key not in known}
    for name in sorted(names)[:_MOST]:
        near = get_close_matches(name[:100], known, n=1)
        yield Finding(
            shown(name),
            "unknown_field",
            f"{shown(name) or 'The field without a name'} is not a field that can be given here.",
            f"Rename it to {near[0]}, or remove it" if near else "Remove it",
        )
