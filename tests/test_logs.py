"""The log: one JSON line a record, escaped, without secrets and without what people entered."""

import io
import json
import logging
import math
import re
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from pydantic import BaseModel, SecretStr

from core import logs
from core.settings import SettingsError

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the log holds so far, each line read as the JSON document it has to be."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    logs.configure(logging.INFO, stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


log = logging.getLogger("core.test_logs")


def test_a_record_is_one_line_with_time_level_logger_message_and_extras(lines: Lines) -> None:
    log.warning("%d of %s", 3, "these", extra={"connection": "cxone", "count": 3, "share": 0.5, "none": None})

    (line,) = lines()
    time = line.pop("time")
    assert line == {
        "level": "warning",
        "logger": "core.test_logs",
        "message": "3 of these",
        "connection": "cxone",
        "count": 3,
        "share": 0.5,
        "none": None,
    }
    assert len(time) == len("2026-11-21T09:30:00.000000Z")
    assert time.endswith("Z")


@pytest.mark.parametrize(
    "hostile",
    [
        'agent\r\n{"level": "INFO", "message": "all is well"}',
        "\x1b[2J\x1b[31mred",
        "two\u2028lines\u2029three",
        "nul\x00and\x7fdelete",
        "right\u202eto left",
        'quote " and \\ backslash',
    ],
)
def test_what_would_break_or_forge_a_line_is_spelt_out(lines: Lines, hostile: str) -> None:
    stream: Any = logging.getLogger().handlers[0]
    log.info("%s", hostile, extra={"reason": hostile})

    (line,) = lines()
    assert line["message"] == line["reason"] == hostile
    written = stream.stream.getvalue()
    assert written.endswith("\n")
    assert all(" " <= character <= "~" for character in written[:-1])


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("GET https://ann:s3cret@api.example.com/v2?token=abc#frag", "GET https://api.example.com/v2?…"),
        ("url: /oauth?client_secret=abc (Caused by x)", "url: /oauth?… (Caused by x)"),
        ("https://api.example.com/a#access_token=abc", "https://api.example.com/a#…"),
        ("https://h.example/?next=a@b.example", "https://h.example/?…"),
        ("Authorization: Bearer abcdef0123456789", "Authorization: Bearer ***"),
        ("key whsec_QUJDREVGR0g=", "key ***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "***"),
        ("client_secret=hunter2&x=1", "client_secret=***&x=1"),
        ('{"access_token": "abc", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("What next? Nothing.", "What next? Nothing."),
    ],
)
def test_urls_lose_user_and_query_and_secrets_are_masked(told: str, kept: str) -> None:
    assert logs.clean(told) == kept


def test_a_secret_stays_one_however_it_is_handed_over(lines: Lines) -> None:
    class Configured(BaseModel):
        client_secret: SecretStr

    configured = Configured(client_secret=SecretStr("canary"))
    extra = {"api_key": "canary", "webhook_signature": "canary", "body": b"canary", "configured": configured}
    log.info("%s %r", configured, configured.client_secret, extra=extra)

    assert "canary" not in json.dumps(lines())


def test_an_endless_text_is_cut(lines: Lines) -> None:
    log.info("x" * 1_000_000, extra={"more": "y" * 1_000_000})

    (line,) = lines()
    assert len(line["message"]) == len(line["more"]) == 1000


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_lacks_becomes_text(lines: Lines, number: float) -> None:
    log.info("odd", extra={"number": number})

    assert lines()[0]["number"] == str(number)


def test_arguments_that_do_not_fit_are_left_out() -> None:
    misfit = logging.LogRecord("core", logging.INFO, __file__, 1, "%d requests", ("canary",), None)

    assert json.loads(logs.JsonLines().format(misfit))["message"] == "%d requests"


def raise_from_requests() -> None:
    cause = requests.ConnectionError("HTTPSConnectionPool: url: https://a:b@api.example.com/x?token=canary")
    raise SettingsError(["the vendor cannot be reached"]) from cause


def test_an_exception_is_told_by_type_place_and_causes(lines: Lines) -> None:
    try:
        raise_from_requests()
    except SettingsError:
        log.exception("it failed")

    error = lines()[0]["error"]
    assert (error["type"], error["message"]) == ("SettingsError", "the vendor cannot be reached")
    assert re.fullmatch(r"(?:[^/]+/)?tests/test_logs\.py:\d+ in raise_from_requests", error["at"][-1])
    assert error["cause"]["type"] == "ConnectionError"
    assert error["cause"]["message"] == "HTTPSConnectionPool: url: https://api.example.com/x?…"


@pytest.mark.parametrize("error", [KeyError("USR-8847291"), ValueError("USR-8847291"), TypeError("USR-8847291")])
def test_an_exception_that_may_quote_a_person_keeps_its_message_to_itself(lines: Lines, error: Exception) -> None:
    def carry(subject: str) -> None:
        raise error

    try:
        carry("USR-8847291")
    except Exception:
        log.exception("it failed")

    (line,) = lines()
    assert line["error"]["type"] == type(error).__name__
    assert "USR-8847291" not in json.dumps(line)


def raise_without_context() -> None:
    try:
        int("hidden")
    except ValueError:
        raise OSError("shown") from None


def test_a_suppressed_context_and_an_endless_chain_are_not_followed(lines: Lines) -> None:
    chain: Exception = OSError("the first")
    for number in range(50):
        following = OSError(str(number))
        following.__cause__ = chain
        chain = following
    log.error("chained", exc_info=chain)
    try:
        raise_without_context()
    except OSError:
        log.exception("alone")

    chained, alone = lines()
    assert json.dumps(chained).count('"type"') == 4
    assert "cause" not in alone["error"]


def test_libraries_with_handlers_of_their_own_are_taken_in_and_quietened(lines: Lines) -> None:
    chatty = logging.getLogger("chatty.library")
    own = io.StringIO()
    chatty.addHandler(logging.StreamHandler(own))
    chatty.setLevel(logging.DEBUG)
    chatty.propagate = False

    logs.configure(logging.INFO, logging.getLogger().handlers[0].stream)  # type: ignore[attr-defined]  # it is ours
    chatty.info("chatter")
    chatty.warning("something matters")

    assert own.getvalue() == ""
    assert [line["message"] for line in lines()] == ["something matters"]


def test_warnings_are_logged_too(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("this will go away", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    (line,) = lines()
    assert line["logger"] == "py.warnings"
    assert "this will go away" in line["message"]


def test_an_exception_that_nobody_caught_is_a_line_too(lines: Lines) -> None:
    def fail() -> None:
        raise KeyError("USR-8847291")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    sys.excepthook(KeyError, KeyError("USR-8847291"), None)

    assert [(line["level"], line["error"]["type"]) for line in lines()] == [("critical", "KeyError")] * 2
    assert "USR-8847291" not in json.dumps(lines())
