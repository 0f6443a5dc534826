"""What people declare: a purpose by form, many from a file, one taken over from the vendor, and one withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.desk.base import ChangedError, DeskError
from core.desk.purposes.base import PurposeDeskBase
from core.model.findings import Finding
from core.model.people import Action, Actor
from core.model.purposes import RECORD_FIELDS, Declaration
from core.store import live_purposes, purpose_standings, purposes
from core.store.audit import looks_secret
from core.store.database import Transaction
from core.store.purposes import PurposeVersion, What
from core.validation.declaration_files import FileEntry, read_declarations
from core.validation.declarations import check_declaration
from core.validation.wording import shown

MOST_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Declared:
    """The version that was written, or None and what stopped it; `unchanged`: it was declared like that already."""

    version: PurposeVersion | None
    findings: tuple[Finding, ...]
    unchanged: bool = False


@dataclass(frozen=True)
class ImportLine:
    """One entry of a file and what becomes, or would become, of it."""

    line: int
    name: str
    what: Literal["new", "changed", "unchanged", "refused"]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ImportReport:
    """A file, line by line. `written` is False for a dry run and where a line is refused: then nothing was."""

    lines: tuple[ImportLine, ...]
    written: bool

    @property
    def ok(self) -> bool:
        return all(line.what != "refused" for line in self.lines)

    def count(self, what: str) -> int:
        return sum(line.what == what for line in self.lines)


class DeclarationActions(PurposeDeskBase):
    """The part of the desk that keeps the declared list."""

    def check_declaration(self, actor: Actor, payload: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Everything wrong with a declaration as it stands; writes nothing."""
        self._require(actor, Action.DECLARE_PURPOSES)
        return _findings(payload)

    def declare(
        self, actor: Actor, connection: str, payload: Mapping[str, Any], *, reason: str, version: int | None = None
    ) -> Declared:
        """Declare a purpose, or change it: a new version, or findings and nothing written.

        `version` is the one the form was filled from, 0 for a purpose that is new; None overwrites whatever there
        is. A change needs its reason. Raises DeskError, and ChangedError where somebody else was quicker.
        """
        self._require(actor, Action.DECLARE_PURPOSES)
        self._purpose_connection(connection)
        findings = _findings(payload)
        if any(f.blocks for f in findings):
            return Declared(None, findings)
        declaration = Declaration.model_validate(dict(payload))
        with self.store.writing() as transaction:
            present = purposes.get(transaction.db, connection, declaration.name)
            _check_version(present, version)
            if present and present.declaration == declaration:
                return Declared(present, findings, unchanged=True)
            reason = _reason(reason, needed=present is not None)
            what: What = "changed" if present else "declared"
            written = self._write(transaction, actor, connection, [declaration], what, reason)
        return Declared(written[0], findings)

    def withdraw(self, actor: Actor, connection: str, name: str, *, reason: str, version: int) -> None:
        """Take a purpose off the declared list. What the vendor has stays as it is. Raises DeskError."""
        self._require(actor, Action.DECLARE_PURPOSES)
        with self.store.writing() as transaction:
            present = purposes.get(transaction.db, connection, name)
            if present is None:
                raise DeskError(f"{name} is not declared.")
            _check_version(present, version)
            reason = _reason(reason, needed=True)
            self._write(transaction, actor, connection, [present.declaration], "withdrawn", reason)

    def adopt(self, actor: Actor, connection: str, names: Sequence[str]) -> dict[str, tuple[Finding, ...]]:
        """Declare undeclared live purposes as the vendor has them.

        Returns, by name, what keeps a purpose from being adopted: such a one has to be declared by form.
        """
        self._require(actor, Action.DECLARE_PURPOSES)
        self._purpose_connection(connection)
        refused: dict[str, tuple[Finding, ...]] = {}
        adopted: list[Declaration] = []
        with self.store.writing() as transaction:
            live = live_purposes.named(transaction.db, connection, names)
            known = {v.declaration.name for v in purposes.present(transaction.db, connection, names)}
            for name in dict.fromkeys(names):
                if name in known:
                    continue
                found = live.get(name, [])
                findings = (
                    _not_one(name, len(found)) if len(found) != 1 else _findings(_payload(found[0].values(), name))
                )
                if any(f.blocks for f in findings):
                    refused[name] = findings
                else:
                    adopted.append(Declaration.model_validate(_payload(found[0].values(), name)))
            if adopted:
                self._write(transaction, actor, connection, adopted, "adopted", "Adopted as the vendor has it")
        return refused

    def import_declarations(
        self, actor: Actor, connection: str, content: bytes, file_name: str, *, dry_run: bool, names: Sequence[str] = ()
    ) -> ImportReport:
        """Declare what a TOML or CSV file holds (with `names`, of it only these), all of it or nothing.

        A purpose that is declared like that already gets no new version; what is said of `read_file` goes here too.
        """
        self._require(actor, Action.DECLARE_PURPOSES)
        self._purpose_connection(connection)
        entries = self.read_file(actor, connection, content, file_name)
        if names:
            entries = [entry for entry in entries if entry.name in names or entry.findings]
        with self.store.writing() as transaction:
            wanted = [entry.declaration.name for entry in entries if entry.declaration]
            present = {v.declaration.name: v.declaration for v in purposes.present(transaction.db, connection, wanted)}
            lines = tuple(_line(entry, present) for entry in entries)
            report = ImportReport(lines, written=False)
            if dry_run or not report.ok:
                return report
            fresh = [
                entry.declaration
                for entry, line in zip(entries, lines, strict=True)
                if entry.declaration and line.what != "unchanged"
            ]
            if fresh:
                self._write(transaction, actor, connection, fresh, "imported", f"Imported from {shown(file_name)}")
        return ImportReport(lines, written=True)

    def read_file(self, actor: Actor, connection: str, content: bytes, file_name: str) -> list[FileEntry]:
        """Every entry of a file, good or not; writes nothing.

        What an entry does not mention of a purpose on record (its description, what Art. 30 asks for) stays as it is.
        """
        self._require(actor, Action.VIEW_PURPOSES)
        entries = [
            entry if entry.declaration is None else _without_secret(entry)
            for entry in read_declarations(content, file_name)
        ]
        named = [entry.declaration.name for entry in entries if entry.declaration]
        with self.store.reading() as db:
            present = {v.declaration.name: v.declaration for v in purposes.present(db, connection, named)}
        return [_completed(entry, present) for entry in entries]

    @staticmethod
    def _write(
        transaction: Transaction,
        actor: Actor,
        connection: str,
        declared: Sequence[Declaration],
        what: What,
        reason: str,
    ) -> list[PurposeVersion]:
        for declaration in declared:
            purposes.declare(transaction, connection, declaration, actor=actor, what=what, reason=reason)
        names = {declaration.name for declaration in declared}
        purpose_standings.stand(transaction, connection, names)
        return purposes.present(transaction.db, connection, names)


