"""Which due tasks a connection's permits go to: how polls and submissions share them, and what may not go yet."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.clients.breaker import Breaker
from core.clients.limiter import Limiter, LimiterState
from core.model.events import EventKind
from core.model.people import DESK
from core.model.privacy_requests import TaskState
from core.settings import ConnectionSettings
from core.store import connection_states, erasures_sent, kill_switch, task_leases
from core.store.database import Transaction
from core.store.proof import task_event
from core.store.task_leases import Leased

# While submissions wait, one permit in so many goes to a poll. Under the vendor's limit a submission starts the
# vendor's work and a poll only brings news of it, so news waits; never for good, or a vendor that fails every
# request would be noticed late. Where the limit is not what holds things up, they take turns.
ONE_POLL_IN_UNDER_THE_LIMIT = 20
ONE_POLL_IN = 2


def share(turn: int, permits: int, to_send: int, to_track: int, one_in: int) -> tuple[int, int]:
    """How many of some permits go to submissions and to polls, of which so many are due.

    Each kind takes what the other leaves; where both want more than there is, each permit whose number (counted
    from `turn`) divides by `one_in` is a poll's.
    """
    for_polls = (turn + permits) // one_in - turn // one_in
    sent = min(to_send, permits - min(to_track, for_polls))
    return sent, min(to_track, permits - sent)


@dataclass
class Leasing:
    """The leases of one connection. Keeps the turn of polls and when it is next worth asking, both mere caches."""

    name: str
    owner: str
    erasures_per_hour: int | None = None
    turn: int = 0
    ask_again_at: datetime | None = field(default=None)

    def take(
        self, transaction: Transaction, connection: ConnectionSettings, limit: int, seconds: float
    ) -> list[Leased]:
        """Take what is due, as much as kill switch, breaker, limiter and the erasures of an hour allow."""
        db, now = transaction.db, transaction.at
        self.ask_again_at = None
        if kill_switch.stops(db, self.name):
            return []
        state = connection_states.get(db, self.name)
        # A probe that nobody reports back on is given up once its call must have ended.
        breaker = replace(Breaker.from_json(state.breaker), probe_seconds=seconds)
        limit = min(limit, breaker.permits(now))
        if not limit:
            self.ask_again_at = breaker.next_at(now)
            return []
        probing = breaker.state(now) != "closed"
        to_send, to_track = self._due(transaction, limit, probing=probing)
        wanted = min(limit, len(to_send) + len(to_track))
        limiter = Limiter(connection.limit_per_minute)
        granted, limits, next_at = limiter.take(LimiterState.from_json(state.limiter), now, wanted)
        if granted < wanted:
            self.ask_again_at = next_at
        if not granted:
            connection_states.note_limit(transaction, self.name, holds_up=wanted > 0)
            return []
        one_in = ONE_POLL_IN_UNDER_THE_LIMIT if granted < wanted else ONE_POLL_IN
        sends, polls = share(self.turn, granted, len(to_send), len(to_track), one_in)
        if to_send and to_track:
            self.turn += granted
        leased = task_leases.take(transaction, to_send[:sends] + to_track[:polls], owner=self.owner, seconds=seconds)
        connection_states.note_limit(transaction, self.name, holds_up=granted < wanted)
        connection_states.save_flow(
            transaction, self.name, limiter=limits.to_json(), breaker=breaker.start_probe(now).to_json()
        )
        for one in leased:
            if one.task.state is TaskState.SENDING:
                detail = {"attempt": one.task.attempts, "intent": one.task.intent, "fence": one.task.fence}
                transaction.record(task_event(EventKind.TASK_SENDING, one.task, DESK.id, detail))
        return leased

    def _due(
        self, transaction: Transaction, limit: int, *, probing: bool
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        db, now = transaction.db, transaction.at
        left = self._erasures_left(transaction, limit)
        if probing:
            return task_leases.least_tried(db, self.name, now, new_erasures=left > 0), []
        to_send = task_leases.due_to_send(db, self.name, now, limit)
        if sum(map(_is_new_erasure, to_send)) > left:
            allowed = [row for row in to_send if _is_new_erasure(row)][:left]
            others = task_leases.due_to_send(db, self.name, now, limit, new_erasures=False)
            to_send = sorted([*allowed, *others], key=lambda row: (row["due_on"], row["next_due_at"]))[:limit]
        return to_send, task_leases.due_to_track(db, self.name, now, limit)

    def _erasures_left(self, transaction: Transaction, limit: int) -> int:
        """How many erasures may still leave in this hour, over all connections; no more than `limit` is told."""
        most = self.erasures_per_hour
        if most is None:
            return limit
        return most - erasures_sent.count(transaction.db, transaction.at, most)


def _is_new_erasure(row: dict[str, Any]) -> bool:
    return row["kind"] == "ERASURE" and not row["attempts"]
