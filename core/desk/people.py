"""Who comes in, for how long and as what: sign-ins, sessions, and the roles that an administrator gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from core.desk.base import ENDED, DeskBase, DeskError
from core.model.events import Event, EventKind
from core.model.people import Action, Actor, NotAllowedError, Role, SessionEndedError
from core.model.sign_in import ClaimsError, Identity, Session, SessionEnd, identity_of
from core.store import people
from core.store.database import Transaction
from core.store.people import Person

# A page asks for the names of fifty rows; somebody who signed in elsewhere has theirs a moment later.
_NAMES_KEPT: Final = timedelta(seconds=10)


@dataclass(frozen=True)
class Visit:
    """Somebody who is signed in, and until when they are at the latest."""

    actor: Actor
    until: datetime


@dataclass(frozen=True)
class PersonView:
    """One person as administrators see them: each role, and where it comes from."""

    person: Person
    roles: frozenset[Role]
    bootstrap: bool  # administrator by the desk's settings

    @property
    def waits(self) -> bool:
        """Signed in once, and without a role to do anything with."""
        return not self.roles and self.person.suspended_at is None


class PeopleActions(DeskBase):
    """The part of the desk that knows people by issuer and subject, never by e-mail address."""

    _names: tuple[datetime, Mapping[str, str]] | None = None

    def enter(self, claims: Mapping[str, Any]) -> Visit:
        """Who the claims of a verified ID token speak of, with the roles they have now; for every run of a page.

        It does not keep a session from ending: a page that is left open asks every few seconds; see `stay`. Raises
        SessionEndedError where they have to sign in again, and NotAllowedError where they may not come in.
        """
        sign_in = self.settings.sign_in
        if sign_in is None:
            raise NotAllowedError("Nobody can sign in here: no sign-in is configured.")
        try:
            identity = identity_of(
                claims,
                issuer=sign_in.issuer,
                roles_claim=sign_in.roles_claim,
                roles={value: Role(role) for value, role in sign_in.roles.items()},
                key=self.store.keys.pseudonym,
            )
        except ClaimsError as error:
            if self._first_time(sign_in.issuer, str(error)):
                with self.store.writing() as transaction:
                    event = Event(EventKind.PERSON_REFUSED, sign_in.issuer, outcome="refused", detail={"why": "claims"})
                    transaction.record(event)
            raise NotAllowedError(str(error)) from error
        with self.store.reading() as db:
            session, person = people.session(db, identity.session), people.get(db, identity.id)
        if session is None or person is None:
            session, person = self._begin(identity)
        why = SessionEnd.SUSPENDED if person.suspended_at else session.over(self.clock.now(), self._limits())
        if why:
            self._end(session, why)
            raise SessionEndedError(ENDED[why])
        actor = Actor(person.issuer, person.subject, person.name, self._roles(person), session.id)
        return Visit(actor, session.until(self._limits()))

    def stay(self, actor: Actor) -> None:
        """Note that the actor does something: opens a page, presses a button. Their session is not idle then."""
        if actor.session:
            self._note(actor.session)

    def leave(self, actor: Actor) -> None:
        """End the actor's own session: its cookie, wherever a copy of it is, opens nothing any more."""
        if actor.session:
            with self.store.reading() as db:
                session = people.session(db, actor.session)
            if session and session.person == actor.id:
                self._end(session, SessionEnd.SIGNED_OUT)

    def people(self, actor: Actor) -> list[PersonView]:
        """Everybody who ever signed in, those who wait for a role first."""
        self._require(actor, Action.VIEW_PEOPLE)
        with self.store.reading() as db:
            views = [self._view(person) for person in people.everyone(db)]
        return sorted(views, key=lambda view: (not view.waits, view.person.name.casefold(), view.person.id))

    def person_names(self, actor: Actor) -> Mapping[str, str]:
        """The name of everybody who ever signed in, by `Actor.id`: records have ids, and colleagues have names."""
        self._require(actor, Action.VIEW_REQUESTS)
        now = self.clock.now()
        if self._names is None or now - self._names[0] >= _NAMES_KEPT:
            with self.store.reading() as db:
                self._names = (now, people.names(db))
        return self._names[1]

    def give_role(self, actor: Actor, person: str, role: Role) -> None:
        """Give somebody a role; `person` is their `Actor.id`. Raises DeskError."""
        self._require(actor, Action.MANAGE_PEOPLE)
        with self.store.writing() as transaction:
            self._other(transaction, actor, person)
            if people.give(transaction, person, role, actor):
                self._record(transaction, EventKind.PERSON_ROLE_GIVEN, actor, person, role)

    def take_role(self, actor: Actor, person: str, role: Role) -> None:
        """Take a given role away, from the person's next action on. Raises DeskError where it was not given here."""
        self._require(actor, Action.MANAGE_PEOPLE)
        with self.store.writing() as transaction:
            found = self._other(transaction, actor, person)
            if people.take(transaction, person, role):
                self._record(transaction, EventKind.PERSON_ROLE_TAKEN, actor, person, role)
            elif role in self._roles(found):
                raise DeskError(
                    f"{found.name} is {role} by the sign-in provider or the desk's settings. Change it there, "
                    "or suspend the person here, which takes effect at once."
                )

    def suspend(self, actor: Actor, person: str) -> None:
        """Let somebody do nothing more, from their next action on, whatever the sign-in provider says."""
        self._require(actor, Action.MANAGE_PEOPLE)
        with self.store.writing() as transaction:
            self._other(transaction, actor, person)
            if people.suspend(transaction, person, actor):
                self._record(transaction, EventKind.PERSON_SUSPENDED, actor, person)

    def reinstate(self, actor: Actor, person: str) -> None:
        """End a suspension; the person has to sign in again."""
        self._require(actor, Action.MANAGE_PEOPLE)
        with self.store.writing() as transaction:
            self._other(transaction, actor, person)
            if people.reinstate(transaction, person):
                self._record(transaction, EventKind.PERSON_REINSTATED, actor, person)

    def _begin(self, identity: Identity) -> tuple[Session, Person]:
        self._names = None
        with self.store.writing() as transaction:
            fresh = people.session(transaction.db, identity.session) is None
            new = people.meet(transaction, identity)
            session, person = people.begin(transaction, identity), people.get(transaction.db, identity.id)
            assert person is not None  # noqa: S101 - met a moment ago
            allowed = not person.suspended_at and session.over(transaction.at, self._limits()) is None
            if fresh and allowed:
                roles = self._roles(person)
                detail = {"session": session.id, "roles": sorted(roles), "first": new}
                outcome = "entered" if roles else "waits"
                transaction.record(Event(EventKind.PERSON_SIGNED_IN, person.id, outcome=outcome, detail=detail))
        return session, person

    def _end(self, session: Session, why: SessionEnd) -> None:
        """Write down that a session is over, once."""
        if session.ended_at:
            return
        refused = why is SessionEnd.SUSPENDED
        kind = EventKind.PERSON_REFUSED if refused else EventKind.PERSON_SESSION_ENDED
        with self.store.writing() as transaction:
            if people.end(transaction, session.id, why):
                detail = {"session": session.id, "why": why}
                transaction.record(
                    Event(kind, session.person, outcome="refused" if refused else "ended", detail=detail)
                )

    def _other(self, transaction: Transaction, actor: Actor, person: str) -> Person:
        found = people.get(transaction.db, person)
        if found is None:
            raise DeskError("There is nobody known by that id. People appear here once they have signed in.")
        if people.same_person(transaction.db, actor.id, person):
            raise DeskError("Nobody changes their own access. Ask another administrator.")
        return found

    def _record(
        self, transaction: Transaction, kind: EventKind, actor: Actor, person: str, role: Role | None = None
    ) -> None:
        detail = {"person": person} if role is None else {"person": person, "role": role}
        transaction.record(Event(kind, actor.id, outcome=kind.rpartition("_")[2], detail=detail))

    def _view(self, person: Person) -> PersonView:
        roles = self._roles(person)
        return PersonView(person, roles, Role.ADMINISTRATOR in roles - person.claimed - person.given)
