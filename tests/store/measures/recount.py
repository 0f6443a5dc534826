"""The measures once more, in plain Python over the rows of the raw tables; it shares nothing with the counts."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from core.model.measures import Filter, Grain, Phase

SUCCESSFUL = {"completed", "nothing_found"}


@dataclass
class Rows:
    """Every request and task, each with its days in a time zone and what it inherits from the other."""

    requests: list[dict[str, Any]]
    tasks: list[dict[str, Any]]

    @classmethod
    def read(cls, db: Database, zone: str) -> "Rows":
        there = ZoneInfo(zone)
        requests = {row["number"]: row for row in db.query("SELECT * FROM requests")}
        tasks = list(db.query("SELECT * FROM tasks"))
        denials = {row["request"]: row["class_7102"] for row in db.query("SELECT * FROM denials")}
        for row in requests.values():
            row["connections"] = {t["connection"] for t in tasks if t["request"] == row["number"]}
            row["categories"] = json.loads(row["categories"])
            row["closed_on"] = _day(row["closed_at"], there)
            row["received"], row["due_on"] = date.fromisoformat(row["received"]), date.fromisoformat(row["due_on"])
            row["denial"] = denials.get(row["number"])
        for row in tasks:
            row["ended_on"] = _day(row["ended_at"], there)
            row["of"] = requests[row["request"]]
            row["law"], row["categories"] = row["of"]["law"], row["of"]["categories"]
        return cls(list(requests.values()), tasks)

    def ended(self, where: Filter, *, cancelled: bool = False) -> list[dict[str, Any]]:
        return [
            row
            for row in self.tasks
            if row["ended_on"]
            and where.days.first <= row["ended_on"] <= where.days.last
            and _task_passes(row, where)
            and (cancelled or where.state or row["state"] != "cancelled")
        ]

    def wanted(self, where: Filter) -> list[dict[str, Any]]:
        """Requests that pass the filter, whenever they were."""
        return [
            row
            for row in self.requests
            if (not where.connection or where.connection in row["connections"])
            and (not where.type or row["type"] == where.type)
            and (not where.category or where.category in row["categories"])
            and (not where.law or row["law"] == where.law)
            and (not where.state or row["state"] == where.state)
        ]


def _day(text: str | None, zone: ZoneInfo) -> date | None:
    return datetime.fromisoformat(text).astimezone(zone).date() if text else None


def _task_passes(row: dict[str, Any], where: Filter) -> bool:
    return (
        (not where.connection or row["connection"] == where.connection)
        and (not where.type or row["kind"] == where.type)
        and (not where.category or where.category in row["categories"])
        and (not where.law or row["law"] == where.law)
        and (not where.state or row["state"] == where.state)
    )


def milliseconds(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds() * 1000


def totals(rows: Iterable[dict[str, Any]]) -> tuple[Any, ...]:
    rows = list(rows)
    latencies = sorted(row["latency_ms"] for row in rows)
    successful = sum(row["state"] in SUCCESSFUL for row in rows)
    ranks = [latencies[math.ceil(len(rows) * p / 100) - 1] if rows else None for p in (50, 90, 99)]
    return (
        len(rows), successful, len(rows) - successful, sum(latencies) / len(rows) if rows else None, *ranks,
    )  # fmt: skip


def grouped(rows: Iterable[dict[str, Any]], keys: Callable[[dict[str, Any]], Iterable[str]]) -> dict[str, Any]:
    groups = defaultdict(list)
    for row in rows:
        for key in keys(row):
            groups[key].append(row)
    return {key: totals(some) for key, some in groups.items()}


def over_time(rows: Rows, where: Filter, grain: Grain) -> list[tuple[Any, ...]]:
    ended, wanted, found = rows.ended(where), rows.wanted(where), []
    day = where.days.first
    while day <= where.days.last:
        last = {
            Grain.DAY: day,
            Grain.WEEK: day + timedelta(days=6 - day.weekday()),
            Grain.MONTH: (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1),
        }[grain]
        last = min(last, where.days.last)
        some = [row for row in ended if day <= row["ended_on"] <= last]
        came = sum(day <= row["received"] <= last for row in wanted)
        found.append((day, last, came, *totals(some)[:2], totals(some)[3]))
        day = last + timedelta(days=1)
    return found


def phases(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {phase: sum(row[f"{phase}_ms"] for row in rows) for phase in Phase}


def effort(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    good = [row for row in rows if row["state"] in SUCCESSFUL]
    if not good:
        return 0, None, None
    attempts, polls = sum(row["attempts"] for row in good), sum(row["polls"] for row in good)
    return len(good), attempts / len(good), (attempts + polls) / len(good)


def errors(rows: list[dict[str, Any]]) -> Counter[str]:
    bad = [row for row in rows if row["state"] not in SUCCESSFUL | {"cancelled"}]
    return Counter(json.loads(row["error"])["code"] if row["error"] else row["state"] for row in bad)


def bands(rows: list[dict[str, Any]], edges: Iterable[int]) -> list[int]:
    ends: list[float] = [*edges, math.inf]
    return [sum(low < row["latency_ms"] <= high for row in rows) for low, high in zip([-1, *ends], ends, strict=False)]


def queue_depth(rows: Rows, where: Filter) -> dict[str, Counter[str]]:
    depth: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows.tasks:
        if not row["ended_at"] and _task_passes(row, where):
            depth[row["connection"]][row["state"]] += 1
    return dict(depth)


def closed_in_time(rows: Rows, where: Filter) -> tuple[int, int]:
    closed = [
        row
        for row in rows.wanted(where)
        if row["closed_on"]
        and where.days.first <= row["closed_on"] <= where.days.last
        and (where.state or row["state"] != "cancelled")
    ]
    met = sum(row["closed_on"] <= row["due_on"] for row in closed)
    return met, len(closed) - met


def will_miss(rows: Rows, where: Filter, today: date, closed_lately: int) -> int:
    """One by one: whoever has the nearest date is next, and each day closes a fourteenth of what two weeks did."""
    line = sorted(row["due_on"] for row in rows.wanted(where) if not row["closed_at"])
    missed = 0
    for place, due in enumerate(line, start=1):
        days = (due - today).days + 1
        missed += due >= today and place > days * closed_lately // 14
    return missed


def section_7102(rows: Rows, kind: str, year: int, law: str | None) -> dict[str, Any]:
    ours = [
        row
        for row in rows.requests
        if row["type"] == kind and row["received"].year == year and (law is None or row["law"] == law)
    ]
    states = Counter(row["state"] for row in ours)
    answered = [row for row in ours if row["state"] in SUCCESSFUL | {"partly_completed", "refused"}]
    days = [max(0, (row["closed_on"] - row["received"]).days) for row in answered]
    return {
        "received": len(ours),
        "complied_in_whole": states["completed"] + states["nothing_found"],
        "complied_in_part": states["partly_completed"],
        "denied": states["refused"],
        "failed": states["failed"],
        "withdrawn": states["cancelled"],
        "pending": sum(not row["closed_at"] for row in ours),
        "median_days": median(days) if days else None,
        "mean_days": sum(days) / len(days) if days else None,
        "denials": Counter(row["denial"] or "other" for row in ours if row["state"] == "refused"),
    }
