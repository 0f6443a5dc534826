"""The canonical form of what an event carries."""

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from core.model.events import Event, EventKind
from core.store.audit.admission import admit, looks_secret

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@given(values)
def test_a_detail_is_written_as_rfc_8785_says(value: object) -> None:
    event = Event(EventKind.TASK_SENDING, "desk|worker", detail={"intent": value, "attempt": 1})
    if not looks_secret(repr(value)):
        assert admit(event).encode() == rfc8785.dumps({"intent": value, "attempt": 1})
