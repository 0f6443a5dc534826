"""What the `sandbox` command does, for tests that need a child process: `python start.py [options]`."""

import argparse
import os
import sys
from pathlib import Path

from core.clock import SystemClock
from core.sandbox.server import AlreadyRunningError, serve

if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int)
    options.add_argument("--webhook-base")
    options.add_argument("--processing-seconds", type=float, default=3.0)
    given = vars(options.parse_args())
    try:
        serve(Path(os.environ["PRIVACY_DESK_DATABASE"]).parent, clock=SystemClock(), **given)
    except AlreadyRunningError as error:
        sys.exit(str(error))
