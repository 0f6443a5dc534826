"""What people do with connections: see how each stands, test its token, pause it, and set the sandbox's faults."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from core.auth.tokens import TokenError, TokenSource
from core.clients.breaker import Breaker
from core.clients.catalog import CATALOG, Capability
from core.clock import to_text
from core.desk.base import DeskBase, DeskError
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import TaskState
from core.sandbox.faults import CONNECTIONS as SANDBOX_PARTS
from core.sandbox.faults import Connection as SandboxPart
from core.sandbox.faults import Faults, read_faults, write_faults
from core.settings import ConnectionSettings
from core.store import connection_states, erasures_sent, kill_switch
from core.store.connection_states import ConnectionState
from core.store.kill_switch import KillSwitch
from core.store.measures import submissions

RESUME_WORD: Final = "resume"
"""What is typed to let everything go on after the kill switch."""


@dataclass(frozen=True)
class ConnectionView:
    """One connection as it stands. Of its credentials only that they are there."""

    name: str
    settings: ConnectionSettings
    capability: Capability
    has_client_id: bool
    has_client_secret: bool
    has_webhook_secret: bool
    state: ConnectionState
    breaker: str  # closed, open, half_open
    waiting: dict[TaskState, int]

    @property
    def paused(self) -> bool:
        return self.settings.paused or self.state.paused


@dataclass(frozen=True)
class ErasureBudget:
    """The limit of erasures an hour: how many were sent in the last one; `next_at` where it is used up."""

    limit: int
    sent: int
    next_at: datetime | None


@dataclass(frozen=True)
class TokenTest:
    """What came of asking for a token; never the token."""

    ok: bool
    code: str
    message: str
    advice: str
    elapsed_ms: int
    valid_until: datetime | None = None


class ConnectionActions(DeskBase):
    """The part of the desk that deals in connections."""

    def connection_views(self, actor: Actor) -> list[ConnectionView]:
        self._require(actor, Action.VIEW_CONNECTIONS)
        now = self.clock.now()
        views = []
        with self.store.reading() as db:
            depth = submissions.open_now(db)
            for name, connection in self.connections().items():
                state = connection_states.get(db, name)
                views.append(
                    ConnectionView(
                        name=name,
                        settings=connection,
                        capability=CATALOG[connection.contract],
                        has_client_id=bool(connection.client_id),
                        has_client_secret=bool(connection.client_secret.get_secret_value()),
                        has_webhook_secret=connection.webhook_secret is not None,
                        state=state,
                        breaker=Breaker.from_json(state.breaker).state(now),
                        waiting=depth.get(name, {}),
                    )
                )
        return views

    def test_token(self, actor: Actor, name: str) -> TokenTest:
        """Ask the vendor for a token with the configured credentials, now. May take as long as its time-out."""
        self._require(actor, Action.OPERATE_CONNECTIONS)
        connection = self._connection(name)
        began = self.clock.monotonic()
        try:
            token = TokenSource(connection, self.clock).get()
        except TokenError as error:
            test = TokenTest(ok=False, code=error.code, message=error.message, advice=error.advice, elapsed_ms=0)
        else:
            test = TokenTest(
                ok=True,
                code="ok",
                message="The vendor gave a token.",
                advice="",
                elapsed_ms=0,
                valid_until=token.expires_at,
            )
        test = replace(test, elapsed_ms=round((self.clock.monotonic() - began) * 1000))
        with self.store.writing() as transaction:
            transaction.record(
                Event(
                    EventKind.CONNECTION_TOKEN_TESTED,
                    actor.id,
                    connection=name,
                    outcome="ok" if test.ok else "failed",
                    detail={"ok": test.ok, "code": test.code},
                )
            )
        return test

    def kill_switch(self, actor: Actor) -> KillSwitch | None:
        """Who stopped everything, when and why; None while the desk may send."""
        self._require(actor, Action.VIEW_CONNECTIONS)
        with self.store.reading() as db:
            return kill_switch.read(db)

    def stop_all(self, actor: Actor, *, reason: str) -> KillSwitch:
        """Send nothing to any vendor and ask none, from now on and over restarts. What waits, waits.

        The worker sees it before the next call leaves: what it had taken is given back, calls that are out end and
        are recorded. Proof of what is done still goes to the vault. Returns the switch, which may have been on.
        """
        self._require(actor, Action.STOP_SENDING)
        reason = _said(reason)
        with self.store.writing() as transaction:
            if kill_switch.switch_on(transaction, actor, reason):
                detail = {"reason_sha256": _sha256(reason)}
                transaction.record(Event(EventKind.SENDING_STOPPED, actor.id, outcome="stopped", detail=detail))
            switch = kill_switch.read(transaction.db)
        assert switch is not None  # noqa: S101 - it was switched on a line ago
        return switch

    def resume_all(self, actor: Actor, *, typed: str) -> None:
        """Go on sending. `typed` is `RESUME_WORD`: everything that waited goes out at once.

        Connections that are paused by themselves stay so.
        """
        self._require(actor, Action.RESUME_SENDING)
        if typed.strip().casefold() != RESUME_WORD:
            raise DeskError(f'Type "{RESUME_WORD}" to confirm: everything that waits goes out at once.')
        with self.store.writing() as transaction:
            switch = kill_switch.read(transaction.db)
            if switch is None:
                raise DeskError("Nothing is stopped; somebody else may have let it go on already.")
            kill_switch.switch_off(transaction)
            detail = {"stopped_by": switch.by, "stopped_at": to_text(switch.at)}
            transaction.record(Event(EventKind.SENDING_RESUMED, actor.id, outcome="resumed", detail=detail))

    def pause(self, actor: Actor, name: str, *, reason: str) -> None:
        """Nothing is sent through, or asked of, a paused connection. What waits, waits."""
        self._require(actor, Action.STOP_SENDING)
        self._connection(name)
        reason = _said(reason)
        with self.store.writing() as transaction:
            connection_states.pause(transaction, name, actor.name, reason)
            detail = {"reason_sha256": _sha256(reason)}
            transaction.record(
                Event(EventKind.CONNECTION_PAUSED, actor.id, connection=name, outcome="paused", detail=detail)
            )

    def resume(self, actor: Actor, name: str) -> None:
        self._require(actor, Action.RESUME_SENDING)
        if self._connection(name).paused:
            raise DeskError(f"{name} is paused in the settings; take it out there and start again.")
        with self.store.writing() as transaction:
            connection_states.resume(transaction, name)
            transaction.record(Event(EventKind.CONNECTION_RESUMED, actor.id, connection=name, outcome="resumed"))

    def erasure_budget(self, actor: Actor) -> ErasureBudget | None:
        """How much of the limit of erasures an hour is used; None where none is set."""
        self._require(actor, Action.VIEW_REQUESTS)
        limit, now = self.settings.erasures_per_hour, self.clock.now()
        if limit is None:
            return None
        with self.store.reading() as db:
            sent = erasures_sent.count(db, now, limit)
            return ErasureBudget(limit, sent, erasures_sent.next_at(db, now, limit))

    def faults(self, actor: Actor, name: str) -> Faults:
        """What the sandbox does wrong on purpose, for `cxone`, `genesys` or `vault`."""
        self._require(actor, Action.VIEW_CONNECTIONS)
        return read_faults(self.settings.folder, self._sandbox_part(name))

    def set_faults(self, actor: Actor, name: str, faults: Faults) -> None:
        self._require(actor, Action.OPERATE_CONNECTIONS)
        write_faults(self.settings.folder, self._sandbox_part(name), faults)
        changed = faults.model_dump(exclude_defaults=True)
        with self.store.writing() as transaction:
            transaction.record(
                Event(
                    EventKind.SANDBOX_FAULTS_SET,
                    actor.id,
                    connection=name,
                    outcome="on" if changed else "off",
                    detail={"faults": sorted(changed)},
                )
            )

    def _connection(self, name: str) -> ConnectionSettings:
        connection = self.connections().get(name)
        if connection is None:
            raise DeskError(f"There is no connection named {name!r}.")
        return connection

    def _sandbox_part(self, name: str) -> SandboxPart:
        if not self.settings.in_sandbox:
            raise DeskError("Faults can be switched on in the sandbox only; this desk talks to real vendors.")
        for part in SANDBOX_PARTS:
            if part == name:
                return part
        raise DeskError(f"The sandbox has no part named {name!r}; it has {', '.join(SANDBOX_PARTS)}.")


def _said(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise DeskError("Say why, so that colleagues know what to wait for.")
    return reason


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
