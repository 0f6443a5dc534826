"""The rows of samples, many in one statement: each sample's once a batch, however many steps it took in it."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from core.clock import to_text
from core.model.people import DESK
from core.model.privacy_requests import SUCCESSFUL, TERMINAL, WAITS_FOR_A_PERSON, RequestType
from core.store import identifiers
from core.store.database import Transaction
from core.store.keys import encrypt_identifier
from core.store.ledger import ledger_hash
from core.store.samples.timeline import APPROVER, APPROVER_NAME, REQUEST_STATE, Written

_REQUESTS = (
    "INSERT INTO requests (number, intent, type, categories, scope, law, received, submitted_at, reference, filed_by, "
    "filed_by_name, state, closed_at, pseudonym, due_on, deadlines, policy_version, sample, version) "
    "VALUES (?,?,?,?,?,?,?,?,'',?,?,?,?,?,?,?,?,1,?) ON CONFLICT (number) DO UPDATE SET state = excluded.state, "
    "closed_at = excluded.closed_at, due_on = excluded.due_on, version = excluded.version"
)
_TASKS = (
    "INSERT INTO tasks (id, request, connection, contract, kind, pseudonym, due_on, intent, state, vendor_status, "
    "vendor_request_id, attempts, polls, next_due_at, created_at, submitted_at, ended_at, latency_ms, "
    "records_affected, cascade, error, approval_ms, queued_ms, throttled_ms, vendor_ms, callback_ms, person_ms) "
    "VALUES (?,?,?,'cxone-requests',?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(
        f"{name} = excluded.{name}"
        for name in (
            "due_on", "state", "vendor_status", "vendor_request_id", "attempts", "polls", "submitted_at", "ended_at",
            "latency_ms", "records_affected", "cascade", "error", "approval_ms", "queued_ms", "throttled_ms",
            "vendor_ms", "callback_ms", "person_ms",
        )
    )
)  # fmt: skip


def keep(
    transaction: Transaction, new: list[Written], changed: Iterable[Written], now: datetime, grace: timedelta
) -> None:
    """Write the rows of samples that were filed in this batch, and of those that only changed in it."""
    db = transaction.db.conn
    both = [*new, *changed]
    db.executemany(_REQUESTS, map(_request, both))
    db.executemany(_TASKS, (_task(one, now) for one in both))
    _keep_identifiers(transaction, new, now, grace)
    ended = [one for one in both if one.state in TERMINAL]
    _keep_proof(transaction, [one for one in ended if one.state in SUCCESSFUL])
    _keep_decisions(transaction, both)


def _request(one: Written) -> tuple[object, ...]:
    sample, pinned = one.sample, one.pinned
    return (
        one.number, one.intent, sample.type, json.dumps(sample.categories), sample.scope, sample.law,
        pinned.received.isoformat(), to_text(sample.filed_at), DESK.id, "Sample history", REQUEST_STATE[one.state],
        one.text(one.closed_at), one.pseudonym, one.due.isoformat(), pinned.json, pinned.policy_version, one.version,
    )  # fmt: skip


def _task(one: Written, now: datetime) -> tuple[object, ...]:
    sample = one.sample
    settled = one.state in TERMINAL | WAITS_FOR_A_PERSON
    # What has no end in this history is queued, and goes through the worker like any other.
    left_to_worker = sample.outcome not in TERMINAL | WAITS_FOR_A_PERSON
    phases = one.phases()
    return (
        one.task, one.number, sample.connection, sample.type, one.pseudonym, one.due.isoformat(), f"{one.intent}-1",
        one.state, one.vendor_status, sample.vendor_request_id if one.submitted_at else None, one.attempts,
        sample.polls if settled else 0, to_text(now) if left_to_worker else None, to_text(sample.filed_at),
        one.text(one.submitted_at), one.text(one.closed_at), sum(phases) if one.state in TERMINAL else None,
        sample.records_affected if settled else None,
        json.dumps(one.cascade()) if settled and sample.cascade else "[]",
        json.dumps(vars(sample.error)) if settled and sample.error else None, *phases,
    )  # fmt: skip


def _keep_identifiers(transaction: Transaction, new: list[Written], now: datetime, grace: timedelta) -> None:
    """Only of those that would not be destroyed by now."""

    def gone(one: Written) -> datetime | None:
        ended = one.sample.ended_at
        return ended + grace if ended and one.sample.outcome in TERMINAL else None

    transaction.db.conn.executemany(
        "INSERT INTO identifiers (request, secret, destroy_after) VALUES (?, ?, ?)",
        (
            (
                one.number,
                identifiers.seal(transaction.keys, one.id, identifiers.Secret(one.sample.subject, "")),
                one.text(gone(one)),
            )
            for one in new
            if (at := gone(one)) is None or at > now
        ),
    )


def _keep_proof(transaction: Transaction, ended: list[Written]) -> None:
    """The record in the vault, and the entry of an erasure in the ledger."""
    db, deliveries, records, entries = transaction.db.conn, [], [], []
    for one in ended:
        sample, at = one.sample, one.text(one.closed_at)
        erased = list(sample.categories) if sample.type is RequestType.ERASURE else []
        record = {
            "subjectId": one.pseudonym, "requestId": sample.vendor_request_id, "status": one.vendor_status,
            "timestamp": at, "categories_erased": erased, "scope": sample.scope,
        }  # fmt: skip
        deliveries.append((one.delivery, one.task, json.dumps(record), at, at))
        said = (sample.vendor_request_id, one.vendor_status, at, json.dumps(erased), sample.scope)
        records.append((one.delivery, one.pseudonym, *said))
        if erased:
            hashed = ledger_hash(transaction.keys, one.pseudonym)
            entries.append((hashed, one.task, sample.connection, at, one.state, json.dumps(erased), sample.scope))
    db.executemany(
        "INSERT INTO vault_deliveries (id, task, record, state, attempts, created_at, delivered_at) "
        "VALUES (?,?,?,'delivered',1,?,?) ON CONFLICT DO NOTHING",
        deliveries,
    )
    db.executemany("INSERT INTO vault_records VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", records)
    db.executemany("INSERT INTO erasure_ledger VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", entries)


def _keep_decisions(transaction: Transaction, both: list[Written]) -> None:
    """Approvals asked for and given, denials, legal holds, and more time taken."""
    db, keys = transaction.db.conn, transaction.keys
    waiting = [one for one in both if one.approval]
    db.executemany(
        "INSERT INTO approvals (number, kind, about, payload_sha256, asked_by, asked_by_name, asked_at, state, "
        "decided_by, decided_by_name, decided_at) VALUES (?,'erasure',?,?,?,'Sample history',?,?,?,?,?) "
        "ON CONFLICT (number) DO UPDATE SET state = excluded.state, decided_by = excluded.decided_by, "
        "decided_by_name = excluded.decided_by_name, decided_at = excluded.decided_at",
        (
            (
                one.approval, one.id, one.asks, DESK.id, to_text(one.sample.filed_at),
                *(
                    ("pending", None, None, None)
                    if one.state == "awaiting_approval"
                    else ("denied" if one.sample.denial else "approved", APPROVER, APPROVER_NAME,
                          one.text(one.sample.approved_at or one.closed_at))
                ),
            )
            for one in waiting
        ),
    )  # fmt: skip
    db.executemany(
        "INSERT INTO denials (request, at, actor, actor_name, code, class_7102) VALUES (?,?,?,?,?,?) "
        "ON CONFLICT DO NOTHING",
        (
            (one.number, one.text(one.closed_at), APPROVER, APPROVER_NAME, code, code.class_7102)
            for one in both
            if (code := one.sample.denial) and one.state in TERMINAL
        ),
    )
    for one in (one for one in both if one.hold):
        sealed = encrypt_identifier(keys, json.dumps({"subject": one.sample.subject, "matter": "Sample history"}),
                                    request_id=f"LH-{one.hold:06d}")  # fmt: skip
        over = one.sample.released_at if one.state not in {"awaiting_approval", "on_hold"} else None
        released = (APPROVER, APPROVER_NAME, to_text(over)) if over else (None, None, None)
        db.execute(
            "INSERT INTO holds (number, pseudonym, categories, ground, secret, owner, review_on, placed_by, "
            "placed_by_name, placed_at, released_by, released_by_name, released_at) "
            "VALUES (?,?,'[]','art_17_3_e',?,?,?,?,?,?,?,?,?) ON CONFLICT (number) DO UPDATE SET "
            "released_by = excluded.released_by, released_by_name = excluded.released_by_name, "
            "released_at = excluded.released_at",
            [
                one.hold, one.pseudonym, sealed, APPROVER_NAME,
                (one.sample.filed_at + timedelta(days=90)).date().isoformat(), APPROVER, APPROVER_NAME,
                to_text(one.sample.filed_at), *released,
            ],
        )  # fmt: skip
    for one in (one for one in both if one.due != one.pinned.due):
        sealed = encrypt_identifier(keys, "The vendor needs more time.", request_id=one.id)
        db.execute(
            "INSERT INTO deadline_changes (request, what, at, actor, actor_name, due_before, due_after, reason) "
            "VALUES (?,'extended',?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            [
                one.number, to_text(one.sample.filed_at + timedelta(days=24)), APPROVER, APPROVER_NAME,
                one.pinned.due.isoformat(), one.due.isoformat(), sealed,
            ],
        )  # fmt: skip
