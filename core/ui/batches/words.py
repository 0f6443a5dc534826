"""The words for batches."""

from collections.abc import Mapping

from core.model.batches import Batch, BatchState, Work
from core.model.privacy_requests import TaskState
from core.ui.words import number

STATE_WORDS: Mapping[BatchState, str] = {
    BatchState.UPLOADED: "Waiting for its columns",
    BatchState.CHECKING: "Being checked",
    BatchState.CHECKED: "Waiting for a decision",
    BatchState.ACCEPTING: "Being filed",
    BatchState.ACCEPTED: "Accepted",
    BatchState.DISCARDED: "Discarded",
}

WORK_WORDS: Mapping[Work, str] = {
    Work.CHECK: "Checking the rows",
    Work.ACCEPT: "Filing the rows",
    Work.CANCEL: "Cancelling what was not sent",
    Work.APPROVE: "Approved: queueing the requests",
    Work.DENY: "Denied: refusing the requests",
}

FIELD_WORDS: Mapping[str, str] = {
    "subject": "Subject id",
    "type": "Type",
    "categories": "Categories",
    "scope": "Scope",
    "description": "Description",
    "connection": "System",
    "law": "Law",
    "region": "Region",
    "received": "Day received",
    "reference": "Your reference",
    # As the payload calls them.
    "subjectId": "Subject id",
    "alsoKnownAs": "Further identifiers",
    "": "File",
}

ENCODING_WORDS: Mapping[str, str] = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
}

DELIMITER_WORDS: Mapping[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def standing(batch: Batch) -> str:
    """How a batch stands, in a few words."""
    if batch.work and batch.state is BatchState.ACCEPTED:
        return WORK_WORDS[batch.work]
    if batch.state is BatchState.ACCEPTED:
        if batch.cancelled_at:
            return "Cancelled"
        if batch.states.get(TaskState.AWAITING_APPROVAL):
            return "Waiting for approval"
        if batch.is_over:
            return "Finished"
        return "Paused" if batch.paused_at else "Running"
    return STATE_WORDS[batch.state]


def rows(count: int) -> str:
    """`1 row`, `12 345 rows`."""
    return "1 row" if count == 1 else f"{number(count)} rows"


def tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{number(count)} tasks"
