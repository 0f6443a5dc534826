"""How long 5 000 purposes take to compare without the network, and what the page asks for: run with `-m bench -s`."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from core.model.purposes import LivePurpose, PurposeStatus
from core.store import live_purposes, purpose_comparisons, purpose_standings
from core.store.purpose_standings import StandingFilter
from tests.desks import ADMIN
from tests.purpose_desks import PurposeBench, purpose_settings

COUNT = 5_000
NAME = "genesys"


def timed(what: str, action: Callable[[], Any]) -> float:
    start = perf_counter()
    action()
    seconds = perf_counter() - start
    print(f"{what}: {seconds * 1000:,.0f} ms")  # noqa: T201 - what it is run for
    return seconds


@pytest.mark.bench
def test_five_thousand_purposes_compare_in_under_2_seconds_and_the_page_stays_quick(tmp_path: Path) -> None:
    bench = PurposeBench(purpose_settings(tmp_path, "http://127.0.0.1:9"))
    desk = bench.desk
    rows = "".join(f"Purpose {n:05d},Kept for {n},{30 + n % 300},contract\n" for n in range(COUNT))
    content = f"name,description,retention_days,legal_basis\n{rows}".encode()
    live = [
        LivePurpose(f"p-{n}", f"Purpose {n:05d}", f"Kept for {n}", "", 30 + n % 290, "contract", True, page=1 + n // 25)
        for n in range(COUNT)
    ]
    print()  # noqa: T201 - as above
    timed("dry run of the file", lambda: desk.import_declarations(ADMIN, NAME, content, "a.csv", dry_run=True))
    timed("import of the file", lambda: desk.import_declarations(ADMIN, NAME, content, "a.csv", dry_run=False))

    def compare() -> None:
        with desk.store.writing() as transaction:
            purpose_comparisons.ask(transaction, NAME, ADMIN)
            run = purpose_comparisons.lease(transaction, NAME, owner="somewhere:1:1", seconds=60)
            assert run
            live_purposes.replace_all(transaction, NAME, live, since=transaction.at)
            compared = purpose_standings.stand_all(transaction, NAME)
            assert sum(c.status is PurposeStatus.DRIFTED for c in compared) > COUNT / 2
            purpose_comparisons.end(transaction, run, calls=0, counts={})

    assert timed("comparison, the first", compare) < 2
    assert timed("comparison, nothing changed", compare) < 2
    assert timed("page: numbers", lambda: desk.purposes_at_a_glance(ADMIN)) < 0.1
    assert timed("page: rows", lambda: desk.find_purposes(ADMIN, NAME, StandingFilter(), page=100, page_size=20)) < 0.1
    search = StandingFilter(text="0123")
    assert timed("page: search", lambda: desk.find_purposes(ADMIN, NAME, search, page_size=20)) < 0.1
    assert timed("page: one purpose", lambda: desk.show_purpose(ADMIN, NAME, "Purpose 00123")) < 0.1
    timed("preview of all that drifted", lambda: desk.preview_enforcement(ADMIN, NAME))
    timed("record of processing, CSV", lambda: desk.processing_record(ADMIN, NAME, "csv"))
    timed("record of processing, HTML", lambda: desk.processing_record(ADMIN, NAME, "html"))
