"""A million audit events as a busy desk writes them in a year: for the measurements only."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from core.model.events import Event, EventKind

FIRST = datetime(2025, 11, 21, 9, 0, tzinfo=UTC)
DESK = "desk|worker"
STATES = ("completed", "completed", "completed", "nothing_found", "partly_completed", "failed")
EVENTS_A_REQUEST = 10


def subject(request: int) -> str:
    """The pseudonym of who a request is about; every person asks five times in all."""
    return f"subj_{hashlib.sha256(str(request % 20_000).encode()).hexdigest()[:32]}"


def many_events(count: int) -> Iterator[tuple[datetime, Event]]:
    """Ten events a request, a request every five minutes, its events interleaved with those of its neighbours."""
    requests = count // EVENTS_A_REQUEST
    for turn in range(requests + EVENTS_A_REQUEST):
        for step in range(EVENTS_A_REQUEST):
            request = turn - step
            if 0 <= request < requests:
                yield FIRST + timedelta(minutes=5 * turn, seconds=step), _event(request, step)


def _event(request: int, step: int) -> Event:
    name, task = f"PR-{request + 1:06d}", f"PR-{request + 1:06d}-1"
    connection = ("cxone", "genesys", "cxone-eu")[request % 3]
    state = STATES[request % len(STATES)]
    person = f"https://login.example.com|person-{request % 25:02d}"
    vendor = f"vr-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    digest = hashlib.sha256(f"{name} {step}".encode()).hexdigest()

    def by_desk(kind: EventKind, outcome: str | None, **detail: object) -> Event:
        return Event(kind, DESK, request=name, task=task, connection=connection, outcome=outcome, detail=detail)

    match step:
        case 0:
            return Event(
                EventKind.REQUEST_FILED,
                person,
                request=name,
                outcome="queued",
                detail={
                    "type": "ERASURE" if request % 4 else "ACCESS",
                    "categories": ["CONTACT", "EMAIL"],
                    "scope": "CONTACT",
                    "law": "gdpr",
                    "region": None,
                    "received": "2026-03-05",
                    "due": "2026-04-07",
                    "policy": "2026-11",
                    "pack": "gdpr-12-3",
                    "subject": subject(request),
                    "tasks": [task],
                },
            )
        case 1:
            return by_desk(EventKind.TASK_SENDING, "sending", attempt=1, intent=digest[:32], fence=1)
        case 2:
            return by_desk(
                EventKind.TASK_SUBMITTED, "in_progress", attempt=1, vendor_request_id=vendor, vendor_status="PENDING"
            )
        case 3:
            return by_desk(
                EventKind.WEBHOOK_ACCEPTED, None, webhook_id=digest[:24], vendor_request_id=vendor, body_sha256=digest
            )
        case 4:
            return by_desk(EventKind.TASK_TRACKED, "in_progress", vendor_status="PROCESSING", poll=1)
        case 5:
            why = "read timeout" if request % 200 == 0 else "http_503"
            return by_desk(EventKind.TASK_RETRY, "in_progress", attempt=2, why=why, http_status=503)
        case 6:
            return by_desk(EventKind.TASK_ENDED, state, state=state, vendor_status="COMPLETED", records=request % 90)
        case 7:
            return by_desk(
                EventKind.PRIVACY_DELETION_COMPLETED,
                state,
                request_id=vendor,
                subject=subject(request),
                completion_time_ms=request,
                records_deleted=7,
            )
        case 8:
            return Event(
                EventKind.REQUEST_CLOSED,
                DESK,
                request=name,
                outcome=state,
                detail={"state": state, "subject": subject(request)},
            )
        case _:
            return Event(
                EventKind.VAULT_DELIVERED,
                DESK,
                task=task,
                outcome="delivered",
                detail={"delivery": f"vd_{digest[:32]}"},
            )
