"""What a page and a report show of the measures: cards, tables and charts as data, drawn elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Literal

from core.model import wording
from core.model.behind import Behind


class Kind(StrEnum):
    """What the values of a column are; `DURATION` is in milliseconds, `SHARE` from 0 to 1."""

    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    SHARE = "share"
    DURATION = "duration"
    RATIO = "ratio"


@dataclass(frozen=True)
class Column:
    """A column of a table. `unit` is what its values are called on an axis."""

    name: str
    kind: Kind = Kind.COUNT

    @property
    def in_file(self) -> str:
        """Its heading in a CSV, where values stand bare."""
        return f"{self.name} (ms)" if self.kind is Kind.DURATION else self.name


@dataclass(frozen=True)
class Row:
    """Values of the columns, None where there is none; and, by column, the requests behind a value."""

    values: tuple[Any, ...]
    behind: Mapping[str, Behind] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Numbers under headings; the first column says what each row is about."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def values(self, name: str) -> list[Any]:
        """One column, bare."""
        index = self._index(name)
        return [row.values[index] for row in self.rows]

    def shown(self, name: str) -> list[str]:
        """One column, as people read it."""
        kind = self.columns[self._index(name)].kind
        return [in_words(value, kind) for value in self.values(name)]

    def only(self, names: Sequence[str]) -> "Table":
        """The first column and these."""
        kept = [0, *(self._index(name) for name in names)]
        rows = (
            Row(tuple(row.values[index] for index in kept), {n: b for n, b in row.behind.items() if n in names})
            for row in self.rows
        )
        return Table(tuple(self.columns[index] for index in kept), tuple(rows))

    def column(self, name: str) -> Column:
        return self.columns[self._index(name)]

    def _index(self, name: str) -> int:
        return next(index for index, column in enumerate(self.columns) if column.name == name)


@dataclass(frozen=True)
class Chart:
    """A table with how it is drawn.

    `columns` are bars over time, one column on top of the other; `lines` are measures over time; `bars` lie, one row
    of the table each, the columns of `drawn` one after the other. `says` tells in a sentence what there is to see, with
    numbers. `measures` are the names of what is counted, for their definitions.
    """

    key: str
    title: str
    form: Literal["columns", "lines", "bars"]
    says: str
    table: Table
    drawn: tuple[str, ...]
    unit: str
    measures: tuple[str, ...] = ()
    span_days: int = 1
    shares_table: str = ""  # what the table is called where several charts draw parts of one

    @property
    def numbers(self) -> Table:
        """The table, of a shared one only what is drawn."""
        return self.table.only(self.drawn) if self.shares_table else self.table

    @property
    def labels(self) -> list[Any]:
        return self.table.values(self.table.columns[0].name)

    @property
    def worth_drawing(self) -> bool:
        """Whether there is something to see that the sentence does not say as well: no single dot, no single day."""
        columns = [self.table.values(name) for name in self.drawn]
        if self.form == "lines":
            return any(sum(value is not None for value in column) > 1 for column in columns)
        return any(map(any, columns)) and (self.form == "bars" or len(self.table.rows) > 1)


@dataclass(frozen=True)
class Card:
    """One number with its definition, the same number of the period before, and its course over the period."""

    label: str
    amount: float | None
    kind: Kind
    definition: str
    before: float | None = None
    course: tuple[float, ...] = ()
    better: Literal["up", "down", "neither"] = "neither"
    behind: Behind | None = None

    @property
    def value(self) -> str:
        return in_words(self.amount, self.kind)

    @property
    def change(self) -> str | None:
        """Against the period before: `+12`, `-1.5 points`, `+2.0 h`, `0`; None where there is none to compare with."""
        if self.amount is None or self.before is None:
            return None
        difference = self.amount - self.before
        if self.kind is Kind.SHARE:
            size = f"{abs(difference) * 100:.1f} points"
        else:
            size = in_words(abs(difference), self.kind)
        if not any(digit in size for digit in "123456789"):
            return "0"
        return f"{'-' if difference < 0 else '+'}{size}"


@dataclass(frozen=True)
class Section:
    """A part of the page with its title; `nothing` says what to do where there is nothing to show."""

    key: str
    title: str
    lead: str = ""
    cards: tuple[Card, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple["TitledTable", ...] = ()
    nothing: str = ""


@dataclass(frozen=True)
class TitledTable:
    """A table that stands for itself."""

    key: str
    title: str
    says: str
    table: Table
    measures: tuple[str, ...] = ()


def in_words(value: Any, kind: Kind) -> str:
    """A value as people read it; a dash where there is none."""
    if value is None:
        return "–"
    match kind:
        case Kind.COUNT:
            return wording.number(value)
        case Kind.SHARE:
            return wording.share(value)
        case Kind.DURATION:
            return wording.duration(value)
        case Kind.RATIO:
            return f"{value:.2f}"
        case Kind.DAY if isinstance(value, date):
            return wording.day(value)
        case _:
            return str(value)
