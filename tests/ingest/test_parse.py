"""The parse rules, type by type, in any session time zone."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.home import PROJECT_ROOT
from orchestration.ingest.parse import parser

PARSE = parser(PROJECT_ROOT)
CONNECTION = duckdb.connect()


def parsed(text: str | None, data_type: str, **how: Any) -> Any:
    sql = PARSE("cast($text as varchar)", data_type, **how)
    row = CONNECTION.execute(f"select {sql}", {"text": text}).fetchone()
    assert row is not None
    return row[0]


@pytest.fixture(autouse=True, params=["UTC", "America/New_York", "Asia/Kolkata"])
def session_zone(request: pytest.FixtureRequest) -> None:
    CONNECTION.execute(f"set TimeZone = '{request.param}'")


@pytest.mark.parametrize("data_type", ["string", "integer", "decimal", "boolean", "date"])
def test_an_empty_text_is_null_whatever_the_type(data_type: str) -> None:
    assert parsed("", data_type) is None
    assert parsed(None, data_type) is None


def test_a_text_stays_as_it_is() -> None:
    assert parsed("  Zoë ", "string") == "  Zoë "


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -3 ", -3),
        ("12.0", 12),
        ("1.5", None),
        ("1e3", None),
        ("1,000", None),
        ("1_000", None),
        ("0x10", None),
        ("99999999999999999999", None),
        ("abc", None),
    ],
)
def test_an_integer_is_never_rounded_or_guessed(text: str, value: int | None) -> None:
    assert parsed(text, "integer") == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1250.50", "1250.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("1.03E+13", "10300000000000"),
        ("123456789012345678.0123456789", "123456789012345678.0123456789"),
        ("1,250.50", None),
        ("1.250,50", None),
        ("12,5", None),
        ("€5", None),
        ("$5", None),
        ("5 EUR", None),
        ("(5)", None),
        ("5%", None),
        ("1e999", None),
        ("NaN", None),
        ("inf", None),
        (".", None),
        ("1 000", None),
    ],
)
def test_a_decimal_is_plain_or_with_an_exponent(text: str, value: str | None) -> None:
    assert parsed(text, "decimal") == (None if value is None else Decimal(value))


@given(
    st.decimals(
        min_value=-(10**17), max_value=10**17, places=10, allow_nan=False, allow_infinity=False
    )
)
@settings(max_examples=100, deadline=None)
def test_a_decimal_keeps_every_digit(value: Decimal) -> None:
    assert parsed(f"{value:f}", "decimal") == value


@pytest.mark.parametrize("text", ["true", "TRUE", "t", "1", "yes", "Y", " True "])
def test_yes_in_its_spellings_is_true(text: str) -> None:
    assert parsed(text, "boolean") is True


@pytest.mark.parametrize("text", ["false", "F", "0", "no", "N"])
def test_no_in_its_spellings_is_false(text: str) -> None:
    assert parsed(text, "boolean") is False


@pytest.mark.parametrize("text", ["2", "maybe", "ja", "x"])
def test_what_is_neither_yes_nor_no_is_null(text: str) -> None:
    assert parsed(text, "boolean") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2025-01-31", date(2025, 1, 31)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2025-01-31T00:00:00Z", date(2025, 1, 31)),
        ("2025-01-31 00:00:00.000", date(2025, 1, 31)),
        ("2025-01-31T00:00:00+00:00", date(2025, 1, 31)),
        ("2025-01-31T08:00:00Z", None),
        ("2025-01-31T00:00:00+02:00", None),
        ("2025-02-30", None),
        ("0000-00-00", None),
        ("01/31/2025", None),
        ("31.01.2025", None),
        ("2025-1-1", None),
        ("45688", None),
    ],
)
def test_a_date_is_iso_and_of_the_calendar(text: str, value: date | None) -> None:
    assert parsed(text, "date") == value


def test_a_declared_form_of_a_date_is_the_only_one_taken() -> None:
    american = ("%m/%d/%Y",)
    assert parsed("1/31/2025", "date", formats=american) == date(2025, 1, 31)
    assert parsed("31/1/2025", "date", formats=american) is None
    assert parsed("2/30/2025", "date", formats=american) is None
    assert parsed("2025-01-31", "date", formats=american) is None


@pytest.mark.parametrize(
    "text",
    [
        "2025-07-31T10:00:00Z",
        "2025-07-31t10:00:00z".upper(),
        "2025-07-31T10:00Z",
        "2025-07-31 10:00:00 UTC",
        "2025-07-31T12:00:00+02:00",
        "2025-07-31T12:00:00.000+0200",
        "2025-07-31 12:00:00+02",
        "2025-07-31T04:30:00.000000000-05:30",
        "2025-08-01T00:00:00+14:00",
    ],
)
def test_an_offset_leads_to_the_same_instant(text: str) -> None:
    assert parsed(text, "instant") == datetime(2025, 7, 31, 10)


@pytest.mark.parametrize(
    "text",
    [
        "2025-07-31",
        "2025-07-31T10:00:00",
        "2025-02-30T10:00:00Z",
        "2025-07-31T25:00:00Z",
        "2025-07-31T24:00:00Z",
        "2025-07-31T10:60:00Z",
        "2025-07-31T10:00:00+99:00",
        "0000-00-00T00:00:00Z",
        "20250731T100000Z",
        "1738310400",
        "now",
        "infinity",
    ],
)
def test_an_instant_needs_an_offset_and_a_date_of_the_calendar(text: str) -> None:
    assert parsed(text, "instant") is None


@given(
    st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
@settings(max_examples=150, deadline=None)
def test_every_instant_with_an_offset_comes_back_in_utc(local: datetime, minutes: int) -> None:
    aware = local.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parsed(aware.isoformat(), "instant") == aware.astimezone(UTC).replace(tzinfo=None)


def test_a_declared_zone_gives_local_times_their_instant() -> None:
    berlin = {"zone": "Europe/Berlin"}
    assert parsed("2025-07-31 12:00:00", "instant", **berlin) == datetime(2025, 7, 31, 10)
    assert parsed("2025-01-31T12:00", "instant", **berlin) == datetime(2025, 1, 31, 11)
    assert parsed("2025-07-31", "instant", **berlin) == datetime(2025, 7, 30, 22)
    # An offset in the text is stronger than the declared zone.
    assert parsed("2025-07-31T12:00:00Z", "instant", **berlin) == datetime(2025, 7, 31, 12)


def test_a_local_time_in_the_gap_or_the_overlap_of_a_clock_change_is_taken_the_same_way() -> None:
    berlin = {"zone": "Europe/Berlin"}
    assert parsed("2025-03-30 02:30", "instant", **berlin) == datetime(2025, 3, 30, 1, 30)
    assert parsed("2025-10-26 02:30", "instant", **berlin) == datetime(2025, 10, 26, 1, 30)


def test_declared_forms_of_an_instant_are_read_in_the_zone_unless_they_have_an_offset() -> None:
    forms = ("%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M:%S %z")
    how = {"zone": "America/New_York", "formats": forms}
    assert parsed("7/31/2025 6:00 AM", "instant", **how) == datetime(2025, 7, 31, 10)
    assert parsed("31.07.2025 12:00:00 +0200", "instant", **how) == datetime(2025, 7, 31, 10)
    assert parsed("2025-07-31T10:00:00Z", "instant", **how) is None


def test_unix_seconds_are_an_instant_and_milliseconds_are_not_mistaken_for_them() -> None:
    assert parsed("1738310400", "epoch") == datetime(2025, 1, 31, 8)
    assert parsed("1738310400.0", "epoch") == datetime(2025, 1, 31, 8)
    assert parsed("1738310400000", "epoch") is None
    assert parsed("2025-01-31", "epoch") is None


def test_a_time_of_day_has_hours_and_minutes() -> None:
    assert parsed("08:30", "time") == time(8, 30)
    assert parsed("8:30", "time") == time(8, 30)
    assert parsed("08:30:15", "time") == time(8, 30, 15)
    assert parsed("24:01", "time") is None
    assert parsed("8", "time") is None


def test_hours_may_last_until_the_end_of_the_day() -> None:
    # Python knows no 24:00; DuckDB does, and a date plus 24:00 is the midnight after it.
    assert parsed("24:00", "time") == "24:00:00"
    assert parsed("24:00:00", "time") == "24:00:00"


def test_json_stays_text_when_it_is_valid() -> None:
    assert parsed('{"a": [1, 2]}', "json") == '{"a": [1, 2]}'
    assert parsed("{a}", "json") is None


def test_zones_and_forms_are_quoted_and_never_run() -> None:
    form = "%Y'); drop table x; --"
    assert parsed("2025'); drop table x; --", "date", formats=(form,)) == date(2025, 1, 1)
    with pytest.raises(duckdb.Error, match=r"[Tt]ime[Zz]one"):
        parsed("2025-01-01 10:00", "instant", zone="x'); drop table x; --")


def test_a_type_that_is_not_declared_stops_the_build() -> None:
    with pytest.raises(jinja2.UndefinedError, match="must_be_one_of"):
        PARSE("x", "money")


@given(
    st.text(),
    st.sampled_from(
        ["integer", "decimal", "boolean", "date", "instant", "epoch", "time", "json", "string"]
    ),
)
@settings(max_examples=200, deadline=None)
def test_no_text_whatever_is_an_error(text: str, data_type: str) -> None:
    parsed(text, data_type)
    parsed(text, "instant", zone="Europe/Berlin", formats=("%d/%m/%y",))
