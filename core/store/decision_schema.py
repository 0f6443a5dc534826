"""The tables of legal holds, denials, extensions and the ledger of erasures."""

from typing import Final

DECISIONS: Final = ""
