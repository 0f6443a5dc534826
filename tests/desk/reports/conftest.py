"""One desk with random records for all tests of this folder; they read and export, and change nothing else."""

import random
from datetime import UTC, datetime

import pytest

from core.desk import Desk
from tests.clocks import ManualClock
from tests.desks import desk_for, settings_for
from tests.store.measures.random_records import fill
from tests.store.measures.recount import Rows

NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="package")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    settings = settings_for(tmp_path_factory.mktemp("reports"), "http://127.0.0.1:1")
    desk = desk_for(settings, ManualClock(NOW))
    fill(desk.store, random.Random(11), 240)
    return desk


@pytest.fixture(scope="package")
def rows(desk: Desk) -> Rows:
    with desk.store.reading() as db:
        return Rows.read(db, desk.settings.time_zone)
