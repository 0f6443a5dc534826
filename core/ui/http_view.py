"""Every HTTP attempt of a request: what went out, what came back, and a command that repeats it."""

import math
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import streamlit as st

from core.desk import curl
from core.store.exchanges import StoredExchange
from core.ui import code_blocks
from core.ui.findings import escape
from core.ui.timeline import second

PAGE_SIZE = 10
STORED_TO_SHOW = 200  # as many as the desk hands over
_PURPOSES = {"submit": "Submission", "track": "Status", "read": "Look at the purpose", "put": "Change"}


def show(exchanges: Sequence[StoredExchange], key: str) -> None:
    """The attempts, oldest first, ten at a time, the newest ten to begin with."""
    if not exchanges:
        st.caption("Nothing has been sent yet. Each call to the vendor shows up here, with its answer.")
        return
    newest = f" These are the newest {STORED_TO_SHOW}." if len(exchanges) == STORED_TO_SHOW else ""
    st.caption(f"Secrets are masked before they are stored. Times are UTC.{newest}")
    pages = math.ceil(len(exchanges) / PAGE_SIZE)
    page = st.pagination(pages, default=pages, key=f"{key}_page") if pages > 1 else 1
    first = (page - 1) * PAGE_SIZE
    for index, exchange in enumerate(exchanges[first : first + PAGE_SIZE], first):
        with st.expander(escape(_headline(exchange)), icon=_icon(exchange), key=f"{key}_exchange_{index}"):
            _one(exchange)


def _one(exchange: StoredExchange) -> None:
    if exchange.why:
        st.caption(escape(f"Repeated because: {exchange.why}"))
    sent, received = st.columns(2)
    with sent:
        st.caption("Request")
        code_blocks.show(_message(f"{exchange.method} {exchange.url}", exchange.request_headers))
        if exchange.request_body:
            code_blocks.show_body(exchange.request_body)
    with received:
        st.caption("Answer")
        status = f"HTTP {exchange.status}" if exchange.status else "No answer"
        code_blocks.show(_message(status, exchange.response_headers))
        if exchange.response_body:
            code_blocks.show_body(exchange.response_body)
    st.caption("The same call for a shell; put a token into $TOKEN first.")
    code_blocks.show(curl(exchange))


def _message(start: str, headers: Mapping[str, str]) -> str:
    return "\n".join([start, *(f"{name}: {value}" for name, value in headers.items())])


def _headline(exchange: StoredExchange) -> str:
    status = str(exchange.status) if exchange.status else "no answer"
    purpose = _PURPOSES.get(exchange.purpose, exchange.purpose)
    path = urlsplit(exchange.url).path
    return (
        f"{second(exchange.at)} · {purpose} {exchange.attempt} · {exchange.method} {path} · "
        f"{status} · {exchange.elapsed_ms} ms"
    )


def _icon(exchange: StoredExchange) -> str:
    if exchange.status is None:
        return ":material/link_off:"
    return ":material/check_circle:" if exchange.status < 400 else ":material/error:"
