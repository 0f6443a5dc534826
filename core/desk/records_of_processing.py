"""The record of processing activities (GDPR Art. 30(1)): each declared purpose with what its vendor confirmed."""

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Literal

from core.desk.purposes.base import PurposeDeskBase
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.model.purposes import Declaration, LivePurpose, PurposeStatus
from core.store import live_purposes, purpose_standings, purposes
from core.store.export import write_csv
from core.store.purpose_standings import Standing, StandingFilter
from core.store.purposes import PurposeVersion

Format = Literal["csv", "html"]

COLUMNS = (
    "controller", "data_protection_officer", "system", "name", "description", "legal_basis", "article", "is_active",
    "owner", "data_subjects", "data_categories", "recipients", "transfers", "retention_days",
    "confirmed_retention_days", "confirmed_at", "status", "security_measures", "version", "changed_at", "changed_by",
    "reason",
)  # fmt: skip

# What a reader is told of each status; a promise that the vendor does not keep is not hidden in its own record.
STATUS_SENTENCES: Mapping[PurposeStatus, str] = {
    PurposeStatus.IN_FORCE: "In force: the vendor is set to what is declared.",
    PurposeStatus.DRIFTED: "Drifted: the vendor is not set to what is declared.",
    PurposeStatus.MISSING: "Not found at the vendor.",
    PurposeStatus.AMBIGUOUS: "The vendor has this name more than once.",
    PurposeStatus.NOT_COMPARED: "Not compared with the vendor yet.",
    PurposeStatus.UNDECLARED: "Not declared.",
}


@dataclass(frozen=True)
class ExportedRecord:
    """A file as it is handed out; `sha256` (hexadecimal) is that of `content`."""

    content: bytes
    rows: int
    sha256: str
    file_name: str
    media_type: str


@dataclass(frozen=True)
class _Entry:
    version: PurposeVersion
    standing: Standing | None
    live: LivePurpose | None
    confirmed_at: datetime | None

    @property
    def declaration(self) -> Declaration:
        return self.version.declaration

    @property
    def status(self) -> PurposeStatus:
        return self.standing.status if self.standing else PurposeStatus.NOT_COMPARED

    @property
    def confirmed(self) -> int | str | None:
        """The vendor's retention period: days, or its own text where that cannot be read."""
        if self.live is None:
            return None
        return self.live.retention if self.live.retention_days is None else self.live.retention_days


class ProcessingRecordActions(PurposeDeskBase):
    """The part of the desk that hands out the record of processing."""

    def processing_record(self, actor: Actor, connection: str, form: Format) -> ExportedRecord:
        """The declared list of a connection as CSV or as a page to print; that it was exported is an event."""
        self._require(actor, Action.EXPORT)
        self._purpose_connection(connection)
        entries = self._entries(connection)
        now = self.clock.now()
        content = self._csv(entries) if form == "csv" else self._html(entries, connection, now)
        sha256 = hashlib.sha256(content).hexdigest()
        with self.store.writing() as transaction:
            detail = {"format": form, "rows": len(entries), "sha256": sha256}
            transaction.record(
                Event(
                    EventKind.PROCESSING_RECORD_EXPORTED, actor.id, connection=connection, outcome="made", detail=detail
                )
            )
        return ExportedRecord(
            content=content,
            rows=len(entries),
            sha256=sha256,
            file_name=f"record-of-processing-{connection}-{now:%Y-%m-%d}.{form}",
            media_type="text/csv" if form == "csv" else "text/html",
        )

    def _entries(self, connection: str) -> list[_Entry]:
        with self.store.reading() as db:
            versions = purposes.present(db, connection)
            standings = {s.name: s for s in purpose_standings.find(db, connection, StandingFilter())[0]}
            live = live_purposes.named(db, connection)
            times = live_purposes.read_times(db, connection)
        entries = []
        for version in versions:
            found = live.get(version.declaration.name, [])
            one = found[0] if len(found) == 1 else None
            standing = standings.get(version.declaration.name)
            entries.append(_Entry(version, standing, one, times.get(one.id) if one else None))
        return entries

    def _csv(self, entries: Iterable[_Entry]) -> bytes:
        out = io.StringIO(newline="")
        write_csv((self._row(entry) for entry in entries), COLUMNS, out)
        return out.getvalue().encode()

    def _row(self, entry: _Entry) -> dict[str, Any]:
        declared = entry.declaration
        return {
            "controller": self.settings.controller,
            "data_protection_officer": self.settings.data_protection_officer,
            "system": entry.version.connection,
            "name": declared.name,
            "description": declared.description,
            "legal_basis": declared.legal_basis,
            "article": f"GDPR Art. 6(1)({declared.legal_basis.letter})",
            "is_active": "true" if declared.is_active else "false",
            "owner": declared.owner,
            "data_subjects": "; ".join(declared.data_subjects),
            "data_categories": "; ".join(declared.data_categories),
            "recipients": "; ".join(declared.recipients),
            "transfers": declared.transfers,
            "retention_days": declared.retention_days,
            "confirmed_retention_days": entry.confirmed,
            "confirmed_at": _utc(entry.confirmed_at),
            "status": entry.status,
            "security_measures": declared.security_measures,
            "version": entry.version.version,
            "changed_at": _utc(entry.version.at),
            "changed_by": entry.version.actor_name,
            "reason": entry.version.reason,
        }

    def _html(self, entries: Sequence[_Entry], connection: str, now: datetime) -> bytes:
        head = {
            "Controller": self.settings.controller or "not stated: set PRIVACY_DESK_CONTROLLER",
            "Data protection officer": self.settings.data_protection_officer
            or "not stated: set PRIVACY_DESK_DATA_PROTECTION_OFFICER",
            "System": connection,
            "Drawn up": _utc(now),
            "Purposes": str(len(entries)),
            "Of these in force": str(sum(entry.status is PurposeStatus.IN_FORCE for entry in entries)),
        }
        sections = "\n".join(_section(entry) for entry in entries) or "<p>No purpose is declared.</p>"
        return _PAGE.format(facts=_facts(head), sections=sections).encode()


