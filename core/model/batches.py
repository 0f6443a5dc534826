"""A batch: many privacy requests from one file, from its upload to its last outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.model.findings import Finding
from core.model.privacy_requests import SUCCESSFUL, TERMINAL, WAITS_FOR_A_PERSON, Draft, TaskState

MOST_ROWS = 100_000
MOST_BYTES = 20 * 1024 * 1024  # as server.maxUploadSize
KEEP_STAGED_DAYS = 7
TYPE_THE_COUNT_FROM = 100  # rows; more are accepted only by whoever types how many

# What a row says, in the order of the template; the first four it must.
REQUIRED_FIELDS = ("subject", "type", "categories", "scope")
FIELDS = (*REQUIRED_FIELDS, "description", "connection", "law", "region", "received", "reference")

# Rules that say "somebody else asks for this already": the row itself is in order.
DUPLICATE_RULES = frozenset({"duplicate", "already_open"})


class BatchState(StrEnum):
    """Where a batch stands. Nothing is filed before `accepting`; from then on each request has its own state."""

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    ACCEPTING = "accepting"
    ACCEPTED = "accepted"
    DISCARDED = "discarded"


class Work(StrEnum):
    """What the working process is to do with a batch."""

    NONE = ""
    CHECK = "check"
    ACCEPT = "accept"
    CANCEL = "cancel"
    APPROVE = "approve"
    DENY = "deny"


@dataclass(frozen=True)
class Sheet:
    """How a file is read: `kind` is csv or jsonl; `columns` are the names in its header, as they are written there."""

    kind: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class FileRow:
    """One row of a file: the line it begins in as an editor counts them, its cells, and what they say.

    `draft` is None where the row cannot be read at all; its findings say why.
    """

    line: int
    cells: tuple[str, ...]
    draft: Draft | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class LineFinding:
    """A finding about one line of the file."""

    line: int
    finding: Finding

    def to_json(self) -> dict[str, object]:
        return {"line": self.line, **self.finding.to_json()}


@dataclass(frozen=True)
class Batch:
    """One batch. `file_name`, `sheet` and `mapping` are None for whoever may not see what people put into a file.

    `done` counts the rows of the work under way, out of `rows` (an estimate until the check has ended). `states`
    counts the present tasks of its requests.
    """

    id: str
    number: int
    state: BatchState
    work: Work
    created_by: str
    created_by_name: str
    created_at: datetime
    file_sha256: str
    file_bytes: int
    rows: int
    done: int
    good: int
    rejected: int
    duplicates: int
    findings: int
    rules: tuple[tuple[str, str, int], ...]  # (field, rule, rows), the most frequent first
    checked_at: datetime | None
    accepted: int
    accepted_at: datetime | None
    accepted_by: str | None
    accepted_by_name: str | None
    digest: str
    limit_per_hour: int | None
    paused_at: datetime | None
    paused_by: str | None
    cancelled_at: datetime | None
    finished_at: datetime | None
    problem: str
    version: int
    file_name: str | None = None
    sheet: Sheet | None = None
    mapping: Mapping[str, str] | None = None  # field -> column
    connections: tuple[str, ...] = ()  # for rows that name none
    states: Mapping[TaskState, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself: every task has ended or waits for a person."""
        if self.state is BatchState.DISCARDED:
            return True
        quiet = TERMINAL | WAITS_FOR_A_PERSON | {TaskState.AWAITING_APPROVAL, TaskState.ON_HOLD}
        return (
            self.state is BatchState.ACCEPTED and not self.work and all(s in quiet for s, n in self.states.items() if n)
        )

    @property
    def went_well(self) -> bool:
        """Whether each of its tasks was carried out."""
        return self.state is BatchState.ACCEPTED and all(s in SUCCESSFUL for s, n in self.states.items() if n)
