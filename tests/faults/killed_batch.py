"""The work on batches in a process of its own that is killed, for real, at a chosen moment."""

import os
import signal
from typing import Any

from core.clock import SystemClock
from core.desk import Desk
from core.settings import Settings
from core.store.batches import staging


def work_until_killed(settings: Settings, step: str, occurrence: int) -> None:
    """Work on batches; at the given occurrence of the step the process kills itself.

    `told`: between two transactions. `filed`: rows are written and not committed. `kept`: the check is not committed.
    """
    seen = 0

    def reached(name: str) -> None:
        nonlocal seen
        if name == step:
            seen += 1
            if seen == occurrence:
                os.kill(os.getpid(), signal.SIGKILL)

    drop_part, keep_items = staging.drop_part, staging.keep_items

    def dropping(*arguments: Any) -> None:
        reached("filed")
        drop_part(*arguments)

    def keeping(*arguments: Any) -> None:
        keep_items(*arguments)
        reached("kept")

    staging.drop_part, staging.keep_items = dropping, keeping  # type: ignore[assignment] # this process is thrown away
    Desk.open(settings, SystemClock()).work_on_batches(lambda *_: reached("told"))
