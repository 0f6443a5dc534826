"""What a command works with: the desk of these settings, the person at the shell, and the sandbox if it is needed."""

import os
import pwd
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Literal

from core.cli.output import InputError, RefusedError
from core.clock import SystemClock
from core.desk.base import DeskError, open_store
from core.desk.records import RecordActions
from core.model.people import SANDBOX_PEOPLE, Actor, NotAllowedError, Role
from core.sandbox.address import connections_of
from core.sandbox.process import SandboxProcess, SandboxStartError
from core.settings import Settings, SettingsError, load
from core.store.database import StoreError
from core.store.keys import KeysError
from core.store.snapshot import UnreadableDatabaseError

if TYPE_CHECKING:
    from core.desk import Desk

Need = Literal["no", "known", "running"]
"""Of the sandbox: nothing; where its connections are, so that they have names; or that it answers."""


@contextmanager
def told() -> Iterator[None]:
    """What a person can put right becomes one clear line each and an exit code, without a traceback."""
    try:
        yield
    except SettingsError as error:
        raise InputError(*error.lines) from error
    except (DeskError, KeysError, NotAllowedError, StoreError, UnreadableDatabaseError) as error:
        raise InputError(str(error)) from error
    except SandboxStartError as error:
        raise RefusedError(str(error)) from error


@contextmanager
def opened(*, sandbox: Need = "no", existing: bool = False) -> Iterator["Desk"]:
    """The desk, with its errors `told`.

    Where no connection is configured, a sandbox that is needed and does not run is started and ends with the
    block. `existing`: a missing database is an error, for commands that make no sense with an empty one.
    """
    with told(), ExitStack() as stack:
        from core.desk import Desk  # here, for the commands that do without its memory

        settings = _settings(existing=existing)
        desk = Desk.open(settings)
        if settings.in_sandbox and (sandbox == "running" or (sandbox == "known" and not connections_of(settings))):
            stack.enter_context(_sandbox(settings))
        yield desk


@contextmanager
def opened_records() -> Iterator[RecordActions]:
    """Only the part of the desk that reads back what happened, with a quarter less memory, for a check in 64 MB."""
    with told():
        settings = _settings(existing=True)
        yield RecordActions(settings, open_store(settings), SystemClock())


def _settings(*, existing: bool) -> Settings:
    settings = load()
    if existing and not settings.database.exists():
        raise InputError(f"There is no database at {settings.database}. Check PRIVACY_DESK_DATABASE.")
    return settings


def person(settings: Settings, as_name: str | None) -> Actor:
    """The operating-system user as administrator, or whoever `--as` names, which the sandbox alone believes.

    The name of a role is the sandbox's person of that role, as on the pages; any other name is an administrator.
    """
    roles = frozenset({Role.ADMINISTRATOR})
    if as_name is None:
        user = os.getuid()
        name = _login(user)
        return Actor("os", name, name, roles)
    if not settings.in_sandbox or settings.sign_in is not None:
        raise InputError("--as works in the sandbox only; here you act as the user you are logged in as.")
    if not as_name.strip():
        raise InputError("--as wants a name.")
    played = {str(role): actor for role, actor in SANDBOX_PEOPLE.items()}
    return played.get(as_name, Actor("sandbox", as_name, as_name, roles))


def _login(user: int) -> str:
    # Not getpass.getuser(), which believes the environment.
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


@contextmanager
def _sandbox(settings: Settings) -> Iterator[None]:
    # Python's own answer to SIGTERM ends the process on the spot, and the sandbox would live on.
    earlier = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    process = SandboxProcess(settings.database, clock=SystemClock())
    try:
        process.start()
        yield
    finally:
        process.stop()
        signal.signal(signal.SIGTERM, earlier)
