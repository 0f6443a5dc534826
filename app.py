"""The server: Streamlit's pages, the routes and headers beside them, and the worker as a child process."""

import gc
import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from streamlit import config

from core import logs
from core.clock import SystemClock
from core.desk import Desk
from core.settings import SettingsError
from core.store.database import StoreError
from core.store.keys import KeysError
from core.ui.script_errors import show_error_id
from core.web.downloads import Downloads
from core.web.headers import SecurityHeaders
from core.web.health import Monitor
from core.web.processes import ChildProcesses, children_of
from core.web.return_to_page import ReturnToPage
from core.web.sign_in import check_reach, is_public_https, secrets_of
from core.web.this_machine_only import ThisMachineOnly
from core.web.webhooks import Webhooks
from core.web.worker_watch import WorkerWatch

WRONG_INPUT = 2
COLLECT_SECONDS = 60
# The overview has the start page's address and none of its own.
PAGES = {f"/{page.stem}" for page in (Path(__file__).parent / "pages").glob("*.py")} - {"/overview"}


def open_desk() -> Desk:
    """The desk of this server's settings; where they are wrong, one line for each mistake and the end."""
    try:
        return Desk.open()
    except (SettingsError, KeysError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WRONG_INPUT)


def refuse_unsafe_reach() -> None:
    """One line and the end, where the server would listen to more than it may (see `check_reach`)."""
    try:
        check_reach(desk.settings, st.get_option("server.address"))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(WRONG_INPUT)


async def collect_garbage() -> None:
    """Streamlit's own collection after each run is off (config.toml); once a minute is enough."""
    while True:
        await anyio.sleep(COLLECT_SECONDS)
        gc.collect()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Child processes, and a heap that the collector does not walk again: what pages import is loaded and frozen."""
    logs.configure()  # once more: Streamlit and uvicorn have set up handlers of their own since
    refuse_unsafe_reach()
    children = ChildProcesses(children_of(desk.settings, st.get_option("server.port")), SystemClock())
    async with anyio.create_task_group() as background:
        children.start()
        try:
            for name in ("pandas", "pyarrow", "plotly.graph_objects"):
                await anyio.to_thread.run_sync(importlib.import_module, name)
            gc.collect()
            gc.freeze()
            background.start_soon(collect_garbage)
            background.start_soon(WorkerWatch(desk).run)
            yield
        finally:
            background.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(children.stop)


logs.configure()
desk = open_desk()
webhooks = Webhooks(desk)
monitor = Monitor(desk, webhooks.answers)

if desk.settings.sign_in is not None:
    door = Middleware(ReturnToPage, paths=PAGES)
    referrer = "same-origin"  # by it ReturnToPage learns where somebody was; no other site is told
else:
    door = Middleware(ThisMachineOnly)
    referrer = "no-referrer"

app = st.App(
    Path(__file__).parent / "core/ui/main.py",
    routes=[webhooks.route(), *monitor.routes(), Downloads(desk).route()],
    middleware=[Middleware(SecurityHeaders, https=is_public_https(desk.settings), referrer=referrer), door],
    lifespan=lifespan,
    on_script_error=show_error_id,
    secrets=secrets_of(desk.settings),
)

# After the app, by which Streamlit finds its configuration; `app.run()` reads it anew, and `lifespan` asks then.
if __name__ != "__main__":
    refuse_unsafe_reach()
    if desk.settings.sign_in is not None:
        # The cookie of a sign-in under way is made before `secrets` are read; a restart would not know it again.
        config.set_option("server.cookieSecret", desk.settings.sign_in.cookie_secret.get_secret_value())

if __name__ == "__main__":
    app.run()
