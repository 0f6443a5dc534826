"""A period between two instants, for what is not counted by the day."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import to_text


@dataclass(frozen=True)
class Period:
    """From `since` up to, not including, `until`; one connection, or all."""

    since: datetime
    until: datetime
    connection: str | None = None

    def parameters(self) -> dict[str, Any]:
        return {"since": to_text(self.since), "until": to_text(self.until), "connection": self.connection}
