"""Working days: which days are closed in a region, and why."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

DAY = timedelta(days=1)
WEEKEND = frozenset({"a Saturday", "a Sunday"})


@lru_cache(maxsize=1024)
def public_holidays(region: str, year: int) -> Mapping[date, str]:
    """The public holidays of one year, with their names in English where the calendar has them.

    `region` is a country (`DE`), a country and a part of it (`DE-BE`), or `EU` for the closing days of TARGET,
    the euro payment system. Raises ValueError for a region that has no calendar.
    """
    # Slow to import, and most starts of the desk never count a day. One year at a time into a plain dict:
    # the package's own objects grow while they are read, which threads must not share.
    import holidays

    if region == "EU":
        return dict(holidays.financial_holidays("XECB", years=year, expand=False, language="en_US"))
    country, _, part = region.partition("-")
    try:
        calendar = holidays.country_holidays(country, part or None, years=year, expand=False, language="en_US")
    except NotImplementedError as error:
        raise ValueError(f"No public holidays are known for region {region!r}; write it like DE or DE-BE") from error
    return dict(calendar)


def why_closed(day: date, region: str) -> str | None:
    """`a Saturday`, `a Sunday` or the name of the public holiday; None for a working day."""
    if day.weekday() >= 5:
        return "a Saturday" if day.weekday() == 5 else "a Sunday"
    return public_holidays(region, day.year).get(day)


def next_working_day(day: date, region: str) -> tuple[date, list[str]]:
    """The day itself or the first working day after it, and why each day passed over is closed."""
    reasons = []
    while reason := why_closed(day, region):
        reasons.append(reason)
        day += DAY
    return day, reasons


def add_business_days(day: date, count: int, region: str) -> tuple[date, list[tuple[date, str]]]:
    """The `count`-th working day after `day`, and the public holidays left out on the way."""
    left_out = []
    while count:
        day += DAY
        reason = why_closed(day, region)
        if reason is None:
            count -= 1
        elif day.weekday() < 5:
            left_out.append((day, reason))
    return day, left_out
