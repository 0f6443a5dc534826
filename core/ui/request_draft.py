"""What a person has typed into the request form: kept between reruns and page visits, never in the URL or on disk."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from core.model.deadlines import laws
from core.model.findings import Finding
from core.model.privacy_requests import Draft
from core.ui.contract_words import CATEGORIES

_STATE = "submit_request"


@dataclass
class Kept:
    """A request prepared for later, the other half of a split.

    While the form of `generation` holds the first half, this one follows its fields, so that a correction of the
    person's id reaches both; once that form was submitted or cleared, it stands alone. `left_out` could not be in
    either half.
    """

    draft: Draft
    generation: int
    left_out: tuple[str, ...] = ()


@dataclass
class Form:
    """One filling-in of the form.

    A new `generation` gives every field and button a new key and the form a new intent: a second click of the old
    button then finds nothing to do, whatever the browser still sends of the old fields.
    """

    draft: Draft
    generation: int = 1
    intent: str = field(default_factory=lambda: str(uuid.uuid4()))
    touched: set[str] = field(default_factory=set)
    was_pressed: bool = False
    problem: str = ""
    filed: str | None = None
    kept: list[Kept] = field(default_factory=list)

    def key(self, name: str) -> str:
        return f"submit_{name}_{self.generation}"

    def renew(self, draft: Draft, *, touched: bool = False) -> None:
        """Start over with this draft; `touched` shows its findings at once."""
        self.draft = draft
        self.generation += 1
        self.intent = str(uuid.uuid4())
        self.touched = {"connection", "subjectId", "type", "categories", "scope"} if touched else set()
        self.was_pressed = False
        self.problem = ""

    def seed(self) -> None:
        """Give every field that the browser has not sent its value from the draft."""
        draft = self.draft
        values: dict[str, Any] = {
            "connection": list(draft.connections),
            "subjectId": draft.subject,
            "alsoKnownAs": "; ".join(draft.also_known_as),
            "type": draft.type or None,
            "scope": draft.scope or None,
            "description": draft.description,
            "law": draft.law,
            "region": draft.region or "",
            "received": draft.received,
            "reference": draft.reference,
            "underHold": draft.under_hold,
            "reason": draft.reason,
        }
        values |= {category: category in draft.categories for category in CATEGORIES}
        for name, value in values.items():
            st.session_state.setdefault(self.key(name), value)

    def read(self) -> Draft:
        """The draft as the fields have it now."""

        def value(name: str) -> Any:
            return st.session_state.get(self.key(name))

        law = value("law") or self.draft.law
        dated_by_region = any(known.id == law and known.default_region for known in laws())
        return Draft(
            connections=tuple(value("connection") or ()),
            subject=value("subjectId") or "",
            also_known_as=tuple(one.strip() for one in (value("alsoKnownAs") or "").split(";") if one.strip()),
            type=value("type") or "",
            categories=tuple(category for category in CATEGORIES if value(category)),
            scope=value("scope") or "",
            description=value("description") or "",
            law=law,
            region=((value("region") or "").strip().upper() or None) if dated_by_region else None,
            received=value("received"),
            reference=(value("reference") or "").strip(),
            under_hold=value("underHold") or "",
            reason=(value("reason") or "").strip(),
        )

    def apply(self, finding: Finding) -> None:
        """Put the suggestion of a finding into its field, or split the request."""
        if finding.split:
            self._split(finding.split)
        elif finding.field == "categories":
            for category in CATEGORIES:
                st.session_state[self.key(category)] = category in finding.suggestion
        else:
            st.session_state[self.key(finding.field)] = finding.suggestion

    def exchange(self, kept: Kept, generation: int) -> None:
        """Put a kept request into the form of this generation; what was in it, if anything, is kept in its place."""
        if generation != self.generation:
            return
        draft, halves = kept.draft, self.other_halves()
        if self.touched:
            kept.draft = self.read()
        else:
            self.kept.remove(kept)
        self.renew(draft, touched=True)
        if kept in halves:
            for half in halves:
                half.generation = self.generation

    def other_halves(self) -> list[Kept]:
        """What is kept of the request in the form."""
        return [kept for kept in self.kept if kept.generation == self.generation]

    def follow(self) -> None:
        """Take over what the fields hold now; the other halves of a split differ in their categories alone."""
        self.draft = self.read()
        for half in self.other_halves():
            half.draft = replace(self.draft, categories=half.draft.categories)

    def _split(self, groups: tuple[tuple[str, ...], ...]) -> None:
        draft = self.read()
        if self.other_halves() and draft.categories == groups[0]:
            return
        going = {category for group in groups for category in group}
        left_out = tuple(category for category in draft.categories if category not in going)
        self.kept = [kept for kept in self.kept if kept.generation != self.generation]
        self.kept += [Kept(replace(draft, categories=group), self.generation, left_out) for group in groups[1:]]
        for category in CATEGORIES:
            st.session_state[self.key(category)] = category in groups[0]


def form(blank: Callable[[], Draft]) -> Form:
    """The form of this session, made from the blank draft on the first visit."""
    if _STATE not in st.session_state:
        st.session_state[_STATE] = Form(blank())
    found: Form = st.session_state[_STATE]
    return found
