"""Evidence packages: what is in one, that an outsider can check it, and that no change goes unseen."""

import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.desk import Desk, DeskError
from core.model.events import EventKind
from core.model.people import NotAllowedError
from core.store.audit import EventFilter
from core.store.evidence import verify
from core.store.exports import ExportCancelledError
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, REQUESTER, desk_for, draft, settings_for

FILES = {
    "README.txt",
    "checkpoints.jsonl",
    "events.jsonl",
    "line-digests.txt",
    "manifest.json",
    "manifest.signature.json",
    "record-ccpa-7101.csv",
    "record-gdpr.csv",
    "summary.html",
    "verify.py",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three requests filed a day apart, the second cancelled; and a package of the whole log, unpacked."""
    folder, clock = tmp_path_factory.mktemp("made"), ManualClock()
    desk = desk_for(settings_for(folder / "desk", "http://127.0.0.1:9"), clock)
    for number in range(3):
        desk.submit(ADMIN, draft(f"USR-884729{number}", reference=f"T-{number}"), intent=f"form-{number}")
        clock.advance(timedelta(days=1).total_seconds())
    desk.cancel(ADMIN, "PR-000002")
    shutil.copytree(folder / "desk", folder / "before")
    unpacked(desk, EventFilter(), folder / "package")
    return folder


@pytest.fixture
def desk(made: Path, tmp_path: Path) -> Desk:
    """That desk, in a copy for this test, as it was before the package was made."""
    shutil.copytree(made / "before", tmp_path / "desk")
    clock = ManualClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    return desk_for(settings_for(tmp_path / "desk", "http://127.0.0.1:9"), clock)


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    """That package, in a copy for this test."""
    return Path(shutil.copytree(made / "package", tmp_path / "package"))


def unpacked(desk: Desk, where: EventFilter, folder: Path) -> Path:
    export = desk.make_evidence(AUDITOR, where)
    assert export.path is not None
    with zipfile.ZipFile(export.path) as archive:
        archive.extractall(folder)
    return folder


def checked(folder: Path, *options: str, program: Path | None = None) -> tuple[int, str]:
    """As an outsider does it: stock Python, alone with the package."""
    command = [sys.executable, "-I", str(program or folder / "verify.py"), *options]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout + done.stderr


def problems(folder: Path) -> list[tuple[str, int]]:
    """The same check in this process: files and lines."""
    check = verify.Check(verify.Package(folder))
    check.run()
    return [(name, line) for name, line, _ in check.problems]


def test_a_clean_package_passes_alone_with_stock_python(package: Path) -> None:
    code, said = checked(package)
    assert code == 0, said
    assert "THE PACKAGE IS AS IT WAS MADE" in said
    assert "Each of the 5 events" in said
    assert "Cannot be proved by the package alone" in said
    assert {path.name for path in package.iterdir()} == FILES


def test_a_zip_is_checked_as_it_is(desk: Desk, package: Path) -> None:
    export = desk.make_evidence(AUDITOR, EventFilter())
    code, said = checked(package, str(export.path))
    assert code == 0, said


def test_the_fingerprint_is_compared_with_one_that_came_another_way(desk: Desk, package: Path) -> None:
    right = hashlib.sha256(desk.store.keys.public.public_bytes_raw()).hexdigest()
    assert right in (package / "summary.html").read_text()
    assert checked(package, str(package), "--key", right)[0] == 0
    code, said = checked(package, str(package), "--key", "ab" * 32)
    assert (code, "another key" in said) == (1, True)


def test_what_is_no_package_is_told(tmp_path: Path, package: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip")
    for path in (tmp_path / "text.zip", tmp_path / "missing"):
        code, _ = checked(package, str(path))
        assert code in (1, 2)


# What is in it


def rows_of(package: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((package / name).read_text("utf-8-sig"), newline="")))


def test_the_manifest_says_what_when_by_whom_and_of_what(desk: Desk, package: Path) -> None:
    manifest = json.loads((package / "manifest.json").read_text())
    assert (manifest["made_by"], manifest["made_by_id"]) == ("Aud Auditor", "test|aud")
    assert manifest["made_at"] == "2026-11-24T09:00:00.000000Z"
    assert manifest["filter"] == {}
    assert manifest["events"] == {"count": 5, "first_seq": 1, "last_seq": 5, "gaps": 0}
    assert manifest["requests"] == 3
    assert manifest["key_ids"] == {name: desk.store.keys.key_ids[name] for name in ("audit", "signing")}
    for file in manifest["files"]:
        content = (package / file["name"]).read_bytes()
        assert (file["sha256"], file["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_the_7101_record_has_the_fields_of_the_regulation(package: Path) -> None:
    _, second, third = rows_of(package, "record-ccpa-7101.csv")
    assert second == {
        "request": "PR-000002",
        "date_of_request": "2026-11-22",
        "nature_of_request": "delete: CONTACT, EMAIL",
        "manner_of_request": "entered at the desk by Ada Admin",
        "date_of_response": "2026-11-24",
        "nature_of_response": "cancelled",
        "basis_of_denial": "",
        "law": "gdpr",
        "reference": "T-1",
    }
    assert (third["date_of_response"], third["nature_of_response"]) == ("", "open (queued)")


def test_a_denial_stands_with_its_basis(desk: Desk, tmp_path: Path) -> None:
    with desk.store.writing() as transaction:
        transaction.db.execute(
            "INSERT INTO denials (request, at, actor, actor_name, code, class_7102) "
            "VALUES (2, '2026-11-24T09:00:00.000000Z', 'test|ada', 'Ada Admin', 'art_12_6', 'unverifiable')"
        )
    package = unpacked(desk, EventFilter(request="PR-000002"), tmp_path / "package")
    (row,) = rows_of(package, "record-ccpa-7101.csv")
    assert row["nature_of_response"] == "denied"
    assert row["basis_of_denial"].startswith("Art. 12(6)")
    (row,) = rows_of(package, "record-gdpr.csv")
    assert row["ground_of_refusal"].startswith("Art. 12(6)")


def test_the_gdpr_record_names_the_person_by_pseudonym_alone(desk: Desk, package: Path) -> None:
    first, *_ = rows_of(package, "record-gdpr.csv")
    assert (first["right"], first["due"], first["recipients_told"]) == ("erasure (Art. 17)", "2026-12-21", "")
    assert first["data_subject"].startswith("subj_")
    assert not [path.name for path in package.iterdir() if b"USR-88472" in path.read_bytes()]


def test_the_recipients_told_are_those_that_have_taken_the_request(desk: Desk, tmp_path: Path) -> None:
    with desk.store.writing() as transaction:
        transaction.db.execute("UPDATE tasks SET submitted_at = created_at WHERE id = 'PR-000001-1'")
    first, second, _ = rows_of(unpacked(desk, EventFilter(), tmp_path / "package"), "record-gdpr.csv")
    assert (first["recipients_told"], second["recipients_told"]) == ("cxone", "")


def test_one_request_alone_says_that_its_gaps_rest_on_the_signature(desk: Desk, tmp_path: Path) -> None:
    package = unpacked(desk, EventFilter(request="PR-000002"), tmp_path / "package")
    manifest = json.loads((package / "manifest.json").read_text())
    assert manifest["events"] == {"count": 3, "first_seq": 2, "last_seq": 5, "gaps": 1}
    code, said = checked(package)
    assert code == 0, said
    assert "no event is missing between two" in said
    assert [row["request"] for row in rows_of(package, "record-gdpr.csv")] == ["PR-000002"]


def test_a_package_of_nothing_is_sound_and_says_so(desk: Desk, tmp_path: Path) -> None:
    package = unpacked(desk, EventFilter(request="PR-999999"), tmp_path / "package")
    assert checked(package)[0] == 0
    assert "No event matches." in (package / "summary.html").read_text()


def test_text_in_the_summary_is_never_markup(desk: Desk, tmp_path: Path) -> None:
    package = unpacked(desk, EventFilter(actor="<script>alert(1)</script>"), tmp_path / "package")
    assert "<script>" not in (package / "summary.html").read_text()


# Every change is found


PLACES = 7


def places(size: int) -> list[int]:
    return sorted({0, size - 1, *(size * part // PLACES for part in range(1, PLACES))})


def test_a_change_of_any_byte_is_found_in_its_file_and_line(package: Path) -> None:
    assert problems(package) == []
    for path in sorted(package.iterdir()):
        content = path.read_bytes()
        for place in places(len(content)):
            changed = bytearray(content)
            changed[place] ^= 0x01
            path.write_bytes(changed)
            found = problems(package)
            line = content.count(b"\n", 0, place) + 1
            assert any(name == path.name for name, _ in found), (path.name, place)
            if path.name != verify.SIGNATURE and content[place] != 0x0A and changed[place] != 0x0A:
                assert (path.name, line) in found, (path.name, place, found)
            assert all(number for name, number in found if name == path.name), (path.name, place, found)
        path.write_bytes(content)
    assert problems(package) == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_changed_file_fails_the_check_as_an_outsider_runs_it(package: Path, name: str, tmp_path: Path) -> None:
    path = package / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x04
    path.write_bytes(content)
    shutil.copy(verify.__file__, tmp_path / "own.py")
    code, said = checked(package, str(package), program=tmp_path / "own.py")
    assert code == 1
    assert name in said
    assert "line" in said


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_is_missing_is_named(package: Path, name: str) -> None:
    (package / name).unlink()
    assert (name, 0) in problems(package)


@pytest.mark.parametrize("name", ["more.txt", "folder/events.jsonl", ".hidden"])
def test_a_file_that_was_added_is_named(package: Path, name: str) -> None:
    (package / name).parent.mkdir(exist_ok=True)
    (package / name).write_text("more")
    assert problems(package) == [(name, 0)]


def swapped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:1], lines[2], lines[1], *lines[3:]]


LINES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], int]] = {
    "swapped": (swapped, 2),
    "repeated": (lambda lines: [*lines[:2], lines[1], *lines[2:]], 3),
    "removed": (lambda lines: [*lines[:1], *lines[2:]], 2),
    "cut off": (lambda lines: lines[:-1], 0),
    "one more": (lambda lines: [*lines, lines[0]], 0),
}


@pytest.mark.parametrize("what", LINES)
@pytest.mark.parametrize(
    "name", ["events.jsonl", "record-gdpr.csv", "summary.html", "line-digests.txt", "manifest.json"]
)
def test_lines_that_were_moved_added_or_removed_are_found(package: Path, name: str, what: str) -> None:
    change, line = LINES[what]
    path = package / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(change(lines)))
    found = [number for file, number in problems(package) if file == name]
    expected = line or (len(lines) if what == "cut off" else len(lines) + 1)
    assert expected in found


def test_an_event_changed_with_its_hash_and_all_digests_made_anew_needs_the_desks_key(package: Path) -> None:
    """Whoever changes the package can run the same code as the desk, but has not its key."""
    events = package / "events.jsonl"
    lines = events.read_bytes().splitlines(keepends=True)
    row = json.loads(lines[-1]) | {"outcome": "completed"}
    row["hash"] = hashlib.sha256(verify.canonical({name: row[name] for name in verify.HASHED})).hexdigest()
    events.write_bytes(b"".join(lines[:-1]) + verify.canonical(row) + b"\n")
    manifest_path, signature_path = package / verify.MANIFEST, package / verify.SIGNATURE
    manifest = json.loads(manifest_path.read_text())
    for file in manifest["files"]:
        if file["name"] == "events.jsonl":
            file["sha256"] = hashlib.sha256(events.read_bytes()).hexdigest()
    manifest_path.write_bytes(verify.pretty(manifest))
    signature = json.loads(signature_path.read_text())
    signature["manifest_sha256"] = hashlib.sha256(manifest_path.read_bytes()).hexdigest()
    signature["line_digests"] = [verify.digest_of_line(line) for line in io.BytesIO(manifest_path.read_bytes())]
    signature_path.write_bytes(verify.pretty(signature))
    ((name, line),) = problems(package)
    assert (name, line > 0) == (verify.SIGNATURE, True)


def test_a_checkpoint_of_another_key_is_none(package: Path) -> None:
    path = package / "checkpoints.jsonl"
    first, *rest = path.read_bytes().splitlines(keepends=True)
    point = json.loads(first) | {"head": "ab" * 32}
    path.write_bytes(b"".join([json.dumps(point, separators=(",", ":"), sort_keys=True).encode() + b"\n", *rest]))
    check = verify.Check(verify.Package(package))
    check.run()
    assert ("checkpoints.jsonl", 1, "is no checkpoint that the desk signed") in check.problems


# Making it


def test_making_it_is_an_event_with_rows_and_hash(desk: Desk) -> None:
    export = desk.make_evidence(AUDITOR, EventFilter(request="PR-000002"))
    (event,) = desk.audit(ADMIN, EventFilter(kind=EventKind.EXPORT_MADE)).rows
    assert (event.actor, event.request) == (AUDITOR.id, "PR-000002")
    assert (event.detail["what"], event.detail["rows"]) == ("evidence", 3)
    assert (event.detail["sha256"], event.detail["filter"]) == (export.sha256, {"request": "PR-000002"})
    assert export.name == "evidence-PR-000002.zip"


def test_no_evidence_is_made_of_an_event_that_is_not_as_it_was_written(desk: Desk) -> None:
    with desk.store.writing() as transaction:
        transaction.db.execute("DROP TRIGGER audit_events_no_update")
        transaction.db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 2")
    with pytest.raises(DeskError, match="Event 2 is not as it was written"):
        desk.make_evidence(AUDITOR, EventFilter())
    assert list(desk.exports_folder.iterdir()) == []
    assert desk.make_evidence(AUDITOR, EventFilter(request="PR-000001")).rows == 1


def test_cancelled_it_leaves_nothing(desk: Desk) -> None:
    with pytest.raises(ExportCancelledError):
        desk.make_evidence(AUDITOR, EventFilter(), lambda done, total: False)
    assert list(desk.exports_folder.iterdir()) == []


def test_whoever_may_not_export_makes_none(desk: Desk) -> None:
    with pytest.raises(NotAllowedError):
        desk.make_evidence(REQUESTER, EventFilter())
