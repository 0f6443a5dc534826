"""The README against the product: no setting, command or picture that is not there, and none left out."""

import re
from pathlib import Path

from core.cli import main
from core.settings import ConnectionSettings, Settings, VaultSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_every_setting_is_in_it() -> None:
    for name in Settings.model_fields:
        assert f"PRIVACY_DESK_{name.upper()}" in README, name
    for name in [*ConnectionSettings.model_fields, *VaultSettings.model_fields]:
        assert name.upper() in README, name


def test_no_setting_in_it_is_unknown() -> None:
    named = set(re.findall(r"PRIVACY_DESK_([A-Z_]+?)(?:__|`|=|\b)", README))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_command_is_in_it() -> None:
    commands = main.list_commands(None)  # type: ignore[arg-type] # the names do not depend on a context
    assert commands
    assert [name for name in commands if f"`{name}`" not in README and f"privacy-desk {name}" not in README] == []


def test_every_picture_and_every_file_that_it_names_exists() -> None:
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
    files = re.findall(r"`(tests/[\w/]+\.py)`", README)
    assert pictures
    assert files
    assert [name for name in [*pictures, *files] if not (ROOT / name).exists()] == []


def test_its_test_command_is_the_one_that_the_continuous_integration_runs() -> None:
    (command,) = re.findall(r"^python3 .*\.venv/bin/pytest.*$", README, re.MULTILINE)
    assert command in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
