"""dim_date against the calendar of Python, for a fiscal year that does not start in January."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from agreement.warehouse import MODELS, Dbt, broken, deliver

FISCAL_START = 2
# 14 March 2025 is over in Berlin: the last known date.
AS_OF = datetime(2025, 3, 14, 23, tzinfo=UTC)
LAST_KNOWN = date(2025, 3, 14)


@pytest.fixture(scope="module")
def dates(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Mapping[date, dict[str, Any]]:
    """dim_date by date, of a company with one account, created in January 2024, and a holiday."""
    home = tmp_path_factory.mktemp("dates")
    deliver(
        home,
        {
            "lead": [{"lead_id": "l1", "created_at": datetime(2024, 1, 20, 12, tzinfo=UTC)}],
            "schedule_holiday": [
                {"schedule_id": "default", "holiday_date": date(2025, 5, 1)},
                {"schedule_id": "plant", "holiday_date": date(2025, 5, 2)},
            ],
        },
    )
    faults = broken(
        dbt.build(
            home,
            AS_OF,
            {"fiscal_year_start_month": FISCAL_START},
            *MODELS,
            *("--select", "+dim_date"),
        )
    )
    assert not faults, faults
    with duckdb.connect(str(home / "build.duckdb"), read_only=True) as connection:
        result = connection.execute("from marts.dim_date")
        names = [each[0] for each in result.description or []]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    return {row["date_day"]: row for row in rows}


def shifted(day: date, months: int) -> date:
    """First day of the month so many months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def expected(day: date) -> dict[str, Any]:
    """What a row says, from the standard library alone."""
    iso = day.isocalendar()
    fiscal_month = (day.month - FISCAL_START) % 12 + 1
    year_start = shifted(day, 1 - fiscal_month)
    quarter_start = shifted(day, -((fiscal_month - 1) % 3))
    fiscal_year = shifted(year_start, 11).year
    quarter = (fiscal_month - 1) // 3 + 1
    since = (day.year - LAST_KNOWN.year) * 12 + day.month - LAST_KNOWN.month
    return {
        "date_day": day,
        "date_key": int(day.strftime("%Y%m%d")),
        "day_of_week": iso.weekday,
        "day_name": calendar.day_name[iso.weekday - 1],
        "day_of_month": day.day,
        "day_of_year": day.timetuple().tm_yday,
        "is_weekend": iso.weekday > 5,
        "is_holiday": day == date(2025, 5, 1),
        "is_business_day": iso.weekday <= 5 and day != date(2025, 5, 1),
        "week_start": day - timedelta(days=iso.weekday - 1),
        "week_number": iso.week,
        "week_label": f"{iso.year}-W{iso.week:02}",
        "month_start": day.replace(day=1),
        "month_number": day.month,
        "month_name": calendar.month_name[day.month],
        "month_label": f"{day:%Y-%m}",
        "is_month_end": (day + timedelta(days=1)).day == 1,
        "calendar_year": day.year,
        "quarter_start": quarter_start,
        "quarter_number": quarter,
        "quarter_label": f"FY{fiscal_year}-Q{quarter}",
        "is_quarter_end": day + timedelta(days=1) == shifted(quarter_start, 3),
        "fiscal_year_start": year_start,
        "fiscal_year": fiscal_year,
        "fiscal_year_label": f"FY{fiscal_year}",
        "fiscal_month_number": fiscal_month,
        "is_fiscal_year_end": day + timedelta(days=1) == shifted(year_start, 12),
        "is_known": day <= LAST_KNOWN,
        "days_from_as_of": (day - LAST_KNOWN).days,
        "months_from_as_of": since,
        "is_current_month": since == 0,
        "is_current_quarter": date(2025, 2, 1) <= day <= date(2025, 4, 30),
        "is_current_fiscal_year": date(2025, 2, 1) <= day <= date(2026, 1, 31),
        "is_last_complete_month": since == -1,
        "is_last_complete_quarter": date(2024, 11, 1) <= day <= date(2025, 1, 31),
        "is_last_complete_fiscal_year": date(2024, 2, 1) <= day <= date(2025, 1, 31),
        "is_last_12_complete_months": -12 <= since <= -1,
        "is_fiscal_year_to_date": date(2025, 2, 1) <= day <= LAST_KNOWN,
    }


def test_every_date_is_there_once(dates: Mapping[date, dict[str, Any]]) -> None:
    """From the fiscal year of the lead, which ended in January 2024, to the one after FY2026."""
    first, last = date(2023, 2, 1), date(2027, 1, 31)
    assert sorted(dates) == [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_every_column_of_every_date(dates: Mapping[date, dict[str, Any]]) -> None:
    for day, row in dates.items():
        assert row == expected(day), day
