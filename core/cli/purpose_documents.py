"""What the commands about purposes answer: JSON documents and lines for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.cli.output import table, words
from core.desk.purposes import EnforcementPreview, ImportReport
from core.model.enforcements import ChangeState
from core.model.purposes import Comparison, Difference, PurposeStatus, differences
from core.store.enforcement_changes import Change

NOT_FOUND = "not found at the vendor"
STATUS_WORDS: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "in force",
    PurposeStatus.DRIFTED: "drifted",
    PurposeStatus.MISSING: NOT_FOUND,
    PurposeStatus.UNDECLARED: "not declared",
    PurposeStatus.AMBIGUOUS: "more than once at the vendor",
    PurposeStatus.NOT_COMPARED: "not compared",
}
NOT_AS_DECLARED = frozenset({PurposeStatus.DRIFTED, PurposeStatus.MISSING, PurposeStatus.AMBIGUOUS})


def _difference(difference: Difference) -> dict[str, Any]:
    return {"field": difference.field, "declared": difference.declared, "live": difference.live}


def to_json(found: Comparison) -> dict[str, Any]:
    """One purpose: the five keys of the stable document."""
    return {
        "name": found.name,
        "id": found.live.id if found.live else None,
        "status": found.status,
        "differences": [_difference(d) for d in found.differences],
        "result": NOT_FOUND if found.status is PurposeStatus.MISSING else None,
    }


def unknown_to_json(name: str) -> dict[str, Any]:
    """A name that is neither declared nor at the vendor."""
    return {"name": name, "id": None, "status": PurposeStatus.MISSING, "differences": [], "result": NOT_FOUND}


def applied(found: Comparison, change: Change | None, preview: EnforcementPreview) -> dict[str, Any]:
    """One purpose after it was to be enforced, and what was changed."""
    document = to_json(found)
    if change is None:
        return {**document, "result": preview.left_out.get(found.name, STATUS_WORDS[found.status])}
    changed = differences(change.wanted, change.before)
    return {
        **document,
        "result": NOT_FOUND if change.state is ChangeState.MISSING_AT_VENDOR else words(change.state),
        "outcome": change.state,
        "changed": [_difference(d) for d in changed] if change.state is ChangeState.ENFORCED else [],
        "attempts": change.attempts,
        "latency_ms": change.latency_ms,
        "error": vars(change.error) if change.error else None,
    }


def as_text(found: Sequence[Comparison], *, everything: bool) -> list[str]:
    """A line for each difference, and how many stand how; `everything` also lists what is as declared."""
    rows: list[tuple[object, ...]] = []
    for c in found:
        if c.differences:
            rows += [(c.name, STATUS_WORDS[c.status], d.field, d.declared, d.live) for d in c.differences]
        elif everything or c.status in NOT_AS_DECLARED:
            days = c.declared.retention_days if c.declared else None
            live = c.live.values()["retention_days"] if c.live else None
            rows.append((c.name, STATUS_WORDS[c.status], "retention_days", days, live))
    counts = {status: sum(c.status is status for c in found) for status in PurposeStatus}
    summary = ", ".join(f"{count} {STATUS_WORDS[status]}" for status, count in counts.items() if count)
    lines = table(("NAME", "STATUS", "FIELD", "DECLARED", "LIVE"), rows) if rows else []
    return [*lines, f"{summary or 'No purposes'}."]


def report_as_text(report: ImportReport, file: Path) -> list[str]:
    """A line for each entry of a file."""
    rows = [
        (line.line, line.name, line.what, "; ".join(f"{f.field}: {f.message}" for f in line.findings))
        for line in report.lines
    ]
    done = "written" if report.written else "nothing was written"
    return [*table(("LINE", "NAME", "RESULT", "FINDINGS"), rows), f"{file.name}: {done}."]
