"""The tables of notices and their deliveries."""

from typing import Final

NOTICES: Final = ""
