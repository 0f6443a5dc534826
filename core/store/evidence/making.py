"""Making an evidence package of the log's events that match a filter, with the records of their requests."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from core.clock import to_text
from core.store import checkpoints, request_records
from core.store.audit.browsing import COLUMNS, StoredEvent, line_of, stored
from core.store.audit.record import macs_with, row_hash
from core.store.database import Store
from core.store.evidence import records, verify
from core.store.evidence.package import PackageWriter
from core.store.evidence.summary import READ_ME, summary
from core.store.export import CSV_START, csv_lines
from core.store.request_records import Record

MOST_SHOWN: Final = 200
_REQUESTS_AT_ONCE: Final = 500
_SEQ, _AT, _REQUEST, _PREV, _HASH, _MAC = (
    COLUMNS.index(name) for name in ("seq", "at", "request", "prev", "hash", "mac")
)
_REQUEST_ID: Final = re.compile(r"PR-(\d{6,9})")

WITHOUT_KEY: Final = (
    "That each event's MAC was made with the desk's key: that key never leaves the desk. The desk checked every one of "
    "them when it made this package, and signed the result."
)
GAPS: Final = (
    "That no event is missing between two that do not follow each other in the log: each event's hash covers the "
    "whole event before it, and those in between are about others and are not in here. The desk's signature says that "
    "these are all that match the filter. Whoever doubts it can have the whole log verified, or ask for a package "
    "without a filter."
)
BEFORE: Final = (
    "What happened before the first checkpoint that is in here was signed, if somebody had held the desk's keys then."
)


class NotAsWrittenError(Exception):
    """An event is not as it was written: no evidence is made of it. Says which."""


@dataclass
class Facts:
    """What is known of a package once its events have streamed by."""

    events: int = 0
    first_seq: int | None = None
    last_seq: int | None = None
    gaps: int = 0
    shown: list[StoredEvent] = field(default_factory=list)
    requests: "Numbers" = field(default_factory=lambda: Numbers())
    checkpointed: list[int] = field(default_factory=list)  # sizes of signed checkpoints whose event is in here


class Numbers:
    """A set of request numbers, one bit each: a million requests are 125 kilobytes."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        byte, bit = divmod(number, 8)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        self._bits[byte] |= 1 << bit

    def __iter__(self) -> Iterator[int]:
        for byte, bits in enumerate(self._bits):
            if bits:
                yield from (byte * 8 + bit for bit in range(8) if bits >> bit & 1)


@dataclass(frozen=True)
class Order:
    """What a package is to hold and who asked for it; `filter` as people may read it, `head` of the log at the time."""

    filter: Mapping[str, Any]
    made_at: datetime
    made_by: str
    made_by_id: str
    size: int
    head: str


def write_package(
    out: IO[bytes], store: Store, order: Order, pages: Iterable[Sequence[Sequence[Any]]], day: records.Day
) -> int:
    """Write the package of some pages of rows, oldest first. Returns the number of events.

    Memory stays flat but for four bytes an event. Raises NotAsWrittenError.
    """
    with PackageWriter(out, order.made_at) as package:
        signed, facts = _signed_heads(store, order), Facts()
        package.add(verify.EVENTS, _events(pages, store, signed, facts))
        used = [signed[size] for size in facts.checkpointed]
        package.add(verify.CHECKPOINTS, (line_of_checkpoint(point) for point in used))
        listed = Records(store, facts.requests)
        package.add("record-ccpa-7101.csv", _csv(records.SECTION_7101, (records.section_7101(r, day) for r in listed)))
        package.add("record-gdpr.csv", _csv(records.GDPR, (records.gdpr(r, day) for r in listed)))
        manifest = {
            "made_at": to_text(order.made_at),
            "made_by": order.made_by,
            "made_by_id": order.made_by_id,
            "filter": dict(order.filter),
            "log": {"size": order.size, "head": order.head},
            "events": {
                "count": facts.events,
                "first_seq": facts.first_seq,
                "last_seq": facts.last_seq,
                "gaps": facts.gaps,
            },
            "requests": listed.count,
            "checkpoints": len(used),
            "cannot_prove": [WITHOUT_KEY, *([GAPS] if facts.gaps or order.filter else []), BEFORE],
        }
        shown = list(islice(listed, MOST_SHOWN))
        package.add("summary.html", [summary(manifest, store.keys, shown, facts.shown, day).encode()])
        package.add("README.txt", [READ_ME.encode()])
        package.add("verify.py", [Path(verify.__file__).read_bytes()])
        package.sign(manifest, store.keys)
    return facts.events


def line_of_checkpoint(point: checkpoints.Checkpoint) -> bytes:
    return json.dumps(asdict(point), separators=(",", ":"), sort_keys=True).encode() + b"\n"


class Records:
    """The requests of the package that are still there, read some hundreds at a time, as often as it is asked."""

    def __init__(self, store: Store, numbers: Numbers) -> None:
        self._store = store
        self._numbers = numbers
        self.count = 0

    def __iter__(self) -> Iterator[Record]:
        self.count = 0
        numbers = iter(self._numbers)
        while chunk := list(islice(numbers, _REQUESTS_AT_ONCE)):
            with self._store.reading() as db:
                found = request_records.of_numbers(db, chunk)
            self.count += len(found)
            yield from found


def _events(
    pages: Iterable[Sequence[Sequence[Any]]], store: Store, signed: Mapping[int, checkpoints.Checkpoint], facts: Facts
) -> Iterator[bytes]:
    macs = macs_with(store.keys.audit)
    last_hash = ""
    for page in pages:
        for row in page:
            seq, hash_ = row[_SEQ], row[_HASH]
            follows = facts.last_seq is not None and seq == facts.last_seq + 1
            good = row_hash(tuple(row)) == hash_ and macs([hash_]) == [row[_MAC]]
            if not good or (follows and row[_PREV] != last_hash) or (seq in signed and signed[seq].head != hash_):
                raise NotAsWrittenError(
                    f"Event {seq} is not as it was written. No evidence is made of it: verify the audit log first."
                )
            if facts.last_seq is None:
                facts.first_seq = seq
            elif not follows:
                facts.gaps += 1
            facts.last_seq, last_hash = seq, hash_
            facts.events += 1
            if seq in signed:
                facts.checkpointed.append(seq)
            if len(facts.shown) < MOST_SHOWN:
                facts.shown.append(stored(tuple(row)))
            if row[_REQUEST] and (request := _REQUEST_ID.fullmatch(row[_REQUEST])):
                facts.requests.add(int(request[1]))
        yield b"".join(map(line_of, page))


def _signed_heads(store: Store, order: Order) -> dict[int, checkpoints.Checkpoint]:
    """The checkpoints that this desk signed, by size, as far as the log went."""
    found, _ = checkpoints.read(store.checkpoints_path(store.path))
    return {point.size: point for point in found if point.size <= order.size and point.is_signed_with(store.keys)}


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    yield CSV_START + csv_lines([head])
    rows = iter(rows)
    while chunk := list(islice(rows, _REQUESTS_AT_ONCE)):
        yield csv_lines(chunk)
