"""Which column of a batch file is which field: guessed from what people call them, and checked."""

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from core.model.batches import FIELDS, REQUIRED_FIELDS, Sheet
from core.model.findings import Finding, Severity
from core.validation.wording import listed, shown

# The columns that the desk adds to a file of rejected rows; in one that was corrected they mean nothing.
ADDED_COLUMNS = ("line", "reason")

# What people call the columns, in letters and digits alone.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "subject": (
        "subjectid", "id", "identifier", "person", "personid", "datasubject", "customerid", "customer", "contactid",
        "userid", "user",
    ),
    "type": ("requesttype", "kind", "action", "request"),
    "categories": ("category", "datacategories", "datacategory", "data"),
    "scope": ("requestscope", "depth"),
    "description": ("note", "notes", "comment", "comments", "remark", "remarks"),
    "connection": ("connections", "system", "systems", "vendor", "target"),
    "law": ("regulation", "jurisdiction", "regime"),
    "region": ("country", "state", "holidays"),
    "received": ("receivedon", "receivedat", "receiveddate", "datereceived", "dayreceived", "date", "requestdate"),
    "reference": ("ref", "case", "caseid", "casenumber", "ticket", "ticketid", "ourreference", "yourreference"),
}  # fmt: skip


def guess_mapping(columns: Sequence[str]) -> dict[str, str]:
    """For each field the column that is probably meant, by its name; fields without one are left out."""
    plain = {_plain(column): column for column in reversed(columns)}
    mapping: dict[str, str] = {}
    for field in FIELDS:
        if field in plain:
            mapping[field] = plain.pop(field)
    for field, aliases in _ALIASES.items():
        if field not in mapping:
            found = next((alias for alias in aliases if alias in plain), None)
            near = [] if found else get_close_matches(field, [p for p in plain if len(p) <= 40], n=1, cutoff=0.8)
            if found or near:
                mapping[field] = plain.pop(found or near[0])
    return mapping


def check_mapping(sheet: Sheet, mapping: Mapping[str, str]) -> list[Finding]:
    """What keeps a file from being checked with a mapping, and (as warnings) the columns that it leaves out."""
    needed = [field for field in REQUIRED_FIELDS if field not in mapping]
    findings = []
    if unknown := [field for field in mapping if field not in FIELDS]:
        message = f"{listed(shown(field) for field in unknown)} is no field of a request."
        findings.append(Finding("", "mapping", message, f"The fields are {listed(FIELDS)}."))
    if strangers := [column for column in mapping.values() if column not in sheet.columns]:
        message = f"The file has no column {listed(map(shown, strangers))}."
        findings.append(Finding("", "mapping", message, f"It has {listed(map(shown, sheet.columns)) or 'none'}."))
    if twice := sorted({c for c in mapping.values() if list(mapping.values()).count(c) > 1}):
        findings.append(Finding("", "mapping", f"{listed(map(shown, twice))} is used for two fields.", "Choose one."))
    if needed:
        message = f"No column gives the {listed(needed)}."
        fix = f"Begin the file with a header of: {', '.join(REQUIRED_FIELDS)}; or say which column it is."
        findings.append(Finding("", "header", message, fix))
    unused = [column for column in sheet.columns if column not in {*mapping.values(), *ADDED_COLUMNS}]
    if unused:
        one = len(unused) == 1
        message = (
            f"The {'column' if one else 'columns'} {listed(map(shown, unused))} {'is' if one else 'are'} not used."
        )
        fix = "Say which field it is, if it is one."
        findings.append(Finding("", "unknown_column", message, fix, Severity.WARNING))
    return findings


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name[:200]).casefold() if c.isalnum())
