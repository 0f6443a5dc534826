"""What the measures answer with. Latencies are whole milliseconds, days are the controller's, shares run 0 to 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from core.model.denials import DenialClass
from core.model.measures import Days, Filter, Grain, Phase
from core.model.privacy_requests import RequestType, TaskState


@dataclass(frozen=True)
class Latency:
    """Milliseconds from filing to end, over submissions that ended; None where none did. Nearest-rank percentiles."""

    mean: float | None
    p50: int | None
    p90: int | None
    p99: int | None


@dataclass(frozen=True)
class Totals:
    """Submissions that ended, cancelled ones left out. Successful is completed or nothing found; failed is the rest."""

    total: int
    successful: int
    failed: int
    latency_ms: Latency

    @property
    def success_rate(self) -> float | None:
        """A share from 0 to 1; None where nothing ended."""
        return self.successful / self.total if self.total else None


@dataclass(frozen=True)
class Span:
    """What came in and what ended in one day, week or month of the period (`days` is cut to the period)."""

    days: Days
    received: int  # requests
    total: int  # submissions that ended, as in Totals
    successful: int
    mean_latency_ms: float | None

    @property
    def failed(self) -> int:
        return self.total - self.successful

    @property
    def success_rate(self) -> float | None:
        return self.successful / self.total if self.total else None


@dataclass(frozen=True)
class PhaseTime:
    """One part of the latency: in all, for each submission on average, and its share of the whole."""

    total_ms: int
    mean_ms: float | None
    share: float | None


@dataclass(frozen=True)
class Effort:
    """What a successful submission cost, on average; None where there is none."""

    successful: int
    attempts: float | None
    calls: float | None


@dataclass(frozen=True)
class DriftPoint:
    """How the declared purposes stood at the end of a span, by the last comparison of each connection up to then.

    All five counts are None before the first comparison.
    """

    days: Days
    in_force: int | None
    drifted: int | None
    missing: int | None
    undeclared: int | None
    ambiguous: int | None


@dataclass(frozen=True)
class DueDay:
    """The open requests of one due date: how many, and how many of them will miss it at the present pace."""

    due: date
    open: int
    will_miss: int


@dataclass(frozen=True)
class Forecast:
    """What the present pace, in closures a day, comes to; overdue requests come first and are not counted again."""

    will_miss: int
    pace: float
    open: int
    by_date: tuple[DueDay, ...]  # from today on, only dates with open requests


@dataclass(frozen=True)
class Deadlines:
    """Requests against their dates: `met` and `missed` were closed in the period, the others are open today."""

    met: int
    missed: int
    overdue: int
    at_risk: int
    ahead: int
    forecast: Forecast

    @property
    def met_rate(self) -> float | None:
        closed = self.met + self.missed
        return self.met / closed if closed else None


@dataclass(frozen=True)
class Choices:
    """What there is to filter by, from everything on record; `first_day` is None for an empty desk."""

    connections: tuple[str, ...]
    types: tuple[RequestType, ...]
    categories: tuple[str, ...]
    laws: tuple[str, ...]
    states: tuple[TaskState, ...]
    first_day: date | None


@dataclass(frozen=True)
class Section7102Row:
    """One type of request of the table: received = complied in whole + in part + denied + failed + withdrawn + pending.

    Days run from receipt to the answer, over those complied with or denied; None where there are none.
    """

    received: int
    complied_in_whole: int
    complied_in_part: int
    denied: int
    failed: int  # closed without an answer in substance: the vendor could not do it
    withdrawn: int  # cancelled before anything was sent
    pending: int  # not closed today
    median_days: float | None
    mean_days: float | None
    denials: Mapping[DenialClass, int]  # adds up to `denied`

    @property
    def complied(self) -> int:
        """In whole or in part, the regulation's own number."""
        return self.complied_in_whole + self.complied_in_part


@dataclass(frozen=True)
class Section7102:
    """The table for a calendar year; `law` is "ccpa", or None for all individuals (which has to be said).

    `rows` has the keys delete, correct, know, opt_out, limit in this order; the desk takes requests to delete
    (ERASURE) and to know (ACCESS), the others are 0, which `not_taken` names.
    """

    year: int
    law: str | None
    rows: Mapping[str, Section7102Row]
    not_taken: tuple[str, ...] = ("correct", "opt_out", "limit")


@dataclass(frozen=True)
class Headline:
    """The few numbers that are compared with the same period before."""

    totals: Totals
    effort: Effort
    received: int  # requests
    met: int
    missed: int

    @property
    def met_rate(self) -> float | None:
        closed = self.met + self.missed
        return self.met / closed if closed else None


@dataclass(frozen=True)
class Measures:
    """Every number of the meeting for one filter. `today` is the controller's day of the open ones and the forecast."""

    where: Filter
    today: date
    grain: Grain
    totals: Totals
    by_connection: Mapping[str, Totals]
    by_type: Mapping[RequestType, Totals]
    by_category: Mapping[str, Totals]
    by_law: Mapping[str, Totals]
    by_state: Mapping[TaskState, int]  # cancelled included
    over_time: tuple[Span, ...]  # every span of the period, empty ones too
    phases: Mapping[Phase, PhaseTime]
    effort: Effort
    errors: tuple[tuple[str, int], ...]  # the most frequent first
    bands: tuple[int, ...]  # how many took up to each of BAND_EDGES_MS, and last how many took longer
    drift: tuple[DriftPoint, ...]
    queue_depth: Mapping[str, Mapping[TaskState, int]]  # by connection
    deadlines: Deadlines
