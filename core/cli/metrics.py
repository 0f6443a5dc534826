"""`metrics`: the numbers of the meeting for a period, and the table of 11 CCR 7102 for a year."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from core.cli import measure_documents, measure_files, measure_tables
from core.cli.output import InputError, answer, as_option, day, json_option
from core.cli.session import opened, person
from core.desk import Desk
from core.desk.measures import DEFAULT_DAYS
from core.model.deadlines import laws
from core.model.measures import MEASURES, Days, Filter
from core.model.privacy_requests import RequestType, TaskState
from core.validation.schemas import schema_of

_DEFINITIONS = "\b\nWhat each measure means:\n" + "\n".join(
    f"  {measure.name}: {measure.definition}" for measure in MEASURES.values()
)

_CATEGORIES: frozenset[str] = frozenset(schema_of("cxone-requests")["properties"]["categories"]["items"]["enum"])


@click.command(epilog=_DEFINITIONS)
@click.option("--since", type=day, metavar="YYYY-MM-DD", help="The first day; by default 30 days, the last included.")
@click.option("--until", type=day, metavar="YYYY-MM-DD", help="The last day; by default today.")
@click.option("--connection", metavar="NAME", help="Only this system.")
@click.option(
    "--type", "kind", type=click.Choice([kind.value for kind in RequestType], case_sensitive=False), help="Only this."
)
@click.option("--category", metavar="NAME", help="Only requests with this category of data.")
@click.option("--law", metavar="NAME", help="Only requests under this law.")
@click.option(
    "--state", type=click.Choice([state.value for state in TaskState]), help="Only submissions in this state."
)
@click.option("--section-7102", "year", type=click.IntRange(2000, 2100), help="The CCPA table for a calendar year.")
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report of the meeting here, as HTML."
)
@click.option(
    "--csv", "tables", type=click.Path(file_okay=False, path_type=Path), help="Write the tables into this folder."
)
@click.option("--all-individuals", is_flag=True, help="With --section-7102: under any law, not the CCPA alone.")
@as_option
@json_option
def metrics(
    *,
    since: date | None,
    until: date | None,
    connection: str | None,
    kind: str | None,
    category: str | None,
    law: str | None,
    state: str | None,
    year: int | None,
    report: Path | None,
    tables: Path | None,
    all_individuals: bool,
    as_name: str | None,
    as_json: bool,
) -> None:
    """Success rate, latency, deadlines and more, of a period.

    Days are those of the time zone in the settings. Latency is from filing to end, in milliseconds.
    """
    if since and until and until < since:
        raise InputError("--until is before --since.")
    if all_individuals and (year is None or law):
        raise InputError("--all-individuals goes with --section-7102, and without --law.")
    if year is not None and any((since, until, connection, kind, category, state, report, tables)):
        raise InputError(
            "--section-7102 takes no filter but --law, and no file: the regulation asks for a whole calendar year."
        )
    with opened() as desk:
        actor = person(desk.settings, as_name)
        known = desk.choices(actor)
        # A system that is configured no more still has its numbers.
        _check(connection, {*desk.connections(), *known.connections}, "connection named {}; known")
        _check(law, {one.id for one in laws()}, "rule pack for {}; there")
        _check(category and category.upper(), {*known.categories, *_CATEGORIES}, "category named {}; there")
        if year is not None:
            found = desk.section_7102(actor, year, None if all_individuals else law or "ccpa")
            answer(measure_documents.section_7102(found), measure_tables.section_7102(found), as_json=as_json)
            return
        last = until or (max(since, desk.today()) if since else desk.today())
        days = Days(since, last) if since else Days.up_to(last, DEFAULT_DAYS)
        where = Filter(
            days,
            connection,
            RequestType(kind.upper()) if kind else None,
            category.upper() if category else None,
            law,
            TaskState(state) if state else None,
        )
        measured = desk.measures(actor, where)
        first, end = _start(days.first, desk), _start(days.last + timedelta(days=1), desk)
        retention = desk.purpose_metrics(actor, since=first, until=end, connection=connection)
        written = measure_files.write(desk, actor, where, report, tables)
    document, text = measure_documents.measures(measured), measure_tables.measures(measured)
    if retention.comparisons or retention.changes:
        document["purposes"] = measure_documents.retention(retention)
        text += ["", *measure_tables.retention(retention)]
    if written:
        document["files"] = written
        text += ["", *(f"Written: {path}" for path in written.values())]
    answer(document, text, as_json=as_json)


def _check(name: str | None, known: Collection[str], what: str) -> None:
    """A misspelt name must not look like a year without requests."""
    if name and name not in known:
        raise InputError(f"There is no {what.format(repr(name))} are {', '.join(sorted(known))}.")


def _start(first: date, desk: Desk) -> datetime:
    return datetime.combine(first, time.min, ZoneInfo(desk.settings.time_zone))
