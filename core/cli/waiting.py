"""Seeing one request through: the worker runs in this process, or another's does while it holds the lease."""

import logging

from core import logs
from core.cli.output import progress, say, words
from core.cli.signals import stopped_by_signals
from core.desk import Desk, RequestView
from core.model.people import Actor
from core.model.privacy_requests import TERMINAL, WAITS_FOR_A_PERSON, PrivacyRequest, TaskState
from core.worker.run import WorkerProcess

_NOTHING_MORE_TO_DO = TERMINAL | WAITS_FOR_A_PERSON | {TaskState.AWAITING_APPROVAL, TaskState.ON_HOLD}


def wait_for_end(desk: Desk, actor: Actor, request_id: str, timeout_seconds: float) -> PrivacyRequest:
    """The request once each of its tasks has ended or waits for a person, or as it stands after the time-out.

    Ends with the proof of its tasks taken to the vault once. Works for whatever else is due meanwhile, as any
    worker does; SIGTERM and SIGINT end the wait, and what is under way goes on with the next worker.
    """
    logs.configure(logging.WARNING)
    give_up_at = desk.clock.monotonic() + timeout_seconds
    view = _look(desk, actor, request_id)
    process = WorkerProcess(desk.settings, desk.store, desk.clock)
    with progress(len(view.request.tasks), request_id) as bar:

        def is_over() -> bool:
            nonlocal view
            view = _look(desk, actor, request_id)
            bar.label = f"{request_id} {words(view.request.state)}"
            bar.update(_ended(view) - bar.pos)
            bar.render_progress()
            return _is_over(view) or desk.clock.monotonic() >= give_up_at

        with stopped_by_signals(process.stop):
            process.run(until=is_over)
        is_over()
    if not _is_over(view):
        say(f"{request_id} is {words(view.request.state)}; the next worker goes on with it. See `privacy-desk show`.")
    return view.request


def _look(desk: Desk, actor: Actor, request_id: str) -> RequestView:
    view = desk.show(actor, request_id)
    assert view is not None  # noqa: S101 - it was filed a moment ago, and requests are never deleted
    return view


def _ended(view: RequestView) -> int:
    return sum(task.state in _NOTHING_MORE_TO_DO for task in view.request.tasks)


def _is_over(view: RequestView) -> bool:
    untried = any(d.state == "pending" and d.attempts == 0 for d in view.deliveries)
    return _ended(view) == len(view.request.tasks) and not untried
