"""`privacy-desk batch`: a file checked, accepted, seen through, and what can be done about it afterwards."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk
from core.model.privacy_requests import RequestState
from core.store.requests import RequestFilter
from tests.cli.shell import document, run
from tests.desk.batches.files import csv_of, people
from tests.desks import ADMIN


def file_with(folder: Path, content: bytes | str, name: str = "people.csv") -> str:
    path = folder.parent / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def filed(desk: Desk) -> int:
    return desk.find(ADMIN, RequestFilter()).total


def test_a_file_in_order_is_filed(vendor: Path, desk: Desk) -> None:
    found = document("batch", file_with(vendor, csv_of(people(3))))
    assert (found["batch"], found["accepted"], found["rejected"], found["duplicates"]) == ("B-000001", 3, 0, 0)
    assert (found["findings"], found["states"]) == ([], {"queued": 3})
    assert filed(desk) == 3


def test_a_file_with_a_bad_line_is_not_filed_unless_only_the_good_ones_are_asked_for(vendor: Path, desk: Desk) -> None:
    path = file_with(vendor, csv_of(["USR-1", "USR 2", "USR-1"]))
    found = document("batch", path, exit_code=2)
    assert (found["batch"], found["accepted"], found["rejected"], found["duplicates"]) == (None, 0, 1, 1)
    assert [(f["line"], f["field"], f["rule"]) for f in found["findings"]] == [
        (3, "subjectId", "pattern"),
        (4, "subjectId", "duplicate"),
    ]
    assert set(found["findings"][0]) == {"line", "field", "rule", "message", "fix", "severity"}
    assert filed(desk) == 0
    found = document("batch", path, "--only-good")
    assert (found["accepted"], found["rejected"], found["duplicates"]) == (1, 1, 1)
    assert filed(desk) == 1


def test_a_dry_run_keeps_nothing(vendor: Path, desk: Desk) -> None:
    good = document("batch", file_with(vendor, csv_of(people(2))), "--dry-run")
    assert (good["good"], good["accepted"], good["findings"]) == (2, 0, [])
    bad = document("batch", file_with(vendor, csv_of(["USR 1"])), "--dry-run", exit_code=2)
    assert bad["rejected"] == 1
    assert filed(desk) == 0
    with desk.store.reading() as db:
        assert list(db.query("SELECT 1 FROM batch_parts")) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"a,b\n1,2\n", b"[]"])
def test_a_file_that_is_none_is_wrong_input(vendor: Path, content: bytes) -> None:
    found = document("batch", file_with(vendor, content), exit_code=2)
    assert (found["batch"], found["accepted"]) == (None, 0)
    assert found["findings"][0]["line"] == 1


def test_columns_are_named_by_the_command(vendor: Path) -> None:
    path = file_with(vendor, "who,type,categories,scope,note to self\nUSR-1,ACCESS,SMS,ALL,x\n")
    result = run("batch", path, "--map", "who=subject")
    assert result.exit_code == 0, result.output
    assert "The column who is read as subject." in result.stderr
    assert "The column note to self is not used." in result.stderr
    assert run("batch", path, "--map", "who").exit_code == 2
    assert "--map wants THEIRS=OURS" in run("batch", path, "--map", "who").stderr


def test_json_lines_do_as_well(vendor: Path) -> None:
    row = json.dumps({"subject": "USR-1", "type": "ACCESS", "categories": ["SMS"], "scope": "ALL"})
    assert document("batch", file_with(vendor, row, "people.jsonl"))["accepted"] == 1


def test_the_template_is_read_as_it_is(vendor: Path, desk: Desk) -> None:
    for arguments in ((), ("--json-lines",)):
        template = run("batch", "template", *arguments).stdout
        found = document("batch", file_with(vendor, template), "--dry-run")
        assert (found["good"], found["findings"]) == (2, [])


def test_a_batch_is_carried_out_and_waited_for(connected: Path, own_logging: None) -> None:
    found = document("batch", file_with(connected, csv_of(people(3))), "--wait", "--timeout", "120")
    assert (found["accepted"], found["states"]) == (3, {"completed": 3})


def test_the_same_command_goes_on_with_what_was_begun(vendor: Path, desk: Desk) -> None:
    path = file_with(vendor, csv_of(people(3)))
    assert document("batch", path)["batch"] == "B-000001"
    result = run("batch", path, "--json")
    assert "going on with it" in result.stderr
    assert json.loads(result.stdout)["batch"] == "B-000001"
    assert filed(desk) == 3


def test_a_running_batch_is_listed_shown_paused_resumed_and_cancelled(vendor: Path, desk: Desk) -> None:
    assert run("batch", "list").stdout.strip() == "There are no batches."
    document("batch", file_with(vendor, csv_of(people(3))), "--limit-per-hour", "2")
    assert [batch["batch"] for batch in document("batch", "list")] == ["B-000001"]
    assert "B-000001" in run("batch", "list").stdout
    shown = document("batch", "show", "B-000001")
    assert (shown["limit_per_hour"], shown["states"]) == (2, {"queued": 3})
    assert document("batch", "limit", "B-000001")["limit_per_hour"] is None
    assert document("batch", "pause", "B-000001")["paused"]
    assert not document("batch", "resume", "B-000001")["paused"]
    cancelled = document("batch", "cancel", "B-000001")
    assert (cancelled["cancelled"], cancelled["states"]) == (True, {"cancelled": 3})
    assert desk.find(ADMIN, RequestFilter(states=(RequestState.CANCELLED,))).total == 3
    assert run("batch", "pause", "B-000001").exit_code == 1  # the desk says no


@pytest.mark.parametrize("command", ["show", "pause", "resume", "limit", "cancel", "result"])
def test_a_batch_nobody_knows_is_wrong_input(vendor: Path, command: str) -> None:
    result = run("batch", command, "B-000009")
    assert result.exit_code == 2
    assert "There is no batch B-000009." in result.stderr


def test_result_and_rejected_rows_are_files(vendor: Path, tmp_path: Path) -> None:
    document("batch", file_with(vendor, csv_of(["USR-1", "=2"])), "--only-good")

    def rows(*arguments: str) -> list[dict[str, Any]]:
        target = tmp_path / "out.csv"
        assert run("batch", "result", "B-000001", *arguments, "--output", str(target)).exit_code == 0
        with target.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    assert [(row["line"], row["request"], row["state"]) for row in rows()] == [("2", "PR-000001", "queued")]
    assert [(row["subject"], row["line"]) for row in rows("--rejected")] == [("'=2", "3")]
    printed = run("batch", "result", "B-000001").stdout
    assert next(csv.reader(io.StringIO(printed)))[0] == "line"


def test_findings_are_cut_for_a_person_and_whole_in_json(vendor: Path) -> None:
    path = file_with(vendor, csv_of(f"USR {number}" for number in range(80)))
    assert "… and 30 more findings" in run("batch", path).stdout
    assert len(document("batch", path, exit_code=2)["findings"]) == 80


def test_several_subjects_are_one_person(vendor: Path, desk: Desk) -> None:
    found = document("submit", "--connection", "cxone", "--subject", "USR-1", "--subject", "USR-2", "--type", "ACCESS",
                     "--category", "SMS", "--scope", "ALL")  # fmt: skip
    assert [task["id"] for task in found["tasks"]] == ["PR-000001-1", "PR-000001-2"]
