"""`notices`."""

import pytest

from core.desk import Desk
from core.model.notices import NoticeKind
from core.store.notices import raise_notice
from tests.cli.shell import document, run


def told() -> None:
    with Desk.open().store.writing() as transaction:
        raise_notice(transaction, NoticeKind.VENDOR_DOWN, "cxone")


@pytest.mark.usefixtures("vendor")
def test_they_are_listed_with_what_to_do_next() -> None:
    assert run("notices").stdout == "There are none.\n"
    told()
    listed = document("notices")
    (notice,) = listed["notices"]
    assert notice.keys() == {
        "id", "kind", "about", "threshold", "count", "latest", "raised_at", "last_at", "over_at", "acknowledged_at",
        "acknowledged_by", "acknowledged_by_name", "title", "next_step",
    }  # fmt: skip
    assert (notice["title"], listed["open"]) == ("Cxone does not answer", 1)
    assert "Cxone does not answer" in run("notices", "--open").stdout


@pytest.mark.usefixtures("vendor")
def test_acknowledging_one_says_by_whom() -> None:
    told()
    assert document("notices", "ack", "1")["acknowledged_by_name"]
    assert document("notices")["notices"] == []
    assert len(document("notices", "list", "--acknowledged")["notices"]) == 1
    assert len(document("notices", "list", "--all")["notices"]) == 1
    again = run("notices", "ack", "1")
    assert (again.exit_code, "already" in again.stderr) == (2, True)
    assert "There is no notice 7." in run("notices", "ack", "7").stderr


@pytest.mark.usefixtures("vendor")
def test_sending_again_without_anything_given_up_on_is_nothing() -> None:
    assert document("notices", "resend") == {"resent": 0}
