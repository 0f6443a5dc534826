"""How long it takes to check a list of 100 000 people against a ledger of 100 000 erasures."""

import sys
from pathlib import Path
from time import perf_counter, process_time

import pytest

from core.model.privacy_requests import TaskState
from core.store import ledger
from core.validation.identifier_files import identifiers_in
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, settings_for

PEOPLE = 100_000


@pytest.mark.bench
def test_check_of_100_000_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    with desk.store.writing() as transaction:
        for number in range(PEOPLE):
            ledger.add(
                transaction,
                desk._pseudonym(f"USR-{2 * number:07d}"),
                task=f"PR-{number:06d}-1",
                connection="cxone",
                state=TaskState.COMPLETED,
                categories=("CONTACT",),
                scope="CONTACT",
            )
    content = ("subject;name\n" + "".join(f"USR-{number:07d};Nobody\n" for number in range(PEOPLE))).encode()

    began, worked = perf_counter(), process_time()
    found = sum(1 for _ in desk.check_ledger(ADMIN, identifiers_in(content)))
    took, cpu = perf_counter() - began, process_time() - worked
    with capsys.disabled():
        sys.stdout.write(f"\n{PEOPLE:,} lines, {found:,} of them erased: {took:.1f} s, {cpu:.1f} s of processor time\n")
    assert found == PEOPLE // 2
    assert cpu < 5
