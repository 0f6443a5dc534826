"""A page that fails shows a number and nothing else; the log says where it was under the same number."""

import json
import logging
import re

import pytest
from streamlit.testing.v1 import AppTest

from core.logs import JsonLines


def failing_page() -> None:
    import streamlit as st

    from core.ui.script_errors import show_error_id

    try:
        int("USR-8847291")
    except ValueError as error:
        st.session_state["done"] = show_error_id(error)


def test_a_failed_page_shows_the_number_under_which_the_log_tells_the_place(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "core.ui.script_errors")

    page = AppTest.from_function(failing_page).run()

    assert not page.exception
    assert page.session_state["done"] is True
    (shown,) = page.error
    (told,) = [json.loads(JsonLines().format(r)) for r in caplog.records if r.name == "core.ui.script_errors"]
    found = re.search(r"the number ([0-9a-f]{8}):", shown.value)
    assert found is not None
    assert (told["error_id"], told["error"]["type"]) == (found[1], "ValueError")
    assert told["error"]["at"][-1].endswith(" in failing_page")
    assert "USR-8847291" not in shown.value + repr(told)


def page_after_the_session() -> None:
    from core.model.people import SessionEndedError
    from core.ui.script_errors import show_error_id

    show_error_id(SessionEndedError("You signed out."))


def page_without_the_role() -> None:
    from core.model.people import NotAllowedError
    from core.ui.script_errors import show_error_id

    show_error_id(NotAllowedError("Rita may not do this."))


def test_a_button_pressed_after_the_end_of_the_session_says_so_and_leads_back_in() -> None:
    page = AppTest.from_function(page_after_the_session).run()
    assert page.warning[0].value == "You signed out. Nothing was changed. Sign in again to go on where you were."
    assert [button.label for button in page.button] == ["Sign in again"]


def test_a_button_pressed_after_the_role_is_gone_says_so_without_a_number() -> None:
    page = AppTest.from_function(page_without_the_role).run()
    assert page.error[0].value == "Rita may not do this. Nothing was changed."
