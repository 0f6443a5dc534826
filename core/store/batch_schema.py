"""The tables of batches and their rows."""

from typing import Final

BATCHES: Final = ""
