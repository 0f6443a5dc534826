"""The tables of counted measures, and the columns in which a task counts its time."""

from typing import Final

MEASURES: Final = ""
