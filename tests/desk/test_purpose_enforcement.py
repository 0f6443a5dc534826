"""What people enforce: the preview, its confirmation, what is under way already, and the second person."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.desk import ChangedError, DeskError
from core.desk.purposes import CONFIRM_ABOVE
from core.model.enforcements import ChangeState
from core.model.people import Actor, NotAllowedError, Role
from core.store import enforcement_changes
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.purpose_desks import SECOND, PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose


@pytest.fixture
def vendor() -> Iterator[PurposeVendor]:
    with PurposeVendor([purpose(number) for number in range(30)]) as vendor:
        yield vendor


@pytest.fixture
def bench(tmp_path: Path, vendor: PurposeVendor) -> Iterator[PurposeBench]:
    bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
    yield bench
    bench.worker.close()


@pytest.fixture
def four_eyes(tmp_path: Path, vendor: PurposeVendor) -> Iterator[PurposeBench]:
    """Two purposes drifted: one would be kept for longer, one shorter, and approvals are on."""
    bench = PurposeBench(purpose_settings(tmp_path / "four", vendor.url, desk={"approvals": "on"}))
    drift(bench, longer=[1], shorter=[2])
    yield bench
    bench.worker.close()


def drift(bench: PurposeBench, longer: Any = (), shorter: Any = ()) -> None:
    bench.declare(*(declaration(n, retention_days=120) for n in longer))
    bench.declare(*(declaration(n, retention_days=30) for n in shorter))
    bench.compare()


# --- preview and confirmation


def test_the_preview_holds_what_differs_and_says_why_the_rest_is_left_out(bench: PurposeBench) -> None:
    bench.declare(declaration(3), declaration(4, name="Nobody has it"))
    drift(bench, longer=[1], shorter=[2])
    names = ["Purpose 0001", "Purpose 0002", "Purpose 0003", "Nobody has it", "Purpose 0005", "Never heard of"]
    preview = bench.desk.preview_enforcement(ADMIN, "genesys", names)
    assert [(c.name, c.shortens, [d.field for d in c.differences]) for c in preview.changes] == [
        ("Purpose 0001", False, ["retention_days"]),
        ("Purpose 0002", True, ["retention_days"]),
    ]
    assert preview.left_out == {
        "Purpose 0003": "in force already",
        "Nobody has it": "not found at the vendor",
        "Purpose 0005": "not declared",
        "Never heard of": "not declared, and not found at the vendor",
    }
    assert [c.name for c in bench.desk.preview_enforcement(ADMIN, "genesys").changes] == [
        "Purpose 0001",
        "Purpose 0002",
    ]


def test_looking_and_asking_send_nothing(bench: PurposeBench, vendor: PurposeVendor) -> None:
    drift(bench, longer=[1])
    lists = vendor.lists
    bench.ask()
    assert (vendor.puts, vendor.lists) == (0, lists)


def test_above_ten_at_once_their_number_is_typed(bench: PurposeBench) -> None:
    drift(bench, longer=range(CONFIRM_ABOVE + 1))
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    assert preview.needs_typing
    for typed in (None, 0, 10, 12):
        with pytest.raises(DeskError, match="Type 11"):
            bench.desk.enforce(ADMIN, preview, intent="a", confirmed=typed)
    assert len(bench.desk.enforce(ADMIN, preview, intent="a", confirmed=11).changes) == 11


def test_ten_at_once_need_no_typing(bench: PurposeBench) -> None:
    drift(bench, longer=range(CONFIRM_ABOVE))
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    assert len(bench.desk.enforce(ADMIN, preview, intent="a").changes) == CONFIRM_ABOVE


def test_a_double_click_asks_once(bench: PurposeBench, vendor: PurposeVendor) -> None:
    drift(bench, longer=[1])
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    first = bench.desk.enforce(ADMIN, preview, intent="one preview")
    assert bench.desk.enforce(ADMIN, preview, intent="one preview") == first
    bench.work()
    assert bench.desk.enforce(ADMIN, preview, intent="one preview") == first
    assert (vendor.puts, len(bench.events("purpose.enforcement_asked"))) == (1, 1)


def test_nothing_to_change_is_no_enforcement(bench: PurposeBench) -> None:
    bench.declare(declaration(1))
    bench.compare()
    with pytest.raises(DeskError, match="nothing to change"):
        bench.ask()


def test_a_preview_older_than_the_declaration_is_refused(bench: PurposeBench) -> None:
    drift(bench, longer=[1])
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    bench.declare(declaration(1, retention_days=200))
    with pytest.raises(ChangedError, match="declared anew since"):
        bench.desk.enforce(ADMIN, preview, intent="a")


def test_a_preview_that_was_tampered_with_is_refused(bench: PurposeBench) -> None:
    drift(bench, longer=[1])
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    forged = replace(preview.changes[0], wanted={**preview.changes[0].wanted, "retention_days": 1})
    with pytest.raises(ChangedError):
        bench.desk.enforce(ADMIN, replace(preview, changes=(forged,)), intent="a")


@pytest.mark.parametrize("actor", [AUDITOR, SECOND])
def test_who_may_not_enforce_changes_nothing(bench: PurposeBench, actor: Actor) -> None:
    drift(bench, longer=[1])
    with pytest.raises(NotAllowedError):
        bench.ask(actor=actor)
    with pytest.raises(NotAllowedError):
        bench.desk.cancel_enforcement(actor, "PE-000001")
    assert bench.next_due() is None


# --- what is under way already


def test_what_waits_already_is_joined_and_not_asked_for_twice(bench: PurposeBench, vendor: PurposeVendor) -> None:
    drift(bench, longer=[1, 2])
    first = bench.ask()
    drift(bench, longer=[3])
    again = bench.ask(intent="preview-2")
    assert set(first.changes) < set(again.changes)
    assert len(again.changes) == 3
    bench.work()
    assert vendor.puts == 3


def test_a_queued_change_that_a_newer_preview_sees_otherwise_is_replaced(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    drift(bench, longer=[1])
    first = bench.ask()
    vendor.live("Purpose 0001")["retentionPeriod"] = "45d"
    bench.compare()
    second = bench.ask(intent="preview-2")
    old, new = bench.change(first), bench.change(second)
    assert old.error
    assert (old.state, old.error.code) == (ChangeState.CANCELLED, "replaced")
    assert new.before["retention_days"] == 45
    bench.work()
    assert (bench.states(second), vendor.puts) == ([ChangeState.ENFORCED], 1)


def test_a_change_that_is_being_sent_is_not_replaced(bench: PurposeBench) -> None:
    drift(bench, longer=[1])
    bench.ask()
    with bench.desk.store.writing() as transaction:
        enforcement_changes.lease(transaction, "genesys", owner="another-host:1:1", seconds=600)
    bench.declare(declaration(1, retention_days=200))
    with pytest.raises(DeskError, match="is being changed in PE-000001"):
        bench.ask(intent="preview-2")


def test_what_has_not_been_sent_can_be_cancelled_and_what_has_ended_cannot(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    drift(bench, longer=[1, 2])
    asked = bench.ask()
    bench.worker.enforce("genesys")
    assert bench.desk.cancel_enforcement(ADMIN, asked.enforcement) == 1
    assert sorted(bench.states(asked)) == [ChangeState.CANCELLED, ChangeState.ENFORCED]
    assert vendor.puts == 1
    with pytest.raises(DeskError, match="waits any more"):
        bench.desk.cancel_enforcement(ADMIN, asked.enforcement)


# --- the second person


def test_without_approvals_a_shortening_goes_out_and_is_called_one(bench: PurposeBench) -> None:
    drift(bench, shorter=[2])
    preview = bench.desk.preview_enforcement(ADMIN, "genesys")
    assert (len(preview.shortening), preview.needs_second_person) == (1, False)
    asked = bench.ask()
    bench.work()
    assert bench.states(asked) == [ChangeState.ENFORCED]
    (event,) = bench.events("purpose.enforcement_asked")
    assert event.detail["shortening"] == 1


def test_a_shortening_waits_for_a_second_person_and_the_rest_does_not(
    four_eyes: PurposeBench, vendor: PurposeVendor
) -> None:
    assert four_eyes.desk.preview_enforcement(ADMIN, "genesys").needs_second_person
    asked = four_eyes.ask()
    four_eyes.work()
    assert four_eyes.states(asked) == [ChangeState.ENFORCED, ChangeState.AWAITING_APPROVAL]
    assert [body["retentionPeriod"] for body in vendor.bodies] == ["120d"]
    (pending,) = four_eyes.desk.pending_shortenings(SECOND)
    assert (pending.enforcement, [c.name for c in pending.changes]) == (asked.enforcement, ["Purpose 0002"])


def decide(bench: PurposeBench, actor: Actor, *, approve: bool = True, ground: str = "", version: int = 1) -> None:
    (pending,) = bench.desk.pending_shortenings(ADMIN)
    bench.desk.decide_shortening(actor, pending.approval.id, version=version, approve=approve, ground=ground)


def test_once_approved_by_somebody_else_it_is_sent(four_eyes: PurposeBench, vendor: PurposeVendor) -> None:
    asked = four_eyes.ask()
    decide(four_eyes, SECOND)
    four_eyes.work()
    assert four_eyes.states(asked) == [ChangeState.ENFORCED, ChangeState.ENFORCED]
    assert four_eyes.desk.pending_shortenings(ADMIN) == []
    assert [e.outcome for e in four_eyes.events("approval.decided")] == ["approved"]


def test_who_asked_for_it_never_approves_it(four_eyes: PurposeBench) -> None:
    asked = four_eyes.ask()
    with pytest.raises(DeskError, match="somebody else has to decide"):
        decide(four_eyes, ADMIN)
    renamed = Actor(ADMIN.issuer, ADMIN.subject, "Quite Another", frozenset({Role.APPROVER}))
    with pytest.raises(DeskError, match="somebody else has to decide"):
        decide(four_eyes, renamed)
    four_eyes.work()
    assert four_eyes.states(asked)[1] is ChangeState.AWAITING_APPROVAL


def test_a_denial_with_its_ground_cancels_it(four_eyes: PurposeBench, vendor: PurposeVendor) -> None:
    asked = four_eyes.ask()
    with pytest.raises(DeskError, match="ground"):
        decide(four_eyes, SECOND, approve=False)
    decide(four_eyes, SECOND, approve=False, ground="A case is pending")
    four_eyes.work()
    denied = four_eyes.changes(asked)[1]
    assert denied.error
    assert (denied.state, denied.error.code, vendor.puts) == (ChangeState.CANCELLED, "denied", 1)
    assert "A case is pending" not in str(four_eyes.events())


def test_a_stale_page_approves_nothing(four_eyes: PurposeBench) -> None:
    asked = four_eyes.ask()
    with pytest.raises(ChangedError):
        decide(four_eyes, SECOND, version=2)
    (pending,) = four_eyes.desk.pending_shortenings(ADMIN)
    four_eyes.desk.cancel_enforcement(ADMIN, asked.enforcement)
    with pytest.raises(ChangedError, match="withdrawn already"):
        four_eyes.desk.decide_shortening(SECOND, pending.approval.id, version=1, approve=True)


@pytest.mark.parametrize("actor", [REQUESTER, AUDITOR])
def test_only_an_approver_decides(four_eyes: PurposeBench, actor: Actor) -> None:
    four_eyes.ask()
    with pytest.raises(NotAllowedError):
        decide(four_eyes, actor)


def test_a_declaration_changed_after_the_approval_is_not_enforced(
    four_eyes: PurposeBench, vendor: PurposeVendor
) -> None:
    asked = four_eyes.ask()
    decide(four_eyes, SECOND)
    four_eyes.declare(declaration(2, retention_days=10))
    four_eyes.work()
    assert four_eyes.states(asked)[1] is ChangeState.CANCELLED
    assert "10d" not in [body["retentionPeriod"] for body in vendor.bodies]


def test_what_waits_for_a_second_person_is_joined_when_it_is_asked_for_again(four_eyes: PurposeBench) -> None:
    first = four_eyes.ask(["Purpose 0002"])
    again = four_eyes.ask(["Purpose 0002"], intent="preview-2")
    assert again.changes == first.changes
    assert len(four_eyes.desk.pending_shortenings(ADMIN)) == 1


def test_what_waits_for_a_second_person_is_not_slipped_past_them_by_asking_otherwise(four_eyes: PurposeBench) -> None:
    four_eyes.ask(["Purpose 0002"])
    four_eyes.declare(declaration(2, retention_days=20))
    with pytest.raises(DeskError, match="waits for a second person in PE-000001"):
        four_eyes.ask(["Purpose 0002"], intent="preview-2")
