"""Checking a file: every row's findings, and what is staged of it until somebody decides."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from core.clock import to_text
from core.desk.batches.base import BatchWorkBase, Told, must_go_on
from core.desk.batches.row_checks import RowChecks
from core.desk.batches.staged_rows import to_json
from core.desk.filing import Place
from core.model.batches import DUPLICATE_RULES, MOST_ROWS, Batch, BatchState, FileRow, LineFinding, Work
from core.model.events import Event, EventKind
from core.model.findings import Finding
from core.store import holds, requests
from core.store.batches import records, staging
from core.validation import POLICY_VERSION
from core.validation.batch_files import UnreadableFileError, look, read_rows

TOLD_EVERY_ROWS = 4_000
MOST_HOLDS = 100_000

Checked = tuple[FileRow, list[Finding], list[Place]]  # where a good row has its tasks


class CheckWork(BatchWorkBase):
    """Nothing but what is staged of the batch itself is written; a check that was killed begins anew."""

    def _check_rows(self, batch: Batch, told: Told) -> None:
        tally = _Tally()
        try:
            for row, findings, places in self._checked_rows(batch, told):
                tally.add(row, findings, places)
        except UnreadableFileError as error:
            tally = _Tally()  # nothing of a file that cannot be read to its end
            tally.whole(error.line_finding)
        with self.store.writing() as transaction:
            must_go_on(transaction, batch)
            for kind, items in tally.staged().items():
                staging.drop(transaction, batch.number, kind)
                staging.keep_items(transaction, batch.number, kind, items)
            counts = tally.counts()
            records.change(
                transaction,
                batch.number,
                state=BatchState.CHECKED,
                work=Work.NONE,
                problem="",
                done=counts["rows"],
                checked_at=to_text(transaction.at),
                rules=json.dumps(tally.rules()),
                **counts,
            )
            detail = {"batch": batch.id, "policy": POLICY_VERSION, **counts}
            transaction.record(Event(EventKind.BATCH_CHECKED, batch.created_by, detail=detail))
        told(batch.id, counts["rows"])

    def _checked_rows(self, batch: Batch, told: Told) -> Iterator[Checked]:
        with self.store.reading() as db:
            content = staging.file_of(db, self.store.keys, batch.number)
            in_force = holds.find(db, self.store.keys, limit=MOST_HOLDS) if holds.any_active(db) else []
        sheet, text = look(content or b"")
        rows = read_rows(sheet, text, batch.mapping or {}, batch.connections)
        checks = RowChecks(self._check_connections, self._check_dates, in_force, self.store.keys.pseudonym)
        done = 0
        while some := list(islice(rows, staging.ITEMS_A_PART)):
            done += len(some)
            if done > MOST_ROWS:
                finding = Finding("", "max_items", f"The file has more than {MOST_ROWS} rows.", "Split it.")
                raise UnreadableFileError(finding, some[MOST_ROWS - done].line)
            yield from self._checked_with_the_store(checks, some)
            if done % TOLD_EVERY_ROWS == 0:
                self._tell(batch, told, done)

    def _checked_with_the_store(self, checks: RowChecks, rows: list[FileRow]) -> Iterator[Checked]:
        found = [checks.check(row) for row in rows]
        places = [
            checks.places(row.draft) if row.draft and not _blocks(findings) else []
            for row, findings in zip(rows, found, strict=True)
        ]
        with self.store.reading() as db:
            taken = requests.holders(db, (place for of_row in places for place in of_row))
        for row, findings, of_row in zip(rows, found, places, strict=True):
            yield row, findings + checks.take(row, of_row, taken) if of_row else findings, of_row


class _Tally:
    """What a check has found so far."""

    def __init__(self) -> None:
        self._good: list[list[Any]] = []
        self._rejected: list[list[Any]] = []
        self._findings: list[dict[str, object]] = []
        self._rules: Counter[tuple[str, str]] = Counter()
        self._rows = 0
        self._duplicates = 0

    def add(self, row: FileRow, findings: list[Finding], places: list[Place]) -> None:
        self._rows += 1
        if findings:
            self._findings += [LineFinding(row.line, finding).to_json() for finding in findings]
            self._rules.update({(finding.field, finding.rule) for finding in findings})
        blocking = [finding for finding in findings if finding.blocks]
        if blocking:
            self._duplicates += all(finding.rule in DUPLICATE_RULES for finding in blocking)
            reason = " ".join(f"{_capital(f.field)}{f.message} {f.fix}".strip() for f in blocking)
            self._rejected.append([row.line, list(row.cells), reason])
        elif row.draft is not None:
            self._good.append(to_json(row.line, row.draft, list(dict.fromkeys(place[1] for place in places))))

    def whole(self, finding: LineFinding) -> None:
        """The file as a whole is wrong."""
        self._findings.append(finding.to_json())
        self._rules[finding.finding.field, finding.finding.rule] += 1

    def staged(self) -> dict[str, list[Any]]:
        return {staging.GOOD: self._good, staging.REJECTED: self._rejected, staging.FINDINGS: self._findings}

    def counts(self) -> dict[str, int]:
        return {
            "rows": self._rows,
            "good": len(self._good),
            "rejected": len(self._rejected) - self._duplicates,
            "duplicates": self._duplicates,
            "findings": len(self._findings),
        }

    def rules(self) -> list[list[Any]]:
        """The rules that were broken, each with its number of rows."""
        return [[field, rule, count] for (field, rule), count in self._rules.most_common(100)]


def _blocks(findings: list[Finding]) -> bool:
    return any(finding.blocks for finding in findings)


def _capital(field: str) -> str:
    return f"{field}: " if field else ""
