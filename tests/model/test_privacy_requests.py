"""The transition table of tasks, and the state of a request derived from them."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.privacy_requests import (
    CLOSED,
    SUCCESSFUL,
    TERMINAL,
    TRACKED,
    TRANSITIONS,
    WAITS_FOR_A_PERSON,
    RequestState,
    TaskState,
    TransitionError,
    check_transition,
    request_state,
)

T = TaskState
R = RequestState
OUTCOMES = {T.COMPLETED, T.NOTHING_FOUND, T.PARTLY_COMPLETED, T.FAILED, T.REFUSED, T.CANCELLED}
states = st.lists(st.sampled_from(TaskState), min_size=1, max_size=5)


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(TRANSITIONS) == set(TaskState)


def test_the_outcomes_are_terminal_and_nothing_else_is() -> None:
    assert TERMINAL == OUTCOMES


def test_every_state_can_be_reached_from_a_task_that_waits_for_approval_or_is_queued() -> None:
    reached = {T.AWAITING_APPROVAL}
    while more := {after for before in reached for after in TRANSITIONS[before]} - reached:
        reached |= more
    assert reached == set(TaskState)


def test_every_state_that_is_no_outcome_leads_to_one() -> None:
    leads = set(TERMINAL)
    while more := {before for before in TaskState if TRANSITIONS[before] & leads} - leads:
        leads |= more
    assert leads == set(TaskState)


@pytest.mark.parametrize(("before", "after"), list(product(TaskState, TaskState)))
def test_a_task_may_stay_where_it_is_or_go_where_the_table_says(before: TaskState, after: TaskState) -> None:
    if after == before or after in TRANSITIONS[before]:
        check_transition(before, after)
    else:
        with pytest.raises(TransitionError, match=f"from {before} to {after}"):
            check_transition(before, after)


@pytest.mark.parametrize("unsent", [T.AWAITING_APPROVAL, T.QUEUED])
@pytest.mark.parametrize("evidence", [T.IN_PROGRESS, T.COMPLETED, T.NOTHING_FOUND, T.PARTLY_COMPLETED])
def test_a_task_that_was_never_sent_has_no_vendor_outcome(unsent: TaskState, evidence: TaskState) -> None:
    with pytest.raises(TransitionError):
        check_transition(unsent, evidence)


def test_what_waits_for_approval_is_sent_only_after_it_was_queued() -> None:
    with pytest.raises(TransitionError):
        check_transition(T.AWAITING_APPROVAL, T.SENDING)
    check_transition(T.AWAITING_APPROVAL, T.QUEUED)
    check_transition(T.QUEUED, T.SENDING)


@pytest.mark.parametrize("outcome", sorted(OUTCOMES))
def test_an_outcome_stands_and_retrying_needs_a_new_task(outcome: TaskState) -> None:
    for after in set(TaskState) - {outcome}:
        with pytest.raises(TransitionError):
            check_transition(outcome, after)


@pytest.mark.parametrize("state", sorted(TRACKED))
def test_a_task_the_vendor_has_is_never_sent_again(state: TaskState) -> None:
    for after in (T.QUEUED, T.SENDING):
        with pytest.raises(TransitionError):
            check_transition(state, after)


def test_a_request_needs_a_task() -> None:
    with pytest.raises(ValueError, match="at least one task"):
        request_state([])


@pytest.mark.parametrize(
    ("tasks", "state"),
    [
        ([T.AWAITING_APPROVAL], R.AWAITING_APPROVAL),
        ([T.QUEUED, T.QUEUED], R.QUEUED),
        ([T.QUEUED, T.SENDING], R.IN_PROGRESS),
        ([T.QUEUED, T.COMPLETED], R.IN_PROGRESS),
        ([T.IN_PROGRESS, T.COMPLETED], R.IN_PROGRESS),
        ([T.UNKNOWN_VENDOR_STATUS], R.IN_PROGRESS),
        ([T.OUTCOME_UNKNOWN, T.COMPLETED], R.NEEDS_PERSON),
        ([T.CANNOT_BE_TRACKED, T.AWAITING_APPROVAL], R.NEEDS_PERSON),
        ([T.COMPLETED, T.COMPLETED], R.COMPLETED),
        ([T.COMPLETED, T.NOTHING_FOUND], R.COMPLETED),
        ([T.NOTHING_FOUND], R.NOTHING_FOUND),
        ([T.PARTLY_COMPLETED], R.PARTLY_COMPLETED),
        ([T.COMPLETED, T.FAILED], R.PARTLY_COMPLETED),
        ([T.NOTHING_FOUND, T.REFUSED], R.PARTLY_COMPLETED),
        ([T.PARTLY_COMPLETED, T.CANCELLED], R.PARTLY_COMPLETED),
        ([T.FAILED, T.CANCELLED], R.FAILED),
        ([T.REFUSED, T.CANCELLED], R.REFUSED),
        ([T.CANCELLED, T.CANCELLED], R.CANCELLED),
    ],
)
def test_the_state_of_a_request_follows_from_its_tasks(tasks: list[TaskState], state: RequestState) -> None:
    assert request_state(tasks) == state


@settings(max_examples=100)
@given(states)
def test_a_request_is_complete_only_when_each_of_its_tasks_is(tasks: list[TaskState]) -> None:
    assert (request_state(tasks) in {R.COMPLETED, R.NOTHING_FOUND}) == (set(tasks) <= SUCCESSFUL)


@settings(max_examples=100)
@given(states)
def test_a_request_is_closed_exactly_when_every_task_has_ended(tasks: list[TaskState]) -> None:
    assert (request_state(tasks) in CLOSED) == (set(tasks) <= TERMINAL)


@settings(max_examples=100)
@given(states)
def test_a_task_that_waits_for_a_person_is_never_hidden_by_the_others(tasks: list[TaskState]) -> None:
    assert (request_state(tasks) is R.NEEDS_PERSON) == bool(set(tasks) & WAITS_FOR_A_PERSON)


@settings(max_examples=100)
@given(states)
def test_the_order_and_number_of_tasks_in_a_state_do_not_matter(tasks: list[TaskState]) -> None:
    assert request_state(tasks) == request_state([*reversed(tasks), *tasks])
