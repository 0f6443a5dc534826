"""Long work that the desk has done in a process of its own: how such a process is started."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import core
from core.desk.base import DeskBase, DeskError
from core.model.people import Actor
from core.settings import PREFIX, Settings
from core.store.background import Work, WorkFolder, WorkRunningError

Kind = Literal["verification", "export"]


class BackgroundDesk(DeskBase):
    """What desks with long work share: one folder, and one piece of work at a time, for each kind."""

    def _work_folder(self, kind: Kind) -> WorkFolder:
        return WorkFolder(Path(f"{self.settings.database}.{kind}"), self.clock)

    def _start_work(self, kind: Kind, actor: Actor, asked: Mapping[str, Any], *, busy: str) -> Work:
        """Start it. Raises DeskError, with `busy` where one is under way already."""
        command = (sys.executable, "-m", "core.desk.background_process", kind)
        try:
            return self._work_folder(kind).start(actor, asked, command, _environment(self.settings))
        except WorkRunningError as error:
            raise DeskError(busy) from error
        except OSError as error:
            raise DeskError(f"No process could be started ({error.strerror}). Try again.") from error


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, with the way to this code and to these settings' files from any working directory."""
    ours = str(Path(core.__file__).parent.parent)
    paths: Sequence[str] = [ours, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        f"{PREFIX}DATABASE": str(settings.database.absolute()),
        f"{PREFIX}KEYS": str(settings.keys.absolute()),
    }
