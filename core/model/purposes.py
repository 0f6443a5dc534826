"""A retention purpose: what personal data is kept for, how long, and on which legal basis."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

NAME = re.compile(r"[A-Z][a-zA-Z0-9_ ]{3,49}")

_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")

DurationFormat = Literal["180d", "P180D"]

# Six digits are 2,700 years; a longer number is a slip, and int() takes its time over a very long one.
_WIRE_DURATION = re.compile(r"([1-9][0-9]{0,5})d|P([1-9][0-9]{0,5})D")


class LegalBasis(StrEnum):
    """The six legal bases of GDPR Art. 6(1)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"

    @property
    def letter(self) -> str:
        """The point of Art. 6(1), `a` to `f`."""
        return _ARTICLE_6[self][0]

    @property
    def hint(self) -> str:
        """When it applies, in plain words."""
        return _ARTICLE_6[self][1]


_ARTICLE_6: Mapping[LegalBasis, tuple[str, str]] = {
    LegalBasis.CONSENT: ("a", "The person agreed to this purpose and can take it back at any time."),
    LegalBasis.CONTRACT: ("b", "A contract with the person needs it, or a step they asked for before one."),
    LegalBasis.LEGAL_OBLIGATION: ("c", "A law requires it."),
    LegalBasis.VITAL_INTERESTS: ("d", "It protects somebody's life."),
    LegalBasis.PUBLIC_TASK: ("e", "It serves a task in the public interest or official authority."),
    LegalBasis.LEGITIMATE_INTERESTS: (
        "f",
        "You or a third party need it, and the person's own interests do not outweigh that.",
    ),
}


def _named(name: str) -> str:
    # fullmatch, because `$` would let a trailing newline through.
    if not NAME.fullmatch(name):
        raise ValueError("must start with A to Z and hold 4 to 50 letters, digits, spaces and underscores")
    return name


def _legal_basis(value: Any) -> Any:
    try:
        return LegalBasis(value.lower()) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError(f"must be one of {', '.join(LegalBasis)}") from error


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("must not hold a NUL or half a surrogate pair")
    return text


class Purpose(BaseModel):
    """One purpose, as declared or as the vendor has it. Raises pydantic's ValidationError for anything else.

    Nothing is converted: `"30"`, `30.0` and True are not a number of days. `retention_days` has no ceiling
    here; the house's own is in the policy file.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(_named)]
    description: Annotated[str, AfterValidator(_storable)] = ""
    retention_days: int = Field(ge=1)
    legal_basis: Annotated[LegalBasis, BeforeValidator(_legal_basis)]
    is_active: bool = True


def retention_to_wire(days: int, form: DurationFormat) -> str:
    """Days as a vendor writes them: `180d`, or `P180D` of ISO 8601.

    >>> retention_to_wire(180, "P180D")
    'P180D'

    Raises ValueError for a number of days below 1 or over six digits, and for another form.
    """
    text = {"180d": f"{days}d", "P180D": f"P{days}D"}.get(form)
    if text is None:
        raise ValueError(f"A retention period is written like 180d or P180D, not like {form!r}")
    if not _WIRE_DURATION.fullmatch(text):
        raise ValueError("A retention period is 1 to 999999 days")
    return text


def retention_from_wire(text: str) -> int:
    """The days in `180d` or `P180D`.

    >>> retention_from_wire("180d")
    180

    Raises ValueError for anything else: months and years have no fixed number of days.
    """
    found = _WIRE_DURATION.fullmatch(text)
    if not found:
        raise ValueError("A retention period is written like 180d or P180D")
    return int(found[1] or found[2])
