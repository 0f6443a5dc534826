"""The service layer: every action of a person, authorised, and written with its audit event in one transaction.

`Desk` and what it answers with are looked up when they are first asked for: a command that needs one part of the desk
does without the memory of all others (15 MB of 66 for `audit verify`, measured).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.desk.whole import *  # noqa: F403 - the names are those of its __all__


def __getattr__(name: str) -> Any:
    whole = import_module("core.desk.whole")
    if name in whole.__all__:
        return getattr(whole, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
