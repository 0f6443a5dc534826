"""What the log says about its own oldest rows being disposed of."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.store.audit.record import Row


@dataclass(frozen=True, slots=True)
class Disposal:
    """Row `seq` says that the rows up to `upto`, whose hash was `head`, were disposed of."""

    seq: int
    upto: int
    head: str


def disposals_of(rows: Iterable[Row]) -> list[Disposal]:
    """What events of the kind `records.disposed` say about rows of the log, in their order."""
    found = []
    for row in rows:
        detail = _object(row[8])
        upto, head = detail.get("upto"), detail.get("head")
        if detail.get("what") == "events" and type(upto) is int and isinstance(head, str):
            found.append(Disposal(row[0], upto, head))
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        detail = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return detail if isinstance(detail, dict) else {}
