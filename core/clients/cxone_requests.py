"""NICE CXone, tutorial contract: submit an erasure or access request, and follow it (contract.md, 1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.clients.http import Answer, Call, VendorHttp, contract_violation, vendor_id
from core.clients.outcomes import BreakerEffect, Decision, Sending, Verdict
from core.clients.redaction import Redactor, visible
from core.model.identifiers import canonical
from core.model.privacy_requests import CascadeEntry, TaskError, TaskState
from core.settings import ConnectionSettings

SUBJECT = "{subject}"
DESCRIPTION = "{description}"
# People type names into a description, so it is not recorded; one too short to hold a name would only blot
# out the same letters everywhere else.
_SHORTEST_MASKED_DESCRIPTION = 4
_PATH = "/api/v2/privacy/requests"
_STATES: Mapping[str, TaskState] = {
    "PENDING": TaskState.IN_PROGRESS,
    "QUEUED": TaskState.IN_PROGRESS,
    "PROCESSING": TaskState.IN_PROGRESS,
    "COMPLETED": TaskState.COMPLETED,
    "PARTIAL": TaskState.PARTLY_COMPLETED,
    "FAILED": TaskState.FAILED,
}
_MOST_CASCADE_ENTRIES = 100
_COUNT_AT_MOST = 10**12
_STATUS_CHARACTERS = 64


@dataclass(frozen=True)
class Submission:
    """A submission's answer, with the vendor's id and status where it named them."""

    answer: Answer
    vendor_request_id: str | None
    vendor_status: str | None


@dataclass(frozen=True)
class Tracking:
    """What the vendor says of a request. `state` is None where the answer was no success; `warnings` name each
    field that could not be believed and was therefore left out."""

    answer: Answer
    vendor_status: str | None = None
    state: TaskState | None = None
    records_affected: int | None = None
    cascade: tuple[CascadeEntry, ...] = ()
    duration_ms: int | None = None
    error_message: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()


def submission_payload(
    *,
    subject: str,
    type: str,  # noqa: A002 - the contract's own name
    categories: Sequence[str],
    scope: str,
    description: str = "",
    callback_url: str | None = None,
) -> dict[str, Any]:
    """The body of a submission (contract.md 1.2); optional fields that are empty are left out."""
    payload: dict[str, Any] = {
        "subjectId": subject,
        "type": str(type),
        "categories": [str(category) for category in categories],
        "scope": str(scope),
    }
    if callback_url:
        payload["callbackUrl"] = callback_url
    if description:
        payload["description"] = description
    return payload


def submission_call(connection: ConnectionSettings, payload: Mapping[str, Any], intent: str) -> Call:
    """The exact call that `submit` makes, for a preview as well."""
    keyed = bool(connection.idempotency_header)
    return Call(
        "POST",
        f"{connection.base_url}{_PATH}",
        json=payload,
        headers={connection.idempotency_header: intent} if keyed else {},
        sending=Sending.KEYED if keyed else Sending.UNKEYED,
        mask={**_mask(payload.get("subjectId")), **_mask_description(payload.get("description"))},
    )


class CxoneRequests:
    """The contract over one connection."""

    def __init__(self, http: VendorHttp, connection: ConnectionSettings) -> None:
        self._http = http
        self._connection = connection

    def submission_call(self, payload: Mapping[str, Any], intent: str) -> Call:
        return submission_call(self._connection, payload, intent)

    def submit(self, payload: Mapping[str, Any], intent: str) -> Submission:
        """One attempt to submit. On ATTACH, `vendor_request_id` is the request the vendor already has."""
        call = self.submission_call(payload, intent)
        answer = self._http.call(call)
        body = answer.body if isinstance(answer.body, dict) else {}
        named, status = vendor_id(body.get("id")), _status(body.get("status"), Redactor(call.mask))
        if answer.verdict.decision is Decision.ATTACH:
            if _other_subject(body, payload.get("subjectId")):
                return Submission(_wrong_subject(answer), None, status)
            return Submission(answer if named else _nothing_to_attach(answer, call.sending), named, status)
        if not answer.ok:
            return Submission(answer, None, None)
        if _other_subject(body, payload.get("subjectId")):
            return Submission(_wrong_subject(answer), named, status)
        if named is None:
            message = "The vendor accepted the request but named no usable id for it."
            answer = contract_violation(answer, call.sending, message)
        return Submission(answer, named, status)

    def track(self, vendor_request_id: str, *, subject: str | None) -> Tracking:
        """Ask how a request stands. `subject` is None once its identifier has been destroyed."""
        known = vendor_id(vendor_request_id)
        if known is None:
            return Tracking(_unusable_id())
        mask = _mask(subject)
        answer = self._http.call(Call("GET", f"{self._connection.base_url}{_PATH}/{known}", mask=mask))
        if not answer.ok:
            return Tracking(answer)
        body = answer.body
        if not isinstance(body, dict):
            return Tracking(_distrusted(answer, "The vendor's answer about the request is not an object."))
        if body.get("id") is not None and vendor_id(body["id"]) != known:
            return Tracking(_distrusted(answer, "The vendor answered about another request."))
        if subject is not None and _other_subject(body, subject):
            return Tracking(_distrusted(answer, "The vendor answered about another data subject."))
        return _tracked(answer, body, Redactor(mask))


def _tracked(answer: Answer, body: Mapping[str, Any], redactor: Redactor) -> Tracking:
    warnings: list[str] = []
    status = _status(body.get("status"), redactor)
    if status is None:
        warnings.append("status: missing, or no text")
    records = _count(body, "recordsAffected", warnings, expected=body.get("status") == "COMPLETED")
    # The raw value decides, not the one made fit to show.
    state = _STATES.get(str(body.get("status")), TaskState.UNKNOWN_VENDOR_STATUS)
    if state is TaskState.COMPLETED and records == 0:
        state = TaskState.NOTHING_FOUND
    said = body.get("errorMessage")
    return Tracking(
        answer,
        vendor_status=status,
        state=state,
        records_affected=records,
        cascade=_cascade(body.get("cascade"), warnings, redactor),
        duration_ms=_count(body, "durationMs", warnings),
        error_message=redactor.vendor_text(said) if isinstance(said, str) and said.strip() else None,
        warnings=tuple(warnings),
    )


def _status(value: object, redactor: Redactor) -> str | None:
    """The vendor's word as it is, masked, fit to show and cut to 64 characters."""
    return visible(redactor.text(value))[:_STATUS_CHARACTERS] if isinstance(value, str) and value.strip() else None


