"""What is recorded of an exchange holds neither a secret nor a masked value, in no spelling."""

import json

import pytest

from core.clients.redaction import Redactor, visible

NOTE = 'Asked by "Müller"\nHof 1/2'
MASK = {"o'Brien+ü@example.com": "{subject}"}


@pytest.mark.parametrize(
    "text",
    [
        "o'Brien+ü@example.com",
        "O'BRIEN+ü@EXAMPLE.COM",
        "/people/o%27Brien%2B%C3%BC%40example.com",
        "q=o%27brien%2b%c3%bc%40example.com",
        '{"subjectId": "o\'Brien+\\u00fc@example.com"}',
        "<b>o&#x27;Brien+ü@example.com</b>",
    ],
)
def test_a_masked_value_is_found_in_every_spelling_of_the_wire(text: str) -> None:
    masked = Redactor(MASK).text(text)
    assert "{subject}" in masked
    assert "rien" not in masked.lower()


@pytest.mark.parametrize("escaped", [json.dumps(NOTE), json.dumps(NOTE, ensure_ascii=False)])
@pytest.mark.parametrize("slash", ["/", "\\/"])
def test_a_text_with_quotes_breaks_and_umlauts_is_found_in_either_json(escaped: str, slash: str) -> None:
    body = f'{{"description": {escaped.replace("/", slash)}}}'
    assert Redactor({NOTE: "{note}"}).body(body.encode()) == '{"description": "{note}"}'


def test_a_placeholder_is_not_masked_in_its_turn() -> None:
    assert Redactor({"USR-8847291": "{subject}", "subject": "{word}"}).text("USR-8847291") == "{subject}"


def test_the_longer_of_two_values_wins() -> None:
    assert Redactor({"USR-1000": "{a}", "USR-10001": "{b}"}).text("USR-10001 USR-1000") == "{b} {a}"


def test_a_very_short_value_is_masked_where_it_stands_alone_only() -> None:
    assert Redactor({"a": "{subject}"}).text('{"data": "a"}') == '{"data": "{subject}"}'


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary.value-123",
        "authorization: basic Y2FuYXJ5OnNlY3JldA==",
        "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOjF9.canary",
        "client_id=desk&client_secret=canary123&x=1",
        '{"access_token": "canary123", "expires_in": 1}',
        '{\\"access_token\\": \\"canary123\\"}',
        "https://user:canary@vendor.example.com/",
        "/callback?token=canary123",
    ],
)
def test_what_looks_like_a_secret_goes_even_when_nobody_named_it(text: str) -> None:
    masked = Redactor({}).text(text)
    assert "***" in masked
    assert "canary" not in masked
    assert "Y2FuYXJ5" not in masked


def test_an_ordinary_text_stays_as_it_is() -> None:
    text = '{"message": "Retention constraint on ANALYTICS", "token_type": "bearer"}'
    assert Redactor(MASK, ["s3cret-value"]).text(text) == text


def test_named_secrets_become_stars() -> None:
    assert Redactor({}, ["s3cret-value", ""]).text("it was s3cret-value") == "it was ***"


def test_secret_headers_keep_nothing_but_the_scheme() -> None:
    headers = Redactor({}).headers(
        {"Authorization": "Bearer abc", "Set-Cookie": "sid=1", "webhook-signature": "v1,abc", "X-Trace": "a\x1b[31m"}
    )
    assert headers == {
        "Authorization": "Bearer ***",
        "Set-Cookie": "***",
        "webhook-signature": "***",
        "X-Trace": "a\\x1b[31m",
    }


def test_a_body_is_masked_before_it_is_cut_so_that_no_half_identifier_is_left() -> None:
    stored = Redactor({"USR-8847291": "{subject}"}).body(b"x" * 4090 + b"USR-8847291" + b"y" * 100)
    assert stored is not None
    assert len(stored) == 4096
    assert "USR" not in stored
    assert Redactor({}).body(b"") is None
    assert Redactor({}).body(b"\xff\xfe") == "��"


def test_a_vendors_words_are_one_line_of_at_most_500_characters() -> None:
    said = Redactor({}).vendor_text('bad\r\n{"level":"INFO"}\u2028\x00\x1b[2J' + "x" * 1000)
    assert len(said) == 500
    assert said.isprintable()
    assert said.startswith('bad {"level":"INFO"} \\x00\\x1b[2J')


def test_characters_that_command_a_terminal_or_turn_a_line_are_spelt_out() -> None:
    assert visible("a\u202eb\u2028c\x00d\ne", keep="\n") == "a\\u202eb\\u2028c\\x00d\ne"
    assert visible("Größe 漢字 😀") == "Größe 漢字 😀"
