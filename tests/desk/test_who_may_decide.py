"""Every action about approvals, holds, ledger, grace and dates, for every role: the desk asks, whatever a page has."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from core.desk import Choice, Desk, DeskError
from core.model.holds import HoldDraft
from core.model.people import PERMISSIONS, Action, Actor, NotAllowedError, Role
from tests.clocks import ManualClock
from tests.desks import desk_for, settings_for

NOTHING = "PR-000404"
REASON = "A reason that is long enough"
DAY = date(2026, 11, 21)

ACTIONS: list[tuple[Action, Callable[[Desk, Actor], object]]] = [
    (Action.VIEW_REQUESTS, lambda desk, actor: desk.pending_approvals(actor)),
    (Action.VIEW_REQUESTS, lambda desk, actor: desk.pending_approval(actor, NOTHING)),
    (Action.VIEW_REQUESTS, lambda desk, actor: desk.denial(actor, NOTHING)),
    (Action.VIEW_REQUESTS, lambda desk, actor: desk.request_clock(actor, NOTHING)),
    (Action.VIEW_REQUESTS, lambda desk, actor: desk.in_grace(actor)),
    (Action.APPROVE, lambda desk, actor: desk.approve(actor, [Choice(NOTHING)])),
    (Action.APPROVE, lambda desk, actor: desk.deny(actor, [Choice(NOTHING)], code="art_12_5")),
    (Action.SEND_NOW, lambda desk, actor: desk.send_now(actor, NOTHING)),
    (Action.VIEW_HOLDS, lambda desk, actor: desk.holds(actor)),
    (Action.VIEW_HOLDS, lambda desk, actor: desk.hold(actor, "LH-000404")),
    (Action.VIEW_HOLDS, lambda desk, actor: desk.held_back(actor)),
    (Action.VIEW_HOLDS, lambda desk, actor: desk.holds_due_for_review(actor)),
    (Action.PLACE_HOLDS, lambda desk, actor: desk.check_hold(actor, HoldDraft())),
    (Action.PLACE_HOLDS, lambda desk, actor: desk.place_hold(actor, HoldDraft())),
    (Action.PLACE_HOLDS, lambda desk, actor: desk.review_hold(actor, "LH-000404", date(2027, 6, 1))),
    (Action.RELEASE_HOLDS, lambda desk, actor: desk.release_hold(actor, "LH-000404", REASON)),
    (Action.RELEASE_HOLDS, lambda desk, actor: desk.erase_held_back(actor, [NOTHING])),
    (Action.CHECK_LEDGER, lambda desk, actor: list(desk.check_ledger(actor, [(1, "USR-1")]))),
    (Action.EXTEND, lambda desk, actor: desk.extend(actor, NOTHING, REASON)),
    (Action.EXTEND, lambda desk, actor: desk.pause_clock(actor, NOTHING, REASON)),
    (Action.EXTEND, lambda desk, actor: desk.resume_clock(actor, NOTHING)),
    (Action.EXTEND, lambda desk, actor: desk.identity_established(actor, NOTHING, DAY, REASON)),
]


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_do_what_it_is_given_and_nothing_else(role: Role, tmp_path: Path) -> None:
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    actor = Actor("test", role, role.capitalize(), frozenset({role}))
    for action, act in ACTIONS:
        try:
            act(desk, actor)
        except NotAllowedError:
            assert action not in PERMISSIONS[role], action
        except DeskError:  # it may, and there is nothing to do it to
            assert action in PERMISSIONS[role], action
        else:
            assert action in PERMISSIONS[role], action


def test_whoever_has_no_role_may_do_nothing(tmp_path: Path) -> None:
    desk = desk_for(settings_for(tmp_path, "http://127.0.0.1:9"), ManualClock())
    for _, act in ACTIONS:
        with pytest.raises(NotAllowedError):
            act(desk, Actor("test", "nobody", "Nobody", frozenset()))
