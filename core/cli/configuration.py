"""The settings of this process, or one clear line for each mistake in them."""

from core.cli.output import InputError
from core.settings import Settings, SettingsError, load


def settings() -> Settings:
    """Raises InputError."""
    try:
        return load()
    except SettingsError as error:
        raise InputError(*error.lines) from error
