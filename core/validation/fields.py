"""One clear finding for each problem of each field, from the schema keywords that it breaks."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from core.model.findings import Finding
from core.validation.callback_urls import callback_problem
from core.validation.wording import listed, shown

Rules = Mapping[str, Any]

_TYPE_NAMES = {"string": "text", "array": "a list"}

# What people put into a subject id, in words: the value itself is never repeated.
_OFFENDERS: Mapping[str, Callable[[str], bool]] = {
    "a line break": lambda c: c in "\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029",
    "white space": lambda c: c.isspace(),
    "an @ sign": lambda c: c == "@",
    "a slash": lambda c: c in "/\\",
    "a percent sign": lambda c: c == "%",
    "an invisible character": lambda c: not c.isprintable(),
    "a letter or digit outside a–z, A–Z and 0–9": lambda c: c.isalnum(),
    "a punctuation mark or symbol": lambda _: True,
}


def _title(rules: Rules) -> str:
    """What people call the field, starting upper case."""
    return str(rules["title"])


def tidy_categories(categories: list[Any], rules: Rules, without: Collection[str] = ()) -> list[str] | None:
    """The categories in upper case, each once; None where that does not make a list the schema accepts."""
    tidy = dict.fromkeys(c.strip().upper() if isinstance(c, str) else "" for c in categories)
    kept = [category for category in tidy if category not in without]
    return kept if kept and set(kept) <= set(rules["items"]["enum"]) else None


def _how_to_fill(rules: Rules) -> str:
    """What to do about a field that has no value yet."""
    if "enum" in rules:
        return f"Choose {listed(rules['enum'], 'or')}"
    if "items" in rules:
        return f"Choose at least one of {listed(rules['items']['enum'])}"
    return f"Enter the {_title(rules).lower()} as the vendor knows it"


def _subject_id(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    if "minLength" in broken:
        yield Finding(field, "required", "Subject id is empty.", _how_to_fill(rules))
        return
    stripped = value.strip()
    most = rules["maxLength"]
    strips_clean = (
        len(stripped) <= most
        and re.search(rules["pattern"], stripped) is not None
        and stripped not in rules["not"]["enum"]
    )
    if "maxLength" in broken and not strips_clean:
        yield Finding(
            field,
            "max_length",
            f"Subject id has {len(value)} characters; at most {most} are allowed.",
            "Check that only the id was pasted",
        )
    if "pattern" in broken:
        yield Finding(
            field,
            "pattern",
            f"Subject id holds {listed(_offenders(value, rules))}; only a–z, A–Z, 0–9, _, - and . are allowed.",
            "Remove the white space around it" if strips_clean else _how_to_fill(rules),
            suggestion=stripped if strips_clean else None,
        )
    if "not" in broken:
        yield Finding(
            field,
            "path_segment",
            "A subject id of dots alone would change the vendor's address.",
            _how_to_fill(rules),
        )


def _offenders(value: str, rules: Rules) -> list[str]:
    strange = {c for c in set(value) if not re.search(rules["pattern"], c)}
    kinds = {next(kind for kind, matches in _OFFENDERS.items() if matches(c)) for c in strange}
    return [kind for kind in _OFFENDERS if kind in kinds]


def _choice(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    if not value.strip():
        yield Finding(field, "required", f"{_title(rules)} is empty.", _how_to_fill(rules))
    elif "enum" in broken:
        upper = value.strip().upper()
        yield Finding(
            field,
            "enum",
            f"{shown(value)} is not a {_title(rules).lower()} the vendor knows.",
            _how_to_fill(rules),
            suggestion=upper if upper in rules["enum"] else None,
        )


def _categories(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    known = rules["items"]["enum"]
    if "minItems" in broken:
        yield Finding(field, "min_items", "No category is chosen.", _how_to_fill(rules))
    if "items.type" in broken:
        yield Finding(field, "type", "Every category must be text.", f"Choose from {listed(known)}")
    texts = Counter(c for c in value if isinstance(c, str))
    # More than maxItems categories always repeat one or hold an unknown one, so that rule has no finding of its own.
    if strangers := [category for category in texts if category not in known]:
        are = "is not a category" if len(strangers) == 1 else "are not categories"
        yield Finding(
            field,
            "enum",
            f"{listed(shown(s) or 'An empty text' for s in strangers)} {are} the vendor knows.",
            f"Choose from {listed(known)}",
            suggestion=tidy_categories(value, rules),
        )
    if twice := [category for category, count in texts.items() if count > 1 and category in known]:
        yield Finding(
            field,
            "unique",
            f"{listed(shown(t) for t in twice)} {'is' if len(twice) == 1 else 'are'} listed more than once.",
            "List each category once",
            suggestion=tidy_categories(value, rules),
        )


def _callback_url(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    problem = "is too long" if "maxLength" in broken else callback_problem(value)
    if problem is None and broken:
        problem = "is not a valid URL"
    if problem:
        leave_out = "Leave it out: the desk sets it from its own public URL"
        yield Finding(field, "format", f"{_title(rules)} {problem}.", leave_out)


def _description(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    most = rules["maxLength"]
    storable = "".join(islice((c for c in value if re.search(rules["pattern"], c)), most))
    if "maxLength" in broken:
        yield Finding(
            field,
            "max_length",
            f"Description has {len(value)} characters; at most {most} are allowed.",
            f"Cut it to {most} characters",
            suggestion=storable,
        )
    if "pattern" in broken:
        yield Finding(
            field,
            "pattern",
            "Description holds a character that cannot be stored.",
            "Remove it; it was probably pasted by accident",
            suggestion=storable,
        )


_CHECKS: Mapping[str, Callable[[str, Rules, Any, Collection[str]], Iterator[Finding]]] = {
    "subjectId": _subject_id,
    "type": _choice,
    "categories": _categories,
    "scope": _choice,
    "callbackUrl": _callback_url,
    "description": _description,
}


def missing(field: str, rules: Rules) -> Finding:
    """The finding for a required field that was not given."""
    verb = "are" if rules["type"] == "array" else "is"
    return Finding(field, "required", f"{_title(rules)} {verb} missing.", _how_to_fill(rules))


def check_field(field: str, rules: Rules, value: Any, broken: Collection[str]) -> Iterator[Finding]:
    """The findings for a field's value; `broken` names the keywords of its schema that the value breaks.

    A keyword of an array's items is written `items.enum`.
    """
    if "type" in broken:
        expected = _TYPE_NAMES[rules["type"]]
        name = _title(rules)
        yield Finding(field, "type", f"{name} must be {expected}.", f"Give {name.lower()} as {expected}")
    else:
        yield from _CHECKS[field](field, rules, value, broken)
