"""Random faults around every call of an enforcement: in the end all is in force, and nothing was done twice."""

import random
from pathlib import Path
from typing import Any

import pytest

from core.model.enforcements import ENDED
from core.model.purposes import PurposeStatus
from core.sandbox.faults import Chance, Faults, write_faults
from core.store.audit import verify
from tests.clocks import ManualClock
from tests.desks import ADMIN
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose
from tests.sandbox.vendor import running

COUNT = 6
FAULTS: list[Any] = [True, 500, 503, 502, (429, {"Retry-After": "2"}), (503, {"Retry-After": "1.5"}), 408]


def enforce_until_in_force(bench: PurposeBench, rounds: int = 30) -> None:
    """What a person would do: compare, enforce, look, and again, while something is not as declared."""
    for number in range(rounds):
        run = bench.compare_when_let()
        if run.error is None and not (run.counts[PurposeStatus.DRIFTED] or run.counts[PurposeStatus.MISSING]):
            return
        if run.error is None:
            asked = bench.ask(intent=f"round {number}")
            bench.work(2000)
            assert all(change.state in ENDED for change in bench.changes(asked))
        bench.clock.sleep(120)
    raise AssertionError("it never came to be in force")


def run_with(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)

    def fault(chance: float) -> Any:
        return rng.choice(FAULTS) if rng.random() < chance else None

    with PurposeVendor([purpose(number) for number in range(30)]) as vendor:
        bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
        bench.declare(*(declaration(n, retention_days=120) for n in range(COUNT)))
        bench.compare()
        vendor.on_list = lambda call: fault(0.15)
        vendor.on_put = lambda call: fault(0.3)
        vendor.after_put = lambda call: fault(0.3)
        try:
            enforce_until_in_force(bench)
        finally:
            bench.worker.close()
        assert vendor.carried_out == {f"Purpose {number:04d}": 1 for number in range(COUNT)}
        sent = len(bench.events("purpose.enforcing"))
        assert vendor.puts >= COUNT
        assert sent == vendor.puts, "every PUT had its intent on record before it left"
        store = bench.desk.store
        assert verify(store.path, keys=store.keys, checkpoints=store.checkpoints_path(store.path)).ok


@pytest.mark.parametrize("seed", range(12))
def test_whatever_goes_wrong_on_the_way_each_purpose_is_changed_once(tmp_path: Path, seed: int) -> None:
    run_with(tmp_path, seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(12, 300))
def test_whatever_goes_wrong_on_the_way_each_purpose_is_changed_once_in_the_long_run(tmp_path: Path, seed: int) -> None:
    run_with(tmp_path, seed)


@pytest.mark.parametrize(
    "faults",
    [
        {"wrong_pages": Chance(probability=1), "wrong_pages_kind": "no_pages"},
        {"wrong_pages": Chance(next=2), "wrong_pages_kind": "same_page_again"},
        {"rate_limited": Chance(next=2), "retry_after": "fraction", "retry_after_seconds": 0.5},
        {"error_503": Chance(next=2)},
        {"drop_before": Chance(next=1)},
        {"drop_after": Chance(next=1)},
        {"truncated": Chance(next=1)},
        {"wrong_json": Chance(next=1), "wrong_json_kind": "html"},
        {"expired_token": Chance(next=1)},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_the_sandbox_s_own_faults_lose_and_double_nothing(tmp_path: Path, faults: dict[str, Any]) -> None:
    clock = ManualClock()
    with running(tmp_path / "sandbox", clock) as sandbox:
        settings = purpose_settings(
            tmp_path,
            f"{sandbox.address.url}/genesys",
            client_id=sandbox.address.client_id,
            client_secret=sandbox.address.client_secret.get_secret_value(),
        )
        bench = PurposeBench(settings, clock)
        bench.declare(
            {
                "name": "Voice quality review",
                "description": "Voice data kept for quality review",
                "retention_days": 90,
                "legal_basis": "legitimate_interests",
            }
        )
        write_faults(sandbox.folder, "genesys", Faults.model_validate(faults))
        try:
            enforce_until_in_force(bench)
        finally:
            bench.worker.close()
        acted = [a for a in sandbox.seen("attempts")["attempts"] if a["acted"] and a["route"].startswith("PUT ")]
    assert len(acted) == 1
    assert len(bench.desk.compared_purposes(ADMIN, "genesys")) == 60
