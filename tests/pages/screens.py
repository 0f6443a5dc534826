"""A desk and the pages over it: what a test needs to open a page, look at it and press its buttons."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import streamlit as st
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from core.desk import Desk
from core.desk.base import open_store
from core.model.people import Actor
from core.sandbox.address import Address, write_address
from core.settings import ConnectionSettings, Settings
from core.store import worker_leases
from core.ui.links import PAGES
from tests.clocks import ManualClock
from tests.desks import ADMIN, draft

MAIN = PAGES.parent / "core" / "ui" / "main.py"

# Nothing listens there: a page that waited for a vendor would show it at once.
NOWHERE = "http://127.0.0.1:1"


class Screen:
    """One desk at a time that stands still, and one person at its pages."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = ManualClock()
        self.desk = Desk(settings, open_store(settings, self.clock), self.clock)
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(Desk, "open", lambda *_: self.desk)
        # Streamlit looks through every installed package for components before a test's first run: 0.15 s each time.
        monkeypatch.setattr("streamlit.components.v2.manifest_scanner.scan_component_manifests", list)
        self.become(ADMIN)

    def become(self, person: Actor) -> None:
        self.person = person
        self._monkeypatch.setattr("core.ui.session.actor", lambda **_: person)

    def open(self, page: str = "overview", **query: str | list[str]) -> AppTest:
        """A page as it is drawn first, with the address that leads to it."""
        test = AppTest.from_file(str(MAIN), default_timeout=20)
        for name, value in query.items():
            test.query_params[name] = value
        test.switch_page(str(PAGES / f"{page}.py")).run()
        assert not test.exception, test.exception
        return test

    def fill(self, requests: int = 120, days: int = 30) -> None:
        for _ in self.desk.fill_sample(ADMIN, days=days, requests=requests):
            pass

    def submit(self, number: int = 0, **more: Any) -> str:
        """File a request and return its id."""
        filed = self.desk.submit(ADMIN, draft(f"USR-884729{number}", **more), intent=f"intent-{number}")
        assert filed.request, filed.findings
        return filed.request.id

    def start_worker(self) -> None:
        """As far as the pages can tell."""
        with self.desk.store.writing() as transaction:
            worker_leases.take(transaction, "somewhere:1:1", 15)


@contextmanager
def screen(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> Iterator[Screen]:
    """A desk in its own folder; without `connections` it is the sandbox's."""
    st.cache_resource.clear()
    settings = {"database": folder / "desk" / "desk.db", "keys": folder / "keys" / "desk.keys", **settings}
    try:
        yield Screen(Settings(**settings), monkeypatch)
    finally:
        st.cache_resource.clear()


def publish_sandbox(folder: Path) -> None:
    """Leave the address of a sandbox that ran, and runs no more."""
    (folder / "desk").mkdir(parents=True, exist_ok=True)
    secret = SecretStr("not-a-real-secret")
    webhook = SecretStr("whsec_" + "QUFB" * 8)
    write_address(folder / "desk", Address(NOWHERE, 1, "sandbox-client", secret, webhook, webhook))


def vendor_at(url: str = NOWHERE, **more: Any) -> ConnectionSettings:
    """A CXone connection that gives up at once."""
    return ConnectionSettings.model_validate(
        {
            "contract": "cxone-requests",
            "base_url": url,
            "client_id": "desk",
            "client_secret": "canary-secret",
            "timeout_seconds": 2,
            **more,
        }
    )


def said(test: AppTest) -> str:
    """Everything that stands on a page in words, without what keeps it from being read as markdown."""
    kinds = (
        "title",
        "header",
        "subheader",
        "markdown",
        "caption",
        "text",
        "code",
        "info",
        "warning",
        "error",
        "success",
    )
    words = [str(element.value) for kind in kinds for element in getattr(test, kind)]
    words += [str(table.value.to_dict()) for kind in ("table", "dataframe") for table in getattr(test, kind)]
    words += [f"{metric.label} {metric.value} {metric.help}" for metric in test.metric]
    return "\n".join(words).replace("\\", "").replace("\u200b", "")


def press_label(test: AppTest, label: str) -> AppTest:
    """Press the one button with this label."""
    (button,) = [button for button in test.button if button.label == label]
    button.click().run()
    assert not test.exception, test.exception
    return test


def links_of(test: AppTest) -> dict[str, dict[str, list[str]]]:
    """The query of each link, by its label; the bell, which is on every page, is left out."""
    links = [link.proto for link in test.page_link if link.proto.page != "notices"]
    return {link.label: parse_qs(link.query_string) for link in links}


def number_in(metrics: AppTest, label: str) -> str:
    return next(str(metric.value) for metric in metrics.metric if metric.label == label)
