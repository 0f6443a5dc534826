"""A legal hold as it is typed: what is wrong with it before it is placed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from dateutil.relativedelta import relativedelta

from core.model.findings import Finding
from core.model.holds import HoldDraft, HoldGround
from core.validation.privacy_requests import check_privacy_request
from core.validation.wording import listed, shown

LONGEST_TEXT = 200
LONGEST_REVIEW_YEARS = 5


def check_hold(draft: HoldDraft, today: date) -> list[Finding]:
    """What keeps a hold from being placed, in the order of its fields; empty when nothing does."""
    return [
        *_about(draft),
        *_ground(draft.ground),
        *_text("matter", "The matter", draft.matter, "Name the case or reference it is for"),
        *_text("owner", "The owner", draft.owner, "Name who answers for it and reviews it"),
        *check_review(draft.review_on, today),
    ]


def _about(draft: HoldDraft) -> Iterator[Finding]:
    if not draft.subject and not draft.categories:
        yield Finding("subject", "required", "A hold is about a person, a category, or both.", "Enter or choose one")
        return
    # The same rules as for a request; what a hold leaves out is filled with what is right.
    payload = {
        "subjectId": draft.subject or "USR-1",
        "type": "ACCESS",
        "categories": list(draft.categories) or ["CONTACT"],
        "scope": "CONTACT",
    }
    names = {"subjectId": "subject", "categories": "categories"}
    for finding in check_privacy_request(payload):
        if finding.field in names and finding.rule != "immutable_category":
            yield replace(finding, field=names[finding.field])


def _ground(ground: str) -> Iterator[Finding]:
    if ground not in set(HoldGround):
        message = f"{shown(ground)!r} is no ground for a hold." if ground else "The ground of the hold is missing."
        rule = "enum" if ground else "required"
        yield Finding("ground", rule, message, f"Choose {listed(HoldGround, 'or')}")


def _text(field: str, name: str, text: str, fix: str) -> Iterator[Finding]:
    printable = "".join(c for c in text if c.isprintable())
    if not text.strip():
        yield Finding(field, "required", f"{name} is missing.", fix)
    elif len(text) > LONGEST_TEXT:
        message = f"{name} has {len(text)} characters; at most {LONGEST_TEXT} are allowed."
        yield Finding(field, "max_length", message, f"Cut it to {LONGEST_TEXT} characters")
    elif printable != text:
        yield Finding(
            field, "pattern", f"{name} holds a character that does not print.", "Remove it", suggestion=printable
        )


def check_review(review_on: date | None, today: date) -> Iterator[Finding]:
    """What is wrong with the day on which a hold is looked at again."""
    latest = today + relativedelta(years=LONGEST_REVIEW_YEARS)
    if review_on is None:
        yield Finding("review_on", "required", "The day of review is missing.", "Choose when it is looked at again")
    elif review_on <= today:
        yield Finding("review_on", "in_past", "The day of review is not in the future.", "Choose a later day")
    elif review_on > latest:
        message = f"The day of review is more than {LONGEST_REVIEW_YEARS} years away."
        yield Finding(
            "review_on", "too_far", message, "Choose an earlier day: no hold is kept unlooked at", suggestion=latest
        )
