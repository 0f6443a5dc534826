"""Files that leave the desk: what is in them, for whom, and what stays on record."""

import csv
import hashlib
import io
import json
import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import rfc8785

from core.desk import Desk, DeskError
from core.model.events import EventKind
from core.model.people import NotAllowedError
from core.model.privacy_requests import RequestState
from core.settings import KeepSettings
from core.store import exports
from core.store.audit import EventFilter
from core.store.audit.browsing import line_of
from core.store.exports import Export, ExportCancelledError
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), clock)
    for number, reference in enumerate(("T-1", "=HYPERLINK(1)", "-5")):
        desk.submit(ADMIN, draft(f"USR-884729{number}", reference=reference), intent=f"form-{number}")
    return desk


def content(export: Export) -> bytes:
    assert export.path is not None
    return export.path.read_bytes()


def table(export: Export) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(export).decode("utf-8-sig"), newline="")))


def made_events(desk: Desk) -> Iterator[dict[str, object]]:
    for event in desk.audit(ADMIN, EventFilter(kind=EventKind.EXPORT_MADE)).rows:
        yield dict(event.detail)


# Events


def test_events_as_json_lines_are_the_rows_as_they_stand(desk: Desk) -> None:
    export = desk.export_events(AUDITOR, EventFilter(), "jsonl")
    lines = content(export).splitlines(keepends=True)
    assert export.rows == len(lines) == 3
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    with desk.store.reading() as db:
        rows = list(db.query("SELECT * FROM audit_events ORDER BY seq LIMIT 3"))
    assert [json.loads(line) for line in lines] == rows
    assert b"".join(rfc8785.dumps(row) + b"\n" for row in rows) == content(export)


def test_a_line_is_canonical_whatever_the_text() -> None:
    text = 'a"b\\c\u0000\u001f\u007f é \u2028 😀'
    row = (7, text, "kind", text, None, None, None, None, "{}", "0", "1", "2")
    assert line_of(row) == rfc8785.dumps(json.loads(line_of(row))) + b"\n"


def test_events_as_csv_have_a_head_and_a_row_each(desk: Desk) -> None:
    rows = table(desk.export_events(ADMIN, EventFilter(request="PR-000002"), "csv"))
    assert [(row["seq"], row["kind"], row["request"]) for row in rows] == [("2", "request.filed", "PR-000002")]


def test_what_comes_while_it_is_made_is_not_in_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.desk.exports.EVENTS_AT_ONCE", 1)

    def told(done: int, total: int) -> bool:
        desk.submit(ADMIN, draft(f"USR-100000{done}"), intent=f"later-{done}")
        assert total == 3
        return True

    assert desk.export_events(ADMIN, EventFilter(), "jsonl", told).rows == 3


# Requests


def test_requests_are_listed_with_what_the_records_need(desk: Desk) -> None:
    first, second, third = table(desk.export_requests(ADMIN, RequestFilter()))
    assert first["id"] == "PR-000001"
    assert (first["type"], first["categories"], first["connections"]) == ("ERASURE", "CONTACT;EMAIL", "cxone")
    assert (first["subject"], first["reference"]) == ("USR-8847290", "T-1")
    assert (second["reference"], third["reference"]) == ("'=HYPERLINK(1)", "'-5")


def test_whoever_may_not_see_identifiers_gets_them_masked(desk: Desk) -> None:
    export = desk.export_requests(AUDITOR, RequestFilter())
    assert export.masked
    assert [row["subject"] for row in table(export)] == ["US…0", "US…1", "US…2"]
    assert b"USR-88" not in content(export)


def test_a_file_with_identifiers_is_not_given_to_whoever_may_not_see_them(desk: Desk) -> None:
    export = desk.export_requests(ADMIN, RequestFilter())
    assert not export.masked
    with pytest.raises(NotAllowedError):
        desk.export_file(AUDITOR, export.id)
    assert desk.export_file(ADMIN, export.id).path == export.path


def test_a_filter_holds_for_the_file_too(desk: Desk) -> None:
    desk.cancel(ADMIN, "PR-000002")
    assert [
        row["id"] for row in table(desk.export_requests(ADMIN, RequestFilter(states=(RequestState.CANCELLED,))))
    ] == ["PR-000002"]
    assert [row["id"] for row in table(desk.export_requests(ADMIN, RequestFilter(text="USR-8847292")))] == ["PR-000003"]


# What stays on record


def test_an_export_is_an_event_with_its_filter_rows_and_hash(desk: Desk) -> None:
    export = desk.export_events(AUDITOR, EventFilter(kind="request.filed", text="cxone typed"), "csv")
    assert export.sha256 == hashlib.sha256(content(export)).hexdigest()
    assert export.bytes == len(content(export))
    (detail,) = made_events(desk)
    typed = hashlib.sha256(b"cxone typed").hexdigest()
    assert detail == {
        "export": export.id,
        "what": "events",
        "filter": {"kind": "request.filed", "text_sha256": typed},
        "rows": 0,
        "bytes": export.bytes,
        "sha256": export.sha256,
        "masked": True,
    }


