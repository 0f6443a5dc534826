"""The measures of the meeting: what each one means in one sentence, over which days, of which requests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from core.model.privacy_requests import RequestType, TaskState


class Grain(StrEnum):
    """How a period is cut up over time. Weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def start(self, day: date) -> date:
        """The first day of the day, week or month that a day lies in."""
        if self is Grain.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self is Grain.MONTH else day

    def next(self, start: date) -> date:
        """The first day of the day, week or month after the one that begins at `start`."""
        if self is Grain.MONTH:
            return (start + timedelta(days=32)).replace(day=1)
        return start + timedelta(days=7 if self is Grain.WEEK else 1)


@dataclass(frozen=True)
class Days:
    """A period of whole days in the controller's time zone, from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("The last day lies before the first")

    @classmethod
    def up_to(cls, last: date, days: int) -> Self:
        """So many days, of which `last` is the last."""
        return cls(last - timedelta(days=days - 1), last)

    @classmethod
    def of_year(cls, year: int) -> Self:
        return cls(date(year, 1, 1), date(year, 12, 31))

    @property
    def count(self) -> int:
        return (self.last - self.first).days + 1

    def before(self) -> "Days":
        """As many days, directly before these: what a period is compared with."""
        return Days.up_to(self.first - timedelta(days=1), self.count)

    def spans(self, grain: Grain) -> tuple["Days", ...]:
        """The days, weeks or months of the period in order; the first and the last may be cut short by it."""
        found, start = [], grain.start(self.first)
        while start <= self.last:
            following = grain.next(start)
            found.append(Days(max(start, self.first), min(following - timedelta(days=1), self.last)))
            start = following
        return tuple(found)


@dataclass(frozen=True)
class Filter:
    """What is measured: a period, and of it only one connection, type, category, law or state, where one is given.

    `state` is a submission's state; of requests it means those whose own state has that name. Without it, cancelled
    ones are left out of what ended.
    """

    days: Days
    connection: str | None = None
    type: RequestType | None = None
    category: str | None = None
    law: str | None = None
    state: TaskState | None = None

    def before(self) -> "Filter":
        """The same over as many days directly before."""
        return replace(self, days=self.days.before())


class Phase(StrEnum):
    """Where the time of a submission goes; the phases of an ended one add up to its latency."""

    APPROVAL = "approval"
    QUEUED = "queued"
    THROTTLED = "throttled"
    VENDOR = "vendor"
    CALLBACK = "callback"
    PERSON = "person"


@dataclass(frozen=True)
class Measure:
    """A measure's name as people read it, its unit, and its definition in one sentence."""

    name: str
    unit: str
    definition: str


AT_RISK_DAYS = 5  # an open request is at risk from so many days before its date on
PACE_DAYS = 14  # the forecast's pace is the mean of so many whole days before today

MEASURES: Mapping[str, Measure] = {
    "total": Measure(
        "Ended",
        "submissions",
        "Submissions to a vendor that ended in the period, on the controller's calendar day, cancelled ones left out; "
        "a request to two systems is two submissions.",
    ),
    "successful": Measure(
        "Successful", "submissions", "Submissions that ended completed, or with nothing found to erase or disclose."
    ),
    "failed": Measure(
        "Failed",
        "submissions",
        "Submissions that ended failed, refused or only partly completed: ended less successful.",
    ),
    "success_rate": Measure("Success rate", "share", "Successful submissions out of all that ended in the period."),
    "latency_mean": Measure(
        "Mean latency",
        "milliseconds",
        "The average time from filing to the end of a submission that ended in the period.",
    ),
    "latency_p50": Measure(
        "p50 latency", "milliseconds", "Half of the submissions took at most this long from filing to end (the median)."
    ),
    "latency_p90": Measure(
        "p90 latency", "milliseconds", "Nine in ten submissions took at most this long from filing to end."
    ),
    "latency_p99": Measure(
        "p99 latency", "milliseconds", "Ninety-nine in a hundred submissions took at most this long from filing to end."
    ),
    "over_time": Measure(
        "Over time",
        "submissions",
        "Submissions by the controller's calendar day, week from Monday or month of their end.",
    ),
    "by_connection": Measure("By connection", "submissions", "The same measures for each vendor system."),
    "by_type": Measure("By type", "submissions", "The same measures for erasure and for access."),
    "by_category": Measure(
        "By category",
        "submissions",
        "The same measures for each category of data; a submission with several categories counts under each of them.",
    ),
    "by_law": Measure("By law", "submissions", "The same measures for each law that requests were filed under."),
    "by_state": Measure("By state", "submissions", "How the submissions of the period ended, cancelled ones included."),
    "phases": Measure(
        "Where the time went",
        "milliseconds",
        "The latency of the submissions that ended, split by what they waited for; the parts add up to the whole.",
    ),
    "phase_approval": Measure("Waiting for approval", "milliseconds", "Time until a second person had decided."),
    "phase_queued": Measure(
        "Queued",
        "milliseconds",
        "Time waiting to be sent, or sent again after an error; the grace period in which an erasure can be stopped, "
        "and a paused connection, are part of it.",
    ),
    "phase_throttled": Measure(
        "Throttled",
        "milliseconds",
        "Time waiting to be sent because the vendor asked for it (HTTP 429) or the desk kept to the vendor's limit.",
    ),
    "phase_vendor": Measure(
        "At the vendor",
        "milliseconds",
        "Time from sending until the vendor had finished, by its own word or as the desk last saw it at work.",
    ),
    "phase_callback": Measure(
        "Waiting for the callback",
        "milliseconds",
        "Time from then on until the vendor's callback, or the desk's next look, told of the end.",
    ),
    "phase_person": Measure(
        "Waiting for a person",
        "milliseconds",
        "Time on legal hold, or with a question that only a person could decide.",
    ),
    "attempts": Measure(
        "Attempts",
        "attempts for each",
        "How often a successful submission was sent until the vendor took it on, on average.",
    ),
    "calls": Measure(
        "API calls",
        "calls for each",
        "Calls for each successful submission, on average: sending it, and asking how it stands.",
    ),
    "errors": Measure(
        "Errors", "submissions", "Failed submissions by class of error; without one, by the state they ended in."
    ),
    "drift": Measure(
        "Retention drift",
        "purposes",
        "Declared retention purposes that the vendor does not have as declared, by the last comparison up to each day.",
    ),
    "queue_depth": Measure("Queue depth", "submissions", "Submissions that have not ended, by where they stand now."),
    "received": Measure("Received", "requests", "Requests by the controller's calendar day on which they came in."),
    "deadlines_met": Measure(
        "Met", "requests", "Requests closed in the period on or before their date, by the controller's calendar day."
    ),
    "deadlines_missed": Measure("Missed", "requests", "Requests closed in the period after their date."),
    "deadlines_overdue": Measure("Overdue", "requests", "Open requests whose date has passed."),
    "deadlines_at_risk": Measure(
        "At risk", "requests", f"Open requests whose date is today or in the next {AT_RISK_DAYS} days."
    ),
    "deadlines_ahead": Measure("Ahead", "requests", f"Open requests whose date is more than {AT_RISK_DAYS} days away."),
    "forecast": Measure(
        "Will miss their date",
        "requests",
        f"Open requests that will miss their date if as many close each day as on average of the last {PACE_DAYS} "
        "whole days, nearest date first.",
    ),
    "section_7102": Measure(
        "CCPA section 7102",
        "requests",
        "Of the requests received in a calendar year: complied with in whole or in part, denied, and the median and "
        "mean calendar days from receipt to the answer (11 CCR 7102).",
    ),
}
