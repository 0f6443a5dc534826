"""A named person's word for how a task ended that its vendor does not tell about, with the evidence, encrypted."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.people import Actor
from core.model.privacy_requests import TaskState
from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier


@dataclass(frozen=True)
class Attestation:
    task: str
    at: datetime
    actor_name: str
    state: TaskState
    evidence: str


def keep(
    transaction: Transaction, request_id: str, task_id: str, actor: Actor, state: TaskState, evidence: str
) -> None:
    transaction.db.execute(
        "INSERT INTO attestations (task, at, actor, actor_name, state, evidence) VALUES (?,?,?,?,?,?)",
        [
            task_id, to_text(transaction.at), actor.id, actor.name, state,
            encrypt_identifier(transaction.keys, evidence, request_id=request_id),
        ],
    )  # fmt: skip


def of_request(db: Database, keys: Keys, request_id: str, task_ids: Iterable[str]) -> list[Attestation]:
    rows = db.query(
        "SELECT task, at, actor_name, state, evidence FROM attestations "
        "WHERE task IN (SELECT value FROM json_each(?)) ORDER BY at",
        [json.dumps(list(task_ids))],
    )
    return [
        Attestation(
            row["task"],
            from_text(row["at"]),
            row["actor_name"],
            TaskState(row["state"]),
            decrypt_identifier(keys, row["evidence"], request_id=request_id),
        )
        for row in rows
    ]
