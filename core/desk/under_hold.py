"""A draft that a legal hold or an immutable category stands in the way of: the findings, and how it starts if filed."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.desk.own_words import LONGEST_REASON, SHORTEST_REASON, is_text
from core.model.findings import Finding, Severity
from core.model.holds import Hold, UnderHold
from core.model.privacy_requests import Draft, RequestType, TaskState
from core.model.wording import day
from core.store.approvals import ApprovalKind
from core.validation import policy
from core.validation.wording import listed, shown


@dataclass(frozen=True)
class Start:
    """The state that a request's tasks begin in, what a second person is asked for, and what they would override."""

    state: TaskState
    approval: ApprovalKind | None = None
    overrides: tuple[str, ...] = ()


def allowed_categories(draft: Draft) -> tuple[str, ...]:
    """The immutable categories that the draft asks to override; validation lets them pass."""
    if draft.under_hold != UnderHold.OVERRIDE:
        return ()
    return tuple(c.name for c in policy().immutable_category if c.name in draft.categories)


def overrides(draft: Draft, standing: Sequence[Hold]) -> tuple[str, ...]:
    """Everything that the draft asks to override: holds by id, categories by name."""
    if draft.under_hold != UnderHold.OVERRIDE:
        return ()
    return (*(hold.id for hold in standing), *allowed_categories(draft))


def findings(draft: Draft, standing: Sequence[Hold]) -> list[Finding]:
    """What a person has to know or to decide. `standing`: the holds that cover what the draft would erase."""
    if draft.under_hold not in set(UnderHold):
        return [Finding("underHold", "enum", "A hold cannot be dealt with so.", "Choose one of the ways offered.")]
    found = [_of_hold(draft, hold) for hold in standing]
    if overrides(draft, standing):
        found += _of_reason(draft.reason)
        found.append(
            Finding(
                "underHold",
                "second_person",
                "An override is never one person's decision.",
                "Somebody else with the role approver or administrator has to agree before anything is sent.",
                Severity.WARNING,
            )
        )
    return found


def start(draft: Draft, standing: Sequence[Hold], *, four_eyes: bool) -> Start:
    """How a draft without blocking findings begins."""
    overridden = overrides(draft, standing)
    if overridden:
        return Start(TaskState.AWAITING_APPROVAL, ApprovalKind.HOLD_OVERRIDE, overridden)
    if standing:
        return Start(TaskState.ON_HOLD)
    if four_eyes and draft.type == RequestType.ERASURE:
        return Start(TaskState.AWAITING_APPROVAL, ApprovalKind.ERASURE)
    return Start(TaskState.QUEUED)


def _of_hold(draft: Draft, hold: Hold) -> Finding:
    held = [category for category in draft.categories if category in hold.categories]
    left = tuple(category for category in draft.categories if category not in hold.categories)
    what = f"{listed(held)} of this person" if held and hold.pseudonym else listed(held) or "this person's data"
    message = (
        f"{hold.id} keeps {what} from erasure: {hold.ground.words}; {shown(hold.matter)}. "
        f"{shown(hold.owner)} reviews it by {day(hold.review_on)}."
    )
    field = "categories" if hold.categories else "subjectId"
    if draft.under_hold == UnderHold.HOLD_BACK:
        fix = f"The request is held back until {hold.id} is released; its deadline runs on."
        return Finding(field, "legal_hold", message, fix, Severity.WARNING)
    if draft.under_hold == UnderHold.OVERRIDE:
        return Finding(field, "legal_hold", message, "The override is what a second person decides.", Severity.WARNING)
    ways = "hold the request back until the release, or ask for an override"
    if hold.categories and left:
        return Finding(field, "legal_hold", message, f"Remove {listed(held)}, {ways}", suggestion=list(left))
    return Finding(field, "legal_hold", message, f"{ways[0].upper()}{ways[1:]}")


def _of_reason(reason: str) -> list[Finding]:
    if len(reason.strip()) < SHORTEST_REASON:
        message = "An override needs its reason."
        fix = f"Write {SHORTEST_REASON} characters or more: it is shown to the person who decides."
        return [Finding("reason", "required", message, fix)]
    if not is_text(reason):
        return [Finding("reason", "pattern", "The reason holds characters that are no valid text.", "Type it again")]
    if len(reason) > LONGEST_REASON:
        message = f"The reason has {len(reason)} characters; at most {LONGEST_REASON} are allowed."
        return [Finding("reason", "max_length", message, f"Cut it to {LONGEST_REASON} characters")]
    return []
