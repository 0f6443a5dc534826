"""The Retry-After header of RFC 9110, read without ever raising."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CAP_SECONDS = 24 * 3600.0

_SECONDS = re.compile(r"\d{1,64}(\.\d{1,64})?", re.ASCII)
_DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[A-Za-z]{0,6},? [\x20-\x7e]{1,40}")


def retry_after_seconds(header: str | bytes | None, *, now: datetime, server_date: str | None) -> float | None:
    """Seconds to wait, from 0 to 24 hours; None where the header is absent or says nothing sensible.

    Whole and fractional seconds and HTTP dates are read. A date is counted from the answer's own Date header
    where it has one, so that a wrong clock here or there does not matter; a date in the past means 0.
    """
    if isinstance(header, bytes):
        header = header.decode("latin-1")
    text = (header or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), CAP_SECONDS)
    until = _http_date(text)
    if until is None:
        return None
    start = _http_date(server_date or "") or now
    return min(max((until - start).total_seconds(), 0.0), CAP_SECONDS)


def _http_date(text: str) -> datetime | None:
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
