"""What each contract can do, in the words a page uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.model.privacy_requests import RequestType
from core.settings import ConnectionSettings, Contract


@dataclass(frozen=True)
class Capability:
    """`kinds` are the privacy requests it takes (none: it enforces purposes), `tracking` how their end is learnt,
    `idempotent` whether a repeated submission is recognised by its key, unless the connection says otherwise."""

    contract: Contract
    system: str
    kinds: tuple[RequestType, ...]
    identifier: str
    tracking: Literal["poll", "none"]
    idempotent: bool
    limit_per_minute: int
    purposes: bool = False


def _capability(
    contract: Contract,
    system: str,
    kinds: tuple[RequestType, ...],
    identifier: str,
    tracking: Literal["poll", "none"],
    *,
    purposes: bool = False,
) -> Capability:
    defaults = ConnectionSettings.model_validate({"contract": contract})
    return Capability(
        contract,
        system,
        kinds,
        identifier,
        tracking,
        idempotent=bool(defaults.idempotency_header),
        limit_per_minute=defaults.limit_per_minute,
        purposes=purposes,
    )


CATALOG: Mapping[Contract, Capability] = {
    "cxone-requests": _capability(
        "cxone-requests", "NICE CXone", (RequestType.ERASURE, RequestType.ACCESS), "Subject id", "poll"
    ),
    "genesys-purposes": _capability("genesys-purposes", "Genesys Cloud", (), "", "none", purposes=True),
}
