"""Making an evidence package or a file of events in a process of its own, with progress."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from core.clock import from_text, to_text
from core.desk.background import BackgroundDesk
from core.model.people import Action, Actor
from core.store.audit import EventFilter
from core.store.background import Work, WorkState

What = Literal["evidence", "events"]


@dataclass(frozen=True)
class ExportWork:
    """The export that is being made, or the last one; `export` is its id once `state` is done.

    `filter` is what its events match, as the register of exports has it: of typed text the hash alone.
    """

    id: str
    what: What
    filter: Mapping[str, Any]
    asked_by: Actor
    started_at: datetime
    ended_at: datetime | None
    state: WorkState
    done: int
    of: int
    export: str | None
    error: str

    @property
    def runs(self) -> bool:
        return self.state is WorkState.RUNNING


class ExportWorkActions(BackgroundDesk):
    """The part of the desk that has exports of the audit log made."""

    def start_export(self, actor: Actor, what: What, where: EventFilter) -> None:
        """Have an evidence package (a zip), or the events as CSV, made beside the server.

        Raises DeskError while another is being made, or where no process can be started.
        """
        self._require(actor, Action.EXPORT)
        asked = {"what": what, "filter": filter_to(where)}
        self._start_work("export", actor, asked, busy="Another export is being made. Wait until it is ready.")

    def export_work(self, actor: Actor) -> ExportWork | None:
        """The export that is being made, or the last one; None before the first."""
        self._require(actor, Action.EXPORT)
        work = self._work_folder("export").newest()
        return _export_work(work) if work else None

    def cancel_export(self, actor: Actor, work_id: str) -> None:
        """Stop making the export of that id; nothing of it stays."""
        self._require(actor, Action.EXPORT)
        self._work_folder("export").cancel(work_id)


def filter_to(where: EventFilter) -> dict[str, Any]:
    """A filter as a JSON object, without what it does not ask for."""
    return {
        name: to_text(value) if isinstance(value, datetime) else value
        for name, value in asdict(where).items()
        if value is not None
    }


def filter_from(document: Mapping[str, Any]) -> EventFilter:
    """The filter that `filter_to` wrote."""
    times = {name: from_text(document[name]) for name in ("since", "until") if name in document}
    return EventFilter(**{**document, **times})


def _export_work(work: Work) -> ExportWork:
    return ExportWork(
        id=work.id,
        what=work.asked["what"],
        filter=work.asked["filter"],
        asked_by=work.asked_by,
        started_at=work.started_at,
        ended_at=work.ended_at,
        state=work.state,
        done=work.done,
        of=work.of,
        export=work.result.get("export"),
        error=work.error,
    )
