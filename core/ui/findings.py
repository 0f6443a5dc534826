"""Findings shown under the field they are about, each with its fix as one click where it has one."""

import re
from collections.abc import Callable, Iterable

import streamlit as st

from core.model.findings import Finding

# Streamlit rewrites these after markdown's own escapes are gone: addresses become links, `:red[` a colour, `->` an
# arrow. A zero-width space, which is not read out, keeps each apart; a time of day is left whole.
_REWRITTEN = re.compile(r"(?<=:)(?!(?<=\d:)\d)(?=\S)|(?<=@)(?=\S)|(?<=www)(?=\.)|(?<=[-<>=])(?=[-<>=])", re.IGNORECASE)


def show(
    findings: Iterable[Finding], field: str, *, fix: Callable[[Finding], None] | None = None, key: str = ""
) -> None:
    """The findings of one field, read out by a screen reader as they appear.

    `fix` is called with the one whose fix was chosen; `key` tells apart forms on one page.
    """
    for index, finding in enumerate(f for f in findings if f.field == field):
        offered = fix is not None and (finding.suggestion is not None or bool(finding.split))
        label = fix_label(finding) if offered else ""
        box, icon = (st.error, ":material/error:") if finding.blocks else (st.warning, ":material/info:")
        box(escape(finding.message if label == finding.fix else _sentences(finding)), icon=icon)
        if fix is not None and offered:
            st.button(
                escape(label),
                key=f"fix_{key}_{field}_{finding.rule}_{index}",
                icon=":material/auto_fix_high:",
                on_click=fix,
                args=(finding,),
            )


def fix_label(finding: Finding) -> str:
    """What the button of a fix says: what it does, in a few words."""
    match finding.rule:
        case "enum" if isinstance(finding.suggestion, str):
            return f"Use {finding.suggestion}"
        case "pattern" if finding.field == "name":
            return f"Use {finding.suggestion}"
        case "retention_ceiling":
            return f"Use {finding.suggestion} days"
        case "in_future":
            return "Use today"
        case "immutable_category":
            return "Remove it"
        case "legal_hold":
            return "Remove what is held"
    return finding.fix.partition(";")[0] or "Put it right"


def escape(text: str) -> str:
    """Text as it is, on one line, for places that read markdown: no link, image, colour or icon comes of it."""
    apart = _REWRITTEN.sub("\u200b", " ".join(text.split()))
    return "".join(f"\\{c}" if c in r"\`*_{}[]()<>#+-.!|~$:^=&" else c for c in apart)


def _sentences(finding: Finding) -> str:
    fix = finding.fix and (finding.fix if finding.fix.endswith(".") else f"{finding.fix}.")
    return f"{finding.message} {fix}".strip()
