"""From a filter to the slices that are added up: the one place where filters become SQL."""

from datetime import date, timedelta
from typing import Any, Final

from core.model.measures import Days, Filter
from core.model.privacy_requests import RequestState

_EPOCH: Final = date(1970, 1, 1)

# Cancelled ones are left out unless they are asked for.
_STATE: Final = "CASE WHEN :state IS NULL THEN s.state != 'cancelled' ELSE s.state = :state END"
_TYPE_AND_LAW: Final = "(:type IS NULL OR s.type = :type) AND (:law IS NULL OR s.law = :law)"
_CONNECTION: Final = "(:connection IS NULL OR s.connection = :connection)"

TASKS: Final = f"s.category = coalesce(:category, '') AND {_CONNECTION} AND {_TYPE_AND_LAW} AND {_STATE}"
TASKS_OF_EACH_STATE: Final = (
    f"s.category = coalesce(:category, '') AND {_CONNECTION} AND {_TYPE_AND_LAW} "
    "AND (:state IS NULL OR s.state = :state)"
)
TASKS_BY_CATEGORY: Final = (
    f"s.category != '' AND (:category IS NULL OR s.category = :category) AND {_CONNECTION} AND {_TYPE_AND_LAW} "
    f"AND {_STATE}"
)
TASKS_OF_ANY_CATEGORY: Final = f"s.category = '' AND {_CONNECTION} AND {_TYPE_AND_LAW} AND {_STATE}"
REQUESTS_OF_EACH_STATE: Final = (
    f"s.category = coalesce(:category, '') AND s.connection = coalesce(:connection, '') AND {_TYPE_AND_LAW} "
    "AND (:state IS NULL OR s.state = :state)"
)
REQUESTS: Final = (
    "s.category = coalesce(:category, '') AND s.connection = coalesce(:connection, '') "
    f"AND {_TYPE_AND_LAW} AND {_STATE}"
)
SUCCESSFUL: Final = "s.state IN ('completed', 'nothing_found')"
IN_PERIOD: Final = "c.slice = s.id AND c.day BETWEEN :first AND :last"


def parameters(where: Filter, **more: Any) -> dict[str, Any]:
    """What the conditions of this file are bound to."""
    return {
        "first": number_of(where.days.first),
        "last": number_of(where.days.last),
        "connection": where.connection,
        "type": where.type,
        "category": where.category,
        "law": where.law,
        "state": where.state,
        **more,
    }


def whole_months(days: Days) -> tuple[date, date] | None:
    """The first and the last day of the whole months in a period; None where there is no whole one."""
    first = days.first if days.first.day == 1 else (days.first.replace(day=1) + timedelta(days=32)).replace(day=1)
    after = (days.last + timedelta(days=1)).replace(day=1)
    return (first, after - timedelta(days=1)) if first < after else None


def names_no_request(where: Filter) -> bool:
    """Whether a filter asks for a state that only tasks have, e.g. sending."""
    return where.state is not None and str(where.state) not in {str(state) for state in RequestState}


def number_of(day: date) -> int:
    """How days are counted in the store: since 1970-01-01. Never 0, which stands for what is open."""
    return max(1, (day - _EPOCH).days)


def day_of(number: int) -> date:
    return _EPOCH + timedelta(days=number)
