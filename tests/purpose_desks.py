"""A desk and its purpose worker over one store and one vendor, with the clock in the test's hand."""

import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.desk import Desk
from core.desk.purposes import Asked
from core.model.enforcements import ChangeState
from core.model.people import Actor, Role
from core.model.purposes import PurposeStatus
from core.settings import ConnectionSettings, Settings
from core.store import enforcement_changes
from core.store.audit import EventFilter, StoredEvent
from core.store.enforcement_changes import Change
from core.store.purpose_comparisons import ComparisonRun
from core.worker.purposes import PurposeWorker
from tests.clocks import ManualClock
from tests.desks import ADMIN

SECOND = Actor("test", "bo", "Bo Second", frozenset({Role.APPROVER}))


def connection(url: str, **more: Any) -> ConnectionSettings:
    """A connection to a vendor of the tests."""
    return ConnectionSettings.model_validate(
        {
            "contract": "genesys-purposes",
            "base_url": url,
            "client_id": "desk",
            "client_secret": "not-a-real-secret",
            "limit_per_minute": 100_000,
            "base_delay_seconds": 0.01,
            "timeout_seconds": 2,
            **more,
        }
    )


def purpose_settings(folder: Path, url: str, *, desk: dict[str, Any] | None = None, **more: Any) -> Settings:
    """Settings with one connection, `genesys`, and files below `folder`; `more` is the connection's."""
    return Settings(
        database=folder / "desk" / "desk.db",
        keys=folder / "keys" / "desk.keys",
        connections={"genesys": connection(url, **more)},
        **(desk or {}),
    )


def declaration(number: int, **changes: Any) -> dict[str, Any]:
    """What `tests.purpose_vendor.purpose` has, declared; without changes it is in force."""
    return {
        "name": f"Purpose {number:04d}",
        "description": f"What purpose {number} is for",
        "retention_days": 90,
        "legal_basis": "contract",
        **changes,
    }


class PurposeBench:
    """Does by hand what the server's processes do by themselves."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.settings = settings
        self.desk = Desk.open(settings, self.clock)
        self.worker = PurposeWorker(settings, self.desk.store, self.clock, rng=random.Random(1))

    def declare(self, *payloads: dict[str, Any]) -> None:
        for payload in payloads:
            declared = self.desk.declare(ADMIN, "genesys", payload, reason="as the test wishes")
            assert declared.version, declared.findings

    def compare(self) -> ComparisonRun:
        asked = self.desk.ask_comparison(ADMIN, "genesys")
        assert self.worker.compare("genesys") == 1
        run = self.desk.comparison(ADMIN, asked)
        assert run
        return run

    def compare_when_let(self) -> ComparisonRun:
        """As `compare`, waiting while the breaker holds calls back."""
        while until := self.worker.spared_until("genesys"):
            self.clock.sleep(max(1.0, (until - self.clock.now()).total_seconds()))
        return self.compare()

    def statuses(self) -> dict[str, PurposeStatus]:
        return {c.name: c.status for c in self.desk.compared_purposes(ADMIN, "genesys")}

    def ask(self, names: Sequence[str] | None = None, *, actor: Actor = ADMIN, intent: str = "preview-1") -> Asked:
        preview = self.desk.preview_enforcement(actor, "genesys", names)
        return self.desk.enforce(actor, preview, intent=intent, confirmed=len(preview.changes))

    def work(self, most: int = 500) -> int:
        """Work off what is due, going from one due time to the next. Returns how many steps it took."""
        for done in range(most):
            while not self.worker.enforce("genesys"):
                due = self.next_due()
                if due is None:
                    return done
                self.clock.sleep(max(5.0, (due - self.clock.now()).total_seconds()))
        raise AssertionError(f"it did not end within {most} steps")

    def next_due(self) -> datetime | None:
        with self.desk.store.reading() as db:
            return enforcement_changes.next_due(db, "genesys")

    def changes(self, asked: Asked) -> list[Change]:
        return self.desk.changes(ADMIN, asked.changes)

    def change(self, asked: Asked) -> Change:
        (one,) = self.changes(asked)
        return one

    def states(self, asked: Asked) -> list[ChangeState]:
        return [change.state for change in self.changes(asked)]

    def events(self, kind: str | None = None) -> list[StoredEvent]:
        """The audit log, oldest first."""
        page = self.desk.audit(ADMIN, EventFilter(kind=kind), limit=5000)
        return list(reversed(page.rows))
