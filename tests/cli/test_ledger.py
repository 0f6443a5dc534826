"""`ledger check`: who of a file was erased."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.model.privacy_requests import TaskState
from core.store import ledger
from tests.cli.shell import document, run


@pytest.fixture
def erased(desk: Desk) -> str:
    """Somebody who is in the ledger."""
    with desk.store.writing() as transaction:
        ledger.add(
            transaction, desk._pseudonym("USR-8847291"), task="PR-000001-1", connection="cxone",
            state=TaskState.COMPLETED, categories=("CONTACT",), scope="ALL",
        )  # fmt: skip
    return "USR-8847291"


def test_a_list_with_somebody_who_was_erased_is_no_good(erased: str, tmp_path: Path) -> None:
    file = tmp_path / "import.csv"
    file.write_text(f"name;subject\nAnn;USR-1\nBo;{erased}\n")
    found = document("ledger", "check", str(file), exit_code=1)
    assert (found["checked"], [entry["line"] for entry in found["found"]]) == (2, [3])
    (erasure,) = found["found"][0]["erasures"]
    assert (erasure["connection"], erasure["task"], erasure["categories"]) == ("cxone", "PR-000001-1", ["CONTACT"])
    text = run("ledger", "check", str(file))
    assert "Erased before: 1 of 2" in text.stdout
    assert erased not in text.output


@pytest.mark.usefixtures("erased")
def test_a_list_with_nobody_who_was_erased_is_good(tmp_path: Path) -> None:
    file = tmp_path / "import.txt"
    file.write_text("USR-1\nUSR-2\n")
    assert document("ledger", "check", str(file)) == {"checked": 2, "found": []}


@pytest.mark.usefixtures("erased")
def test_a_file_that_cannot_be_read_and_a_column_that_is_not_there_are_wrong_input(tmp_path: Path) -> None:
    file = tmp_path / "import.csv"
    file.write_text("name,number\nAnn,1\n")
    assert "--column" in document("ledger", "check", str(file), exit_code=2)["error"]
    assert "no column" in document("ledger", "check", str(file), "--column", "subject", exit_code=2)["error"]
    assert run("ledger", "check", str(tmp_path / "nothing.csv")).exit_code == 2


@pytest.mark.usefixtures("folder")
def test_without_a_database_there_is_no_ledger(tmp_path: Path) -> None:
    file = tmp_path / "import.txt"
    file.write_text("USR-1\n")
    assert "There is no database" in document("ledger", "check", str(file), exit_code=2)["error"]
