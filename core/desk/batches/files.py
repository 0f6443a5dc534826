"""What leaves a batch as a file: its findings a page at a time, the rows that were rejected, the result of each row."""

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.desk.base import DeskBase, DeskError
from core.model.batches import FIELDS, Batch, LineFinding
from core.model.events import Event, EventKind
from core.model.findings import Finding, Severity
from core.model.people import Action, Actor
from core.store.batches import records, results, staging
from core.store.export import write_csv
from core.validation.batch_columns import ADDED_COLUMNS

TEMPLATE_CSV = (
    f"{','.join(FIELDS)}\r\n"
    "USR-0000001,ERASURE,CONTACT;EMAIL,CONTACT,Closed account,cxone,gdpr,DE,2026-01-31,CASE-1001\r\n"
    "USR-0000002;USR-0000003,ACCESS,CONTACT,CONTACT,,,,,,CASE-1002\r\n"
)
TEMPLATE_JSONL = (
    '{"subject": "USR-0000001", "type": "ERASURE", "categories": ["CONTACT", "EMAIL"], "scope": "CONTACT", '
    '"description": "Closed account", "connection": "cxone", "law": "gdpr", "region": "DE", "received": "2026-01-31", '
    '"reference": "CASE-1001"}\n'
    '{"subject": ["USR-0000002", "USR-0000003"], "type": "ACCESS", "categories": "CONTACT", "scope": "CONTACT"}\n'
)


class BatchFiles(DeskBase):
    """The part of the desk that tells about a batch's rows."""

    def batch_findings(
        self, actor: Actor, batch_id: str, *, page: int = 1, page_size: int = 50
    ) -> tuple[LineFinding, ...]:
        """One page of findings in the order of the lines; none once what was staged is gone."""
        self._require(actor, Action.SUBMIT)
        batch = self._known(batch_id)
        with self.store.reading() as db:
            items = staging.items_of(db, self.store.keys, batch.number, staging.FINDINGS, offset=(page - 1) * page_size)
            return tuple(_line_finding(item) for item, _ in zip(items, range(page_size), strict=False))

    def rejected_rows(self, actor: Actor, batch_id: str) -> str:
        """CSV of the rows that cannot be accepted: their cells as they were, their line and the reason.

        To be corrected and uploaded again; identifiers are in it. Raises DeskError once what was staged is gone.
        """
        self._require(actor, Action.SUBMIT)
        actor = self._require(actor, Action.SEE_IDENTIFIERS)
        batch = self._known(batch_id)
        columns = batch.sheet.columns if batch.sheet else ()
        with self.store.reading() as db:
            rows = list(staging.items_of(db, self.store.keys, batch.number, staging.REJECTED))
        if not rows:
            raise DeskError(f"No rejected rows of {batch_id} are kept any more.")
        header = [*(c for c in columns if c not in ADDED_COLUMNS), *ADDED_COLUMNS]
        return self._exported(
            actor, batch_id, "rejected rows", (_rejected(columns, row) for row in rows), header, masked=False
        )

    def batch_result(self, actor: Actor, batch_id: str) -> str:
        """CSV of what became of each task of a batch, by line of the file; nobody's identifier is in it."""
        actor = self._require(actor, Action.VIEW_REQUESTS)
        batch = self._known(batch_id)
        rows = results.in_pages(self.store.reading, batch.number)
        return self._exported(actor, batch_id, "batch result", rows, results.COLUMNS, masked=True)

    def _exported(
        self,
        actor: Actor,
        batch_id: str,
        what: str,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        *,
        masked: bool,
    ) -> str:
        """A file that leaves the desk: no cell is a formula, and the audit log says who took it."""
        out = io.StringIO(newline="")
        written = write_csv(rows, columns, out)
        text = out.getvalue()
        detail = {
            "what": what,
            "filter": {"batch": batch_id},
            "rows": written.rows,
            "bytes": len(text.encode()),
            "sha256": written.sha256,
            "masked": masked,
        }
        with self.store.writing() as transaction:
            transaction.record(Event(EventKind.EXPORT_MADE, actor.id, detail=detail))
        return text

    def _known(self, batch_id: str) -> Batch:
        with self.store.reading() as db:
            batch = records.get(db, self.store.keys, batch_id)
        if batch is None:
            raise DeskError(f"There is no batch {batch_id}.")
        return batch


def _line_finding(item: Mapping[str, Any]) -> LineFinding:
    finding = Finding(item["field"], item["rule"], item["message"], item["fix"], Severity(item["severity"]))
    return LineFinding(item["line"], finding)


def _rejected(columns: Sequence[str], row: Iterable[Any]) -> dict[str, Any]:
    line, cells, reason = row
    return {**dict(zip(columns, cells, strict=False)), "line": line, "reason": reason}
