"""The process that does the desk's long work: `python -m core.desk.background_process KIND FOLDER`."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from core import logs
from core.desk import Desk, DeskError
from core.desk.export_work import filter_from
from core.desk.exports import filter_of
from core.model.people import NotAllowedError
from core.store.audit import VerificationCancelledError
from core.store.background import RunningWork, WorkState
from core.store.exports import ExportCancelledError
from core.store.snapshot import UnreadableDatabaseError

_NICENESS: Final = 5  # the pages and the worker come first


def carry_out(kind: str, desk: Desk, folder: Path) -> None:
    """Do what was asked for in `folder`, as the person who asked, and leave there what came of it."""
    running = RunningWork(folder, desk.clock)
    try:
        _KINDS[kind](desk, running)
    except (VerificationCancelledError, ExportCancelledError):
        running.end(WorkState.CANCELLED)
    except (UnreadableDatabaseError, DeskError, NotAllowedError, OSError) as error:
        running.end(WorkState.FAILED, error=str(error))


def _verify(desk: Desk, running: RunningWork) -> None:
    verdict = desk.verify_audit(running.work.asked_by, running.progress)
    running.keep_list(asdict(row) for row in verdict.bad)
    running.end(WorkState.DONE, verdict.to_json() | {"bad": len(verdict.bad)})


def _export(desk: Desk, running: RunningWork) -> None:
    asked, person = running.work.asked, running.work.asked_by
    where = filter_from(asked["filter"])
    running.say_of_it({**asked, "filter": filter_of(where)})
    if asked["what"] == "evidence":
        made = desk.make_evidence(person, where, running.progress)
    else:
        made = desk.export_events(person, where, "csv", running.progress)
    running.end(WorkState.DONE, {"export": made.id})


_KINDS: Final[Mapping[str, Callable[[Desk, RunningWork], None]]] = {"verification": _verify, "export": _export}

if __name__ == "__main__":
    logs.configure()
    os.nice(_NICENESS)
    carry_out(sys.argv[1], Desk.open(), Path(sys.argv[2]))
