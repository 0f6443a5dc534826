"""The tables of people, the roles given to them, and their sessions."""

from typing import Final

PEOPLE: Final = """
CREATE TABLE people (
    id TEXT PRIMARY KEY,                    -- Actor.id: issuer and subject
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,                     -- as the provider has it, for people to know each other by
    account TEXT NOT NULL,
    email_mark TEXT,                        -- keyed; two accounts of one person have the same
    claimed TEXT NOT NULL,                  -- JSON list: the roles that the newest sign-in's claim gave
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    suspended_at TEXT,
    suspended_by TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE given_roles (
    person TEXT NOT NULL REFERENCES people(id),
    role TEXT NOT NULL,
    given_by TEXT NOT NULL,                 -- Actor.id
    given_at TEXT NOT NULL,
    PRIMARY KEY (person, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,                    -- keyed; made of the token's claims, so that the same cookie is the same
    person TEXT NOT NULL REFERENCES people(id),
    signed_in_at TEXT NOT NULL,
    active_at TEXT NOT NULL,
    token_until TEXT,
    ended_at TEXT,
    ended_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_person ON sessions(person);
CREATE INDEX sessions_signed_in ON sessions(signed_in_at);
"""
