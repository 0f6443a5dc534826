"""What every answer of a vendor tells about the connection: the limiter and the breaker learn, for all processes."""

from datetime import UTC, datetime, timedelta

from core.clients.breaker import Breaker
from core.clients.http import Answer
from core.clients.limiter import Limiter, LimiterState
from core.clients.outcomes import BreakerEffect
from core.model.events import Event, EventKind
from core.model.notices import NoticeKind
from core.model.people import DESK
from core.settings import ConnectionSettings
from core.store import connection_states, notices
from core.store.connection_states import ConnectionState
from core.store.database import Transaction

# A thread waits this long at most; anything longer is a row with a due time.
PATIENCE_SECONDS = 30.0
# A breaker that opens for so long has been tried in vain twice, over a minute and a half.
DOWN_SECONDS = 120.0


def keep_no_answer(transaction: Transaction, name: str) -> None:
    """No call came of a permit: if it was the breaker's probe, another one may go."""
    state = connection_states.get(transaction.db, name)
    if state.breaker:
        breaker = Breaker.from_json(state.breaker).record(transaction.at, None)
        connection_states.save_flow(transaction, name, limiter=None, breaker=breaker.to_json())


def keep_flow(transaction: Transaction, name: str, connection: ConnectionSettings, *answers: Answer) -> None:
    """Slow the limiter down after a 429, count the calls in the breaker, and remember how the last ones went.

    A vendor that stays down although it was tried again is a notice; it is over when the vendor answers.
    """
    state, at = connection_states.get(transaction.db, name), transaction.at
    limiter, limits = Limiter(connection.limit_per_minute), LimiterState.from_json(state.limiter)
    breaker = Breaker.from_json(state.breaker)
    slowed = False
    for answer in answers:
        if answer.status == 429 or (answer.error and answer.error.code == "rate_limited"):
            limits, slowed = limiter.slow_down(limits, at, answer.verdict.floor_seconds), True
        before = breaker.state(at)
        neutral = answer.verdict.breaker is BreakerEffect.NEUTRAL
        breaker = breaker.record(at, None if neutral else answer.verdict.breaker is BreakerEffect.SUCCESS)
        after = breaker.state(at)
        if after != before:
            transaction.record(
                Event(EventKind.BREAKER_CHANGED, DESK.id, connection=name, outcome=after, detail={"state": after})
            )
            if after == "closed":
                notices.cause_is_over(transaction, NoticeKind.VENDOR_DOWN, name)
            elif breaker.open_seconds >= DOWN_SECONDS:
                notices.raise_notice(transaction, NoticeKind.VENDOR_DOWN, name)
    connection_states.save_flow(
        transaction, name, limiter=limits.to_json() if slowed else None, breaker=breaker.to_json()
    )
    messages = [answer.error.message if answer.error else None for answer in answers]
    for message in messages[-1:] if len({m is None for m in messages}) == 1 else _last_of_each(messages):
        connection_states.note_call(transaction, name, message)


def _last_of_each(messages: list[str | None]) -> list[str | None]:
    """The last good and the last bad one, in the order in which they came."""
    last = {message is None: (number, message) for number, message in enumerate(messages)}
    return [message for _, message in sorted(last.values())]


def held_until(state: ConnectionState, now: datetime) -> datetime | None:
    """When calls may go out again, where breaker or vendor hold them back for longer than a thread may wait."""
    breaker = Breaker.from_json(state.breaker)
    if not breaker.permits(now):
        return breaker.next_at(now)
    limits = LimiterState.from_json(state.limiter)
    # No longer than the vendor asked for, even if the clock has jumped back since.
    not_before = datetime.fromtimestamp(min(limits.not_before, now.timestamp() + limits.pause), UTC)
    return not_before if not_before > now + timedelta(seconds=PATIENCE_SECONDS) else None
