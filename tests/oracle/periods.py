"""Local days, periods and windows in the reporting zone (contract G-02 to G-09)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, order=True)
class Period:
    """A half-open stretch of local days `[start, end)` and the instants of its ends (UTC)."""

    grain: str
    start: date
    end: date
    start_at: datetime
    end_at: datetime

    def has_day(self, day: date) -> bool:
        return self.start <= day < self.end

    def has(self, instant: datetime) -> bool:
        return self.start_at <= instant < self.end_at


def shift_month(day: date, months: int) -> date:
    """The first day of the month `months` away from the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


class Calendar:
    """Everything that depends on the reporting zone, the run clock and the fiscal year."""

    def __init__(self, zone: str, as_of: datetime, fiscal_year_start_month: int = 1) -> None:
        self.zone = ZoneInfo(zone)
        self.as_of = as_of.astimezone(UTC)
        self.fiscal = fiscal_year_start_month
        self.last_day = self.day(self.as_of - TICK)

    def day(self, instant: datetime) -> date:
        """The local date of an instant."""
        return instant.astimezone(self.zone).date()

    @cache  # noqa: B019 - one calendar lives as long as one calculation
    def midnight(self, day: date) -> datetime:
        """The instant at which a local day begins."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def plus_days(self, instant: datetime, days: int) -> datetime:
        """The same local wall-clock time some calendar days later."""
        wall = instant.astimezone(self.zone).replace(tzinfo=None, fold=0) + timedelta(days=days)
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def within_days(self, anchor: datetime, event: datetime, days: int) -> bool:
        """Is the event at or after the anchor and at most `days` local days after it (G-09)?"""
        return event >= anchor and (self.day(event) - self.day(anchor)).days <= days

    def close(self, period: Period) -> datetime:
        """The closing instant: the end of the period, or `as_of` while it runs."""
        return min(period.end_at, self.as_of)

    def close_day(self, period: Period) -> date:
        """The last local day of the period, or the last one before `as_of` while it runs."""
        return min(period.end - ONE_DAY, self.last_day)

    def complete(self, period: Period) -> bool:
        return period.end_at <= self.as_of

    def make(self, grain: str, start: date, end: date) -> Period:
        return Period(grain, start, end, self.midnight(start), self.midnight(end))

    def containing(self, grain: str, day: date) -> Period:
        """The period of a grain that holds a day; for rolling_12m the one ending with its month."""
        if grain == "day":
            return self.make(grain, day, day + ONE_DAY)
        if grain == "week":
            start = day - timedelta(days=day.weekday())
            return self.make(grain, start, start + timedelta(days=7))
        first = day.replace(day=1)
        if grain == "month":
            return self.make(grain, first, shift_month(first, 1))
        if grain == "rolling_12m":
            return self.make(grain, shift_month(first, -11), shift_month(first, 1))
        length = {"quarter": 3, "year": 12}[grain]
        start = shift_month(first, -((first.month - self.fiscal) % length))
        return self.make(grain, start, shift_month(start, length))

    def periods(self, grain: str, first_day: date) -> Iterator[Period]:
        """Every period of a grain from the first day to the one before `as_of`."""
        period = self.containing(grain, first_day)
        while True:
            anchor = shift_month(period.end, -1) if grain == "rolling_12m" else period.start
            if anchor > self.last_day:
                return
            yield period
            period = self.containing(grain, period.end)

    def months(self, period: Period) -> list[Period]:
        """The calendar months of a period that began before `as_of`."""
        found = []
        month = self.containing("month", period.start)
        while month.start < period.end and month.start <= self.last_day:
            found.append(month)
            month = self.containing("month", month.end)
        return found

    def previous(self, period: Period) -> Period:
        """The period of the same grain just before."""
        if period.grain == "rolling_12m":
            return self.containing("rolling_12m", shift_month(period.end, -2))
        return self.containing(period.grain, period.start - ONE_DAY)

    def year_earlier(self, period: Period) -> Period:
        return self.containing(period.grain, shift_month(period.start, -12))
