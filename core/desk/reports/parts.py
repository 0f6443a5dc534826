"""What the desk shows of its measures: the parts of the metrics page, the sections of the report."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from zoneinfo import ZoneInfo

from core.desk.measures import MeasureActions
from core.desk.purposes import PurposeActions
from core.desk.reports import breakdown, overview, retention, standing
from core.desk.reports.figures import Section
from core.desk.reports.kept import Kept
from core.desk.reports.section_7102 import section_7102
from core.model.measures import Filter, Grain
from core.model.people import Action, Actor
from core.model.wording import STATE_WORDS, TYPE_WORDS
from core.store import audit
from core.store.measures import Headline
from core.store.measures.reading import Reading

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


_SECTIONS: Mapping[Part, tuple[Callable[[Reading], Section], ...]] = {
    Part.LATENCY: (breakdown.latency, breakdown.effort),
    Part.ERRORS: (breakdown.errors,),
    Part.BREAKDOWN: (breakdown.breakdowns,),
    Part.STANDING: (standing.deadlines, standing.queue),
}


class PartActions(MeasureActions, PurposeActions):
    """The part of the desk that shows its numbers."""

    def part(self, actor: Actor, asked: Asked, part: Part) -> tuple[Section, ...]:
        """The sections of a part of the page.

        They are read once for each state of the store: every change of a request, task or purpose is an event in the
        same transaction, so that as long as the log's head stays, so do the numbers of a day.
        """
        self._require(actor, Action.VIEW_METRICS)
        with self.store.reading() as db:
            head = audit.head(db)
        return self._kept_sections.get((asked, part, head, self.today()), lambda: self._read(actor, asked, part))

    @cached_property
    def _kept_sections(self) -> Kept:
        return Kept()

    def _read(self, actor: Actor, asked: Asked, part: Part) -> tuple[Section, ...]:
        match part:
            case Part.SECTION_7102:
                return (self._section_7102(actor, asked),)
            case Part.RETENTION:
                with self._reading(asked) as found:
                    return retention.drift(found), self._enforcing(actor, asked.where)
            case Part.GLANCE:
                before = self._before(actor, asked)
                with self._reading(asked) as found:
                    return overview.glance(found, before), overview.over_time(found)
        with self._reading(asked) as found:
            return tuple(section(found) for section in _SECTIONS[part])

    def sections(self, actor: Actor, asked: Asked) -> tuple[Section, ...]:
        """Everything, as it stands in the report."""
        return tuple(section for part in Part for section in self.part(actor, asked, part))

    @contextmanager
    def _reading(self, asked: Asked) -> Iterator[Reading]:
        with self.store.reading() as db:
            yield Reading(db, asked.where, asked.grain, self.today())

    def _section_7102(self, actor: Actor, asked: Asked) -> Section:
        return section_7102(self.section_7102(actor, asked.year, asked.law), self.today())

    def _before(self, actor: Actor, asked: Asked) -> Headline | None:
        """The same period before; None where the records do not cover the whole of it: every number would look up."""
        first, before = self.choices(actor).first_day, asked.where.before()
        return self.headline(actor, before) if first and first <= before.days.first else None

    def _enforcing(self, actor: Actor, where: Filter) -> Section:
        zone = ZoneInfo(self.settings.time_zone)
        since, until = (
            datetime.combine(first, time.min, zone) for first in (where.days.first, where.days.last + timedelta(days=1))
        )
        return retention.enforcing(self.purpose_metrics(actor, since=since, until=until, connection=where.connection))


def section_7102_year(today: date, first_day: date | None) -> int:
    """The year that section 7102 asks for, the last whole one; this one where the records begin in it."""
    return today.year if first_day is None or first_day.year >= today.year else today.year - 1


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
