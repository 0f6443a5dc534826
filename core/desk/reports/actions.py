"""What the desk shows and hands out of its measures: parts of the page, the report, the tables as files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from core.desk.exports import ExportActions
from core.desk.measures import MeasureActions
from core.desk.purposes import PurposeActions
from core.desk.reports import breakdown, overview, page, retention, standing
from core.desk.reports.figures import Section
from core.desk.reports.files import tables_of, zipped
from core.desk.reports.section_7102 import section_7102
from core.desk.reports.version import version
from core.model.measures import MEASURES, Days, Filter, Grain
from core.model.people import Action, Actor
from core.model.wording import STATE_WORDS, TYPE_WORDS, day, minute
from core.store.exports import Export

CALIFORNIA = "ccpa"


class Part(StrEnum):
    """A part of the metrics page; each asks only for what it shows."""

    GLANCE = "At a glance"
    LATENCY = "Latency"
    ERRORS = "Errors"
    BREAKDOWN = "Breakdowns"
    STANDING = "Deadlines and queue"
    RETENTION = "Retention"
    SECTION_7102 = "CCPA section 7102"


@dataclass(frozen=True)
class Asked:
    """What is asked for: of which requests, cut up how (None: as fits), and the year of section 7102 under `law`.

    `law` None is all individuals, whatever the law.
    """

    where: Filter
    grain: Grain | None
    year: int
    law: str | None = CALIFORNIA


class ReportActions(MeasureActions, ExportActions, PurposeActions):
    """The part of the desk that shows its numbers and hands them out."""

    def part(self, actor: Actor, asked: Asked, part: Part) -> tuple[Section, ...]:
        """The sections of a part of the page."""
        if part is Part.SECTION_7102:
            return (section_7102(self.section_7102(actor, asked.year, asked.law), self.today()),)
        found = self.measures(actor, asked.where, grain=asked.grain)
        match part:
            case Part.GLANCE:
                before = self.headline(actor, asked.where.before()) if self._covers_before(actor, asked) else None
                return overview.glance(found, before), overview.over_time(found)
            case Part.LATENCY:
                return breakdown.latency(found), breakdown.effort(found)
            case Part.ERRORS:
                return (breakdown.errors(found),)
            case Part.BREAKDOWN:
                return (breakdown.breakdowns(found),)
            case Part.STANDING:
                return standing.deadlines(found), standing.queue(found)
            case Part.RETENTION:
                return retention.drift(found), self._enforcing(actor, asked.where)

    def sections(self, actor: Actor, asked: Asked) -> tuple[Section, ...]:
        """Everything, as it stands in the report."""
        found = self.measures(actor, asked.where, grain=asked.grain)
        before = self.headline(actor, asked.where.before()) if self._covers_before(actor, asked) else None
        return (
            overview.glance(found, before),
            overview.over_time(found),
            breakdown.latency(found),
            breakdown.effort(found),
            breakdown.errors(found),
            breakdown.breakdowns(found),
            standing.deadlines(found),
            standing.queue(found),
            retention.drift(found),
            self._enforcing(actor, asked.where),
            section_7102(self.section_7102(actor, asked.year, asked.law), self.today()),
        )

    def report(self, actor: Actor, asked: Asked) -> Export:
        """The report of the meeting as one HTML file; that it was made is an event."""
        self._require(actor, Action.EXPORT)
        sections = self.sections(actor, asked)
        html = page.render(
            page.Report(
                f"Privacy requests, {period_words(asked.where.days)}",
                self._facts(actor, asked),
                sections,
                {measure.name: measure.definition for measure in MEASURES.values()},
            )
        )
        rows = sum(rows for _, rows, _ in tables_of(sections))
        return self._kept(actor, asked, "report", "html", rows, html.encode())

    def tables(self, actor: Actor, asked: Asked) -> Export:
        """The tables as CSV files in one zip; that they were made is an event."""
        self._require(actor, Action.EXPORT)
        files = list(tables_of(self.sections(actor, asked)))
        content = zipped([(name, text) for name, _, text in files])
        return self._kept(actor, asked, "tables", "zip", sum(rows for _, rows, _ in files), content)

    def _enforcing(self, actor: Actor, where: Filter) -> Section:
        zone = ZoneInfo(self.settings.time_zone)
        since, until = (
            datetime.combine(first, time.min, zone) for first in (where.days.first, where.days.last + timedelta(days=1))
        )
        return retention.enforcing(self.purpose_metrics(actor, since=since, until=until, connection=where.connection))

    def _kept(self, actor: Actor, asked: Asked, what: str, ending: str, rows: int, content: bytes) -> Export:
        days = asked.where.days
        return self.keep_export(
            actor,
            what=f"metrics_{what}",
            name=f"metrics-{days.first:%Y-%m-%d}-{days.last:%Y-%m-%d}.{ending}",
            rows=rows,
            content=content,
            filter=dict(_filter(asked)),
        )

    def _covers_before(self, actor: Actor, asked: Asked) -> bool:
        """Whether the records go back over the whole period before: part of one would make every number look up."""
        first = self.choices(actor).first_day
        return first is not None and first <= asked.where.before().days.first

    def _facts(self, actor: Actor, asked: Asked) -> Mapping[str, str]:
        days = asked.where.days
        compared = (
            f"{period_words(days.before())}, the {days.count} days before"
            if self._covers_before(actor, asked)
            else "nothing: the records do not go back over a whole period before"
        )
        return {
            "Period": f"{period_words(days)} ({days.count} days, both included)",
            "Compared with": compared,
            "Only": filter_words(asked.where) or "no filter: every request",
            "Days are those of": self.settings.time_zone,
            "Controller": self.settings.controller or "not stated: set PRIVACY_DESK_CONTROLLER",
            "Drawn up": minute(self.clock.now()),
            "Privacy Desk": version(),
        }


def period_words(days: Days) -> str:
    """`Mon 2 Nov 2026 to Sun 8 Nov 2026`."""
    return day(days.first) if days.count == 1 else f"{day(days.first)} to {day(days.last)}"


def filter_words(where: Filter) -> str:
    """`connection cxone; law gdpr`; empty without a filter."""
    return "; ".join(
        f"{name} {value}"
        for name, value in (
            ("connection", where.connection),
            ("type", where.type and TYPE_WORDS[where.type]),
            ("category", where.category),
            ("law", where.law),
            ("state", where.state and STATE_WORDS[where.state]),
        )
        if value
    )


def _filter(asked: Asked) -> Iterator[tuple[str, str]]:
    """As the audit log keeps it."""
    where = asked.where
    for name, value in (
        ("first", where.days.first.isoformat()),
        ("last", where.days.last.isoformat()),
        ("connection", where.connection),
        ("type", where.type),
        ("category", where.category),
        ("law", where.law),
        ("state", where.state),
        ("year", str(asked.year)),
    ):
        if value:
            yield name, str(value)
