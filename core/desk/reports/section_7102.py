"""The table of 11 CCR section 7102 for a calendar year, with what it covers."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from core.desk.reports.figures import Column, Kind, Row, Section, Table, TitledTable
from core.model.behind import Behind, Counted
from core.model.measures import Days
from core.model.privacy_requests import CLOSED, RequestState, RequestType
from core.model.wording import number
from core.store.measures import Section7102

_TYPE_WORDS: Final[Mapping[str, str]] = {
    "delete": "Requests to delete",
    "correct": "Requests to correct",
    "know": "Requests to know",
    "opt_out": "Requests to opt out",
    "limit": "Requests to limit",
}
_KINDS: Final[Mapping[str, RequestType]] = {"delete": RequestType.ERASURE, "know": RequestType.ACCESS}

_WHOLE: Final = (RequestState.COMPLETED, RequestState.NOTHING_FOUND)
_PART: Final = (RequestState.PARTLY_COMPLETED,)

# Each count with its field, and the states of the requests that it counts; none: all of them.
_COUNTED: Final[tuple[tuple[Column, str, tuple[RequestState, ...]], ...]] = (
    (Column("Received"), "received", ()),
    (Column("Complied in whole"), "complied_in_whole", _WHOLE),
    (Column("Complied in part"), "complied_in_part", _PART),
    (Column("Complied, both"), "complied", _WHOLE + _PART),
    (Column("Denied"), "denied", (RequestState.REFUSED,)),
    (Column("Failed"), "failed", (RequestState.FAILED,)),
    (Column("Withdrawn"), "withdrawn", (RequestState.CANCELLED,)),
    (Column("Pending"), "pending", tuple(state for state in RequestState if state not in CLOSED)),
)
_COLUMNS: Final = (
    Column("Type", Kind.TEXT),
    *(column for column, _, _ in _COUNTED),
    Column("Median days", Kind.RATIO),
    Column("Mean days", Kind.RATIO),
)


def section_7102(found: Section7102, today: date) -> Section:
    """Every type that the regulation names, those that the desk does not take with 0."""
    year = Days.of_year(found.year)
    rows = []
    for name, row in found.rows.items():
        counts = {column.name: getattr(row, field) for column, field, _ in _COUNTED}
        behind = {}
        if kind := _KINDS.get(name):
            asked = Behind(Counted.RECEIVED, year.first, year.last, kind=kind, law=found.law)
            behind = {
                column.name: replace(asked, answer=states) for column, _, states in _COUNTED if counts[column.name]
            }
        rows.append(Row((_TYPE_WORDS[name], *counts.values(), row.median_days, row.mean_days), behind))
    received = sum(row.received for row in found.rows.values())
    complied = sum(row.complied for row in found.rows.values())
    denied = sum(row.denied for row in found.rows.values())
    counted = TitledTable(
        "section_7102",
        f"Requests received in {found.year}",
        f"{number(received)} received; {number(complied)} complied with in whole or in part; {number(denied)} denied.",
        Table(_COLUMNS, tuple(rows)),
        ("section_7102",),
    )
    return Section(
        "section_7102",
        f"CCPA section 7102, {found.year}",
        lead=covers(found, today),
        tables=(counted, _denials(found)) if denied else (counted,),
    )


def covers(found: Section7102, today: date) -> str:
    """What the table covers, as the regulation asks to say."""
    whose = "requests filed under California law" if found.law else "requests of all individuals, under whatever law"
    parts = [f"Covers {whose}, received from 1 January to 31 December {found.year}."]
    if today <= date(found.year, 12, 31):
        parts.append("The year is not over: the numbers still grow.")
    not_taken = " or ".join(_TYPE_WORDS[name].lower() for name in found.not_taken)
    parts.append(f"This desk takes no {not_taken}; their numbers have to come from where they are taken.")
    parts.append(
        "Days are calendar days from receipt to the answer, over those complied with or denied. 11 CCR section 7102 "
        "asks this of a business that handles the personal information of 10 000 000 or more consumers a year, by "
        "1 July for the year before. Not legal advice."
    )
    return " ".join(parts)


def _denials(found: Section7102) -> TitledTable:
    classes = sorted({reason for row in found.rows.values() for reason in row.denials})
    rows = tuple(
        Row((_TYPE_WORDS[name], *(row.denials.get(reason, 0) for reason in classes)))
        for name, row in found.rows.items()
        if row.denied
    )
    names = tuple(Column(str(reason).replace("_", " ").capitalize()) for reason in classes)
    return TitledTable(
        "section_7102_denials",
        "Why they were denied",
        "Each denial is in one of the classes that the regulation allows.",
        Table((Column("Type", Kind.TEXT), *names), rows),
        ("section_7102",),
    )
