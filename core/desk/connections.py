"""What people do with connections: see how each stands, test its token, pause it, and set the sandbox's faults."""

from dataclasses import dataclass, replace
from datetime import datetime

from core.auth.tokens import TokenError, TokenSource
from core.clients.breaker import Breaker
from core.clients.catalog import CATALOG, Capability
from core.desk.base import DeskBase, DeskError
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.privacy_requests import TaskState
from core.sandbox.faults import CONNECTIONS as SANDBOX_PARTS
from core.sandbox.faults import Connection as SandboxPart
from core.sandbox.faults import Faults, read_faults, write_faults
from core.settings import ConnectionSettings
from core.store import connection_states, tasks
from core.store.connection_states import ConnectionState


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
            depth = tasks.queue_depth(db)
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

    def pause(self, actor: Actor, name: str, *, reason: str) -> None:
        """Nothing is sent through, or asked of, a paused connection. What waits, waits."""
        self._require(actor, Action.OPERATE_CONNECTIONS)
        self._connection(name)
        with self.store.writing() as transaction:
            connection_states.pause(transaction, name, actor.name, reason.strip())
            transaction.record(Event(EventKind.CONNECTION_PAUSED, actor.id, connection=name, outcome="paused"))

    def resume(self, actor: Actor, name: str) -> None:
        self._require(actor, Action.OPERATE_CONNECTIONS)
        if self._connection(name).paused:
            raise DeskError(f"{name} is paused in the settings; take it out there and start again.")
        with self.store.writing() as transaction:
            connection_states.resume(transaction, name)
            transaction.record(Event(EventKind.CONNECTION_RESUMED, actor.id, connection=name, outcome="resumed"))

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
