"""What happens next, in a sentence; and how often the page looks again."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from core.model.privacy_requests import (
    PrivacyRequest,
    RequestType,
    Task,
    TaskState,
    request_state,
)
from core.ui.next_step import at, refresh_seconds, sentences

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OPEN = [state for state in TaskState if state not in {"completed", "nothing_found", "partly_completed"}]


def request(*states: TaskState, due: datetime | None = NOW, attempts: int = 0) -> PrivacyRequest:
    tasks = tuple(
        Task(
            f"PR-000001-{n}", "PR-000001", "cxone", "cxone-requests", RequestType.ERASURE, f"i{n}", state,
            next_due_at=due, attempts=attempts, ended_at=NOW if request_state([state]).value == state else None,
        )
        for n, state in enumerate(states, 1)
    )  # fmt: skip
    return PrivacyRequest(
        id="PR-000001", type=RequestType.ERASURE, categories=("CONTACT",), scope="CONTACT", description="", law="gdpr",
        region=None, received=date(2026, 11, 1), submitted_at=NOW - timedelta(days=2), reference="", filed_by="Ada",
        state=request_state(states), closed_at=NOW, pseudonym="subj_1", subject=None, due_on=date(2026, 12, 1),
        deadlines=(), policy_version="1", version=1, tasks=tasks,
    )  # fmt: skip


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_of_a_task_has_its_sentence(state: TaskState) -> None:
    one = request(state)
    open_tasks = tuple(replace(task, ended_at=None) for task in one.tasks)
    (sentence,) = sentences(replace(one, tasks=open_tasks), {}, NOW)
    assert sentence.endswith((".", "filed."))
    assert "_" not in sentence


def test_a_closed_request_says_when_it_closed_and_how_long_it_took() -> None:
    assert sentences(request(TaskState.COMPLETED), {}, NOW) == [
        "Every system has done its part. Closed 21 Nov 2026, 09:00 UTC, 2.0 days after it was filed."
    ]


def test_each_open_task_of_several_is_told_of() -> None:
    both = request(TaskState.QUEUED, TaskState.OUTCOME_UNKNOWN)
    assert sentences(replace(both, tasks=tuple(replace(t, ended_at=None) for t in both.tasks)), {}, NOW) == [
        "It goes to cxone now.",
        "Nobody knows yet whether cxone has it. Look it up there: send it again only if it is not there.",
    ]


def test_a_task_that_stands_still_says_why_instead_of_when() -> None:
    one = request(TaskState.QUEUED)
    waiting = replace(one, tasks=(replace(one.tasks[0], ended_at=None),))
    assert sentences(waiting, {"cxone": "cxone is paused."}, NOW) == ["It waits to be sent. cxone is paused."]
    assert sentences(waiting, {"other": "other is paused."}, NOW) == ["It goes to cxone now."]


@pytest.mark.parametrize(
    ("due", "words"),
    [
        (None, "now"),
        (NOW - timedelta(seconds=5), "now"),
        (NOW + timedelta(seconds=12), "in 12 s"),
        (NOW + timedelta(minutes=31), "at 09:31 UTC"),
        (NOW + timedelta(days=1, minutes=31), "on 22 Nov 2026, 09:31 UTC"),
    ],
)
def test_a_time_is_said_as_people_say_it(due: datetime | None, words: str) -> None:
    assert at(due, NOW) == words


@pytest.mark.parametrize(
    ("states", "seconds"),
    [
        ((TaskState.IN_PROGRESS,), 2.0),
        ((TaskState.COMPLETED, TaskState.QUEUED), 2.0),
        ((TaskState.OUTCOME_UNKNOWN,), 10.0),
        ((TaskState.AWAITING_APPROVAL,), 10.0),
        ((TaskState.COMPLETED, TaskState.FAILED), None),
    ],
)
def test_the_page_looks_again_while_something_moves_and_never_after_the_end(
    states: tuple[TaskState, ...], seconds: float | None
) -> None:
    assert refresh_seconds(request(*states)) == seconds
