"""Checking many requests quickly gives what checking each of them gives."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.clients.cxone_requests import submission_payload
from core.validation import check_privacy_request
from core.validation.many_requests import ManyRequests

CATEGORIES = ["CONTACT", "CONVERSATION", "SURVEY", "ANALYTICS", "INTERACTION", "IVR", "CHAT", "EMAIL", "SMS"]

MANY = ManyRequests()

anything = st.text(alphabet=st.characters(), max_size=12)
subjects = st.one_of(
    anything,
    st.from_regex(r"[A-Za-z0-9_.-]{0,130}", fullmatch=True),
    st.sampled_from([".", "..", "a/b", "USR-1\n", " USR-1 ", "a" * 128, "a" * 129, "a@example.com", "\ud800", "%2e"]),
)
kinds = st.one_of(st.sampled_from(["ERASURE", "ACCESS", "erasure", "", " "]), anything)
categories = st.lists(st.one_of(st.sampled_from([*CATEGORIES, "contact", ""]), anything), max_size=12)
scopes = st.one_of(st.sampled_from(["ACCOUNT", "CONTACT", "CONVERSATION", "ALL", "all", ""]), anything)
descriptions = st.one_of(
    anything, st.sampled_from(["", "a" * 255, "a" * 256, "\x00", "\ud800" * 300, "=1+1", "<b>"]), st.text(max_size=300)
)


@settings(max_examples=400, deadline=None)
@given(subject=subjects, kind=kinds, chosen=categories, scope=scopes, description=descriptions)
@example(subject="USR-1", kind="ERASURE", chosen=CATEGORIES, scope="ALL", description="")
@example(subject="USR-1", kind="ERASURE", chosen=["CONTACT"] * 10, scope="ALL", description="")
def test_the_quick_check_finds_exactly_what_the_full_one_finds(
    subject: str, kind: str, chosen: list[str], scope: str, description: str
) -> None:
    payload = submission_payload(subject=subject, type=kind, categories=chosen, scope=scope, description=description)
    quick = MANY.check(subject=subject, kind=kind, categories=tuple(chosen), scope=scope, description=description)
    assert quick == check_privacy_request(payload)


def test_a_good_row_has_no_findings() -> None:
    assert MANY.check(subject="USR-8847291", kind="ERASURE", categories=("EMAIL",), scope="ALL", description="") == []
