"""One sandbox for all tests of the room, without faults at the start of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.sandbox.faults import clear_faults
from tests.sandbox.vendor import Vendor, running


@pytest.fixture(scope="session")
def shared_vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendor]:
    with running(tmp_path_factory.mktemp("sandbox")) as vendor:
        yield vendor


@pytest.fixture
def vendor(shared_vendor: Vendor) -> Vendor:
    clear_faults(shared_vendor.folder)
    return shared_vendor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var"
