"""What is staged of a file: sealed parts, read one at a time, gone once the batch is accepted, discarded or too old."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlite_utils import Database

from core.store.database import Transaction
from core.store.keys import Keys, decrypt_identifier, encrypt_identifier

FILE, GOOD, REJECTED, FINDINGS = "file", "good", "rejected", "findings"
FILE_PART_BYTES = 1024 * 1024
# Also what is filed in one transaction: few enough that others write in between.
ITEMS_A_PART = 2_000

Item = TypeVar("Item")


def seal(keys: Keys, name: str, plain: bytes) -> bytes:
    """Bytes under the identifiers' key, bound to `name`."""
    return encrypt_identifier(keys, base64.b64encode(zlib.compress(plain, 1)).decode(), request_id=name)


def unseal(keys: Keys, name: str, sealed: bytes) -> bytes:
    return zlib.decompress(base64.b64decode(decrypt_identifier(keys, sealed, request_id=name)))


def keep_file(transaction: Transaction, number: int, content: bytes) -> None:
    """The uploaded file, in parts of one MiB."""
    for part, begin in enumerate(range(0, len(content), FILE_PART_BYTES)):
        _keep(transaction, number, FILE, part, 1, content[begin : begin + FILE_PART_BYTES])


def file_of(db: Database, keys: Keys, number: int) -> bytes | None:
    """The uploaded file; None once it is gone."""
    rows = db.query("SELECT part, sealed FROM batch_parts WHERE batch = ? AND kind = ? ORDER BY part", [number, FILE])
    parts = [unseal(keys, _name(number, FILE, row["part"]), row["sealed"]) for row in rows]
    return b"".join(parts) if parts else None


def keep_items(transaction: Transaction, number: int, kind: str, items: Iterable[Any]) -> None:
    """A list of JSON values, in parts."""
    for part, some in enumerate(_in_parts(items, ITEMS_A_PART)):
        _keep(transaction, number, kind, part, len(some), json.dumps(some).encode())


def first_part(db: Database, keys: Keys, number: int, kind: str) -> tuple[int, list[Any]] | None:
    """The first part that is left, and its items."""
    for row in db.query(
        "SELECT part, sealed FROM batch_parts WHERE batch = ? AND kind = ? ORDER BY part LIMIT 1", [number, kind]
    ):
        return row["part"], json.loads(unseal(keys, _name(number, kind, row["part"]), row["sealed"]))
    return None


def drop_part(transaction: Transaction, number: int, kind: str, part: int) -> None:
    transaction.db.execute("DELETE FROM batch_parts WHERE batch = ? AND kind = ? AND part = ?", [number, kind, part])


def has_part(db: Database, number: int, kind: str, part: int) -> bool:
    return any(db.query("SELECT 1 FROM batch_parts WHERE batch = ? AND kind = ? AND part = ?", [number, kind, part]))


def next_part(db: Database, number: int, kind: str) -> int:
    """Where a further part of a kind goes."""
    (row,) = db.query("SELECT max(part) AS last FROM batch_parts WHERE batch = ? AND kind = ?", [number, kind])
    return 0 if row["last"] is None else int(row["last"]) + 1


def append_items(transaction: Transaction, number: int, kind: str, items: Sequence[Any]) -> None:
    """A part of its own behind those there are."""
    if items:
        part = next_part(transaction.db, number, kind)
        _keep(transaction, number, kind, part, len(items), json.dumps(items).encode())


def items_of(db: Database, keys: Keys, number: int, kind: str, *, offset: int = 0) -> Iterator[Any]:
    """The items of a kind from one on; a part is opened only when its turn comes."""
    rows = list(
        db.query("SELECT part, items FROM batch_parts WHERE batch = ? AND kind = ? ORDER BY part", [number, kind])
    )
    for row in rows:
        if offset >= row["items"]:
            offset -= row["items"]
            continue
        (sealed,) = db.query(
            "SELECT sealed FROM batch_parts WHERE batch = ? AND kind = ? AND part = ?", [number, kind, row["part"]]
        )
        opened = json.loads(unseal(keys, _name(number, kind, row["part"]), sealed["sealed"]))
        yield from opened[offset:]
        offset = 0


def drop(transaction: Transaction, number: int, *kinds: str) -> None:
    """Forget what is staged of these kinds, or of all (`secure_delete` overwrites it)."""
    if not kinds:
        transaction.db.execute("DELETE FROM batch_parts WHERE batch = ?", [number])
    for kind in kinds:
        transaction.db.execute("DELETE FROM batch_parts WHERE batch = ? AND kind = ?", [number, kind])


def has_file(db: Database, number: int) -> bool:
    return any(db.query("SELECT 1 FROM batch_parts WHERE batch = ? AND kind = ? LIMIT 1", [number, FILE]))


def _keep(transaction: Transaction, number: int, kind: str, part: int, items: int, plain: bytes) -> None:
    sealed = seal(transaction.keys, _name(number, kind, part), plain)
    transaction.db.execute("INSERT INTO batch_parts VALUES (?, ?, ?, ?, ?)", [number, kind, part, items, sealed])


def _name(number: int, kind: str, part: int) -> str:
    return f"B-{number:06d}/{kind}/{part}"


def _in_parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    source = iter(items)
    while some := list(islice(source, size)):
        yield some
