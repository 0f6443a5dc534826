"""Answers spoiled on purpose: content that no contract names, and bodies that are no proper JSON."""

import gzip
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.sandbox import purposes
from core.sandbox.answers import Answer
from core.sandbox.dice import strikes
from core.sandbox.faults import Faults

_MIB = 1 << 20
_WRONG_RECORDS: Mapping[str, Any] = {"negative": -1, "text": "12", "float": 1e30, "null": None}


def spoil_content(db: sqlite3.Connection, connection: str, faults: Faults, answer: Answer) -> tuple[Answer, list[str]]:
    """The answer with the content faults that struck, and their names; only those that fit the answer are asked."""
    body = dict(answer.body)
    struck: list[str] = []

    def hit(kind: str) -> bool:
        if strikes(db, connection, faults, kind):
            struck.append(kind)
        return kind in struck

    if answer.status == 202 and faults.repeated_id and (earlier := _another_id(db, body["id"])):
        body["id"] = earlier if hit("repeated_id") else body["id"]
    if answer.status == 200 and "status" in body and hit("unknown_status"):
        body["status"] = faults.unknown_status_text
    if answer.status == 200 and "recordsAffected" in body and hit("wrong_records"):
        body.pop("recordsAffected")
        if faults.wrong_records_kind != "missing":
            body["recordsAffected"] = _WRONG_RECORDS[faults.wrong_records_kind]
    if answer.status == 200 and "pageCount" in body and hit("wrong_pages"):
        if faults.wrong_pages_kind == "no_pages":
            body["pageCount"] = 0
        else:
            body["entities"] = purposes.listed(db, 0, len(body["entities"]))
    return (replace(answer, body=body) if struck else answer), struck


def _another_id(db: sqlite3.Connection, own: str) -> str | None:
    row = db.execute("SELECT id FROM requests WHERE id <> ? ORDER BY seq DESC LIMIT 1", (own,)).fetchone()
    return row["id"] if row else None


def proper_json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def wrong_json(body: Mapping[str, Any], kind: str) -> tuple[bytes, str]:
    """A spoiled body and its content type; a careless reader takes most of them for the real answer."""
    good = proper_json(body)
    if kind == "html":
        page = b"<!doctype html><title>Maintenance</title><h1>We will be back soon</h1>"
        return page, "text/html; charset=utf-8"
    extra = {
        "duplicate_keys": b'"id":"req-other","status":"COMPLETED","status":"FAILED"',
        "nan": b'"recordsAffected":NaN',
        "deep": b'"trace":' + b"[" * 100_000 + b"]" * 100_000,
        "huge_integer": b'"recordsAffected":' + b"9" * 5_000,
    }.get(kind)
    spoiled = good[:-1] if extra is None else good[:-1] + (b"," if body else b"") + extra + b"}"
    return spoiled, "application/json"


def oversized(body: Mapping[str, Any]) -> bytes:
    """The true answer and 2 MiB of blanks: still valid JSON, for whoever reads without a limit."""
    return proper_json(body) + b" " * (2 * _MIB)


def gzip_bomb(body: Mapping[str, Any]) -> bytes:
    """The true answer and 200 MiB of blanks in about 200 KB of gzip."""
    return gzip.compress(proper_json(body), 9) + gzip.compress(b" " * _MIB, 9) * 200
