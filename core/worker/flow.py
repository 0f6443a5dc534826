"""What every answer of a vendor tells about the connection: the limiter and the breaker learn, for all processes."""

from datetime import UTC, datetime, timedelta

from core.clients.breaker import Breaker
from core.clients.http import Answer
from core.clients.limiter import Limiter, LimiterState
from core.clients.outcomes import BreakerEffect
from core.model.events import Event, EventKind
from core.model.people import DESK
from core.settings import ConnectionSettings
from core.store import connection_states
from core.store.connection_states import ConnectionState
from core.store.database import Transaction

# A thread waits this long at most; anything longer is a row with a due time.
PATIENCE_SECONDS = 30.0


def keep_no_answer(transaction: Transaction, name: str) -> None:
    """No call came of a permit: if it was the breaker's probe, another one may go."""
    state = connection_states.get(transaction.db, name)
    if state.breaker:
        breaker = Breaker.from_json(state.breaker).record(transaction.at, None)
        connection_states.save_flow(transaction, name, limiter=None, breaker=breaker.to_json())


def keep_flow(transaction: Transaction, name: str, connection: ConnectionSettings, answer: Answer) -> None:
    """Slow the limiter down after a 429, count the call in the breaker, and remember how it went."""
    state = connection_states.get(transaction.db, name)
    limits = None
    if answer.status == 429 or (answer.error and answer.error.code == "rate_limited"):
        limiter = Limiter(connection.limit_per_minute)
        limits = limiter.slow_down(LimiterState.from_json(state.limiter), transaction.at, answer.verdict.floor_seconds)
    breaker = Breaker.from_json(state.breaker)
    before = breaker.state(transaction.at)
    neutral = answer.verdict.breaker is BreakerEffect.NEUTRAL
    breaker = breaker.record(transaction.at, None if neutral else answer.verdict.breaker is BreakerEffect.SUCCESS)
    connection_states.save_flow(
        transaction, name, limiter=limits.to_json() if limits else None, breaker=breaker.to_json()
    )
    connection_states.note_call(transaction, name, answer.error.message if answer.error else None)
    after = breaker.state(transaction.at)
    if after != before:
        transaction.record(
            Event(EventKind.BREAKER_CHANGED, DESK.id, connection=name, outcome=after, detail={"state": after})
        )


def held_until(state: ConnectionState, now: datetime) -> datetime | None:
    """When calls may go out again, where breaker or vendor hold them back for longer than a thread may wait."""
    breaker = Breaker.from_json(state.breaker)
    if not breaker.permits(now):
        return breaker.next_at(now)
    limits = LimiterState.from_json(state.limiter)
    # No longer than the vendor asked for, even if the clock has jumped back since.
    not_before = datetime.fromtimestamp(min(limits.not_before, now.timestamp() + limits.pause), UTC)
    return not_before if not_before > now + timedelta(seconds=PATIENCE_SECONDS) else None
