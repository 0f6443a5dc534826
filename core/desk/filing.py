"""Filing a privacy request: what is wrong with a draft, what it would become, and the transaction that files it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from core.clients.catalog import CATALOG
from core.clients.cxone_requests import submission_call, submission_payload
from core.desk import under_hold
from core.desk.base import DeskBase, DeskError
from core.model.deadlines import Deadline, deadlines_for, laws
from core.model.findings import Finding
from core.model.holds import Hold
from core.model.identifiers import canonical
from core.model.people import Action, Actor
from core.model.privacy_requests import (
    Draft,
    PrivacyRequest,
    RequestType,
)
from core.settings import ConnectionSettings
from core.store import holds, identifiers, requests
from core.store.requests import NewRequest
from core.validation import POLICY_VERSION, check_privacy_request
from core.validation.many_requests import ManyRequests

EARLIEST_RECEIVED_DAYS = 365
REFERENCE_LENGTH = 100
FURTHER = "alsoKnownAs"  # the field of the further identifiers in findings
MOST_FURTHER_IDENTIFIERS = 20

Place = tuple[str, str, str]  # connection, pseudonym, type: one open task at the most


@dataclass(frozen=True)
class Preview:
    """What a draft would become: the exact body, the exact HTTP request for each system, and its dates."""

    findings: tuple[Finding, ...]
    payload: Mapping[str, Any]
    http: Mapping[str, str]  # connection -> request line, headers and body; the token is a placeholder
    deadlines: tuple[Deadline, ...]


@dataclass(frozen=True)
class Submitted:
    """The request that was filed, or None and what stopped it; `repeated`: this intent was filed before."""

    request: PrivacyRequest | None
    findings: tuple[Finding, ...]
    repeated: bool = False


class FilingActions(DeskBase):
    """The part of the desk that takes requests in."""

    def check(self, actor: Actor, draft: Draft) -> tuple[Finding, ...]:
        """Everything wrong with a draft, as it stands; writes nothing."""
        self._require(actor, Action.SUBMIT)
        return self._check(draft)

    def preview(self, actor: Actor, draft: Draft) -> Preview:
        """What would be sent and by when it would be due; as far as the draft allows."""
        self._require(actor, Action.SUBMIT)
        http = {}
        for name in draft.connections:
            connection = self.connections().get(name)
            if connection and connection.contract == "cxone-requests":
                http[name] = _http_text(connection, self._payload(draft, name))
        payload = self._payload(draft, draft.connections[0] if draft.connections else None)
        findings = self._check(draft)
        dated = not {f.field for f in findings if f.blocks} & {"law", "received", "region"}
        return Preview(findings, payload, http, self._deadlines(draft) if dated else ())

    def submit(self, actor: Actor, draft: Draft, *, intent: str) -> Submitted:
        """File a request: one transaction, or findings and nothing written.

        `intent` is made with the form; the same intent again gives the request of the first time.
        """
        self._require(actor, Action.SUBMIT)
        with self.store.reading() as db:
            filed = requests.filed_with(db, intent)
        if filed:
            return Submitted(self._same(actor, filed, draft), (), repeated=True)
        findings = self._check(draft)
        if any(f.blocks for f in findings):
            return Submitted(None, findings)
        new = self._new_request(actor, draft, intent)
        places = self.places(draft)
        with self.store.writing() as transaction:
            # Once more under the lock: two forms about the same person can be sent in the same instant.
            standing = holds.covering(transaction.db, self.store.keys, *self.erases(draft))
            blocking = [
                f for f in (
                    *already_open(draft, places, requests.holders(transaction.db, places)),
                    *(f for f in under_hold.findings(draft, standing) if f.blocks),
                )
                if requests.filed_with(transaction.db, intent) is None
            ]  # fmt: skip
            if blocking:
                return Submitted(None, (*findings, *blocking))
            request_id, fresh = requests.file(transaction, self._started(new, draft, standing))
        return Submitted(self._shown(actor, request_id), findings, repeated=not fresh)

    def _same(self, actor: Actor, request_id: str, draft: Draft) -> PrivacyRequest | None:
        """The request that an intent was filed as. Raises DeskError if this draft asks for something else."""
        filed = self._shown(actor, request_id)
        subjects = {task.pseudonym for task in filed.tasks} if filed else set()
        if filed and (filed.pseudonym, subjects, filed.type, filed.categories, filed.scope) != (
            self._pseudonym(draft.subject), set(map(self._pseudonym, draft.identifiers)),
            draft.type, draft.categories, draft.scope,
        ):  # fmt: skip
            raise DeskError(f"This form was submitted as {request_id} with other content. Fill in a new one.")
        return filed

    def _check(self, draft: Draft) -> tuple[Finding, ...]:
        overrides = under_hold.allowed_categories(draft)
        findings = [*check_privacy_request(dict(self._payload(draft, None)), overrides=overrides)]
        findings += check_further_identifiers(draft)
        findings += self._check_connections(draft)
        findings += self._check_dates(draft)
        findings += check_reference(draft.reference)
        if not any(f.field in {"subjectId", FURTHER} for f in findings):
            places = self.places(draft)
            with self.store.reading() as db:
                findings += already_open(draft, places, requests.holders(db, places))
        with self.store.reading() as db:
            findings += under_hold.findings(draft, holds.covering(db, self.store.keys, *self.erases(draft)))
        return tuple(findings)

    def erases(self, draft: Draft) -> tuple[list[str], tuple[str, ...]]:
        """Whom, by pseudonym, and which categories the draft would erase; nobody and nothing where it only asks."""
        if draft.type != RequestType.ERASURE:
            return [], ()
        return [self._pseudonym(identifier) for identifier in draft.identifiers], draft.categories

    def _started(self, new: NewRequest, draft: Draft, standing: Sequence[Hold]) -> NewRequest:
        """The request with the state it begins in: queued, on hold, or waiting for a second person."""
        start = under_hold.start(draft, standing, four_eyes=self.settings.four_eyes)
        return replace(
            new,
            start=start.state,
            grace=self.settings.erasure_grace if new.type is RequestType.ERASURE else timedelta(0),
            approval=start.approval,
            overrides=start.overrides,
            reason=draft.reason.strip() if start.overrides else "",
        )

    def _check_connections(self, draft: Draft) -> list[Finding]:
        known = {n for n, c in self.connections().items() if RequestType.ERASURE in CATALOG[c.contract].kinds}
        listed = ", ".join(sorted(known)) or "none is configured"
        if not draft.connections:
            return [Finding("connection", "required", "Choose the system to send it to.", f"Known: {listed}.")]
        return [
            Finding("connection", "unknown", f"There is no connection named {name!r}.", f"Known: {listed}.")
            for name in draft.connections
            if name not in known
        ]

    def _check_dates(self, draft: Draft) -> list[Finding]:
        today, received = self.today(), draft.received or self.today()
        if received > today:
            return [
                Finding(
                    "received", "in_future", "The day of receipt lies in the future.", "Use today or an earlier day.",
                    suggestion=today,
                )
            ]  # fmt: skip
        if received < today - timedelta(days=EARLIEST_RECEIVED_DAYS):
            return [
                Finding(
                    "received", "too_old", "The day of receipt is more than a year ago.", "Check the year you entered."
                )
            ]
        if draft.law and draft.law not in {law.id for law in laws()}:
            known = ", ".join(law.id for law in laws())
            return [Finding("law", "unknown", f"No rules are known for the law {draft.law!r}.", f"Known: {known}.")]
        try:
            self._deadlines(draft)
        except ValueError as error:
            return [Finding("region", "unknown", str(error), "Leave the region empty, or choose another.")]
        return []

    def places(self, draft: Draft) -> list[Place]:
        """Where the draft would have a task: every identifier at every connection."""
        pseudonyms = [self._pseudonym(identifier) for identifier in draft.identifiers]
        return [(name, one, str(draft.type)) for one in pseudonyms for name in dict.fromkeys(draft.connections)]

    def _payload(self, draft: Draft, connection: str | None) -> Mapping[str, Any]:
        return submission_payload(
            subject=draft.subject,
            type=draft.type,
            categories=draft.categories,
            scope=draft.scope,
            description=draft.description,
            callback_url=self.settings.callback_url(connection) if connection else None,
        )

    def _deadlines(self, draft: Draft) -> tuple[Deadline, ...]:
        law, region = self._law_and_region(draft)
        return tuple(deadlines_for(law, draft.received or self.today(), region=region))

    def _law_and_region(self, draft: Draft) -> tuple[str, str | None]:
        """The draft's own, else the settings'; the settings' region belongs to the settings' law alone."""
        law = draft.law or self.settings.law
        return law, draft.region or (self.settings.region if law == self.settings.law else None)

    def _new_request(self, actor: Actor, draft: Draft, intent: str) -> NewRequest:
        law, region = self._law_and_region(draft)
        return NewRequest(
            intent=intent,
            type=RequestType(draft.type),
            categories=draft.categories,
            scope=draft.scope,
            law=law,
            region=region,
            received=draft.received or self.today(),
            reference=draft.reference,
            filed_by=actor.id,
            filed_by_name=actor.name,
            pseudonym=self._pseudonym(draft.subject),
            secret=identifiers.Secret(canonical(draft.subject), draft.description, draft.identifiers[1:]),
            also_known_as=tuple(map(self._pseudonym, draft.identifiers[1:])),
            deadlines=self._deadlines(draft),
            policy_version=POLICY_VERSION,
            connections=tuple((name, self.connections()[name].contract) for name in dict.fromkeys(draft.connections)),
        )


def check_reference(reference: str) -> list[Finding]:
    printable = "".join(c for c in reference if c.isprintable())
    if len(reference) > REFERENCE_LENGTH:
        message = f"The reference has {len(reference)} characters; at most {REFERENCE_LENGTH} are allowed."
        fix = f"Cut it to {REFERENCE_LENGTH} characters"
        return [Finding("reference", "max_length", message, fix, suggestion=printable[:REFERENCE_LENGTH])]
    if printable != reference:
        message = "The reference holds a character that does not print."
        return [Finding("reference", "pattern", message, "Remove it", suggestion=printable)]
    return []


def already_open(draft: Draft, places: Sequence[Place], holders: Mapping[Place, str]) -> list[Finding]:
    """A finding for each place of the draft where a request is open: `holders` says which."""
    of_subject = len(places) // max(1, len(draft.identifiers))
    return [
        Finding(
            "subjectId" if number < of_subject else FURTHER,
            "already_open",
            f"{holders[place]} is already open for this person at {place[0]}.",
            f"Follow {holders[place]} instead, or wait until it is closed.",
        )
        for number, place in enumerate(places)
        if place in holders
    ]


def check_further_identifiers(draft: Draft) -> list[Finding]:
    """What is wrong with the further identifiers of the same person, each told by its place."""
    if len(draft.also_known_as) > MOST_FURTHER_IDENTIFIERS:
        message = f"There are {len(draft.also_known_as)} further identifiers; at most {MOST_FURTHER_IDENTIFIERS} go."
        return [Finding(FURTHER, "max_items", message, "File the others in a request of their own.")]
    many = ManyRequests()
    return [
        replace(finding, field=FURTHER, message=f"Identifier {place}: {finding.message}", suggestion=None)
        for place, identifier in enumerate(draft.also_known_as, 2)
        for finding in many.of_subject(identifier)
    ]


def _http_text(connection: ConnectionSettings, payload: Mapping[str, Any]) -> str:
    call = submission_call(connection, payload, "made when it is sent")
    headers = {"Authorization": "Bearer <token>", "Content-Type": "application/json", **call.headers}
    lines = [f"{call.method} {call.url}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\n".join([*lines, "", json.dumps(payload, indent=2, ensure_ascii=False)])
