"""Links to the list of requests use the very words that its filters offer."""

from core.model.privacy_requests import RequestState
from core.ui import links, request_list
from core.ui.words import STATE_WORDS


def test_every_state_in_a_link_is_one_that_the_filter_offers() -> None:
    offered = {STATE_WORDS[state] for state in RequestState}
    for query in (links.NEEDS_PERSON, links.IN_FLIGHT, links.FAILED, links.NEAREST):
        states = query[request_list.STATE]
        assert {states} <= offered if isinstance(states, str) else set(states) <= offered


def test_times_and_order_are_those_that_the_filter_offers() -> None:
    assert links.OVERDUE == {request_list.WHEN: request_list.OVERDUE}
    assert links.AT_RISK == {request_list.WHEN: request_list.AT_RISK}
    assert links.CLOSED == {request_list.WHEN: request_list.CLOSED_LATELY}
    assert links.NEAREST[request_list.ORDER] == request_list.NEAREST
    assert links.of_system("cxone") == {request_list.SYSTEM: "cxone"}


def test_the_nearest_deadlines_are_those_of_open_requests_only() -> None:
    assert STATE_WORDS[RequestState.COMPLETED] not in links.NEAREST[request_list.STATE]
    assert STATE_WORDS[RequestState.QUEUED] in links.NEAREST[request_list.STATE]
