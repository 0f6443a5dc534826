"""A good row between its check and its acceptance: a short JSON list, and the request that it becomes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from core.desk.filing import Place
from core.model.privacy_requests import Draft
from core.store import identifiers
from core.store.batches.filing import BatchRow
from core.store.requests import NewRequest


def to_json(line: int, draft: Draft, pseudonyms: Sequence[str]) -> list[Any]:
    """`pseudonyms` are those of the draft's identifiers, in their order."""
    return [
        line,
        list(draft.identifiers),
        list(pseudonyms),
        draft.type,
        list(draft.categories),
        draft.scope,
        draft.description,
        list(dict.fromkeys(draft.connections)),
        draft.law,
        draft.region,
        draft.received.isoformat() if draft.received else None,
        draft.reference,
    ]


class StagedRows:
    """Makes requests of staged rows. What many rows share, their dates above all, is made once.

    The day of receipt of a row that names none is the day of the check.
    """

    def __init__(self, model_of: Callable[[Draft], NewRequest], batch_id: str, received: date) -> None:
        self._model_of = model_of
        self._batch_id = batch_id
        self._received = received
        self._models: dict[tuple[Any, ...], NewRequest] = {}

    def request(self, row: list[Any]) -> BatchRow:
        (
            line,
            known_as,
            pseudonyms,
            kind,
            categories,
            scope,
            description,
            connections,
            law,
            region,
            received,
            reference,
        ) = row
        key = (kind, tuple(categories), scope, tuple(connections), law, region, received)
        model = self._models.get(key)
        if model is None:
            draft = Draft(
                connections=tuple(connections),
                subject="any",
                type=kind,
                categories=tuple(categories),
                scope=scope,
                law=law,
                region=region,
                received=date.fromisoformat(received) if received else self._received,
            )
            # One decision is asked for about the whole batch, not one about each row.
            model = self._models[key] = replace(self._model_of(draft), approval=None)
        # `replace` would look at every field of every row; this is what takes the longest after the database itself.
        own = {
            "intent": f"{self._batch_id}:{line}",
            "reference": reference,
            "pseudonym": pseudonyms[0],
            "also_known_as": tuple(pseudonyms[1:]),
            "secret": identifiers.Secret(known_as[0], description, tuple(known_as[1:])),
        }
        new = NewRequest.__new__(NewRequest)
        vars(new).update(vars(model), **own)
        return BatchRow(line, new)


def places_of(new: NewRequest) -> list[Place]:
    return [(connection, one, str(new.type)) for one in new.pseudonyms for connection, _ in new.connections]
