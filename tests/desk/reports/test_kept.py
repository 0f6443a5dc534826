"""Numbers that were read already: given again while they are true, and not a moment longer."""

from pathlib import Path

import pytest

from core.desk import Desk
from core.desk.reports.figures import Section
from core.desk.reports.kept import Kept
from core.desk.reports.parts import Asked, Part
from core.model.people import Actor, NotAllowedError
from tests.clocks import ManualClock
from tests.desks import ADMIN, AUDITOR, desk_for, draft, settings_for

NOBODY = Actor("test", "nobody", "Nobody", frozenset())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_for(settings_for(tmp_path, "http://127.0.0.1:1"), clock)


def received(desk: Desk) -> float | None:
    (glance, _) = desk.part(ADMIN, Asked(desk.lately(), None, 2026), Part.GLANCE)
    return glance.cards[0].amount


def test_nothing_is_read_again_while_nothing_has_happened(desk: Desk) -> None:
    desk.submit(ADMIN, draft(), intent="one")
    asked = Asked(desk.lately(), None, 2026)
    first = desk.part(ADMIN, asked, Part.GLANCE)
    assert desk.part(AUDITOR, asked, Part.GLANCE) is first
    assert desk.part(ADMIN, asked, Part.ERRORS) is not first
    assert desk.part(ADMIN, Asked(asked.where.before(), None, 2026), Part.GLANCE) is not first


def test_whatever_happens_is_counted_at_once(desk: Desk) -> None:
    assert received(desk) == 0
    for number in range(3):
        desk.submit(ADMIN, draft(f"USR-884729{number}"), intent=str(number))
        assert received(desk) == number + 1


def test_another_day_is_another_number(desk: Desk, clock: ManualClock) -> None:
    desk.submit(ADMIN, draft(), intent="one")
    asked = Asked(desk.lately(), None, 2026)
    (before, _) = desk.part(ADMIN, asked, Part.STANDING)
    clock.advance(86_400 * 40)
    (after, _) = desk.part(ADMIN, asked, Part.STANDING)
    overdue = [next(card.amount for card in part.cards if card.label == "Overdue") for part in (before, after)]
    assert overdue == [0, 1]


def test_what_was_read_for_one_is_not_for_everybody(desk: Desk) -> None:
    asked = Asked(desk.lately(), None, 2026)
    desk.part(ADMIN, asked, Part.GLANCE)
    with pytest.raises(NotAllowedError):
        desk.part(NOBODY, asked, Part.GLANCE)


def test_only_the_newest_answers_are_kept() -> None:
    kept, reads = Kept(most=2), []

    def read(name: str) -> tuple[Section, ...]:
        reads.append(name)
        return (Section(name, name),)

    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, lambda name=name: read(name))[0].key == name  # type: ignore[misc] # the name of this round
    assert reads == ["a", "b", "c", "b"]
