"""What went wrong with a call, in plain words: a stable code, one sentence of what happened, one of what to do."""

from collections.abc import Mapping
from typing import Any

from core.auth.strict_json import StrictJsonError, is_json_type, parse
from core.auth.transport import Reply, Stage
from core.clients.outcomes import Decision, Outcome
from core.clients.redaction import Redactor
from core.model.privacy_requests import TaskError

WAIT = "The desk tries again by itself."
LOOK = "The vendor may have carried it out. It is not sent again before somebody or something has found out."
TELL_VENDOR = "Show this exchange to the vendor's support."

_NOT_SENT: Mapping[Stage, str] = {
    Stage.RESOLVE: "The name of the host could not be resolved; nothing was sent.",
    Stage.CONNECT: "No connection could be made; nothing was sent.",
    Stage.TLS: "No secure connection (TLS) could be made; nothing was sent.",
}

# Outcomes without a status worth telling: code and message.
_PLAIN: Mapping[Outcome, tuple[str, str]] = {
    Outcome.NOT_JSON: ("not_json", "The answer is not JSON."),
    Outcome.TOO_LARGE: ("too_large", "The answer is larger than the desk accepts."),
    Outcome.CONTRACT_VIOLATION: ("contract_violation", "The answer breaks the contract."),
}


def explain_failure(outcome: Outcome, decision: Decision, reply: Reply, *, timed_out: bool) -> TaskError:
    """Why there is no answer, or none of use."""
    follows = {Decision.RETRY: WAIT, Decision.LOOK_UP: LOOK}.get(decision, TELL_VENDOR)
    if outcome is Outcome.NOT_SENT:
        advice = WAIT if reply.stage is not Stage.TLS else f"{WAIT} If it lasts, check the host's certificate."
        return TaskError("not_sent", _NOT_SENT[reply.stage], advice)
    if outcome is Outcome.INTERRUPTED:
        if timed_out:
            return TaskError("timed_out", "The answer did not come in time.", follows)
        return TaskError("interrupted", "The connection broke off before the whole answer had come.", follows)
    code, message = _PLAIN[outcome]
    return TaskError(code, message, follows)


def explain_status(
    status: int, decision: Decision, vendor_text: str, *, authorise: str, advice: Mapping[int, str]
) -> TaskError:
    """Why a status other than 2xx is what it is. `authorise` is the advice for 401 and 403."""
    code, message, what_to_do = _by_status(status, authorise)
    if decision is Decision.LOOK_UP:
        what_to_do = LOOK
    said = f' It said: "{vendor_text}"' if vendor_text else ""
    return TaskError(code, f"{message}{said}", advice.get(status, what_to_do))


def _by_status(status: int, authorise: str) -> tuple[str, str, str]:
    match status:
        case 401:
            return "authentication_failed", "Authentication failed (HTTP 401), also with a new token.", authorise
        case 403:
            return "not_authorised", "The vendor does not allow this client to do that (HTTP 403).", authorise
        case 404 | 410:
            return "not_found", f"The vendor does not have it (HTTP {status}).", "Check the id and the address."
        case 409:
            return "conflict", "The vendor has something that stands against it (HTTP 409).", "Compare and decide."
        case 429:
            return "rate_limited", "The vendor asks to slow down (HTTP 429).", WAIT
        case 400:
            return (
                "rejected",
                "The vendor refused the payload, or a retention constraint stands against it (HTTP 400).",
                "Correct what it names and send it anew.",
            )
    if status in {408, 425} or 500 <= status < 600:
        return "vendor_unavailable", f"The vendor could not answer (HTTP {status}).", WAIT
    if 300 <= status < 400:
        return (
            "redirected",
            f"The vendor's address redirects elsewhere (HTTP {status}), which the desk does not follow.",
            "Check BASE_URL of the connection.",
        )
    if 400 <= status < 500:
        return "rejected", f"The vendor refused the request (HTTP {status}).", "Correct what it names and send it anew."
    return "interrupted", f"The answer has a status that means nothing here (HTTP {status}).", TELL_VENDOR


def vendor_text(reply: Reply, redactor: Redactor) -> str:
    """What the vendor says about its refusal: the known message fields of JSON, or plain text; never HTML."""
    kind = reply.headers.get("Content-Type")
    if is_json_type(kind):
        try:
            return redactor.vendor_text(_message(parse(reply.body)))
        except StrictJsonError:
            return ""
    if (kind or "").strip().lower().startswith("text/plain"):
        return redactor.vendor_text(reply.body.decode("utf-8", "replace"))
    return ""


def _message(body: Any) -> str:
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return ""
    for name in ("message", "errorMessage", "error_description", "detail", "description", "title", "error"):
        value = body.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if name == "error" and isinstance(value, dict):
            return _message(value)
    errors = body.get("errors")
    return _message(errors[:1]) if isinstance(errors, list) else ""
