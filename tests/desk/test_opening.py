"""Opening a desk: what it makes by itself, and what it refuses to."""

from pathlib import Path

import pytest

from core.settings import Settings, SettingsError
from core.store.keys import KeysError
from tests.clocks import ManualClock
from tests.desks import desk_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=tmp_path / "data" / "desk.db", keys=tmp_path / "keys" / "desk.keys")


def test_database_and_key_file_come_up_by_themselves(settings: Settings) -> None:
    desk_for(settings, ManualClock())
    assert settings.database.exists()
    assert settings.keys.stat().st_mode & 0o777 == 0o600


def test_a_lost_key_file_is_not_quietly_replaced(settings: Settings) -> None:
    desk_for(settings, ManualClock())
    settings.keys.unlink()
    with pytest.raises(KeysError, match="Restore the key file"):
        desk_for(settings, ManualClock())
    assert not settings.keys.exists()


def test_a_law_without_rules_stops_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="PRIVACY_DESK_LAW: there is no rule pack for 'gpdr'"):
        desk_for(settings.model_copy(update={"law": "gpdr"}), ManualClock())
