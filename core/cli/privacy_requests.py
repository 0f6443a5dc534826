"""`submit`, `show`, `list`, `cancel`: privacy requests from a shell."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import click

from core.cli.output import (
    DONE,
    SAID_NO,
    WRONG_INPUT,
    InputError,
    RefusedError,
    answer,
    as_option,
    day,
    fields,
    json_option,
    say,
    table,
    words,
)
from core.cli.session import opened, person
from core.cli.waiting import wait_for_end
from core.desk import DeskError
from core.model.findings import Finding
from core.model.holds import UnderHold
from core.model.privacy_requests import Draft, PrivacyRequest, RequestState, RequestType, Task
from core.store import requests
from core.store.requests import RequestFilter

GONE_WELL = frozenset({RequestState.COMPLETED, RequestState.NOTHING_FOUND})
DEFAULT_WAIT_SECONDS = 300.0


@click.command()
@click.option(
    "--connection", "connections", multiple=True, metavar="NAME", help="A system to send it to; may be repeated."
)
@click.option(
    "--subject",
    "subjects",
    multiple=True,
    metavar="ID",
    help="The data subject's id there; repeated, further ids of theirs.",
)
@click.option("--type", "kind", default=RequestType.ERASURE.value, metavar="TYPE", help="ERASURE (default) or ACCESS.")
@click.option(
    "--category", "categories", multiple=True, metavar="CATEGORY", help="A category of data; may be repeated."
)
@click.option("--scope", default="", metavar="SCOPE", help="ACCOUNT, CONTACT, CONVERSATION or ALL.")
@click.option("--description", default="", metavar="TEXT", help="Goes to the vendor; at most 255 characters.")
@click.option("--law", default="", metavar="LAW", help="Whose deadlines count; by default that of the settings.")
@click.option("--region", metavar="REGION", help="Whose public holidays count, e.g. DE-BE.")
@click.option("--received", type=day, metavar="YYYY-MM-DD", help="The day it reached you; by default today.")
@click.option("--reference", default="", metavar="TEXT", help="Your own case number.")
@click.option(
    "--under-hold",
    type=click.Choice([way.value for way in UnderHold if way]),
    help="Where a legal hold stands in the way: keep the request back, or ask a second person to override it.",
)
@click.option("--reason", default="", metavar="TEXT", help="Why the hold should be overridden; kept encrypted.")
@click.option("--wait", "waits", is_flag=True, help="Carry it out now and wait until it has ended or needs a person.")
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(min=0),
    default=DEFAULT_WAIT_SECONDS,
    show_default=True,
    metavar="SECONDS",
    help="How long --wait waits.",
)
@as_option
@json_option
@click.pass_context
def submit(
    ctx: click.Context,
    *,
    connections: tuple[str, ...],
    subjects: tuple[str, ...],
    kind: str,
    categories: tuple[str, ...],
    scope: str,
    description: str,
    law: str,
    region: str | None,
    received: date | None,
    reference: str,
    under_hold: str | None,
    reason: str,
    waits: bool,
    timeout_seconds: float,
    as_name: str | None,
    as_json: bool,
) -> None:
    """File a privacy request.

    Without --wait it is carried out by the server, or by `privacy-desk worker`. A finding that blocks is
    printed, nothing is written, and the exit code is 2.
    """
    draft = Draft(
        connections=connections,
        subject=subjects[0] if subjects else "",
        also_known_as=subjects[1:],
        type=kind,
        categories=categories,
        scope=scope,
        description=description,
        law=law,
        region=region,
        received=received,
        reference=reference,
        under_hold=under_hold or "",
        reason=reason,
    )
    with opened(sandbox="running" if waits else "known") as desk:
        actor = person(desk.settings, as_name)
        filed = desk.submit(actor, draft, intent=uuid.uuid4().hex)
        request = filed.request
        if request and waits:
            request = wait_for_end(desk, actor, request.id, timeout_seconds)
    answer(to_json(request, filed.findings), as_text(request, filed.findings), as_json=as_json)
    if request is None:
        ctx.exit(WRONG_INPUT)
    ctx.exit(DONE if not waits or request.state in GONE_WELL else SAID_NO)


@click.command()
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def show(*, request_id: str, as_name: str | None, as_json: bool) -> None:
    """One request with its vendor tasks."""
    with opened() as desk:
        view = desk.show(person(desk.settings, as_name), request_id)
    if view is None:
        raise unknown(request_id)
    answer(to_json(view.request), as_text(view.request), as_json=as_json)


@click.command(name="list")
@click.option(
    "--state", "states", multiple=True, type=click.Choice([s.value for s in RequestState]), help="May be repeated."
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most this many.")
@as_option
@json_option
def list_requests(*, states: tuple[str, ...], limit: int, as_name: str | None, as_json: bool) -> None:
    """Requests, newest first."""
    with opened() as desk:
        where = RequestFilter(states=tuple(RequestState(s) for s in states))
        page = desk.find(person(desk.settings, as_name), where, page_size=limit)
        with desk.store.reading() as db:
            found = [request for row in page.rows if (request := requests.get(db, row.id))]
    rows = [
        (r.id, words(r.state), r.type, ", ".join(sorted({t.connection for t in r.tasks})), r.due_on, r.reference)
        for r in found
    ]
    text = table(("ID", "STATE", "TYPE", "SYSTEMS", "DUE", "REFERENCE"), rows) if rows else "There are no requests."
    answer([to_json(request) for request in found], text, as_json=as_json)
    if page.total > len(found):
        total = f"{page.total:,}" if page.total < requests.COUNT_CAP else f"more than {requests.COUNT_CAP - 1:,}"
        say(f"The newest {len(found):,} of {total}; --limit shows more.")


@click.command()
@click.argument("request_id", metavar="ID")
@as_option
@json_option
def cancel(*, request_id: str, as_name: str | None, as_json: bool) -> None:
    """Cancel a request that no vendor has yet."""
    with opened() as desk:
        actor = person(desk.settings, as_name)
        if desk.show(actor, request_id) is None:
            raise unknown(request_id)
        try:
            request = desk.cancel(actor, request_id)
        except DeskError as error:
            raise RefusedError(str(error)) from error
    answer(to_json(request), as_text(request), as_json=as_json)


def to_json(request: PrivacyRequest | None, findings: Sequence[Finding] = ()) -> dict[str, Any]:
    """The stable document: `id`, `state`, `findings`, `tasks`; id and state are null where nothing was filed.

    Beside these `due`, and `deadlines` as the command `deadline` gives them, each with its explanation.
    """
    return {
        "id": request.id if request else None,
        "state": request.state if request else None,
        "findings": [finding.to_json() for finding in findings],
        "tasks": [_task_to_json(task) for task in _present(request)],
        "due": request.due_on if request else None,
        "deadlines": [asdict(deadline) for deadline in request.deadlines] if request else [],
    }


def _task_to_json(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "connection": task.connection,
        "state": task.state,
        "vendor_status": task.vendor_status,
        "vendor_request_id": task.vendor_request_id,
        "attempts": task.attempts,
        "records_affected": task.records_affected,
        "cascade": [asdict(entry) for entry in task.cascade],
        "latency_ms": task.latency_ms,
        "error": asdict(task.error) if task.error else None,
    }


def _present(request: PrivacyRequest | None) -> list[Task]:
    """The tasks that no retry has replaced."""
    return [task for task in request.tasks if task.superseded_by is None] if request else []


def as_text(request: PrivacyRequest | None, findings: Sequence[Finding] = ()) -> list[str]:
    lines = [f"{f.severity}: {f.field}: {f.message} {f.fix}".rstrip() for f in findings]
    if request is None:
        return [*lines, "Nothing was filed."]
    lines += fields(
        {
            "Request": request.id,
            "State": words(request.state),
            "Type": request.type,
            "Categories": ", ".join(request.categories),
            "Scope": request.scope,
            "Received": request.received,
            "Due": f"{request.due_on} ({request.law})",
            "Because": _explained(request),
            "Reference": request.reference,
            "Filed by": request.filed_by,
        }
    )
    for task in _present(request):
        lines += ["", *_task_lines(task)]
    return lines


def _task_lines(task: Task) -> list[str]:
    took = f"{task.latency_ms / 1000:.1f} s" if task.latency_ms is not None else None
    lines = fields(
        {
            "Task": task.id,
            "System": task.connection,
            "State": words(task.state),
            "Vendor status": task.vendor_status,
            "Vendor id": task.vendor_request_id,
            "Attempts": task.attempts,
            "Records": task.records_affected,
            "Took": took,
            "Error": task.error.message if task.error else None,
            "What to do": task.error.advice if task.error else None,
        }
    )
    if task.cascade:
        lines += [
            f"  {line}" for line in table(("LINKED ENTITY", "RECORDS"), [(c.entity, c.records) for c in task.cascade])
        ]
    return lines


def _explained(request: PrivacyRequest) -> str:
    """How the date that counts now was reckoned."""
    for deadline in request.deadlines:
        if deadline.what in {"respond", "extended"} and deadline.due == request.due_on:
            return f"{deadline.explanation} ({deadline.article})"
    return ""


def unknown(request_id: str) -> InputError:
    return InputError(f"There is no request {request_id}.")
