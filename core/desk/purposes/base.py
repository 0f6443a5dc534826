"""What every action on purposes starts from: the connections whose purposes can be enforced."""

from core.clients.catalog import CATALOG
from core.desk.base import DeskBase, DeskError
from core.settings import ConnectionSettings


class PurposeDeskBase(DeskBase):
    """A desk that knows which connections keep purposes."""

    def purpose_connections(self) -> dict[str, ConnectionSettings]:
        """The connections whose purposes can be compared and enforced."""
        return {name: c for name, c in self.connections().items() if CATALOG[c.contract].purposes}

    def _purpose_connection(self, name: str) -> ConnectionSettings:
        connection = self.purpose_connections().get(name)
        if connection is None:
            known = ", ".join(sorted(self.purpose_connections())) or "none is configured"
            raise DeskError(f"There is no connection named {name!r} that keeps purposes. Known: {known}.")
        return connection
