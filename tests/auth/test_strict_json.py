"""What the desk takes for JSON, and what it refuses although a lenient parser would not."""

import pytest

from core.auth.strict_json import StrictJsonError, is_json_type, parse


def test_ordinary_json_is_read() -> None:
    assert parse(b'{"a": [1, 2.5, "\xc3\xbc", null, true], "b": {}}') == {"a": [1, 2.5, "ü", None, True], "b": {}}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff\xfe{}", b'{"a": 1} x', b"{'a': 1}"])
def test_what_is_no_json_at_all_says_so(body: bytes) -> None:
    with pytest.raises(StrictJsonError) as caught:
        parse(body)
    assert caught.value.code == "not_json"


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":"COMPLETED","status":"FAILED"}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"n": 9223372036854775808}',
        b'{"n": NaN}',
        b'{"n": -Infinity}',
        b'{"n": 1e400}',
        b'{"n": "\\ud800"}',
        b'{"\\ud800": 1}',
    ],
    ids=["twice", "twice inside", "100000 open", "100000 deep", "65 deep", "5000 digits", "65 bits", "NaN",
         "-Infinity", "1e400", "surrogate", "surrogate key"],
)  # fmt: skip
def test_json_that_two_parsers_could_read_differently_breaks_the_contract(body: bytes) -> None:
    with pytest.raises(StrictJsonError) as caught:
        parse(body)
    assert caught.value.code == "contract_violation"


def test_the_bounds_themselves_are_inside() -> None:
    assert parse(b"[" * 64 + b"]" * 64)
    assert parse(b"[9223372036854775807, -9223372036854775807, 1e300]")


def test_the_message_does_not_quote_the_body() -> None:
    with pytest.raises(StrictJsonError) as caught:
        parse(b"secret-token")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/html", False),
        ("text/json+html", False),
        ("application/jsonp", False),
        ("", False),
        (None, False),
    ],
)
def test_the_content_type_decides_what_may_be_json(content_type: str | None, expected: bool) -> None:
    assert is_json_type(content_type) is expected
