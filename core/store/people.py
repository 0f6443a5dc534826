"""People who signed in: who they are, the roles given to them, and their sessions."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.people import Actor, Role
from core.model.sign_in import Identity, Session, SessionEnd
from core.store.database import Transaction

# Streamlit's cookie lives 30 days; an older session cannot come back, and its hours would be over anyway.
SESSIONS_KEPT: Final = timedelta(days=31)


@dataclass(frozen=True)
class Person:
    """Somebody who signed in once or more, with the roles of each source."""

    id: str
    issuer: str
    subject: str
    name: str
    account: str
    claimed: frozenset[Role]
    given: frozenset[Role]
    first_seen_at: datetime
    last_seen_at: datetime
    suspended_at: datetime | None
    suspended_by: str | None

    def roles(self, bootstrap: Iterable[str] = ()) -> frozenset[Role]:
        """What they may act as; nothing while suspended. `bootstrap`: subjects that are administrators by setting."""
        if self.suspended_at:
            return frozenset()
        settled = {Role.ADMINISTRATOR} if self.subject in bootstrap else set()
        return self.claimed | self.given | settled


def get(db: Database, person: str) -> Person | None:
    """One person by their `Actor.id`."""
    for found in _people(db, "WHERE id = ?", [person]):
        return found
    return None


def everyone(db: Database, limit: int = 1000) -> list[Person]:
    """Everybody who ever signed in, by name."""
    return _people(db, "ORDER BY name, id LIMIT ?", [limit])


def names(db: Database) -> dict[str, str]:
    """Everybody's name by their `Actor.id`."""
    return {row["id"]: row["name"] for row in db.query("SELECT id, name FROM people")}


def meet(transaction: Transaction, identity: Identity) -> bool:
    """Note somebody as they sign in, with the claims of now. Returns whether they are new here."""
    new = get(transaction.db, identity.id) is None
    now = to_text(transaction.at)
    transaction.db.execute(
        "INSERT INTO people (id, issuer, subject, name, account, email_mark, claimed, first_seen_at, last_seen_at) "
        "VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, account = excluded.account, "
        "email_mark = excluded.email_mark, claimed = excluded.claimed, last_seen_at = excluded.last_seen_at",
        [
            identity.id,
            identity.issuer,
            identity.subject,
            identity.name,
            identity.account,
            identity.email_mark,
            json.dumps(sorted(identity.roles)),
            now,
            now,
        ],
    )
    return new


def give(transaction: Transaction, person: str, role: Role, actor: Actor) -> bool:
    """Give a role. Returns whether they had not been given it."""
    return _changed(
        transaction,
        "INSERT INTO given_roles (person, role, given_by, given_at) VALUES (?,?,?,?) ON CONFLICT DO NOTHING",
        [person, role, actor.id, to_text(transaction.at)],
    )


def take(transaction: Transaction, person: str, role: Role) -> bool:
    """Take a given role away. Returns whether they had been given it."""
    return _changed(transaction, "DELETE FROM given_roles WHERE person = ? AND role = ?", [person, role])


def suspend(transaction: Transaction, person: str, actor: Actor) -> bool:
    """Let nobody in as them, whatever a claim says. Returns whether that is a change."""
    return _changed(
        transaction,
        "UPDATE people SET suspended_at = ?, suspended_by = ? WHERE id = ? AND suspended_at IS NULL",
        [to_text(transaction.at), actor.id, person],
    )


def reinstate(transaction: Transaction, person: str) -> bool:
    """The end of a suspension. Returns whether there was one."""
    return _changed(
        transaction,
        "UPDATE people SET suspended_at = NULL, suspended_by = NULL WHERE id = ? AND suspended_at IS NOT NULL",
        [person],
    )


def session(db: Database, session_id: str) -> Session | None:
    """One session by its id."""
    for row in db.query("SELECT * FROM sessions WHERE id = ?", [session_id]):
        return Session(
            id=row["id"],
            person=row["person"],
            signed_in_at=from_text(row["signed_in_at"]),
            active_at=from_text(row["active_at"]),
            token_until=_instant(row["token_until"]),
            ended_at=_instant(row["ended_at"]),
            ended_by=SessionEnd(row["ended_by"]) if row["ended_by"] else None,
        )
    return None


def begin(transaction: Transaction, identity: Identity) -> Session:
    """The session of a sign-in, counted from when the provider issued the token; old ones are cleared away."""
    now = transaction.at
    transaction.db.execute("DELETE FROM sessions WHERE signed_in_at < ?", [to_text(now - SESSIONS_KEPT)])
    begun = min(identity.issued_at or now, now)
    until = to_text(identity.expires_at) if identity.expires_at else None
    transaction.db.execute(
        "INSERT INTO sessions (id, person, signed_in_at, active_at, token_until) VALUES (?,?,?,?,?) "
        "ON CONFLICT (id) DO NOTHING",
        [identity.session, identity.id, to_text(begun), to_text(now), until],
    )
    found = session(transaction.db, identity.session)
    assert found is not None  # noqa: S101 - it is there, by us or by another tab
    return found


def touch(transaction: Transaction, session_id: str) -> None:
    """Somebody did something."""
    transaction.db.execute("UPDATE sessions SET active_at = ? WHERE id = ?", [to_text(transaction.at), session_id])


def end(transaction: Transaction, session_id: str, why: SessionEnd) -> bool:
    """End a session for good. Returns whether it had not been ended."""
    return _changed(
        transaction,
        "UPDATE sessions SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL",
        [to_text(transaction.at), why, session_id],
    )


def same_person(db: Database, one: str, other: str) -> bool:
    """Whether two `Actor.id`s are one person: the same account, or accounts with the same e-mail address."""
    if one == other:
        return True
    return any(
        db.query(
            "SELECT 1 FROM people a JOIN people b ON a.email_mark = b.email_mark WHERE a.id = ? AND b.id = ?",
            [one, other],
        )
    )


def _people(db: Database, rest: str, values: list[Any]) -> list[Person]:
    given = "(SELECT json_group_array(role) FROM given_roles WHERE person = id) AS given"
    return [
        Person(
            id=row["id"],
            issuer=row["issuer"],
            subject=row["subject"],
            name=row["name"],
            account=row["account"],
            claimed=_roles(row["claimed"]),
            given=_roles(row["given"]),
            first_seen_at=from_text(row["first_seen_at"]),
            last_seen_at=from_text(row["last_seen_at"]),
            suspended_at=_instant(row["suspended_at"]),
            suspended_by=row["suspended_by"],
        )
        for row in db.query(f"SELECT *, {given} FROM people {rest}", values)  # noqa: S608 - fixed strings of this module
    ]


def _changed(transaction: Transaction, statement: str, values: list[Any]) -> bool:
    return transaction.db.execute(statement, values).rowcount > 0


def _roles(text: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in json.loads(text))


def _instant(text: str | None) -> datetime | None:
    return from_text(text) if text else None
