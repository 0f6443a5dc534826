"""What every action of the desk starts from: the store, the settings, the clock, and the check of the actor."""

from dataclasses import replace
from datetime import date

from core.clock import Clock, SystemClock, day_in
from core.model.events import Event, EventKind
from core.model.identifiers import masked, pseudonym
from core.model.people import Action, Actor, NotAllowedError
from core.model.privacy_requests import PrivacyRequest
from core.sandbox.address import connections_of
from core.settings import ConnectionSettings, Settings
from core.store import identifiers, requests
from core.store.database import Store
from core.store.keys import KeysError, load_or_create


class DeskError(Exception):
    """The action cannot be done as things stand; the message says why and what to do."""


class ChangedError(DeskError):
    """The request was changed after the page that asks was drawn."""


class DeskBase:
    """One desk over one store; safe to use from any number of threads."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock

    def connections(self) -> dict[str, ConnectionSettings]:
        """Every connection by name: the configured ones, or the sandbox's."""
        return dict(connections_of(self.settings))

    def _require(self, actor: Actor, action: Action) -> None:
        """Raise NotAllowedError, with an audit event, unless the actor's roles include the action."""
        if actor.may(action):
            return
        with self.store.writing() as transaction:
            transaction.record(Event(EventKind.ACCESS_DENIED, actor.id, outcome="denied", detail={"action": action}))
        raise NotAllowedError(f"{actor.name} may not do this. Ask an administrator for a role that includes it.")

    def today(self) -> date:
        """The controller's calendar day."""
        return day_in(self.settings.time_zone, self.clock.now())

    def _shown(self, actor: Actor, request_id: str) -> PrivacyRequest | None:
        with self.store.reading() as db:
            request = requests.get(db, request_id)
            secret = identifiers.reveal(db, self.store.keys, request_id) if request else None
        if request is None or secret is None:
            return request
        if actor.may(Action.SEE_IDENTIFIERS):
            return replace(request, subject=secret.subject, description=secret.description)
        return replace(request, masked_subject=masked(secret.subject))

    def _pseudonym(self, subject: str) -> str:
        return pseudonym(subject, self.store.keys.pseudonym)


def open_store(settings: Settings, clock: Clock | None = None) -> Store:
    """The store of these settings; makes database and key file where both are missing.

    Raises KeysError where only the key file is: new keys would open nothing that the old ones closed.
    """
    if settings.database.exists() and not settings.keys.exists():
        raise KeysError(
            f"The key file {settings.keys} is missing, and {settings.database} was written with it. "
            "Restore the key file; without it no identifier can be read and the audit log cannot be vouched for."
        )
    return Store(settings.database, load_or_create(settings.keys), clock or SystemClock())
