"""Comparing and enforcing in the foreground: this process works, or another's worker does and this one waits."""

from collections.abc import Sequence
from contextlib import closing

from core.cli.output import RefusedError, progress, say
from core.desk import Desk
from core.desk.purposes import EnforcementPreview
from core.model.enforcements import ENDED, ChangeState
from core.model.people import Actor
from core.store.enforcement_changes import Change
from core.store.purpose_comparisons import ComparisonRun
from core.worker.purposes import PurposeWorker

LONGEST_COMPARISON_SECONDS = 300.0
ASK_SECONDS = 0.1

_NOTHING_MORE_TO_DO = ENDED | {ChangeState.AWAITING_APPROVAL}


def compare_now(desk: Desk, actor: Actor, connection: str, *, file: tuple[str, str] | None = None) -> ComparisonRun:
    """Have the vendor's list read and compared. Raises RefusedError where it cannot be had."""
    give_up_at = desk.clock.monotonic() + LONGEST_COMPARISON_SECONDS
    told = False
    asked = desk.ask_comparison(actor, connection, file=file)
    with closing(PurposeWorker(desk.settings, desk.store, desk.clock)) as worker:
        while (run := _run(desk, actor, asked)).ended_at is None:
            if desk.clock.monotonic() > give_up_at:
                raise RefusedError(f"The list of {connection} could not be read in time. Try again later.")
            if worker.compare(connection):
                continue
            if (until := worker.spared_until(connection)) and not told:
                told = True
                say(f"Too many calls failed, so {connection} is asked again from {until:%H:%M:%S} UTC on.")
            desk.clock.sleep(ASK_SECONDS)
    if run.error:
        raise RefusedError(f"{run.error.message} {run.error.advice}".rstrip())
    for warning in run.warnings:
        say(f"Note: {warning}")
    return run


def enforce_now(
    desk: Desk, actor: Actor, preview: EnforcementPreview, *, intent: str, patience_seconds: float
) -> Sequence[Change]:
    """Make the changes of a preview, one after the other, and those under way that it wants as well.

    Returns them as they stand once each has ended or waits for a second person; sooner where the vendor fails so often
    that it is spared, or nothing has moved for `patience_seconds`. What is left then waits for the worker, or for the
    same command again.
    """
    if not preview.changes:
        return []
    name = preview.connection
    with closing(PurposeWorker(desk.settings, desk.store, desk.clock)) as worker:
        worker.release_the_dead()
        asked = desk.enforce(actor, preview, intent=intent, confirmed=len(preview.changes))
        begun, moved_at = False, desk.clock.monotonic()
        with progress(len(asked.changes), asked.enforcement) as bar:
            while True:
                done = desk.count_changes(actor, asked.changes, _NOTHING_MORE_TO_DO)
                bar.update(done - bar.pos)
                if done == len(asked.changes):
                    break
                if worker.enforce(name, among=asked.changes):
                    begun, moved_at = True, desk.clock.monotonic()
                    continue
                spared = begun and worker.spared_until(name) is not None
                waited = desk.clock.monotonic() - moved_at
                if spared or waited >= patience_seconds or _is_paused(desk, actor, name):
                    why = "The vendor fails too often and is spared for a while. " if spared else ""
                    left = f"{len(asked.changes) - done} of {len(asked.changes)}"
                    say(f"{why}{left} still wait: run it again, or let the worker go on.")
                    break
                desk.clock.sleep(ASK_SECONDS)
        return desk.changes(actor, asked.changes)


def _run(desk: Desk, actor: Actor, comparison: str) -> ComparisonRun:
    run = desk.comparison(actor, comparison)
    assert run is not None  # noqa: S101 - it was asked for a moment ago, and comparisons are never deleted
    return run


def _is_paused(desk: Desk, actor: Actor, connection: str) -> bool:
    return any(g.connection == connection and g.paused for g in desk.purposes_at_a_glance(actor))