def _findings(payload: Mapping[str, Any]) -> tuple[Finding, ...]:
    findings = check_declaration(dict(payload))
    name = payload.get("name")
    if isinstance(name, str) and not any(f.field == "name" for f in findings) and (secret := looks_secret(name)):
        findings.append(_secret(secret))
    return tuple(findings)


def _secret(what: str) -> Finding:
    return Finding("name", "secret", f"The name holds what looks like {what}.", "Choose another name")


def _without_secret(entry: FileEntry) -> FileEntry:
    secret = looks_secret(entry.name)
    return replace(entry, declaration=None, findings=(*entry.findings, _secret(secret))) if secret else entry


def _completed(entry: FileEntry, present: Mapping[str, Declaration]) -> FileEntry:
    known = present.get(entry.declaration.name) if entry.declaration else None
    if entry.declaration is None or known is None:
        return entry
    kept = {name: getattr(known, name) for name in ("description", *RECORD_FIELDS) if name not in entry.given}
    return replace(entry, declaration=entry.declaration.model_copy(update=kept))


def _payload(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {"name": name, **values}


def _not_one(name: str, count: int) -> tuple[Finding, ...]:
    message = f"The vendor has {name} {count} times." if count else f"{name} is not found at the vendor."
    return (Finding("name", "ambiguous" if count else "missing", message, "Compare again"),)


def _line(entry: FileEntry, present: Mapping[str, Declaration]) -> ImportLine:
    if entry.declaration is None:
        return ImportLine(entry.line, entry.name, "refused", entry.findings)
    known = present.get(entry.declaration.name)
    if known is None:
        return ImportLine(entry.line, entry.name, "new", entry.findings)
    same = known == entry.declaration
    return ImportLine(entry.line, entry.name, "unchanged" if same else "changed", entry.findings)


def _reason(reason: str, *, needed: bool) -> str:
    reason = reason.strip()
    if needed and len(reason) < 3:
        raise DeskError("Say why, in a few words: the history of a purpose is part of the record.")
    if len(reason) > MOST_REASON_CHARACTERS or "\0" in reason:
        raise DeskError(f"Give the reason in {MOST_REASON_CHARACTERS} characters at the most.")
    return reason


def _check_version(present: PurposeVersion | None, version: int | None) -> None:
    if version is None or version == (present.version if present else 0):
        return
    if present is None:
        raise ChangedError("Somebody withdrew this purpose meanwhile. Look at it again first.")
    raise ChangedError(f"{present.actor_name} changed {present.declaration.name} meanwhile. Look at it again first.")
