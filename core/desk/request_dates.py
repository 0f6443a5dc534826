"""What a request's dates depend on: its law, the rules it pinned, what was decided about its clock."""

from collections.abc import Sequence
from datetime import date

from core.desk.base import DeskError
from core.model.deadlines import Deadline, Law, Pause, deadlines_for, laws
from core.model.privacy_requests import CLOSED, PrivacyRequest, RequestType
from core.model.wording import day
from core.settings import Settings
from core.store.extensions import ChangeKind, DeadlineChange


def law_of(request: PrivacyRequest) -> Law | None:
    return next((law for law in laws() if law.id == request.law), None)


def why_not_extend(request: PrivacyRequest, changes: Sequence[DeadlineChange], today: date) -> str:
    dates = {deadline.what: deadline.due for deadline in request.deadlines}
    if request.state in CLOSED:
        return f"{request.id} is closed."
    if any(change.what is ChangeKind.EXTENDED for change in changes):
        return f"{request.id} is extended already; the law allows it once."
    if "extended" not in dates or "extension_notice" not in dates:
        return "The law that this request falls under allows no extension."
    if today > dates["extension_notice"]:
        notice = day(dates["extension_notice"])
        return f"The person had to be told of an extension by {notice}; after that there is none."
    return ""


def why_not_pause(request: PrivacyRequest) -> str:
    law = law_of(request)
    if law is None or not (law.clock_stops or law.pause_note):
        return "The law that this request falls under lets nothing stop the clock."
    if law.clock_stops and request.type is not RequestType.ACCESS:
        return "Only for an access request does the clock stop while the person is asked what it is about."
    return ""


def still_open(request: PrivacyRequest) -> None:
    if request.state in CLOSED:
        raise DeskError(f"{request.id} is closed; its dates stay as they are.")


def open_pause(changes: Sequence[DeadlineChange]) -> date | None:
    """The first day of the pause that goes on."""
    return next((c.first_day for c in changes if c.what is ChangeKind.PAUSED and c.last_day is None), None)


def pinned(request: PrivacyRequest) -> str:
    """The version of the rules that the request was reckoned by, `uk-gdpr/2026.1`."""
    return next(d.rule for d in request.deadlines if d.what == "respond").rpartition("@")[2]


def reckoned(
    request: PrivacyRequest, pauses: Sequence[Pause], start: date | None, settings: Settings
) -> tuple[Deadline, ...]:
    """The request's dates anew, by the rules that it pinned. Raises DeskError where these are gone."""
    try:
        dates = deadlines_for(
            request.law,
            request.received,
            region=request.region,
            start=start,
            pauses=pauses,
            pack=pinned(request),
            identity_stops_clock=settings.identity_pause == "clock_stops",
        )
    except ValueError as error:
        raise DeskError(f"{error}.") from error
    return tuple(dates)


def reckoned_or_nothing(
    request: PrivacyRequest, pauses: Sequence[Pause], start: date | None, settings: Settings
) -> tuple[Deadline, ...]:
    """As `reckoned`, for showing only: nothing where it cannot be said."""
    try:
        return reckoned(request, pauses, start, settings)
    except DeskError:
        return ()


def present_due(dates: Sequence[Deadline], changes: Sequence[DeadlineChange]) -> date:
    """The date that counts now: the extended one once there is an extension."""
    extended = any(change.what is ChangeKind.EXTENDED for change in changes)
    return date_of(dates, "extended" if extended else "respond")


def date_of(dates: Sequence[Deadline], what: str) -> date:
    return next(deadline.due for deadline in dates if deadline.what == what)
