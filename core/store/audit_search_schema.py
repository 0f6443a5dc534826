"""What makes the audit log quick to search, and the record of exports and disposals."""

from typing import Final

AUDIT_SEARCH_AND_EXPORTS: Final = ""
