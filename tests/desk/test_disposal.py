"""Records whose time is over: what goes, what stays, and that the log that is left still proves itself."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from core.desk import Desk, DeskError
from core.model.events import EventKind
from core.model.people import NotAllowedError
from core.model.privacy_requests import RequestState
from core.settings import KeepSettings
from core.store import checkpoints, disposal
from core.store.audit import BadRow, EventFilter, verify
from core.store.audit.chain import DELETED
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, desk_for, draft, settings_for
from tests.store.audit_logs import INSERT, forged_row, recompute, tampering

DAY = timedelta(days=1).total_seconds()
KEEP = KeepSettings(requests_months=24, events_months=24, exports_months=1, reason="24 months, as 11 CCR 7101 asks.")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ManualClock]:
    """Ten requests, one a day, each cancelled the same day but the last, which is open. Every event is signed."""
    folder, clock = tmp_path_factory.mktemp("made"), ManualClock()
    desk = desk_in(folder, clock)
    for number in range(1, 11):
        desk.submit(ADMIN, draft(f"USR-884729{number:02}", reference=f"T-{number}"), intent=f"form-{number}")
        if number < 10:
            desk.cancel(ADMIN, f"PR-{number:06d}")
        desk.store.checkpoint()
        clock.advance(DAY)
    return folder, clock


def desk_in(folder: Path, clock: ManualClock) -> Desk:
    settings = settings_for(folder, "http://127.0.0.1:9").model_copy(update={"keep": KEEP})
    return desk_for(settings, clock)


@pytest.fixture
def clock(made: tuple[Path, ManualClock]) -> ManualClock:
    return ManualClock(made[1].now())


@pytest.fixture
def desk(made: tuple[Path, ManualClock], clock: ManualClock, tmp_path: Path) -> Desk:
    """That desk, in a copy for this test."""
    shutil.copytree(made[0], tmp_path / "copy")
    return desk_in(tmp_path / "copy", clock)


@pytest.fixture
def aged(desk: Desk, clock: ManualClock) -> Desk:
    """Two years and five days after the first: PR-000001 to PR-000005 were closed more than 24 months ago."""
    clock.advance((366 + 365 - 10 + 5) * DAY)
    return desk


def requests(desk: Desk) -> list[str]:
    return [row.id for row in reversed(desk.find(ADMIN, RequestFilter()).rows)]


def seqs(desk: Desk) -> list[int]:
    return [row.seq for row in reversed(desk.audit(ADMIN, EventFilter(), limit=500).rows)]


def count(desk: Desk, table: str) -> int:
    with desk.store.reading() as db:
        (row,) = db.query(f"SELECT count(*) AS n FROM {table}")
    return int(row["n"])


def told(desk: Desk) -> list[dict[str, object]]:
    rows = desk.audit(ADMIN, EventFilter(kind=EventKind.RECORDS_DISPOSED), limit=500).rows
    return [dict(row.detail) for row in reversed(rows)]


# What is due


def test_nothing_is_due_before_its_time(desk: Desk) -> None:
    found = desk.due(ADMIN)
    assert (found.requests, found.events, found.events_upto, found.nothing) == (0, 0, None, True)
    before = seqs(desk)
    assert desk.dispose(ADMIN) == disposal.Disposed()
    assert (len(requests(desk)), seqs(desk)) == (10, before)


def test_what_is_due_is_shown_before_it_goes(aged: Desk) -> None:
    found = aged.due(ADMIN)
    assert (found.requests, found.events, found.events_upto) == (5, 15, 15)
    assert found.reason == KEEP.reason
    assert len(requests(aged)) == 10


def test_what_was_shown_is_what_goes(aged: Desk) -> None:
    assert aged.dispose(ADMIN) == disposal.Disposed(requests=5, events=15, upto=15)
    assert requests(aged) == [f"PR-{number:06d}" for number in range(6, 11)]
    assert seqs(aged)[0] == 16
    assert aged.due(ADMIN).nothing


def test_a_request_goes_with_everything_about_it(aged: Desk) -> None:
    with aged.store.writing() as transaction:
        db = transaction.db
        for number in (1, 9):
            task = f"PR-{number:06d}-1"
            db.execute(
                "INSERT INTO exchanges (task, connection, at, attempt, purpose, method, url, request_headers, "
                "response_headers, elapsed_ms, why) VALUES (?, 'cxone', '', 1, 'track', 'GET', '', '{}', '{}', 1, '')",
                [task],
            )
            db.execute("INSERT INTO webhook_events VALUES ('cxone', ?, '', '', 'v', '', NULL, ?)", [task, task])
            db.execute(
                "INSERT INTO vault_deliveries (id, task, record, state, created_at) VALUES (?, ?, '{}', 'dead', '')",
                [f"vd-{number}", task],
            )
            db.execute("INSERT INTO vault_records VALUES (?, '', '', '', '', '', '')", [f"vd-{number}"])
            db.execute("INSERT INTO attestations VALUES (?, '', '', '', 'completed', x'00')", [task])
            db.execute("INSERT INTO denials VALUES (?, '', '', '', 'other', 'other', NULL)", [number])
            db.execute(
                "INSERT INTO approvals (kind, about, payload_sha256, asked_by, asked_by_name, asked_at) "
                "VALUES ('erasure', ?, '', '', '', '')",
                [f"PR-{number:06d}"],
            )
    tables = (
        "exchanges", "webhook_events", "vault_deliveries", "vault_records", "attestations", "denials", "approvals",
    )  # fmt: skip
    assert [count(aged, table) for table in tables] == [2] * 7
    aged.dispose(ADMIN)
    assert [count(aged, table) for table in tables] == [1] * 7
    assert [count(aged, table) for table in ("requests", "tasks", "identifiers")] == [5, 5, 5]
    with aged.store.reading() as db:
        assert list(db.query("PRAGMA foreign_key_check")) == []


def test_a_batch_goes_with_the_last_of_its_requests(aged: Desk) -> None:
    with aged.store.writing() as transaction:
        for _ in range(2):
            transaction.db.execute(
                "INSERT INTO batches (state, work, created_by, created_by_name, created_at, file_sha256, file_bytes, "
                "about, accepted_at) VALUES ('accepted', '', '', '', '', '', 0, x'00', '2026-11-21T09:00:00.000000Z')"
            )
        transaction.db.execute("INSERT INTO batch_parts VALUES (1, 'rejected', 0, 1, x'00')")
        transaction.db.execute("UPDATE requests SET batch = 1 WHERE number IN (1, 2)")
        transaction.db.execute("UPDATE requests SET batch = 2 WHERE number IN (3, 10)")
    aged.dispose(ADMIN)
    with aged.store.reading() as db:
        assert [row["number"] for row in db.query("SELECT number FROM batches")] == [2]
    assert count(aged, "batch_parts") == 0


def test_the_ledger_of_erasures_stays(aged: Desk) -> None:
    with aged.store.writing() as transaction:
        transaction.db.execute(
            "INSERT INTO erasure_ledger VALUES ('h', 'PR-000001-1', 'cxone', '', 'completed', '[]', 'CONTACT')"
        )
    aged.dispose(ADMIN)
    assert count(aged, "erasure_ledger") == 1


def test_an_open_request_stays_however_old_and_keeps_its_events(aged: Desk, clock: ManualClock) -> None:
    clock.advance(400 * DAY)
    aged.verify_audit(ADMIN)
    found = aged.due(ADMIN)
    assert (found.requests, found.held_back_by) == (9, "PR-000010")
    aged.dispose(ADMIN)
    assert requests(aged) == ["PR-000010"]
    assert aged.audit(ADMIN, EventFilter(request="PR-000010")).rows
    assert seqs(aged)[0] == 28


def test_a_request_that_is_kept_holds_back_every_later_event(aged: Desk) -> None:
    with aged.store.writing() as transaction:  # closed again later than the others
        transaction.db.execute("UPDATE requests SET closed_at = '2028-01-01T00:00:00.000000Z' WHERE number = 2")
    found = aged.due(ADMIN)
    assert (found.requests, found.events_upto, found.held_back_by) == (4, 3, "PR-000002")
    aged.dispose(ADMIN)
    assert seqs(aged)[0] == 4


@pytest.mark.parametrize("everybody", [True, False])
def test_what_a_legal_hold_covers_stays(aged: Desk, everybody: bool) -> None:
    with aged.store.writing() as transaction:
        person = None if everybody else "(SELECT pseudonym FROM requests WHERE number = 1)"
        transaction.db.execute(
            "INSERT INTO holds (pseudonym, categories, ground, secret, owner, review_on, placed_by, placed_by_name, "
            f"placed_at) VALUES ({person or 'NULL'}, '[]', 'other', x'00', '', '', '', '', '')"
        )
    assert aged.due(ADMIN).requests == (0 if everybody else 4)
    aged.dispose(ADMIN)
    assert "PR-000001" in requests(aged)


def test_the_counts_of_past_years_stay(aged: Desk) -> None:
    def counted() -> list[list[dict[str, object]]]:
        with aged.store.reading() as db:
            return [list(db.query(f"SELECT * FROM {t}")) for t in ("task_counts", "request_counts", "answer_counts")]

    before = counted()
    assert all(before)
    aged.dispose(ADMIN)
    assert counted() == before
    aged.cancel(ADMIN, "PR-000010")
    assert counted() != before


def test_exports_go_when_their_time_is_over_and_stay_on_record(desk: Desk, clock: ManualClock) -> None:
    export = desk.export_events(ADMIN, EventFilter(), "csv")
    assert export.path is not None
    clock.advance(40 * DAY)
    assert desk.due(ADMIN).exports == 1
    assert desk.dispose(ADMIN).exports == 1
    assert not export.path.exists()
    assert desk.exports(ADMIN)[0].path is None
    (event,) = desk.audit(ADMIN, EventFilter(kind=EventKind.EXPORT_DELETED)).rows
    assert event.detail == {"export": export.id, "sha256": export.sha256}


def test_large_amounts_go_in_bounded_steps(aged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposal, "REQUESTS_AT_ONCE", 2)
    monkeypatch.setattr(disposal, "EVENTS_AT_ONCE", 7)
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> bool:
        seen.append((done, total))
        return True

    aged.dispose(ADMIN, progress)
    assert seen == [(2, 20), (4, 20), (5, 20), (12, 20), (18, 20), (20, 20)]
    assert [detail["count"] for detail in told(aged)] == [2, 2, 1, 7, 6, 2]
    assert aged.verify_audit(ADMIN).ok


def test_it_can_be_stopped_and_goes_on_later(aged: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disposal, "REQUESTS_AT_ONCE", 2)
    assert aged.dispose(ADMIN, lambda done, total: False).requests == 2
    assert aged.due(ADMIN).requests == 3


def test_whoever_may_not_dispose_of_records_does_not(aged: Desk) -> None:
    for attempt in (aged.due, aged.dispose):
        with pytest.raises(NotAllowedError):
            attempt(AUDITOR)
    assert len(requests(aged)) == 10


# What the log says of it


def test_each_step_is_an_event_that_says_what_went_up_to_where_and_why(aged: Desk) -> None:
    with aged.store.reading() as db:
        (row,) = db.query("SELECT hash FROM audit_events WHERE seq = 15")
    aged.dispose(ADMIN)
    of_requests, of_events = told(aged)
    assert of_requests == {
        "what": "requests",
        "count": 5,
        "until": "2026-11-26T09:00:00.000000Z",
        "first": "PR-000001",
        "last": "PR-000005",
        "reason": KEEP.reason,
    }
    assert of_events == {
        "what": "events",
        "count": 15,
        "until": "2026-11-26T09:00:00.000000Z",
        "upto": 15,
        "head": row["hash"],
        "reason": KEEP.reason,
    }


def test_the_log_that_is_left_verifies_and_says_what_it_cannot_prove(aged: Desk) -> None:
    aged.dispose(ADMIN)
    verdict = aged.verify_audit(ADMIN)
    assert verdict.bad == []
    assert verdict.disposed == 15
    assert verdict.events == len(seqs(aged)) - 1
    told_at = aged.audit(ADMIN, EventFilter(kind=EventKind.RECORDS_DISPOSED)).rows[0].seq
    assert verdict.cannot_prove[0] == (
        f"Rows 1 to 15 were disposed of when their time was over, as row {told_at} says; what they held cannot be "
        "checked any more."
    )
    assert verify(aged.store.path).ok  # the chain alone, without the keys


def test_it_goes_on_for_years(aged: Desk, clock: ManualClock) -> None:
    aged.dispose(ADMIN)
    clock.advance(3 * DAY)
    assert aged.dispose(ADMIN).requests == 3
    verdict = aged.verify_audit(ADMIN)
    assert (verdict.bad, verdict.disposed) == ([], 24)


def test_the_words_of_what_went_are_found_no_more(aged: Desk) -> None:
    assert aged.audit(ADMIN, EventFilter(text="PR-000001")).total == 3
    pseudonym = aged.audit_pseudonym(ADMIN, "USR-88472901")
    aged.dispose(ADMIN)
    assert [row.kind for row in aged.audit(ADMIN, EventFilter(text="PR-000001")).rows] == ["records.disposed"]
    assert pseudonym.removeprefix("subj_").encode() not in aged.settings.database.read_bytes()


def test_the_triggers_are_as_they_were(aged: Desk) -> None:
    def triggers() -> list[dict[str, object]]:
        with aged.store.reading() as db:
            return list(db.query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name"))

    before = triggers()
    aged.dispose(ADMIN)
    assert triggers() == before
    with closing(sqlite3.connect(aged.store.path)) as db, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute("DELETE FROM audit_events WHERE seq = 16")


def test_without_a_signed_checkpoint_no_row_goes(aged: Desk) -> None:
    aged.store.checkpoints_path(aged.store.path).unlink()
    assert aged.due(ADMIN).events == 0
    assert aged.dispose(ADMIN).events == 0
    assert seqs(aged)[0] == 1


def test_rows_that_are_not_as_they_were_written_stay_as_evidence(aged: Desk) -> None:
    with tampering(aged.store.path) as db:
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2")
    with pytest.raises(DeskError, match="Row 2 of the audit log is not as it was written"):
        aged.dispose(ADMIN)
    assert seqs(aged)[0] == 1
    assert aged.verify_audit(ADMIN).bad[0].seq == 2


# What somebody who can write the file could try


@pytest.fixture
def left(aged: Desk) -> Desk:
    aged.dispose(ADMIN)
    return aged


def bad(desk: Desk) -> list[BadRow]:
    return verify(desk.store.path, keys=desk.store.keys).bad


def test_a_prefix_cut_off_without_a_disposal_is_deletion(aged: Desk) -> None:
    with tampering(aged.store.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq <= 15")
    assert bad(aged) == [BadRow(seq, DELETED) for seq in range(1, 16)]


def test_a_prefix_cut_further_than_the_disposal_is_deletion(left: Desk) -> None:
    with tampering(left.store.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq <= 18")
    assert bad(left) == [BadRow(seq, DELETED) for seq in (16, 17, 18)]


def test_a_first_row_that_does_not_follow_the_last_one_disposed_of_is_bad(left: Desk) -> None:
    with tampering(left.store.path) as db:
        db.execute("UPDATE audit_events SET prev = ? WHERE seq = 16", ["ab" * 32])
        recompute(db, 17)
    assert bad(left)[0].seq == 16


def test_a_forged_disposal_explains_nothing(aged: Desk) -> None:
    """Its MAC needs the key."""
    with tampering(aged.store.path) as db:
        (head,) = db.execute("SELECT hash FROM audit_events WHERE seq = 15").fetchone()
        last, prev = db.execute("SELECT seq, hash FROM audit_events ORDER BY seq DESC LIMIT 1").fetchone()
        row = list(forged_row(last + 1, prev))
        row[2], row[8] = "records.disposed", json.dumps({"what": "events", "upto": 15, "head": head})
        db.execute(INSERT, row)
        recompute(db, last + 1)
        db.execute("DELETE FROM audit_events WHERE seq <= 15")
    found = [row.seq for row in bad(aged)]
    assert found == [*range(1, 16), last + 1]


def test_a_disposal_taken_out_of_the_log_is_missed(left: Desk) -> None:
    with tampering(left.store.path) as db:
        db.execute("DELETE FROM audit_events WHERE kind = 'records.disposed' AND detail LIKE '%upto%'")
    found = [row.seq for row in bad(left)]
    assert set(range(1, 16)) <= set(found)


def test_rows_put_back_in_front_are_told(aged: Desk) -> None:
    with closing(sqlite3.connect(aged.store.path)) as db:
        gone = db.execute("SELECT * FROM audit_events WHERE seq <= 15").fetchall()
    aged.dispose(ADMIN)
    with tampering(aged.store.path) as db:
        db.executemany(INSERT, gone)
    ((seq, why),) = [(row.seq, row.why) for row in bad(aged)]
    assert (seq, "put back" in why) == (1, True)


def test_a_signed_checkpoint_that_saw_another_last_row_contradicts_the_disposal(left: Desk) -> None:
    path = left.store.checkpoints_path(left.store.path)
    checkpoints.write(path, left.store.keys, 15, "ab" * 32, left.clock.now())
    assert [row.seq for row in bad(left)] == [15, 16]


def test_without_the_checkpoint_of_the_last_row_the_verdict_says_so(left: Desk) -> None:
    path = left.store.checkpoints_path(left.store.path)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if '"size":15,' not in line))
    verdict = verify(left.store.path, keys=left.store.keys)
    assert verdict.ok
    assert any("signed checkpoint of row 15 is missing" in sentence for sentence in verdict.cannot_prove)


@pytest.mark.parametrize("seq", [16, 20, 29])
def test_every_edit_of_what_is_left_is_found(left: Desk, seq: int) -> None:
    with tampering(left.store.path) as db:
        db.execute("UPDATE audit_events SET outcome = 'completed' WHERE seq = ?", [seq])
    assert [row.seq for row in bad(left)] == [seq]


def test_states_of_the_requests_that_stay_are_untouched(left: Desk) -> None:
    states = {row.id: row.state for row in left.find(ADMIN, RequestFilter()).rows}
    assert states["PR-000006"] is RequestState.CANCELLED
    assert states["PR-000010"] is RequestState.QUEUED
