"""What the desk hands out of its measures: the report of the meeting and the tables as files, each in the audit log."""

from collections.abc import Iterator, Mapping

from core.desk.exports import ExportActions
from core.desk.reports import page
from core.desk.reports.files import tables_of, zipped
from core.desk.reports.numbers import period_words
from core.desk.reports.parts import Asked, PartActions, filter_words
from core.desk.reports.version import version
from core.model.measures import MEASURES
from core.model.people import Action, Actor
from core.model.wording import minute
from core.store.exports import Export


class ReportActions(PartActions, ExportActions):
    """The part of the desk that hands its numbers out."""

    def report(self, actor: Actor, asked: Asked) -> Export:
        """The report of the meeting as one HTML file; that it was made is an event."""
        self._require(actor, Action.EXPORT)
        sections = self.sections(actor, asked)
        html = page.render(
            page.Report(
                f"Privacy requests, {period_words(asked.where.days)}",
                self._facts(asked),
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

    def _facts(self, asked: Asked) -> Mapping[str, str]:
        days = asked.where.days
        return {
            "Period": f"{period_words(days)} ({days.count} days, both included)",
            "Filters": filter_words(asked.where) or "none: every request",
            "Days are those of": self.settings.time_zone,
            "Controller": self.settings.controller or "not stated: set PRIVACY_DESK_CONTROLLER",
            "Drawn up": minute(self.clock.now()),
            "Privacy Desk": version(),
        }


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
