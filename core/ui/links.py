"""Links from one page to another, with the query parameters that the page behind them reads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from core.desk.records import AT_RISK_DAYS
from core.model.privacy_requests import CLOSED as ENDED
from core.model.privacy_requests import RequestState
from core.ui.words import STATE_WORDS

PAGES = Path(__file__).resolve().parents[2] / "pages"

Query = Mapping[str, str | Sequence[str]]

# The filters of the list of requests; a test holds these to the words that its widgets offer.
NEEDS_PERSON: Query = {"state": STATE_WORDS[RequestState.NEEDS_PERSON]}
IN_FLIGHT: Query = {"state": [STATE_WORDS[RequestState.QUEUED], STATE_WORDS[RequestState.IN_PROGRESS]]}
FAILED: Query = {
    "state": [STATE_WORDS[s] for s in (RequestState.FAILED, RequestState.PARTLY_COMPLETED, RequestState.REFUSED)]
}
OVERDUE: Query = {"when": "Overdue"}
AT_RISK: Query = {"when": f"Due within {AT_RISK_DAYS} days"}
IN_GRACE: Query = {"when": "In its grace period"}
AWAITING_APPROVAL: Query = {"state": STATE_WORDS[RequestState.AWAITING_APPROVAL]}
ON_HOLD: Query = {"state": STATE_WORDS[RequestState.ON_HOLD]}
CLOSED: Query = {"when": "Closed in the last 7 days"}
NEAREST: Query = {"order": "Nearest deadline first", "state": [STATE_WORDS[s] for s in RequestState if s not in ENDED]}


def of_system(connection: str) -> Query:
    return {"system": connection}


def to_requests(label: str, query: Query) -> None:
    """The list of requests, filtered."""
    st.page_link(PAGES / "track_requests.py", label=label, icon=":material/arrow_forward:", query_params=dict(query))


def to_batch(label: str, batch_id: str) -> None:
    """One batch."""
    st.page_link(
        PAGES / "submit_batch.py", label=label, icon=":material/upload_file:", query_params={"batch": batch_id}
    )


def to_request(request_id: str) -> None:
    """One request."""
    st.page_link(
        PAGES / "track_requests.py",
        label=request_id,
        icon=":material/arrow_forward:",
        query_params={"request": request_id},
    )
