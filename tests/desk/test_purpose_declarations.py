"""What people declare: by form, from a file, taken over from the vendor, and withdrawn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, DeskError
from core.desk.purposes import Declared
from core.model.people import NotAllowedError
from core.model.purposes import PurposeStatus
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.purpose_desks import SECOND, PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose

NAME = "Purpose 0001"


@pytest.fixture
def vendor() -> Iterator[PurposeVendor]:
    with PurposeVendor([purpose(number) for number in range(30)]) as vendor:
        yield vendor


@pytest.fixture
def bench(tmp_path: Path, vendor: PurposeVendor) -> Iterator[PurposeBench]:
    bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
    yield bench
    bench.worker.close()


def declare(bench: PurposeBench, payload: dict[str, Any], version: int | None = None, reason: str = "") -> Declared:
    return bench.desk.declare(ADMIN, "genesys", payload, reason=reason, version=version)


def test_a_purpose_is_declared_with_its_audit_event_and_no_free_text_in_it(bench: PurposeBench) -> None:
    declared = declare(bench, declaration(1, owner="Ms Example"), version=0, reason="Agreed with Mr Example")
    assert declared.version
    assert declared.version.version == 1
    (event,) = bench.events("purpose.declared")
    assert (event.actor, event.connection, event.detail["name"]) == (ADMIN.id, "genesys", NAME)
    assert (event.detail["retention_days"], event.detail["legal_basis"]) == (90, "contract")
    assert "Example" not in str(event)
    assert "What purpose" not in str(event)
    assert len(event.detail["reason_sha256"]) == len(event.detail["description_sha256"]) == 64


def test_what_is_wrong_is_told_and_nothing_is_written(bench: PurposeBench) -> None:
    declared = declare(bench, declaration(1, retention_days=400))
    assert declared.version is None
    assert [finding.field for finding in declared.findings] == ["retention_days"]
    assert bench.statuses() == {}
    assert bench.events() == []


def test_a_name_that_looks_like_a_card_number_is_refused_before_it_could_reach_the_log(bench: PurposeBench) -> None:
    declared = declare(bench, declaration(1, name="Card 4111 1111 1111 1111"))
    assert [finding.rule for finding in declared.findings] == ["secret"]


def test_a_change_needs_its_reason_and_makes_a_version(bench: PurposeBench) -> None:
    declare(bench, declaration(1), version=0)
    with pytest.raises(DeskError, match="Say why"):
        declare(bench, declaration(1, retention_days=30), version=1)
    changed = declare(bench, declaration(1, retention_days=30), version=1, reason="The law changed")
    assert changed.version
    assert (changed.version.version, changed.version.what) == (2, "changed")


def test_the_same_declaration_again_makes_no_version(bench: PurposeBench) -> None:
    declare(bench, declaration(1), version=0)
    again = declare(bench, declaration(1), version=1)
    assert (again.unchanged, len(bench.events("purpose.declared"))) == (True, 1)


def test_a_stale_form_overwrites_nothing(bench: PurposeBench) -> None:
    declare(bench, declaration(1), version=0)
    declare(bench, declaration(1, retention_days=30), version=1, reason="first")
    with pytest.raises(ChangedError, match="Ada Admin changed Purpose 0001 meanwhile"):
        declare(bench, declaration(1, retention_days=60), version=1, reason="second")
    with pytest.raises(ChangedError):
        declare(bench, declaration(1, retention_days=60), version=0, reason="as if it were new")


def test_a_declaration_is_compared_at_once_with_what_the_vendor_had_last(bench: PurposeBench) -> None:
    bench.compare()
    declare(bench, declaration(1, retention_days=30))
    page = bench.desk.preview_enforcement(ADMIN, "genesys")
    assert [(c.name, c.before["retention_days"], c.wanted["retention_days"]) for c in page.changes] == [(NAME, 90, 30)]


def test_a_withdrawn_purpose_leaves_the_list_and_stays_in_the_history(bench: PurposeBench) -> None:
    declare(bench, declaration(1), version=0)
    with pytest.raises(DeskError, match="Say why"):
        bench.desk.withdraw(ADMIN, "genesys", NAME, reason="", version=1)
    bench.desk.withdraw(ADMIN, "genesys", NAME, reason="Not kept any more", version=1)
    assert bench.statuses() == {}
    view = bench.desk.show_purpose(ADMIN, "genesys", NAME)
    assert view
    assert [version.what for version in view.versions] == ["withdrawn", "declared"]
    assert len(bench.events("purpose.withdrawn")) == 1
    with pytest.raises(DeskError, match="not declared"):
        bench.desk.withdraw(ADMIN, "genesys", NAME, reason="again", version=2)


def test_adopting_declares_a_live_purpose_as_the_vendor_has_it(bench: PurposeBench) -> None:
    bench.compare()
    assert bench.desk.adopt(ADMIN, "genesys", [NAME, "Purpose 0002"]) == {}
    statuses = bench.statuses()
    assert statuses[NAME] is statuses["Purpose 0002"] is PurposeStatus.IN_FORCE
    view = bench.desk.show_purpose(ADMIN, "genesys", NAME)
    assert view
    assert view.version
    assert (view.version.what, view.version.declaration.description) == ("adopted", "What purpose 1 is for")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"retentionPeriod": "700d"}, "retention_days"),
        ({"retentionPeriod": "P6M"}, "retention_days"),
        ({"legalBasis": "because"}, "legal_basis"),
        ({"name": "lower case"}, "name"),
    ],
)
def test_what_the_rules_do_not_take_is_not_adopted_and_says_why(
    bench: PurposeBench, vendor: PurposeVendor, changes: dict[str, Any], field: str
) -> None:
    vendor.purposes[1].update(changes)
    bench.compare()
    name = vendor.purposes[1]["name"]
    refused = bench.desk.adopt(ADMIN, "genesys", [name, "Purpose 0002"])
    assert [finding.field for finding in refused[name]] == [field]
    assert bench.statuses()[name] is PurposeStatus.UNDECLARED
    assert bench.statuses()["Purpose 0002"] is PurposeStatus.IN_FORCE


def test_a_name_the_vendor_has_twice_or_not_at_all_is_not_adopted(bench: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.purposes.append(purpose(99, name=NAME))
    bench.compare()
    refused = bench.desk.adopt(ADMIN, "genesys", [NAME, "Nobody has it"])
    assert [refused[NAME][0].rule, refused["Nobody has it"][0].rule] == ["ambiguous", "missing"]


CSV = b"name,description,retention_days,legal_basis\nPurpose 0001,One,30,consent\nPurpose 0002,Two,60,CONTRACT\n"


def test_a_dry_run_tells_what_would_become_of_each_line_and_writes_nothing(bench: PurposeBench) -> None:
    declare(bench, declaration(2, description="Two", retention_days=60))
    before = len(bench.events())
    report = bench.desk.import_declarations(ADMIN, "genesys", CSV, "declared.csv", dry_run=True)
    assert [(line.line, line.name, line.what) for line in report.lines] == [
        (2, "Purpose 0001", "new"),
        (3, "Purpose 0002", "unchanged"),
    ]
    assert (report.ok, report.written, len(bench.events())) == (True, False, before)


def test_an_import_declares_what_is_new_or_changed_and_a_second_one_nothing(bench: PurposeBench) -> None:
    declare(bench, declaration(2))
    report = bench.desk.import_declarations(ADMIN, "genesys", CSV, "declared.csv", dry_run=False)
    assert ([line.what for line in report.lines], report.written) == (["new", "changed"], True)
    again = bench.desk.import_declarations(ADMIN, "genesys", CSV, "declared.csv", dry_run=False)
    assert [line.what for line in again.lines] == ["unchanged", "unchanged"]
    view = bench.desk.show_purpose(ADMIN, "genesys", "Purpose 0002")
    assert view
    assert [(v.what, v.reason) for v in view.versions] == [
        ("imported", "Imported from declared.csv"),
        ("declared", ""),
    ]


def test_what_a_file_does_not_mention_stays_as_it_is_on_record(bench: PurposeBench) -> None:
    declare(bench, declaration(1, owner="Quality team", data_subjects=["Customers"]))
    content = b"name,retention_days,legal_basis,owner\nPurpose 0001,30,consent,Legal\n"
    assert bench.desk.import_declarations(ADMIN, "genesys", content, "a.csv", dry_run=False).written
    view = bench.desk.show_purpose(ADMIN, "genesys", NAME)
    assert view
    assert view.version
    now = view.version.declaration
    assert (now.retention_days, now.owner, now.data_subjects) == (30, "Legal", ("Customers",))
    assert now.description == "What purpose 1 is for"


def test_one_refused_line_refuses_the_file(bench: PurposeBench) -> None:
    report = bench.desk.import_declarations(ADMIN, "genesys", CSV + b"low,1,consent\n", "declared.csv", dry_run=False)
    assert [line.what for line in report.lines] == ["new", "new", "refused"]
    assert (report.ok, report.written, bench.statuses()) == (False, False, {})


def test_a_file_s_name_is_a_name_and_no_more(bench: PurposeBench) -> None:
    name = "../../etc/\n" + "x" * 300 + ".csv"
    assert bench.desk.import_declarations(ADMIN, "genesys", CSV, name, dry_run=False).written
    view = bench.desk.show_purpose(ADMIN, "genesys", NAME)
    assert view
    assert "\n" not in view.versions[0].reason
    assert len(view.versions[0].reason) < 80


@pytest.mark.parametrize("actor", [AUDITOR, SECOND])
def test_who_may_not_declare_changes_nothing_and_leaves_an_event(bench: PurposeBench, actor: Any) -> None:
    for attempt in (
        lambda: bench.desk.check_declaration(actor, declaration(1)),
        lambda: bench.desk.declare(actor, "genesys", declaration(1), reason=""),
        lambda: bench.desk.withdraw(actor, "genesys", NAME, reason="why not", version=1),
        lambda: bench.desk.adopt(actor, "genesys", [NAME]),
        lambda: bench.desk.import_declarations(actor, "genesys", CSV, "a.csv", dry_run=False),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    assert bench.statuses() == {}
    assert len(bench.events("access.denied")) == 5


def test_a_requester_may_declare(bench: PurposeBench) -> None:
    assert bench.desk.declare(REQUESTER, "genesys", declaration(1), reason="").version


def test_a_connection_that_keeps_no_purposes_is_named(bench: PurposeBench) -> None:
    with pytest.raises(DeskError, match=r"'cxone' that keeps purposes\. Known: genesys"):
        bench.desk.declare(ADMIN, "cxone", declaration(1), reason="")
