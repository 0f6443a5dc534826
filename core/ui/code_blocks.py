"""Text in a box from which it can be copied, shown exactly as it is."""

import json
from contextlib import suppress
from typing import Any

import streamlit as st


def show(text: str) -> None:
    """Without colours: those of the highlighter fall short of the contrast that WCAG asks for (measured)."""
    st.code(text, language=None, wrap_lines=True)


def show_json(value: Any) -> None:
    show(_indented(value))


def show_body(body: str) -> None:
    """A body of HTTP: JSON with indentation, anything else (a body that was cut is no JSON) as it is."""
    with suppress(ValueError, RecursionError):
        body = _indented(json.loads(body))
    show(body)


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
