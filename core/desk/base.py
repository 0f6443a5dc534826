"""What every action of the desk starts from: the store, the settings, the clock, and the check of the actor."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from core.clock import Clock, SystemClock, day_in
from core.model.events import Event, EventKind
from core.model.identifiers import masked, pseudonym
from core.model.people import Action, Actor, NotAllowedError, Role, SessionEndedError
from core.model.privacy_requests import PrivacyRequest
from core.model.sign_in import Limits, SessionEnd, subject_of
from core.sandbox.address import connections_of
from core.settings import ConnectionSettings, Settings
from core.store import identifiers, people, requests
from core.store.database import Store
from core.store.keys import KeysError, load_or_create
from core.store.people import Person

ENDED: Final = {
    SessionEnd.SIGNED_OUT: "You signed out.",
    SessionEnd.IDLE: "Your session ended because nothing was done in it for a while.",
    SessionEnd.HOURS: "Your session has reached its longest time.",
    SessionEnd.TOKEN: "Your session ended with the time that the sign-in provider gave it.",
    SessionEnd.SUSPENDED: "An administrator has suspended your access.",
}
# The last moment of a session is noted this often at most, and at least ten times within its idle time.
_NOTED_EVERY: Final = timedelta(minutes=1)
# A page that stays open asks every few seconds; whoever lost a role is not written down each time it does.
_WRITTEN_DOWN_AGAIN: Final = timedelta(minutes=10)


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
        self._written_down: dict[tuple[str, str], datetime] = {}

    def connections(self) -> dict[str, ConnectionSettings]:
        """Every connection by name: the configured ones, or the sandbox's."""
        return dict(connections_of(self.settings))

    def _require(self, actor: Actor, action: Action) -> Actor:
        """The actor as they stand now, if their roles include the action.

        Else raises NotAllowedError, with an audit event; SessionEndedError where their session is over.
        """
        present = self._present(actor)
        if present.may(action):
            if present.session and not action.startswith("view_"):
                self._note(present.session)
            return present
        drawn_before = actor.may(action) and action.startswith("view_")
        if not drawn_before or self._first_time(actor.id, action):
            event = Event(EventKind.ACCESS_DENIED, actor.id, outcome="denied", detail={"action": action})
            with self.store.writing() as transaction:
                transaction.record(event)
        raise NotAllowedError(f"{actor.name} may not do this. Ask an administrator for a role that includes it.")

    def _present(self, actor: Actor) -> Actor:
        """Somebody who signed in, with the roles they have now: a page may have been drawn before one was taken.

        Raises SessionEndedError.
        """
        if actor.session is None:
            return actor
        with self.store.reading() as db:
            session = people.session(db, actor.session)
            person = people.get(db, actor.id)
        if session is None or person is None or session.person != person.id:
            raise SessionEndedError(ENDED[SessionEnd.SIGNED_OUT])
        why = SessionEnd.SUSPENDED if person.suspended_at else session.over(self.clock.now(), self._limits())
        if why:
            raise SessionEndedError(ENDED[why])
        return replace(actor, roles=self._roles(person))

    def _note(self, session_id: str) -> None:
        """Note that somebody does something in their session; looking on, as a page left open does, is not that."""
        now = self.clock.now()
        with self.store.reading() as db:
            session = people.session(db, session_id)
        if session and now - session.active_at >= min(_NOTED_EVERY, self._limits().idle / 10):
            with self.store.writing() as transaction:
                people.touch(transaction, session_id)

    def _roles(self, person: Person) -> frozenset[Role]:
        named = self.settings.sign_in.administrators if self.settings.sign_in else []
        key = self.store.keys.pseudonym
        return person.roles(bootstrap={subject_of(subject, person.issuer, key) for subject in named})

    def _limits(self) -> Limits:
        sign_in = self.settings.sign_in
        if sign_in is None:  # set up once, and not any more
            return Limits(timedelta(0), timedelta(0), end_with_token=True)
        return Limits(
            timedelta(hours=sign_in.session_hours), timedelta(minutes=sign_in.idle_minutes), sign_in.end_with_token
        )

    def _first_time(self, who: str, what: str) -> bool:
        """Whether this was not asked about them in the last minutes."""
        now, last = self.clock.now(), self._written_down.get((who, what))
        if last and now - last < _WRITTEN_DOWN_AGAIN:
            return False
        self._written_down[who, what] = now
        return True

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
            return replace(
                request,
                subject=secret.subject,
                description=secret.description,
                also_known_as=secret.also_known_as,
            )
        return replace(
            request,
            masked_subject=masked(secret.subject),
            also_known_as=tuple(map(masked, secret.also_known_as)),
        )

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
    return Store(settings.database, load_or_create(settings.keys), clock or SystemClock(), time_zone=settings.time_zone)
