"""The tables of people and the roles given to them."""

from typing import Final

PEOPLE: Final = ""