def _count(body: Mapping[str, Any], name: str, warnings: list[str], *, expected: bool = False) -> int | None:
    if name not in body and not expected:
        return None
    if not _is_count(body.get(name)):
        warnings.append(f"{name}: missing, or no whole number from 0")
        return None
    return int(body[name])


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _COUNT_AT_MOST


def _cascade(value: object, warnings: list[str], redactor: Redactor) -> tuple[CascadeEntry, ...]:
    if value is None:
        return ()
    entries = value if isinstance(value, list) else [None]
    found = []
    for entry in entries[:_MOST_CASCADE_ENTRIES]:
        entity = _status(entry.get("entity"), redactor) if isinstance(entry, dict) else None
        if entity and isinstance(entry, dict) and _is_count(entry.get("records")):
            found.append(CascadeEntry(entity, entry["records"]))
    if len(found) < len(entries):
        warnings.append(f"cascade: {len(entries) - len(found)} entries left out")
    return tuple(found)


def _mask(subject: object) -> dict[str, str]:
    return {subject: SUBJECT} if isinstance(subject, str) and subject else {}


def _mask_description(description: object) -> dict[str, str]:
    if not isinstance(description, str) or len(description) < _SHORTEST_MASKED_DESCRIPTION:
        return {}
    return {description: DESCRIPTION}


def _other_subject(body: Mapping[str, Any], ours: object) -> bool:
    theirs = body.get("subjectId")
    if theirs is None:
        return False
    return not isinstance(theirs, str) or canonical(theirs) != canonical(str(ours))


def _distrusted(answer: Answer, message: str) -> Answer:
    return contract_violation(answer, Sending.REPEATABLE, message, "Ask the vendor before anything is closed.")


def _wrong_subject(answer: Answer) -> Answer:
    # Sending it again would get the same answer; what the vendor has begun is for a person to find out.
    message = "The vendor accepted the request, but names another data subject in its answer."
    return contract_violation(answer, Sending.UNKEYED, message, "Ask the vendor at once whose data it is erasing.")


def _nothing_to_attach(answer: Answer, sending: Sending) -> Answer:
    """A 409 without an id. With a key it says that the first try is still being worked on, so it is asked again."""
    decision = Decision.RETRY if sending is Sending.KEYED else Decision.LOOK_UP
    return replace(answer, verdict=replace(answer.verdict, decision=decision))


def _unusable_id() -> Answer:
    error = TaskError(
        "contract_violation",
        "The vendor's id of the request cannot be used in an address; nothing was sent.",
        "Look the request up in the vendor's own console.",
    )
    return Answer(Verdict(Decision.PERMANENT, BreakerEffect.NEUTRAL), None, None, error, (), 0)
