"""A batch as the one JSON document or as lines for a person."""

from collections.abc import Sequence
from typing import Any

from core.cli.output import fields, table, words
from core.model.batches import Batch, BatchState, LineFinding

MOST_LINES = 50


def to_json(batch: Batch | None, findings: Sequence[LineFinding] = ()) -> dict[str, Any]:
    """The stable document; `accepted`, `rejected` and `duplicates` count rows, none of which is in two of them."""
    return {
        "batch": batch.id if batch and batch.state is not BatchState.DISCARDED else None,
        "state": batch.state if batch else None,
        "rows": batch.rows if batch else 0,
        "good": batch.good if batch else 0,
        "accepted": batch.accepted if batch else 0,
        "rejected": batch.rejected if batch else 0,
        "duplicates": batch.duplicates if batch else 0,
        "findings": [finding.to_json() for finding in findings],
        "states": {str(state): count for state, count in (batch.states if batch else {}).items()},
        "limit_per_hour": batch.limit_per_hour if batch else None,
        "paused": bool(batch and batch.paused_at),
        "cancelled": bool(batch and batch.cancelled_at),
    }


def as_text(batch: Batch | None, findings: Sequence[LineFinding] = ()) -> list[str]:
    lines = [
        f"line {found.line}: {found.finding.field or 'file'}: {found.finding.message} {found.finding.fix}".rstrip()
        for found in findings[:MOST_LINES]
    ]
    if len(findings) > MOST_LINES:
        lines.append(f"… and {len(findings) - MOST_LINES:,} more findings; --json lists all of them.")
    if batch is None:
        return [*lines, "Nothing was filed."]
    states = ", ".join(f"{count:,} {words(state)}" for state, count in batch.states.items())
    lines += fields(
        {
            "Batch": batch.id,
            "State": words(batch.state),
            "Rows": f"{batch.rows:,}",
            "Good": f"{batch.good:,}",
            "Rejected": f"{batch.rejected:,}",
            "Duplicates": f"{batch.duplicates:,}",
            "Accepted": f"{batch.accepted:,}",
            "Limit per hour": batch.limit_per_hour,
            "Paused since": batch.paused_at,
            "Cancelled": batch.cancelled_at,
            "Tasks": states,
        }
    )
    if batch.state in {BatchState.CHECKED, BatchState.DISCARDED}:
        lines.append("Nothing was filed.")
    return lines


def batch_table(batches: Sequence[Batch]) -> list[str]:
    if not batches:
        return ["There are no batches."]
    rows = [
        (
            batch.id,
            words(batch.state),
            batch.rows,
            batch.accepted,
            ", ".join(f"{count} {words(state)}" for state, count in batch.states.items()),
            batch.created_by_name,
            batch.created_at.date(),
        )
        for batch in batches
    ]
    return table(("ID", "STATE", "ROWS", "ACCEPTED", "TASKS", "BY", "ON"), rows)
