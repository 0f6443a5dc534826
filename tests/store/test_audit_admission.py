from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from core.model.events import Event, EventKind
from core.store import audit
from core.store.audit import AuditError
from core.store.audit.admission import admit, looks_secret
from core.store.keys import Keys
from tests.store.audit_logs import START, connected, event

deep: Any = "x"
for _ in range(10):
    deep = [deep]


@pytest.mark.parametrize(
    "detail",
    [
        {"unknown": 1},
        {"attempt": 1.0},
        {"attempt": -0.0},
        {"attempt": float("nan")},
        {"attempt": float("inf")},
        {"attempt": 2**53},
        {"attempt": -(10**5000)},
        {"attempt": b"1"},
        {"attempt": {1}},
        {"attempt": START},
        {"attempt": {1: "x"}},
        {"attempt": {None: "x"}},
        {"vendor_status": "\ud800"},
        {"vendor_status": {"\udfff": 1}},
        {"vendor_status": "x" * 8192},
        {"vendor_status": ["é" * 4096]},
        {"vendor_status": deep},
        {7: "x"},
    ],
)
def test_a_detail_without_one_canonical_small_form_is_refused(open_log: Database, keys: Keys, detail: Any) -> None:
    with pytest.raises(AuditError, match=r"^task\.submitted"):
        audit.append(open_log, keys, START, event(detail=detail))
    assert audit.head(open_log) is None


def test_a_detail_of_exactly_8_kb_is_accepted(open_log: Database, keys: Keys) -> None:
    frame = len('{"vendor_status":""}')
    assert audit.append(open_log, keys, START, event(detail={"vendor_status": "x" * (8192 - frame)})) == 1


@pytest.mark.parametrize("column", ["actor", "request", "task", "connection", "outcome"])
@pytest.mark.parametrize("text", ["x" * 1025, "a\0b", "\ud800", 7], ids=["long", "NUL", "surrogate", "number"])
def test_a_column_that_is_no_short_valid_text_is_refused(
    open_log: Database, keys: Keys, column: str, text: Any
) -> None:
    with pytest.raises(AuditError):
        audit.append(open_log, keys, START, event(**{column: text}))


def test_a_naive_instant_and_an_unknown_kind_are_refused(open_log: Database, keys: Keys) -> None:
    with pytest.raises(AuditError, match="time zone"):
        audit.append(open_log, keys, datetime(2026, 11, 21), event())  # noqa: DTZ001 - what is to be refused
    with pytest.raises(AuditError, match="kinds"):
        audit.append(open_log, keys, START, event(kind="task.imagined"))


SECRETS = {
    "a bearer token": ["Bearer x", "authorization: bearer abc.def", "BEARER\tabc"],
    "a credential": [
        "client_secret=hunter2",
        'client_secret": "hunter2"',
        "grant_type=x&client_secret =y",
        "access_token=abc",
        "refresh_token: abc",
        "password=letmein",
    ],
    "a JSON Web Token": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "sent eyJhbGciOi.eyJzdWIi.x"],
    "a webhook secret": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    "a private key": ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----"],
    "a card number": [
        "4111111111111111",
        "4111 1111 1111 1111",
        "paid with 5555-5555-5555-4444.",
        "378282246310005",
        "3782 822463 10005",
        "30569309025904",
        "2223003122003222",
        "6011111111111117",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in SECRETS.items() for text in texts])
def test_what_looks_like_a_secret_is_refused_anywhere_and_not_repeated(
    open_log: Database, keys: Keys, kind: str, text: str
) -> None:
    places: list[dict[str, Any]] = [{column: text} for column in ("actor", "request", "task", "connection", "outcome")]
    places += [{"detail": {"vendor_status": value}} for value in (text, [text], {"why": text}, {text: 1})]
    for place in places:
        with pytest.raises(AuditError, match=kind) as refused:
            audit.append(open_log, keys, START, event(**place))
        assert text not in str(refused.value)


def test_a_card_number_without_quotes_and_a_secret_under_its_own_key_are_refused(
    open_log: Database, keys: Keys
) -> None:
    for detail in ({"attempt": 4111111111111111}, {"vendor_status": {"client_secret": "hunter2"}}):
        with pytest.raises(AuditError, match="looks like"):
            audit.append(open_log, keys, START, event(detail=detail))


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # fails Luhn
        "1795254000000000",  # microseconds
        "41111111-1111-4111-8111-111111111111",
        "a4111111111111111",
        "4111111111111111a",
        "4111-1111-1111-1111-1111",
        "vr-4111111111111111",
        "forbearer of news",
        "the client_secret is wrong",
        "2026-11-21T09:30:00.000000Z",
        sha256(b"15").hexdigest(),
        "",
    ],
)
def test_what_only_resembles_a_secret_is_accepted(text: str) -> None:
    assert audit.looks_secret(text) is None


@given(st.uuids(), st.binary(max_size=8))
def test_no_uuid_and_no_hash_is_taken_for_a_secret(uuid: Any, data: bytes) -> None:
    assert audit.looks_secret(f"{uuid}") is None
    assert audit.looks_secret(sha256(data).hexdigest()) is None


def test_a_refused_secret_never_reaches_the_file(log: Path, keys: Keys) -> None:
    with connected(log) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        for texts in SECRETS.values():
            for text in texts:
                with pytest.raises(AuditError):
                    audit.append_many(db, keys, [(START, event()), (START, event(detail={"vendor_status": text}))])
        db.conn.execute("ROLLBACK")
    content = log.read_bytes()
    assert not [text for texts in SECRETS.values() for text in texts if text.encode() in content]


# The canonical form


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@given(values)
def test_a_detail_is_written_as_rfc_8785_says(value: Any) -> None:
    sending = Event(EventKind.TASK_SENDING, "desk|worker", detail={"intent": value, "attempt": 1})
    if not looks_secret(repr(value)):
        assert admit(sending).encode() == rfc8785.dumps({"intent": value, "attempt": 1})
