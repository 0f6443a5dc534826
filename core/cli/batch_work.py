"""Seeing a batch through from a shell: its work is done in this process, or followed while another does it."""

import logging

from core import logs
from core.cli.output import progress, say, words
from core.cli.signals import stopped_by_signals
from core.desk import Desk
from core.model.batches import Batch, BatchState
from core.model.people import Actor
from core.model.privacy_requests import TERMINAL, WAITS_FOR_A_PERSON
from core.store import vault
from core.worker.run import WorkerProcess

_ASK_SECONDS = 0.3
_LOOK_SECONDS = 1.0
_PROOF_SECONDS = 10.0


def until_done(desk: Desk, actor: Actor, batch: Batch, state: BatchState | None, label: str) -> Batch:
    """The batch once its work is done; `state` is the one it has meanwhile, if it has one of its own."""
    if not batch.work:
        return batch
    with progress(max(1, batch.rows if state is BatchState.CHECKING else batch.good), f"{label} {batch.id}") as bar:

        def told(batch_id: str, done: int) -> None:
            if batch_id == batch.id:
                bar.update(max(0, min(done, bar.length or done) - bar.pos))

        while batch.work:
            if not desk.work_on_batches(told):
                desk.clock.sleep(_ASK_SECONDS)  # the server's process is at it
                told(batch.id, batch.done)
            batch = look(desk, actor, batch.id)
    return batch


def see_through(desk: Desk, actor: Actor, batch: Batch, timeout_seconds: float | None) -> Batch:
    """The batch once each of its tasks has ended or waits for a person, or as it stands after the time-out.

    Works for whatever else is due meanwhile, as any worker does; SIGTERM and SIGINT end the wait, and what is under
    way goes on with the next worker.
    """
    logs.configure(logging.WARNING)
    began = looked_at = desk.clock.monotonic()
    over_at: float | None = None
    process = WorkerProcess(desk.settings, desk.store, desk.clock)
    with progress(max(1, sum(batch.states.values())), batch.id) as bar:

        def is_over() -> bool:
            nonlocal batch, looked_at, over_at
            now = desk.clock.monotonic()
            if now - looked_at < _LOOK_SECONDS and over_at is None:
                return False
            looked_at = now
            batch = look(desk, actor, batch.id)
            ended = sum(count for state, count in batch.states.items() if state in TERMINAL | WAITS_FOR_A_PERSON)
            bar.update(ended - bar.pos)
            bar.render_progress()
            if batch.is_over and over_at is None:
                over_at = now
            if over_at is not None and (now - over_at > _PROOF_SECONDS or not _waits_for_the_vault(desk)):
                return True
            return timeout_seconds is not None and now - began >= timeout_seconds

        with stopped_by_signals(process.stop):
            process.run(until=is_over)
    batch = look(desk, actor, batch.id)
    if not batch.is_over:
        say(f"{batch.id} is {words(batch.state)}; the next worker goes on with it. See `privacy-desk batch show`.")
    return batch


def look(desk: Desk, actor: Actor, batch_id: str) -> Batch:
    batch = desk.batch(actor, batch_id)
    assert batch is not None  # noqa: S101 - batches are never deleted
    return batch


def _waits_for_the_vault(desk: Desk) -> bool:
    with desk.store.reading() as db:
        return any(delivery.attempts == 0 for delivery in vault.due(db, desk.clock.now(), 1))
