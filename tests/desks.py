"""Desks for tests: a real store in a folder of its own, and drafts that are right."""

from pathlib import Path
from typing import Any

from core.clock import Clock
from core.desk import Desk
from core.model.people import Actor, Role
from core.model.privacy_requests import Draft
from core.settings import ConnectionSettings, Settings

ADMIN = Actor("test", "ada", "Ada Admin", frozenset({Role.ADMINISTRATOR}))
REQUESTER = Actor("test", "rita", "Rita Requester", frozenset({Role.REQUESTER}))
APPROVER = Actor("test", "ana", "Ana Approver", frozenset({Role.APPROVER}))
AUDITOR = Actor("test", "aud", "Aud Auditor", frozenset({Role.AUDITOR}))

QUICK = {"base_delay_seconds": 0.01, "poll_first_seconds": 0.01, "poll_max_seconds": 0.05, "timeout_seconds": 2}


def connection(url: str, **more: Any) -> ConnectionSettings:
    """A connection to a vendor of the tests."""
    return ConnectionSettings.model_validate(
        {
            "contract": "cxone-requests",
            "base_url": url,
            "client_id": "desk",
            "client_secret": "not-a-real-secret",
            "limit_per_minute": 100_000,
            **more,
        }
    )


def settings_for(folder: Path, url: str, **more: Any) -> Settings:
    """Settings with one connection, `cxone`, and files below `folder`; `more` is the connection's."""
    return Settings(
        database=folder / "desk" / "desk.db",
        keys=folder / "keys" / "desk.keys",
        connections={"cxone": connection(url, **more)},
    )


def desk_for(settings: Settings, clock: Clock) -> Desk:
    return Desk.open(settings, clock)


def draft(subject: str = "USR-8847291", **more: Any) -> Draft:
    """A draft without findings."""
    return Draft(
        **{
            "subject": subject,
            "type": "ERASURE",
            "categories": ("CONTACT", "EMAIL"),
            "scope": "CONTACT",
            **more,
        }
    )
