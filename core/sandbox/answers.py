"""What a simulated vendor answers: a status, a JSON object and headers, in each vendor's own style of error."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Answer:
    """An answer before any fault touches it. `acted` says that something was made or changed for it."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str | bytes] = field(default_factory=dict)
    acted: bool = False


class RefusedError(Exception):
    """The vendor says no: an HTTP status, a stable code and a sentence."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str | bytes] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}


def refusal(connection: str, error: RefusedError) -> Answer:
    """The error as the vendor of this connection words it (Genesys: `ErrorBody` of its published specification)."""
    if connection == "genesys":
        body: dict[str, Any] = {
            "message": error.message,
            "code": error.code.replace("_", "."),
            "status": error.status,
            "messageParams": {},
            "contextId": str(uuid.uuid4()),
            "details": [],
            "errors": [],
        }
    else:
        body = {"error": error.code, "message": error.message}
    return Answer(error.status, body, error.headers)
