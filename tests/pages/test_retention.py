"""Retention: what stands how, the difference, the preview and its confirmation, the form, the import, the record."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.model.enforcements import ChangeState
from core.model.events import EventKind
from core.model.people import Actor, Role
from core.model.purposes import PurposeStatus
from core.store import connection_states
from core.ui.words import KIND_WORDS
from core.worker.purposes import PurposeWorker
from tests.desks import ADMIN, AUDITOR
from tests.pages.screens import Screen, number_in, said, screen
from tests.purpose_desks import SECOND, connection, declaration
from tests.purpose_vendor import PurposeVendor, purpose

VIEWER = Actor("test", "vi", "Vi Viewer", frozenset({Role.APPROVER}))


class Retention:
    """The page over a desk, with a vendor and a worker that moves when told."""

    def __init__(self, screen: Screen, vendor: PurposeVendor) -> None:
        self.screen = screen
        self.vendor = vendor
        self.worker = PurposeWorker(screen.desk.settings, screen.desk.store, screen.clock)

    def declare(self, *payloads: dict[str, Any]) -> None:
        for payload in payloads:
            assert self.screen.desk.declare(ADMIN, "genesys", payload, reason="as the test wishes").version

    def compare(self) -> None:
        self.screen.desk.ask_comparison(ADMIN, "genesys")
        assert self.worker.compare("genesys") == 1

    def work(self) -> None:
        while self.worker.enforce("genesys"):
            pass

    def open(self, **query: str | list[str]) -> AppTest:
        return self.screen.open("retention", **query)

    def status(self, name: str) -> PurposeStatus:
        return next(c.status for c in self.screen.desk.compared_purposes(ADMIN, "genesys") if c.name == name)


@pytest.fixture
def vendor() -> Iterator[PurposeVendor]:
    with PurposeVendor([purpose(number) for number in range(45)]) as vendor:
        yield vendor


def retention_of(folder: Path, monkeypatch: pytest.MonkeyPatch, vendor: PurposeVendor, **more: Any) -> Any:
    return screen(folder, monkeypatch, connections={"genesys": connection(vendor.url)}, **more)


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: PurposeVendor) -> Iterator[Retention]:
    with retention_of(tmp_path, monkeypatch, vendor) as made:
        retention = Retention(made, vendor)
        made.start_worker()
        yield retention
        retention.worker.close()


@pytest.fixture
def drifted(at: Retention) -> Retention:
    """In force, longer than live, shorter than live, and one that the vendor does not have."""
    at.declare(
        declaration(1),
        declaration(2, retention_days=120),
        declaration(3, retention_days=30),
        declaration(4, name="Fax archive"),
    )
    at.compare()
    return at


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception, page.exception
    return page


# --- looking


def test_before_anything_was_compared_or_declared_the_page_says_what_to_do(at: Retention) -> None:
    words = said(at.open())
    assert "Never compared with the vendor" in words
    assert "Compare with the vendor to see what it is set to" in words


def test_without_a_system_that_keeps_purposes_the_page_says_which_setting_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "connections": {"cxone": connection("http://127.0.0.1:9").model_copy(update={"contract": "cxone-requests"})}
    }
    with screen(tmp_path, monkeypatch, **settings) as made:
        assert "PRIVACY_DESK_CONNECTIONS__GENESYS__CLIENT_ID" in said(made.open("retention"))


def test_the_numbers_and_the_time_of_the_last_comparison_are_there(drifted: Retention) -> None:
    page = drifted.open()
    found = {label: number_in(page, label) for label in ("In force", "Drifted", "Not found", "Not declared")}
    assert found == {"In force": "1", "Drifted": "2", "Not found": "1", "Not declared": "42"}
    assert "Compared just now, 21 Nov 2026, 09:00 UTC. Next check by itself: 22 Nov 2026, 09:00 UTC." in said(page)


def test_each_row_says_field_by_field_what_is_declared_and_what_is_live(drifted: Retention) -> None:
    words = said(drifted.open())
    assert "Retention period: declared 120 days, live 90 days" in words
    assert "Retention period: declared 30 days, live 90 days" in words
    assert "90 days, declared and live" not in words  # those that need somebody come first, and a page is 20 rows


def test_the_browser_is_sent_one_page_of_rows(drifted: Retention) -> None:
    page = drifted.open()
    rows = [button for button in page.button if str(button.key).startswith("retention_open_")]
    assert len(rows) == 20
    assert "1–20 of 46 purposes" in said(page)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"standing": ["Drifted"]}, ["Purpose 0002", "Purpose 0003"]),
        ({"standing": ["Not found at the vendor", "In force"]}, ["Fax archive", "Purpose 0001"]),
        ({"purpose_text": "004"}, [f"Purpose {number:04d}" for number in (4, 40, 41, 42, 43, 44)]),
    ],
)
def test_the_filters_are_in_the_address(drifted: Retention, query: dict[str, Any], names: list[str]) -> None:
    page = drifted.open(**query)
    found = [
        str(b.key).removeprefix("retention_open_") for b in page.button if str(b.key).startswith("retention_open_")
    ]
    assert sorted(found) == names


def test_a_filter_that_finds_nothing_can_be_cleared(drifted: Retention) -> None:
    page = drifted.open(purpose_text="no such name")
    assert "No purpose matches" in said(page)
    assert "1–20 of 46 purposes" in said(press(page, "retention_clear"))


def test_a_number_leads_to_its_purposes(drifted: Retention) -> None:
    page = press(drifted.open(), "retention_show_drifted")
    assert page.multiselect(key="standing").value == ["drifted"]
    assert "1–2 of 2 purposes" in said(page)


def test_the_chart_says_in_words_what_it_shows(drifted: Retention) -> None:
    page = drifted.open()
    (chart,) = page.get("plotly_chart")
    assert chart.proto.alt == "Retention days of 4 purposes, declared and live; 3 of them differ."


def test_compare_now_asks_the_worker_and_no_vendor(at: Retention, vendor: PurposeVendor) -> None:
    page = press(at.open(), "retention_compare")
    assert "Reading the vendor's list" in said(page)
    assert page.button(key="retention_compare").disabled
    assert vendor.lists == 0


def test_a_comparison_that_failed_is_told_with_its_advice(at: Retention, vendor: PurposeVendor) -> None:
    vendor.on_list = lambda call: 403
    at.compare()
    words = said(at.open())
    assert "The last comparison, 21 Nov 2026, 09:00 UTC, failed." in words
    assert "privacy:purpose:read" in words


def test_a_paused_connection_is_neither_asked_nor_changed(drifted: Retention) -> None:
    with drifted.screen.desk.store.writing() as transaction:
        connection_states.pause(transaction, "genesys", "Ada", "maintenance")
    page = drifted.open()
    assert "genesys is paused" in said(page)
    assert page.button(key="retention_compare").disabled


# --- one purpose


def test_the_drawer_shows_declared_beside_live_the_exact_put_and_the_history(drifted: Retention) -> None:
    words = said(drifted.open(purpose="Purpose 0003"))
    assert "'Declared': {0: 'What purpose 3 is for', 1: '30 days', 2: '(b) Contract', 3: 'yes'}" in words
    assert ":material/difference: 90 days" in words
    assert "PUT http://127.0.0.1" in words
    assert "Authorization: Bearer <token>" in words
    assert '"retentionPeriod": "30d"' in words
    assert "not-a-real-secret" not in words
    assert "Declared by Ada Admin, version 1: as the test wishes" in words
    assert "Drifted (Retention period: declared 30 days, live 90 days)" in words


def test_the_drawer_shows_each_call_of_a_change(drifted: Retention) -> None:
    preview = drifted.screen.desk.preview_enforcement(ADMIN, "genesys", ["Purpose 0002"])
    drifted.screen.desk.enforce(ADMIN, preview, intent="a")
    drifted.work()
    page = drifted.open(purpose="Purpose 0002")
    assert "Enforced and read back (PE-000001-1)" in said(page)
    labels = [str(expander.label) for expander in page.expander]
    assert sum("Change 1 · PUT" in label.replace("\\", "") for label in labels) == 1


def test_a_purpose_that_is_nowhere_says_so(drifted: Retention) -> None:
    assert "There is no such purpose" in said(drifted.open(purpose="Nobody knows it"))


def test_what_vendors_and_people_write_is_shown_as_text(at: Retention, vendor: PurposeVendor) -> None:
    vendor.purposes[1]["description"] = "![x](http://example.com/x.png) :red[alarm]"
    at.compare()
    page = at.open(purpose="Purpose 0001")
    shown = " ".join(str(table.value.to_dict()) for table in page.table)
    assert "\\!\\[x\\]" in shown or "![x](http" not in shown


def test_an_undeclared_purpose_is_adopted_from_its_drawer(drifted: Retention) -> None:
    page = drifted.open(purpose="Purpose 0010")
    press(page, "retention_detail_adopt")
    assert drifted.status("Purpose 0010") is PurposeStatus.IN_FORCE


def test_one_that_the_rules_do_not_take_turns_to_the_form_filled_with_what_the_vendor_has(
    at: Retention, vendor: PurposeVendor
) -> None:
    vendor.purposes[1]["retentionPeriod"] = "700d"
    at.compare()
    page = press(at.open(purpose="Purpose 0001"), "retention_detail_adopt")
    assert page.session_state["view"] == "Declare"
    page.run()
    assert page.text_input(key="declare_name_2").value == "Purpose 0001"
    assert page.number_input(key="declare_retention_days_2").value == 700
    assert "over the house's ceiling of 365 days" in said(page)


def test_chosen_ones_are_adopted_together(drifted: Retention) -> None:
    page = drifted.open(standing=["Not declared"])
    press(page, "retention_pick_page")
    assert page.button(key="retention_adopt_chosen").label == "Adopt chosen (20)"
    press(page, "retention_adopt_chosen")
    assert "20 purposes are now declared as the vendor has them." in said(page)
    assert number_in(page, "In force") == "21"


def test_a_purpose_is_withdrawn_with_a_reason(drifted: Retention) -> None:
    page = drifted.open(purpose="Fax archive")
    press(page, "retention_withdraw")
    assert "Say why" in said(page)
    page.text_input(key="retention_withdraw_reason").set_value("The machine is gone").run()
    press(page, "retention_withdraw")
    assert "Fax archive" not in {c.name for c in drifted.screen.desk.compared_purposes(ADMIN, "genesys")}


# --- enforcing


def preview_of(page: AppTest) -> Any:
    return page.session_state["retention_preview"]


def test_the_preview_calls_a_shortening_one_and_wants_to_be_sure(drifted: Retention, vendor: PurposeVendor) -> None:
    page = press(drifted.open(), "retention_enforce_all")
    words = said(page)
    assert "One change shortens a retention period: the vendor then deletes what is older." in words
    assert "Retention period: 90 days :material/arrow_forward: **30 days**" in words
    assert words.count("PUT http://127.0.0.1") == 2
    assert page.button(key="retention_enforce").disabled
    page.checkbox(key=preview_of(page).key("sure")).check().run()
    assert not page.button(key="retention_enforce").disabled
    assert vendor.puts == 0


def test_enforcing_is_followed_to_its_end(drifted: Retention, vendor: PurposeVendor) -> None:
    page = press(drifted.open(), "retention_enforce_all")
    page.checkbox(key=preview_of(page).key("sure")).check().run()
    press(page, "retention_enforce")
    page.run()
    assert "Enforcement PE-000001" in said(page)
    assert "Queued: 2" in said(page)
    assert page.button(key="retention_enforce_all").disabled
    drifted.work()
    page.run()
    words = said(page)
    assert "Enforced and read back: 2" in words
    assert "Everything that was asked for is in force, read back from the vendor." in words
    assert number_in(page, "In force") == "3"
    assert vendor.puts == 2
    assert "Enforcement PE-000001" not in said(press(page, "retention_away_PE-000001"))


def test_above_ten_their_number_is_typed(at: Retention) -> None:
    at.declare(*(declaration(n, retention_days=120) for n in range(11)))
    at.compare()
    page = press(at.open(), "retention_enforce_all")
    typed = preview_of(page).key("typed")
    for wrong in ("", "10", "eleven"):
        page.text_input(key=typed).set_value(wrong).run()
        assert page.button(key="retention_enforce").disabled
    page.text_input(key=typed).set_value("11").run()
    press(page, "retention_enforce")
    assert at.screen.desk.newest_enforcements(ADMIN, "genesys")[0].total == 11


def test_every_change_of_a_long_preview_can_be_looked_at(at: Retention) -> None:
    at.declare(*(declaration(n, retention_days=120) for n in range(11)))
    at.compare()
    page = press(at.open(), "retention_enforce_all")
    assert said(page).count('"retentionPeriod": "120d"') == 6


def test_what_did_not_come_out_as_wanted_is_named_with_what_to_do(drifted: Retention, vendor: PurposeVendor) -> None:
    preview = drifted.screen.desk.preview_enforcement(ADMIN, "genesys")
    drifted.screen.desk.enforce(ADMIN, preview, intent="a")
    vendor.live("Purpose 0002")["retentionPeriod"] = "7d"
    vendor.keeps = lambda before, sent: {}
    page = drifted.open()
    drifted.work()
    page.session_state["retention_followed"] = "PE-000001"
    page.run()
    words = said(page)
    assert "Purpose 0002: changed at the vendor meanwhile." in words
    assert "Now: Retention period: declared 120 days, live 7 days." in words
    assert "Purpose 0003: accepted but not changed." in words


def test_what_has_not_been_sent_can_be_cancelled(drifted: Retention, vendor: PurposeVendor) -> None:
    preview = drifted.screen.desk.preview_enforcement(ADMIN, "genesys")
    drifted.screen.desk.enforce(ADMIN, preview, intent="a")
    press(drifted.open(), "retention_cancel_PE-000001")
    drifted.work()
    assert vendor.puts == 0


def test_only_chosen_ones_are_enforced_where_only_they_are_wanted(drifted: Retention) -> None:
    page = drifted.open(standing=["Drifted"])
    page.checkbox(key="retention_pick_0_Purpose 0002").check().run()
    press(page, "retention_enforce_chosen")
    assert [change.name for change in preview_of(page).preview.changes] == ["Purpose 0002"]


# --- the second person


@pytest.fixture
def four_eyes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vendor: PurposeVendor) -> Iterator[Retention]:
    with retention_of(tmp_path, monkeypatch, vendor, approvals="on") as made:
        retention = Retention(made, vendor)
        made.start_worker()
        retention.declare(declaration(3, retention_days=30))
        retention.compare()
        preview = made.desk.preview_enforcement(ADMIN, "genesys")
        made.desk.enforce(ADMIN, preview, intent="a")
        yield retention
        retention.worker.close()


def test_who_asked_for_a_shortening_sees_that_it_waits_and_cannot_decide(four_eyes: Retention) -> None:
    page = four_eyes.open()
    words = said(page)
    assert "Ada Admin asks to shorten a retention period at genesys" in words
    assert "90 days :material/arrow_forward: **30 days**" in words
    assert "You asked for it, so somebody else decides." in words
    assert not any("approve" in str(button.key) for button in page.button)


def test_a_second_person_approves_on_the_page(four_eyes: Retention, vendor: PurposeVendor) -> None:
    four_eyes.screen.become(SECOND)
    press(four_eyes.open(), "retention_approve_AP-000001")
    four_eyes.work()
    assert [body["retentionPeriod"] for body in vendor.bodies] == ["30d"]


def test_a_denial_wants_its_ground(four_eyes: Retention, vendor: PurposeVendor) -> None:
    four_eyes.screen.become(SECOND)
    page = press(four_eyes.open(), "retention_denied_AP-000001")
    assert "A denial needs its ground" in said(page)
    page.text_input(key="retention_ground_AP-000001").set_value("A case is pending").run()
    press(page, "retention_denied_AP-000001")
    four_eyes.work()
    (change,) = four_eyes.screen.desk.changes(ADMIN, ["PE-000001-1"])
    assert (change.state, vendor.puts) == (ChangeState.CANCELLED, 0)


# --- declaring


def fill(page: AppTest, name: str, days: int | None, basis: str | None, generation: int = 1) -> AppTest:
    page.text_input(key=f"declare_name_{generation}").set_value(name)
    page.number_input(key=f"declare_retention_days_{generation}").set_value(days)
    if basis:
        page.radio(key=f"declare_legal_basis_{generation}").set_value(basis)
    return page.run()


def test_an_untouched_form_is_no_wall_of_red(at: Retention) -> None:
    assert not at.open(view="Declare").error


def test_findings_show_by_their_fields_as_they_are_typed(at: Retention) -> None:
    page = fill(at.open(view="Declare"), "support", 366, None)
    words = said(page)
    assert "support is not a name of a purpose" in words
    assert "over the house's ceiling of 365 days" in words
    assert "Legal basis is missing" not in words, "it was not touched"


def test_one_click_puts_a_finding_right(at: Retention) -> None:
    page = fill(at.open(view="Declare"), "support calls", 30, "consent")
    (fix,) = [button for button in page.button if str(button.key).startswith("fix_")]
    assert fix.label.replace("\\", "") == "Use Support calls"
    fix.click().run()
    assert page.text_input(key="declare_name_1").value == "Support calls"
    assert not page.error


def test_a_purpose_is_declared_by_form_with_its_record(at: Retention) -> None:
    page = fill(at.open(view="Declare"), "Support calls", 30, "legitimate_interests")
    page.text_input(key="declare_owner_1").set_value("Quality team").run()
    press(page, "declare_send")
    assert "Support calls is declared." in said(page)
    view = at.screen.desk.show_purpose(ADMIN, "genesys", "Support calls")
    assert view
    assert view.version
    assert (view.version.declaration.owner, view.version.declaration.retention_days) == ("Quality team", 30)


def test_a_form_with_mistakes_declares_nothing_and_says_where_they_are(at: Retention) -> None:
    page = press(at.open(view="Declare"), "declare_send")
    assert "Not declared. Look at: Name, Retention period, Legal basis." in said(page)
    assert at.screen.desk.compared_purposes(ADMIN, "genesys") == []


def test_the_six_bases_carry_their_letters_and_a_hint(at: Retention) -> None:
    radio = at.open(view="Declare").radio(key="declare_legal_basis_1")
    assert [option[:3] for option in radio.options] == ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)"]


def test_a_change_needs_its_reason(drifted: Retention) -> None:
    page = press(drifted.open(purpose="Purpose 0001"), "retention_detail_change")
    page.run()
    page.number_input(key="declare_retention_days_2").set_value(60).run()
    press(page, "declare_send")
    assert "Not declared. Say why" in said(page)
    page.text_input(key="declare_reason_2").set_value("The law changed").run()
    press(page, "declare_send")
    assert "Purpose 0001 is declared." in said(page)
    assert drifted.status("Purpose 0001") is PurposeStatus.DRIFTED


# --- import, record, rights


def test_an_upload_is_shown_line_by_line_before_anything_is_written(at: Retention) -> None:
    page = at.open(view="Import")
    content = b"name,retention_days,legal_basis\nPurpose 0001,30,consent\nlow,400,because\n"
    page.file_uploader(key="retention_file_0").upload("declared.csv", content, "text/csv").run()
    words = said(page)
    assert "One line is refused, so nothing can be written." in words
    assert "over the house's ceiling" in words
    assert page.button(key="retention_import").disabled
    assert at.screen.desk.compared_purposes(ADMIN, "genesys") == []


def test_a_good_file_is_declared_with_one_click(at: Retention) -> None:
    page = at.open(view="Import")
    content = b"name,retention_days,legal_basis\nPurpose 0001,30,consent\nPurpose 0002,60,CONTRACT\n"
    page.file_uploader(key="retention_file_0").upload("declared.csv", content, "text/csv").run()
    assert "Nothing is written yet. 2 new." in said(page).replace("*", "")
    press(page, "retention_import")
    assert "2 of 2 purposes were declared or changed." in said(page)
    assert len(at.screen.desk.compared_purposes(ADMIN, "genesys")) == 2


def test_the_record_says_what_it_lacks_and_is_audited_when_it_is_taken(drifted: Retention) -> None:
    page = drifted.open(view="Record of processing")
    words = said(page)
    assert "PRIVACY_DESK_CONTROLLER" in words
    assert "4 purposes are declared, 1 of them confirmed in force" in words
    assert len(page.get("download_button")) == 2
    with drifted.screen.desk.store.reading() as db:
        assert list(db.query("SELECT 1 FROM audit_events WHERE kind = 'processing_record.exported'")) == []


def test_who_may_only_look_finds_nothing_to_press(drifted: Retention) -> None:
    drifted.screen.become(VIEWER)
    keys = {str(button.key) for button in drifted.open().button}
    assert not keys & {"retention_enforce_all", "retention_enforce_chosen", "retention_adopt_chosen"}
    assert "Ask an administrator" in said(drifted.open(view="Declare"))
    assert "Ask an administrator" in said(drifted.open(view="Import"))
    drifted.screen.become(AUDITOR)
    assert "retention_compare" not in {str(button.key) for button in drifted.open().button}
    assert len(drifted.open(view="Record of processing").get("download_button")) == 2


def test_hiding_is_a_courtesy_the_desk_refuses_all_the_same(drifted: Retention) -> None:
    page = press(drifted.open(), "retention_enforce_all")
    page.checkbox(key=preview_of(page).key("sure")).check().run()
    drifted.screen.become(VIEWER)
    page.button(key="retention_enforce").click().run()
    assert drifted.screen.desk.newest_enforcements(ADMIN, "genesys") == []


# --- elsewhere


def test_the_overview_tells_the_drift_and_the_time_of_the_last_check(drifted: Retention) -> None:
    words = said(drifted.screen.open("overview"))
    assert "1 in force, 2 drifted, 1 not found at the vendor, 42 not declared" in words
    assert "Last check: 21 Nov 2026, 09:00 UTC, just now" in words


def test_the_metrics_count_comparisons_and_changes_with_their_latency(drifted: Retention) -> None:
    preview = drifted.screen.desk.preview_enforcement(ADMIN, "genesys")
    drifted.screen.desk.enforce(ADMIN, preview, intent="a")
    drifted.screen.clock.advance(2)
    drifted.work()
    drifted.screen.clock.advance(1)
    page = drifted.screen.open("metrics")
    assert number_in(page, "Comparisons") == "1"
    assert number_in(page, "Changes ended") == "2"
    assert number_in(page, "In force after") == "100.0 %"
    assert number_in(page, "Change, p90") == "2.0 s"


def test_the_audit_log_has_words_for_every_kind_of_event_about_purposes(drifted: Retention) -> None:
    shown = drifted.screen.open("audit_log").dataframe[0].value["What happened"].tolist()
    assert {KIND_WORDS[EventKind.PURPOSE_DECLARED], KIND_WORDS[EventKind.PURPOSES_COMPARED]} <= set(shown)
    about = {kind for kind in EventKind if kind.startswith(("purpose.", "approval.", "processing_record."))}
    assert about <= KIND_WORDS.keys()
