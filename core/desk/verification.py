"""Verifying the audit log from the desk: in a process of its own, one at a time, its verdict there for all to read."""

from dataclasses import dataclass
from datetime import datetime

from core.desk.background import BackgroundDesk
from core.model.people import Action, Actor
from core.store.audit import BadRow
from core.store.background import Work, WorkState


@dataclass(frozen=True)
class Verification:
    """The check that is under way, or the last one; the verdict's fields count once `state` is done.

    `bad_total` rows are not as written; `Desk.bad_rows` lists them a page at a time.
    """

    id: str
    asked_by: str
    started_at: datetime
    ended_at: datetime | None
    state: WorkState
    checked: int
    events: int
    ok: bool
    bad_total: int
    cannot_prove: tuple[str, ...]
    head: str | None
    error: str

    @property
    def runs(self) -> bool:
        return self.state is WorkState.RUNNING


class VerificationActions(BackgroundDesk):
    """The part of the desk that has the audit log checked."""

    def start_verification(self, actor: Actor) -> None:
        """Check every event, beside the server. That it was checked is an event of its own.

        Raises DeskError while another check is under way, or where no process can be started.
        """
        self._require(actor, Action.VIEW_AUDIT)
        self._start_work(
            "verification", actor, {}, busy="The log is being verified already; its verdict will show here."
        )

    def verification(self, actor: Actor) -> Verification | None:
        """The check that is under way, or the last one with its verdict; None before the first."""
        self._require(actor, Action.VIEW_AUDIT)
        work = self._work_folder("verification").newest()
        return _verification(work) if work else None

    def cancel_verification(self, actor: Actor, verification_id: str) -> None:
        """Stop the check of that id; half a check has no verdict."""
        self._require(actor, Action.VIEW_AUDIT)
        self._work_folder("verification").cancel(verification_id)

    def bad_rows(self, actor: Actor, first: int, count: int) -> list[BadRow]:
        """Of the rows that the last check found bad, `count` from `first` (0 is the first), by their number."""
        self._require(actor, Action.VIEW_AUDIT)
        return [BadRow(entry["seq"], entry["why"]) for entry in self._work_folder("verification").lines(first, count)]


def _verification(work: Work) -> Verification:
    result = work.result
    return Verification(
        id=work.id,
        asked_by=work.asked_by.name,
        started_at=work.started_at,
        ended_at=work.ended_at,
        state=work.state,
        checked=work.done,
        events=int(result.get("events", work.of)),
        ok=bool(result.get("ok", False)),
        bad_total=int(result.get("bad", 0)),
        cannot_prove=tuple(result.get("cannot_prove", ())),
        head=result.get("head"),
        error=work.error,
    )
