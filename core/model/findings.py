"""A finding: what is wrong with one field, the rule it breaks, and what would put it right."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """An error blocks; a warning is shown and does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """One thing to know about one field.

    `rule` is a stable identifier, `message` and `fix` are sentences for a person. `suggestion`, where it is
    not None, is the value of `field` that would satisfy the rule, so that a page can offer it as one click.
    `split`, where not empty, are the category groups of the separate requests that would satisfy it.
    """

    field: str
    rule: str
    message: str
    fix: str = ""
    severity: Severity = Severity.ERROR
    suggestion: Any = None
    split: tuple[tuple[str, ...], ...] = ()

    @property
    def blocks(self) -> bool:
        return self.severity is Severity.ERROR

    def to_json(self) -> dict[str, Any]:
        """The five public keys: field, rule, message, fix, severity."""
        return {k: v for k, v in asdict(self).items() if k not in {"suggestion", "split"}}
