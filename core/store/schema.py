"""The tables and how they came to be: one migration set, applied under a write lock."""

import sqlite3

from sqlite_utils import Database, Migrations

from core.store.audit import AUDIT_SCHEMA
from core.store.audit_search_schema import AUDIT_SEARCH_AND_EXPORTS
from core.store.batch_schema import BATCHES
from core.store.decision_schema import DECISIONS
from core.store.measure_schema import ANSWERS, MEASURES
from core.store.notice_schema import NOTICES
from core.store.people_schema import PEOPLE
from core.store.purpose_schema import PURPOSES_AND_APPROVALS

migrations = Migrations("privacy-desk")

_TABLES = """
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('PR-%06d', number)) VIRTUAL,
    intent TEXT NOT NULL UNIQUE,            -- made with the form: a double click files one request
    type TEXT NOT NULL,
    categories TEXT NOT NULL,               -- JSON list
    scope TEXT NOT NULL,
    law TEXT NOT NULL,
    region TEXT,
    received TEXT NOT NULL,                 -- the controller's calendar day
    submitted_at TEXT NOT NULL,
    reference TEXT NOT NULL,
    filed_by TEXT NOT NULL,                 -- Actor.id
    filed_by_name TEXT NOT NULL,
    state TEXT NOT NULL,                    -- derived from the tasks, in the same transaction
    closed_at TEXT,
    pseudonym TEXT NOT NULL,
    due_on TEXT NOT NULL,
    deadlines TEXT NOT NULL,                -- JSON list, pinned at receipt with its explanations
    policy_version TEXT NOT NULL,
    sample INTEGER NOT NULL DEFAULT 0,      -- 1: sample history of the sandbox
    version INTEGER NOT NULL DEFAULT 1      -- grows with every change; stale pages are noticed by it
) STRICT;
CREATE UNIQUE INDEX requests_id ON requests(id);
CREATE INDEX requests_state ON requests(state, number);
CREATE INDEX requests_pseudonym ON requests(pseudonym);
CREATE INDEX requests_open_due ON requests(due_on) WHERE closed_at IS NULL;
CREATE INDEX requests_closed ON requests(closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX requests_submitted ON requests(submitted_at);
CREATE INDEX requests_reference ON requests(reference) WHERE reference != '';

CREATE TABLE tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,                -- PR-000042-1
    request INTEGER NOT NULL REFERENCES requests(number),
    connection TEXT NOT NULL,
    contract TEXT NOT NULL,
    kind TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    due_on TEXT NOT NULL,
    intent TEXT NOT NULL UNIQUE,            -- the idempotency key at the vendor
    state TEXT NOT NULL,
    vendor_status TEXT,                     -- as the vendor spelt it
    vendor_request_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    may_have_acted INTEGER NOT NULL DEFAULT 0,  -- an attempt went unanswered; sticks
    trying_since TEXT,                      -- from when the time allowed is counted
    polls INTEGER NOT NULL DEFAULT 0,
    next_due_at TEXT,                       -- while leased: when the lease runs out
    lease_owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,       -- grows with every lease; an older holder may not write
    woken INTEGER NOT NULL DEFAULT 0,       -- a webhook came while leased
    created_at TEXT NOT NULL,
    submitted_at TEXT,
    ended_at TEXT,
    latency_ms INTEGER,                     -- created to ended
    records_affected INTEGER,
    cascade TEXT NOT NULL DEFAULT '[]',
    error TEXT,
    superseded_by TEXT
) STRICT;
CREATE INDEX tasks_request ON tasks(request);
CREATE INDEX tasks_due ON tasks(connection, due_on, next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX tasks_leased ON tasks(lease_owner) WHERE lease_owner IS NOT NULL;
CREATE INDEX tasks_ended ON tasks(ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX tasks_state ON tasks(state, connection);
CREATE UNIQUE INDEX tasks_vendor_request ON tasks(connection, vendor_request_id)
    WHERE vendor_request_id IS NOT NULL;
CREATE UNIQUE INDEX tasks_one_open ON tasks(connection, pseudonym, kind) WHERE ended_at IS NULL;

CREATE TABLE identifiers (
    request INTEGER PRIMARY KEY REFERENCES requests(number),
    secret BLOB NOT NULL,                   -- AES-GCM of {"subject", "description"}; the key is elsewhere
    destroy_after TEXT
) STRICT;
CREATE INDEX identifiers_destroy ON identifiers(destroy_after) WHERE destroy_after IS NOT NULL;

CREATE TABLE exchanges (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    task TEXT NOT NULL,
    connection TEXT NOT NULL,
    at TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    purpose TEXT NOT NULL,                  -- submit, track
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    request_headers TEXT NOT NULL,
    request_body TEXT,
    status INTEGER,
    response_headers TEXT NOT NULL,
    response_body TEXT,
    elapsed_ms INTEGER NOT NULL,
    why TEXT NOT NULL
) STRICT;
CREATE INDEX exchanges_task ON exchanges(task, number);

CREATE TABLE webhook_events (
    connection TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    received_at TEXT NOT NULL,
    vendor_request_id TEXT NOT NULL,
    vendor_status TEXT NOT NULL,
    pseudonym TEXT,                         -- of the subject the event names
    task TEXT,                              -- joined to
    PRIMARY KEY (connection, webhook_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_events_waiting ON webhook_events(connection, vendor_request_id) WHERE task IS NULL;

CREATE TABLE vault_deliveries (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL,
    record TEXT NOT NULL,
    state TEXT NOT NULL,                    -- pending, delivered, dead
    attempts INTEGER NOT NULL DEFAULT 0,
    next_due_at TEXT,
    created_at TEXT NOT NULL,
    delivered_at TEXT,
    error TEXT
) STRICT;
CREATE INDEX vault_deliveries_due ON vault_deliveries(next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX vault_deliveries_state ON vault_deliveries(state);

CREATE TABLE vault_records (
    delivery TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    request_id TEXT NOT NULL,
    status TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    categories_erased TEXT NOT NULL,
    scope TEXT NOT NULL
) STRICT;

CREATE TABLE attestations (
    task TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    state TEXT NOT NULL,
    evidence BLOB NOT NULL                  -- encrypted: people type names into it
) STRICT;

CREATE TABLE connection_states (
    connection TEXT PRIMARY KEY,
    paused INTEGER NOT NULL DEFAULT 0,
    paused_by TEXT,
    paused_at TEXT,
    pause_reason TEXT,
    limiter TEXT NOT NULL DEFAULT '{}',
    breaker TEXT NOT NULL DEFAULT '{}',
    last_success_at TEXT,
    last_failure_at TEXT,
    last_error TEXT
) STRICT;

CREATE TABLE worker_leases (
    name TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    expires_at TEXT NOT NULL,
    beat_at TEXT NOT NULL
) STRICT;
"""


@migrations()
def requests_tasks_and_proof(db: Database) -> None:
    run_script(db, _TABLES)
    run_script(db, AUDIT_SCHEMA)


@migrations()
def purposes_and_approvals(db: Database) -> None:
    run_script(db, PURPOSES_AND_APPROVALS)


@migrations()
def measures_and_phases(db: Database) -> None:
    run_script(db, MEASURES)  # what is on record is counted once the calendar is known: `counting.follow_calendar`


@migrations()
def audit_search_and_exports(db: Database) -> None:
    run_script(db, AUDIT_SEARCH_AND_EXPORTS)


@migrations()
def people(db: Database) -> None:
    run_script(db, PEOPLE)


@migrations()
def holds_denials_and_ledger(db: Database) -> None:
    run_script(db, DECISIONS)


@migrations()
def batches(db: Database) -> None:
    run_script(db, BATCHES)


@migrations()
def notices_and_kill_switch(db: Database) -> None:
    run_script(db, NOTICES)


@migrations()
def answers_counted(db: Database) -> None:
    run_script(db, ANSWERS)


def run_script(db: Database, script: str) -> None:
    """Each statement of a script inside the open transaction (`executescript` would commit it)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