def _section(entry: _Entry) -> str:
    declared = entry.declaration
    confirmed = (
        "never read" if entry.confirmed is None else f"{_days(entry.confirmed)}, read {_utc(entry.confirmed_at)}"
    )
    facts = {
        "Purpose, Art. 30(1)(b)": declared.description or "not stated",
        "Legal basis, Art. 6(1)": f"({declared.legal_basis.letter}) {declared.legal_basis.replace('_', ' ')}",
        "Categories of data subjects, (c)": _listed(declared.data_subjects),
        "Categories of data, (c)": _listed(declared.data_categories),
        "Recipients, (d)": _listed(declared.recipients),
        "Transfers to third countries, (e)": declared.transfers or "not stated",
        "Time limit for erasure, (f): declared": _days(declared.retention_days),
        "Time limit for erasure, (f): at the vendor": confirmed,
        "Declared against vendor": STATUS_SENTENCES[entry.status],
        "Security measures, (g)": declared.security_measures or "not stated",
        "Owner": declared.owner or "not stated",
        "Active": "yes" if declared.is_active else "no",
        "Version": f"{entry.version.version}, {_utc(entry.version.at)}, {entry.version.actor_name}",
    }
    kept = " kept" if entry.status is PurposeStatus.IN_FORCE else ""
    return f'<section class="purpose{kept}"><h2>{escape(declared.name)}</h2>{_facts(facts)}</section>'


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items()
    )
    return f"<table>{rows}</table>"


def _listed(entries: Sequence[str]) -> str:
    return "; ".join(entries) or "not stated"


def _days(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value} day" if value == 1 else f"{value} days"


def _utc(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else ""


# Nothing is fetched and nothing runs: the policy says so to every browser that opens the file.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Record of processing activities</title>
<style>
@page {{ size: A4; margin: 18mm 16mm; }}
body {{ font: 10.5pt/1.45 system-ui, sans-serif; color: #111; background: #fff; max-width: 50rem; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 18pt; margin: 0 0 .25rem; }}
h2 {{ font-size: 12pt; margin: 0 0 .4rem; overflow-wrap: anywhere; }}
p {{ margin: 0 0 1rem; }}
table {{ width: 100%; border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .18rem .5rem .18rem 0; border-top: 1px solid #ccc; }}
th {{ width: 40%; font-weight: 500; color: #444; }}
td {{ overflow-wrap: anywhere; white-space: pre-wrap; }}
section {{ break-inside: avoid; margin-top: 1.4rem; padding-left: .7rem; border-left: 4px solid #b45309; }}
section.kept {{ border-left-color: #15803d; }}
@media print {{ body {{ margin: 0; max-width: none; padding: 0; }} }}
</style>
</head>
<body>
<h1>Record of processing activities</h1>
<p>GDPR Art. 30(1). Each time limit stands beside the value that the vendor's system was set to when it was last
read.</p>
{facts}
{sections}
</body>
</html>
"""
