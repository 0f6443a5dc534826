"""The catalogue says what each contract can do."""

from typing import get_args

from core.clients.catalog import CATALOG
from core.model.privacy_requests import RequestType
from core.settings import Contract


def test_every_contract_has_an_entry_of_its_own() -> None:
    assert set(CATALOG) == set(get_args(Contract))
    assert all(contract == capability.contract for contract, capability in CATALOG.items())


def test_cxone_erases_and_discloses_and_can_be_followed() -> None:
    cxone = CATALOG["cxone-requests"]
    assert (cxone.system, cxone.kinds) == ("NICE CXone", (RequestType.ERASURE, RequestType.ACCESS))
    assert (cxone.tracking, cxone.idempotent, cxone.purposes) == ("poll", True, False)


def test_genesys_enforces_purposes_and_takes_no_requests() -> None:
    genesys = CATALOG["genesys-purposes"]
    assert (genesys.system, genesys.kinds, genesys.purposes) == ("Genesys Cloud", (), True)
    assert genesys.limit_per_minute == 600
