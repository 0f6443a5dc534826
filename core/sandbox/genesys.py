"""Genesys Cloud as the tutorial contract has it: list the retention purposes page by page, replace one."""

import re
from collections.abc import Mapping
from typing import Any

from core.sandbox import purposes
from core.sandbox.answers import Answer, RefusedError
from core.sandbox.cxone import parsed
from core.sandbox.oauth import require
from core.sandbox.vendor import Call, Sandbox

_NAME = re.compile(r"[A-Z][a-zA-Z0-9_ ]{3,49}")
_RETENTION = re.compile(r"(?a:(\d{1,4})d|P(\d{1,4})D)")
_BASES = ("consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests")
_FIELDS = {"name", "description", "retentionPeriod", "legalBasis", "isActive"}


def list_purposes(sandbox: Sandbox, call: Call) -> Answer:
    """`GET /api/v2/privacy/purposes`: at most 100 a page, 25 unless told; an empty page after the last."""
    require(sandbox, call, "genesys", "privacy:purpose:read")
    size = _number(call.query, "pageSize", "page_size", 25, 100)
    number = _number(call.query, "pageNumber", "page_number", 1, 1_000_000)
    total = purposes.count(sandbox.db)
    body = {
        "entities": purposes.listed(sandbox.db, (number - 1) * size, size),
        "pageSize": size,
        "pageNumber": number,
        "pageCount": -(-total // size),
        "total": total,
    }
    return Answer(200, body)


def put_purpose(sandbox: Sandbox, call: Call) -> Answer:
    """`PUT /api/v2/privacy/purposes/{id}`: the purpose as it now is; 404 where there is none with this id."""
    require(sandbox, call, "genesys", "privacy:purpose:write")
    payload = parsed(call.body)
    _check(payload)
    purpose = {"description": "", "isActive": True, **payload}
    changed = purposes.update(sandbox.db, call.path["id"], purpose, call.now)
    if changed is None:
        raise RefusedError(404, "not_found", "There is no purpose with this id")
    return Answer(200, changed, acted=True)


def _check(payload: Mapping[str, Any]) -> None:
    name, retention = payload.get("name"), payload.get("retentionPeriod")
    days = _RETENTION.fullmatch(retention) if isinstance(retention, str) else None
    wrong = [f"{field} is not a known field" for field in sorted(payload.keys() - _FIELDS)]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        wrong.append("name must begin with a capital letter and have 4 to 50 letters, digits, blanks or _")
    if not isinstance(payload.get("description", ""), str):
        wrong.append("description must be text")
    if not days or not 1 <= int(days[1] or days[2]) <= 3650:
        wrong.append("retentionPeriod must be 1d to 3650d")
    if payload.get("legalBasis") not in _BASES:
        wrong.append(f"legalBasis must be one of {', '.join(_BASES)}")
    if not isinstance(payload.get("isActive", True), bool):
        wrong.append("isActive must be true or false")
    if wrong:
        raise RefusedError(400, "bad_request", "; ".join(wrong))


def _number(query: Mapping[str, str], name: str, other: str, default: int, most: int) -> int:
    text = query.get(name, query.get(other, str(default)))
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and 1 <= int(text) <= most):
        raise RefusedError(400, "invalid_query_param_value", f"{name} must be a whole number from 1 to {most}")
    return int(text)
