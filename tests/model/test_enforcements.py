"""The states of a change: which may follow which."""

import pytest

from core.model.enforcements import (
    ENDED,
    SUCCESSFUL,
    TRANSITIONS,
    UNSUCCESSFUL,
    ChangeState,
    ChangeTransitionError,
    check_transition,
)


def test_every_state_is_in_the_table_and_every_follower_is_a_state() -> None:
    assert set(TRANSITIONS) == set(ChangeState)
    assert set().union(*TRANSITIONS.values()) <= set(ChangeState)


def test_an_end_stays_an_end() -> None:
    for before in ENDED:
        for after in ChangeState:
            with pytest.raises(ChangeTransitionError):
                check_transition(before, after)


def test_nothing_is_sent_that_still_waits_for_a_second_person() -> None:
    assert ChangeState.SENDING not in TRANSITIONS[ChangeState.AWAITING_APPROVAL]


def test_ends_are_good_bad_or_cancelled_and_never_two_of_these() -> None:
    assert SUCCESSFUL | UNSUCCESSFUL | {ChangeState.CANCELLED} == ENDED
    assert not SUCCESSFUL & UNSUCCESSFUL
