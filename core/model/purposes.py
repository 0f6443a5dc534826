"""A retention purpose: what personal data is kept for, how long, on which legal basis; and declared against live."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def _texts(values: Any) -> Any:
    # Strict mode takes no list for a tuple, and lists are what TOML and JSON have.
    return tuple(values) if isinstance(values, list) else values


Text = Annotated[str, AfterValidator(_storable)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_texts)]

RECORD_FIELDS = ("owner", "data_subjects", "data_categories", "recipients", "transfers", "security_measures")


class Declaration(Purpose):
    """A purpose as the house declares it, with what GDPR Art. 30(1) asks of a record of processing beside it.

    `owner` answers for it; `data_subjects` and `data_categories` are Art. 30(1)(c), `recipients` (d), `transfers` to
    third countries with their safeguards (e), `security_measures` (g). The retention period is (f).
    """

    owner: Text = ""
    data_subjects: Texts = ()
    data_categories: Texts = ()
    recipients: Texts = ()
    transfers: Text = ""
    security_measures: Text = ""


# What is compared and enforced, in the order in which it is shown. The name is how a purpose is found.
VALUE_FIELDS = ("description", "retention_days", "legal_basis", "is_active")

Values = Mapping[str, Any]
"""The `VALUE_FIELDS` of a purpose as JSON has them. A retention period that cannot be read is its text."""


def values_of(purpose: Purpose) -> dict[str, Any]:
    """The values of a declaration."""
    return {
        "description": purpose.description,
        "retention_days": purpose.retention_days,
        "legal_basis": str(purpose.legal_basis),
        "is_active": purpose.is_active,
    }


def wanted_values(purpose: Purpose, live: Values) -> dict[str, Any]:
    """What a declaration wants a live purpose to be.

    An empty description says nothing, so the vendor's own stays: nobody means to wipe it out by not giving one.
    """
    values = values_of(purpose)
    return values if values["description"] else {**values, "description": live["description"]}


@dataclass(frozen=True)
class LivePurpose:
    """A purpose as the vendor has it, which need not keep our rules.

    `retention` is the vendor's text, `retention_days` None where it cannot be read. `legal_basis` is lower case.
    `page` is where in the vendor's list it was seen.
    """

    id: str
    name: str
    description: str
    retention: str
    retention_days: int | None
    legal_basis: str
    is_active: bool
    modified_at: str | None = None
    page: int = 1

    def values(self) -> dict[str, Any]:
        days: int | str = self.retention if self.retention_days is None else self.retention_days
        return {
            "description": self.description,
            "retention_days": days,
            "legal_basis": self.legal_basis,
            "is_active": self.is_active,
        }


@dataclass(frozen=True)
class Difference:
    """One field that is not as declared."""

    field: str
    declared: Any
    live: Any


def differences(declared: Values, live: Values) -> tuple[Difference, ...]:
    """Field by field, in the order of `VALUE_FIELDS`."""
    # The type as well, because True equals 1.
    return tuple(
        Difference(field, declared[field], live[field])
        for field in VALUE_FIELDS
        if (type(declared[field]), declared[field]) != (type(live[field]), live[field])
    )


def shortens(wanted: Values, live: Values) -> bool:
    """Whether enforcing would shorten the retention period, which deletes data at the vendor.

    A live period that cannot be read may be any length, so that counts as well.
    """
    days = live["retention_days"]
    return not isinstance(days, int) or bool(wanted["retention_days"] < days)


class PurposeStatus(StrEnum):
    """How a purpose stands: declared against what the vendor had when it was last asked."""

    IN_FORCE = "in_force"
    DRIFTED = "drifted"
    MISSING = "missing"  # declared, and not found at the vendor
    UNDECLARED = "undeclared"
    AMBIGUOUS = "ambiguous"  # the vendor has the name more than once
    NOT_COMPARED = "not_compared"  # declared, and the vendor was never asked


@dataclass(frozen=True)
class Comparison:
    """One name: what is declared, what is live, and how they differ. `live` is None where ambiguous."""

    name: str
    status: PurposeStatus
    declared: Declaration | None
    live: LivePurpose | None
    differences: tuple[Difference, ...] = ()


def compare(declared: Declaration | None, live: Iterable[LivePurpose]) -> Comparison:
    """One purpose; `live` are those with its name. Raises ValueError where there is neither."""
    found = list(live)
    if declared is None and not found:
        raise ValueError("There is nothing to compare")
    name = declared.name if declared else found[0].name
    if len(found) > 1:
        return Comparison(name, PurposeStatus.AMBIGUOUS, declared, None)
    if not found:
        return Comparison(name, PurposeStatus.MISSING, declared, None)
    if declared is None:
        return Comparison(name, PurposeStatus.UNDECLARED, None, found[0])
    live_values = found[0].values()
    differ = differences(wanted_values(declared, live_values), live_values)
    return Comparison(name, PurposeStatus.DRIFTED if differ else PurposeStatus.IN_FORCE, declared, found[0], differ)


def compare_all(declared: Iterable[Declaration], live: Iterable[LivePurpose]) -> list[Comparison]:
    """Every name on either side, in alphabetical order."""
    wanted = {purpose.name: purpose for purpose in declared}
    found: dict[str, list[LivePurpose]] = {}
    for purpose in live:
        found.setdefault(purpose.name, []).append(purpose)
    return [compare(wanted.get(name), found.get(name, ())) for name in sorted(wanted.keys() | found.keys())]


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
