"""Sample history for the sandbox's desk: so that every page has something to show, and numbers that hold together."""

import json
from collections.abc import Generator, Iterator
from dataclasses import asdict
from datetime import date
from functools import cache

from core.clock import day_in
from core.desk.base import DeskBase, DeskError
from core.model.deadlines import deadlines_for
from core.model.events import Event, EventKind
from core.model.people import Action, Actor
from core.sandbox.drift import sample_comparisons
from core.sandbox.history import sample_history
from core.store import samples
from core.store.measures import deadlines as counted
from core.store.samples import Fill, Pinned, Sample, fills
from core.validation import POLICY_VERSION


class SampleActions(DeskBase):
    """The part of the desk that invents a past for itself, in the sandbox only."""

    def unfinished_sample(self, actor: Actor) -> Fill | None:
        """The fill that was interrupted; the next one finishes it first."""
        self._require(actor, Action.FILL_SANDBOX)
        with self.store.reading() as db:
            return samples.unfinished(db)

    def fill_sample(self, actor: Actor, *, days: int, requests: int) -> Generator[tuple[int, int], None, None]:
        """Fill the sandbox's desk with sample history. Yields (done, of) as it goes, for each batch on disk.

        It may stop at any of them. A fill that was interrupted goes on where it stopped; where it asked for the same,
        that is all.
        """
        self._require(actor, Action.FILL_SANDBOX)
        if not self.settings.in_sandbox:
            raise DeskError("Sample history is for the sandbox only; this desk talks to real vendors.")
        if not (1 <= days <= 3650 and 1 <= requests <= 1_000_000):
            raise DeskError("Ask for 1 to 3650 days and 1 to 1 000 000 requests.")
        with self.store.reading() as db:
            earlier = samples.unfinished(db)
        if earlier:
            for done in self._fill(actor, earlier):
                yield done, earlier.requests
            if (earlier.days, earlier.requests) == (days, requests):
                return
        with self.store.writing() as transaction:
            # Another seed each time, so that a second history is about other people than the first.
            seed = 7 + sum(counted.on_record(transaction.db).values())
            fill = fills.begin(transaction, days, requests, seed)
        for done in self._fill(actor, fill):
            yield done, requests

    def _fill(self, actor: Actor, fill: Fill) -> Iterator[int]:
        # One history of comparisons is enough: a second would contradict the first.
        compared = sample_comparisons(fill.days, fill.until) if fill.number == 1 else ()
        history = sample_history(fill.days, fill.requests, fill.until, seed=fill.seed)
        grace_days = self.settings.identifier_grace_days
        try:
            yield from samples.write(self.store, fill, history, compared, pinned=self._pinned, grace_days=grace_days)
        except samples.TakenOverError as error:
            raise DeskError("Somebody else went on with this fill meanwhile. Let that one finish.") from error
        detail = {"days": fill.days, "requests": fill.requests}
        with self.store.writing() as transaction:
            transaction.record(Event(EventKind.SANDBOX_FILLED, actor.id, outcome="filled", detail=detail))

    def _pinned(self, sample: Sample) -> Pinned:
        return _dates(sample.law, day_in(self.settings.time_zone, sample.filed_at))


@cache
def _dates(law: str, received: date) -> Pinned:
    """The dates that a law sets for a day of receipt: asked for thousands of times a day of history."""
    deadlines = deadlines_for(law, received)
    due = {deadline.what: deadline for deadline in deadlines}
    return Pinned(
        received=received,
        due=due["respond"].due,
        extended=due["extended"].due if "extended" in due else None,
        pack=due["respond"].rule,
        json=json.dumps([{**asdict(deadline), "due": deadline.due.isoformat()} for deadline in deadlines]),
        policy_version=POLICY_VERSION,
    )
