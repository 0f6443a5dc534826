"""Where a data subject's identifier and a secret may be found: nowhere in the clear."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.desk import Desk
from core.settings import Settings
from core.store.requests import RequestFilter
from core.worker import Worker
from core.worker.deliveries import Deliveries
from core.worker.run import destroy_identifiers
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.vendor import Vendor

SUBJECT = "CANARY-SUBJECT-4711"
SECRET = "canary-secret-0815-canary"
DESCRIPTION = "asked by phone, canary description"


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path, vendor: Vendor) -> Settings:
    return settings_for(tmp_path, vendor.url, client_secret=SECRET)


@pytest.fixture
def desk(settings: Settings, clock: ManualClock) -> Desk:
    return desk_for(settings, clock)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, at the most talkative level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def run_one(desk: Desk, settings: Settings, clock: ManualClock) -> str:
    request = desk.submit(ADMIN, draft(SUBJECT, description=DESCRIPTION), intent="form-1").request
    assert request
    worker = Worker(settings, desk.store, clock)
    for _ in range(3):
        worker.step("cxone")
        clock.advance(10)
    Deliveries(settings, desk.store, clock, worker.rng).step()
    view = desk.show(ADMIN, request.id)
    assert view
    assert view.request.closed_at
    return request.id


def bytes_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_canary_is_in_the_database_the_checkpoints_or_a_log(
    desk: Desk, settings: Settings, clock: ManualClock, log: io.StringIO, tmp_path: Path
) -> None:
    run_one(desk, settings, clock)
    desk.store.checkpoint()
    (tmp_path / "elsewhere").mkdir()
    desk.backup(ADMIN, tmp_path / "elsewhere" / "backup.db")
    everything = bytes_on_disk(settings.folder) + bytes_on_disk(tmp_path / "elsewhere") + log.getvalue().encode()
    for canary in (SUBJECT, SECRET, DESCRIPTION, "made-up-1"):
        assert canary.encode() not in everything, canary


def test_the_vendor_was_told_the_identifier_all_the_same(
    desk: Desk, settings: Settings, clock: ManualClock, vendor: Vendor
) -> None:
    run_one(desk, settings, clock)
    assert vendor.bodies["req-1"]["subjectId"] == SUBJECT
    assert vendor.bodies["req-1"]["description"] == DESCRIPTION


def test_the_identifier_is_destroyed_when_the_grace_is_over_and_the_chain_still_verifies(
    desk: Desk, settings: Settings, clock: ManualClock
) -> None:
    request_id = run_one(desk, settings, clock)
    assert destroy_identifiers(desk.store) == 0
    clock.advance(settings.identifier_grace_days * 86_400 + 1)
    assert destroy_identifiers(desk.store) == 1
    view = desk.show(ADMIN, request_id)
    assert view
    assert (view.request.subject, view.request.masked_subject, view.request.description) == (None, None, "")
    with desk.store.reading() as db:
        assert db["identifiers"].count == 0
    assert desk.verify_audit(ADMIN).ok


def test_a_request_is_still_found_by_its_person_after_that(desk: Desk, settings: Settings, clock: ManualClock) -> None:
    request_id = run_one(desk, settings, clock)
    clock.advance(settings.identifier_grace_days * 86_400 + 1)
    destroy_identifiers(desk.store)
    assert [row.id for row in desk.find(ADMIN, RequestFilter(text=SUBJECT)).rows] == [request_id]


def test_an_identifier_column_is_useless_without_the_key(desk: Desk, settings: Settings, clock: ManualClock) -> None:
    desk.submit(ADMIN, draft(SUBJECT), intent="form-1")
    with desk.store.reading() as db:
        (row,) = db.query("SELECT secret FROM identifiers")
    assert SUBJECT.encode() not in row["secret"]


def test_settings_show_no_secret(settings: Settings) -> None:
    assert SECRET not in repr(settings)
    assert SECRET not in settings.model_dump_json()
