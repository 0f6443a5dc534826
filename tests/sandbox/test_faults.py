"""Setting faults: who sees them, how often they strike, and how a run is repeated."""

from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import ValidationError

from core.sandbox.faults import (
    CONNECTIONS,
    FAULT_HELP,
    KINDS,
    Connection,
    Faults,
    clear_faults,
    fired,
    read_faults,
    write_faults,
)
from tests.sandbox.vendor import Vendor, erasure


def test_a_limit_holds_for_a_calendar_minute(vendor: Vendor) -> None:
    headers = vendor.bearer("genesys")
    now = vendor.clock.now()
    vendor.clock.advance(60 - now.second - now.microsecond / 1e6 + 20)
    vendor.fault("genesys", limit_per_minute=2)

    def ask() -> requests.Response:
        return vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers)

    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    assert ask().headers["Retry-After"] == "40"
    assert vendor.seen("counts")["per_minute"]["genesys"][vendor.clock.now().strftime("%Y-%m-%dT%H:%M")] == 4
    vendor.clock.advance(40)
    assert ask().status_code == 200


def test_the_token_endpoint_has_faults_only_when_told(vendor: Vendor) -> None:
    vendor.fault(error_503={"probability": 1})
    headers = vendor.bearer("cxone")

    vendor.fault(error_503={"probability": 1}, applies_to="token")
    assert vendor.ask_token("cxone").status_code == 503
    assert vendor.call("GET", "/cxone/api/v2/privacy/requests/none", headers=headers).status_code == 404

    vendor.fault(error_503={"probability": 1}, applies_to="both")
    assert vendor.ask_token("cxone").status_code == 503
    assert vendor.call("GET", "/cxone/api/v2/privacy/requests/none", headers=headers).status_code == 503


@pytest.mark.parametrize("connection", CONNECTIONS)
def test_each_connection_has_faults_of_its_own(vendor: Vendor, connection: Connection) -> None:
    vendor.fault(connection, error_500={"probability": 1})
    headers = {name: vendor.bearer(name) for name in ("cxone", "genesys")}
    statuses = {
        "cxone": vendor.call("GET", "/cxone/api/v2/privacy/requests/none", headers=headers["cxone"]).status_code,
        "genesys": vendor.call("GET", "/genesys/api/v2/privacy/purposes", headers=headers["genesys"]).status_code,
        "vault": vendor.call("POST", "/vault/records").status_code,
    }

    usual = {"cxone": 404, "genesys": 200, "vault": 401}
    assert statuses == usual | {connection: 500}


def test_only_the_first_fault_that_strikes_is_counted(vendor: Vendor) -> None:
    vendor.fault(drop_before={"next": 1}, error_500={"next": 1})
    with pytest.raises(requests.ConnectionError):
        vendor.submit(erasure())
    assert fired(vendor.folder, "cxone") == {"drop_before": 1}

    assert vendor.submit(erasure()).status_code == 500
    assert fired(vendor.folder, "cxone") == {"drop_before": 1, "error_500": 1}
    assert vendor.seen("attempts")["attempts"][0]["faults"] == ["error_500"]


def test_the_next_few_are_struck_and_no_more(vendor: Vendor) -> None:
    vendor.fault(error_500={"next": 3})

    assert [vendor.submit(erasure()).status_code for _ in range(5)] == [500, 500, 500, 202, 202]


def test_the_same_seed_gives_the_same_faults_and_another_seed_others(vendor: Vendor) -> None:
    headers = vendor.bearer("cxone")

    def run(seed: int) -> list[int]:
        vendor.fault(error_500={"probability": 0.3}, error_503={"probability": 0.3}, seed=seed)
        path = "/cxone/api/v2/privacy/requests/none"
        return [vendor.call("GET", path, headers=headers).status_code for _ in range(30)]

    first = run(1)

    assert set(first) == {404, 500, 503}
    assert run(1) == first
    assert run(2) != first


def test_faults_are_off_by_default_and_survive_json() -> None:
    assert len(KINDS) == 21
    assert not any(Faults().chance(kind) for kind in KINDS)
    faults = Faults.model_validate({"truncated": {"probability": 0.25, "next": 2}, "retry_after": "nan", "seed": 5})
    assert Faults.model_validate_json(faults.model_dump_json()) == faults


def test_every_switch_has_a_line_of_help() -> None:
    assert list(FAULT_HELP) == list(Faults.model_fields)
    assert all(text.endswith(".") for text in FAULT_HELP.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency": {"probability": 1.5}},
        {"latency": {"next": -1}},
        {"retry_after": "soon"},
        {"no_such_fault": {}},
        {"latency_ms": -1},
    ],
)
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Faults.model_validate(wrong)


def test_faults_are_kept_before_any_sandbox_runs_and_cleared_together(folder: Path) -> None:
    faults = Faults.model_validate({"error_500": {"next": 1}})
    write_faults(folder, "vault", faults)
    assert read_faults(folder, "vault") == faults
    assert read_faults(folder, "cxone") == Faults()

    clear_faults(folder)

    assert read_faults(folder, "vault") == Faults()
    assert (folder / "sandbox.db").stat().st_mode & 0o777 == 0o600


def test_an_unknown_connection_has_no_faults_to_set(folder: Path) -> None:
    with pytest.raises(ValueError, match="cxone, genesys, vault"):
        write_faults(folder, "salesforce", Faults())  # type: ignore[arg-type]  # the point of the test
