"""A table of names and values, as plain text or as literal text that can be copied exactly."""

import re
from collections.abc import Collection, Mapping

import streamlit as st

from core.ui import code_blocks
from core.ui.findings import escape

# A longer word would not wrap in a table on a phone, and a table that scrolls cannot be reached by keyboard.
LONGEST_WORD = 24


def show(rows: Mapping[str, str], *, alt: str, literal: Collection[str] = ()) -> None:
    """The rows in their order; values of those named in `literal` look, and are copied, as they are.

    Literal values too long for a table follow below it, each in a block of its own.
    """
    below = {name for name in literal if any(len(word) > LONGEST_WORD for word in rows.get(name, "").split())}
    inside = {name: value for name, value in rows.items() if name not in below}
    st.table(
        {
            "What": [escape(name) for name in inside],
            "Value": [code(value) if name in literal else escape(value) for name, value in inside.items()],
        },
        border="horizontal",
        hide_index=True,
        hide_header=True,
        alt=alt,
    )
    for name, value in rows.items():
        if name in below:
            st.caption(escape(name))
            code_blocks.show(value)


def code(text: str) -> str:
    """A markdown code span of any text on one line: nothing in it is rewritten, not even with zero-width marks."""
    line = " ".join(text.split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{padding}{line}{padding}{fence}" if line else ""