def test_what_was_typed_to_find_a_person_is_in_no_row(desk: Desk) -> None:
    desk.export_requests(ADMIN, RequestFilter(text="USR-8847292"))
    desk.export_events(ADMIN, EventFilter(text="USR-8847292"), "csv")
    assert b"USR-8847292" not in desk.settings.database.read_bytes()


def test_a_filter_that_looks_like_a_secret_does_not_stop_the_export(desk: Desk) -> None:
    desk.export_events(ADMIN, EventFilter(actor="4111 1111 1111 1111"), "csv")
    (detail,) = made_events(desk)
    assert "4111" not in json.dumps(detail)


@pytest.mark.parametrize("text", ["x" * 20_000, "\ud800", "a\0b", "' OR 1=1 --", "=1+1"])
def test_no_filter_stops_an_export_from_being_recorded(desk: Desk, text: str) -> None:
    filters = EventFilter(actor=text), EventFilter(request=text), EventFilter(text=text), EventFilter(outcome=text)
    for where in filters:
        desk.export_events(ADMIN, where, "csv")
        desk.make_evidence(ADMIN, where)
    assert len(list(made_events(desk))) == 8


def test_any_other_file_can_be_kept_as_an_export(desk: Desk) -> None:
    export = desk.keep_export(
        AUDITOR, what="metrics", name="metrics.csv", rows=2, content=[b"a,b\r\n", b"1,2\r\n"], filter={"days": 30}
    )
    assert (content(export), export.name, export.rows, export.what) == (b"a,b\r\n1,2\r\n", "metrics.csv", 2, "metrics")
    assert desk.exports(ADMIN) == (export,)
    (detail,) = made_events(desk)
    assert (detail["filter"], detail["sha256"]) == ({"days": 30}, export.sha256)


def test_files_lie_beside_the_database_under_random_names_for_their_owner_alone(desk: Desk) -> None:
    export = desk.export_events(ADMIN, EventFilter(), "csv")
    assert export.path is not None
    assert export.path.parent == desk.settings.database.parent / "exports"
    assert re.fullmatch(r"desk\.db\.[0-9a-f]{32}", export.path.name)
    assert stat.S_IMODE(export.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(export.path.parent.stat().st_mode) == 0o700


def test_it_expires_when_the_settings_say(desk: Desk, clock: ManualClock) -> None:
    assert desk.settings.keep == KeepSettings(exports_months=3)
    export = desk.export_events(ADMIN, EventFilter(), "csv")
    assert (export.made_at, export.expires_at.isoformat()[:10]) == (clock.now(), "2027-02-21")


# What goes wrong


@pytest.mark.parametrize("kind", ["csv", "jsonl", "requests"])
def test_a_cancelled_export_leaves_nothing(desk: Desk, kind: str) -> None:
    with pytest.raises(ExportCancelledError):
        if kind == "requests":
            desk.export_requests(ADMIN, RequestFilter(), lambda done, total: False)
        else:
            desk.export_events(ADMIN, EventFilter(), "csv" if kind == "csv" else "jsonl", lambda done, total: False)
    assert list(desk.exports_folder.iterdir()) == []
    assert desk.exports(ADMIN) == ()
    assert list(made_events(desk)) == []


def test_whoever_may_not_export_does_not(desk: Desk) -> None:
    for attempt in (
        lambda: desk.export_events(REQUESTER, EventFilter(), "csv"),
        lambda: desk.export_requests(REQUESTER, RequestFilter()),
        lambda: desk.keep_export(REQUESTER, what="metrics", name="a", rows=0, content=b""),
        lambda: desk.exports(REQUESTER),
        lambda: desk.export_file(REQUESTER, "EX-000001"),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert not desk.exports_folder.exists()


def test_an_export_that_is_not_there_is_told(desk: Desk) -> None:
    with pytest.raises(DeskError, match="no export EX-000009"):
        desk.export_file(ADMIN, "EX-000009")
    export = desk.export_events(ADMIN, EventFilter(), "csv")
    assert export.path is not None
    export.path.unlink()
    with pytest.raises(DeskError, match="Make it again"):
        desk.export_file(ADMIN, export.id)


def test_what_a_crash_left_is_swept_after_a_day(desk: Desk, clock: ManualClock) -> None:
    export = desk.export_events(ADMIN, EventFilter(), "csv")
    assert export.path is not None
    for name in ("desk.db.torn.part", "another.db.whole"):
        (desk.exports_folder / name).write_bytes(b"half")
    with desk.store.reading() as db:
        assert exports.sweep(db, desk.settings.database, clock.now() - timedelta(days=36500)) == 0
        assert exports.sweep(db, desk.settings.database, clock.now() + timedelta(days=36500)) == 1
    assert {path.name for path in desk.exports_folder.iterdir()} == {export.path.name, "another.db.whole"}
