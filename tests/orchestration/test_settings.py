"""settings.yml: what it may say, and what it says back when it is wrong."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orchestration.home import (
    Home,
    Settings,
    SettingsError,
    last_local_midnight,
    load_settings,
    parse_as_of,
    project_vars,
)

BERLIN = ZoneInfo("Europe/Berlin")


def problem(home: Home, text: str) -> str:
    home.settings_file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(home)
    return str(caught.value)


@pytest.mark.parametrize("text", [None, "", "# nothing but a remark\n"])
def test_without_settings_every_parameter_has_its_project_default(
    home: Home, text: str | None
) -> None:
    if text is not None:
        home.settings_file.write_text(text)
    settings = load_settings(home)
    assert settings.dbt_vars() == {}
    assert settings.zone.key == project_vars()["reporting_timezone"]
    assert settings.storage_version == "v1.2.0"


def test_only_what_is_set_is_handed_to_dbt(home: Home) -> None:
    home.settings_file.write_text(
        "reporting_timezone: America/New_York\n"
        "min_sample: 0\n"
        "annual_discount_rate: 0\n"
        "internal_domains: [acme.com, acme.co.uk]\n"
        "schedule: {time: 23:15}\n"
        "retention:\n  keep_releases: 12\n"
    )
    settings = load_settings(home)
    assert settings.dbt_vars() == {
        "reporting_timezone": "America/New_York",
        "min_sample": 0,
        "annual_discount_rate": 0.0,
        "internal_domains": ["acme.com", "acme.co.uk"],
    }
    assert settings.schedule.time == "23:15"
    assert settings.retention.keep_releases == 12
    assert settings.parameter("reporting_currency") == project_vars()["reporting_currency"]


def test_every_parameter_of_the_project_can_be_set_and_no_other(home: Home) -> None:
    own = {
        *("schedule", "retention", "alerts", "exports", "postgres", "storage_version"),
        "restatement_tolerance",
    }
    settable = set(Settings.model_fields) - own
    assert settable <= set(project_vars())
    assert {"reporting_timezone", "min_sample", "dunning_days"} <= settable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "min_sample: 5\nreporting_timezone: Europe/Berln\n",
            [
                "line 2: reporting_timezone is 'Europe/Berln'",
                "near: Europe/Berlin",
                "IANA time zone",
            ],
        ),
        ("reporting_currency: euro\n", ["line 1: reporting_currency is 'euro'", "three capitals"]),
        (
            "\n\nfiscal_year_start_month: 13\n",
            ["line 3: fiscal_year_start_month is 13", "a whole number from 1 to 12"],
        ),
        ("dunning_days: true\n", ["line 1: dunning_days is True", "a whole number"]),
        ("dunning_days: '30'\n", ["line 1: dunning_days is '30'", "a whole number"]),
        (
            "customer_model: freemium\n",
            ["line 1: customer_model is 'freemium'", "one of subscription, transactional, hybrid"],
        ),
        (
            "acquisition_event: visit\n",
            ["line 1: acquisition_event", "one of first_payment, lead, trial"],
        ),
        (
            "customr_model: hybrid\n",
            ["line 1: unknown key customr_model", "did you mean customer_model?"],
        ),
        (
            "retention:\n  keep_releases: 7\n  keep_days: 3\n",
            [
                "line 3: unknown key retention.keep_days",
                "known keys: keep_releases, minimum_age_hours",
            ],
        ),
        (
            "retention: {keep_releases: 2}\n",
            ["line 1: retention.keep_releases is 2", "from 3 to 10000"],
        ),
        ("retention: 3\n", ["line 1: retention is 3", "a block with the keys keep_releases"]),
        ("schedule: {time: '25:00'}\n", ["line 1: schedule.time is '25:00'", '"HH:MM"']),
        ("schedule:\n  timezone: Mars/Base\n", ["line 2: schedule.timezone is 'Mars/Base'"]),
        (
            "alerts: {webhook_url_env: 'https://hooks.example.com/secret'}\n",
            ["line 1: alerts.webhook_url_env", "the name of an environment variable"],
        ),
        ("alerts: {email: [nobody]}\n", ["line 1: alerts.email is 'nobody'", "e-mail addresses"]),
        ("exports:\n  - csv\n  - xls\n", ["line 3: exports is 'xls'", "one of parquet, csv"]),
        ("storage_version: v2.0.0\n", ["line 1: storage_version is 'v2.0.0'", "v1.2.0"]),
        ("internal_domains: [ACME]\n", ["line 1: internal_domains is 'ACME'", "small letters"]),
        ("annual_discount_rate: 10\n", ["line 1: annual_discount_rate is 10", "from 0 to 1"]),
        ("min_sample: 1\nmin_sample: 2\n", ["line 2: min_sample is already set on line 1"]),
        ("min_sample: [1\n", ["line 2", "not valid YAML"]),
        ("- a\n- b\n", ["line 1: expected `key: value` lines"]),
    ],
)
def test_a_mistake_is_told_with_its_line_its_value_and_what_is_allowed(
    home: Home, text: str, expected: list[str]
) -> None:
    message = problem(home, text)
    assert str(home.settings_file) in message
    for part in expected:
        assert part in message


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(home: Home) -> None:
    message = problem(home, "min_sample: -1\nnonsense: 1\ncac_lag_months: 99\n")
    assert [line.split("line ")[1][0] for line in message.splitlines()] == ["1", "2", "3"]


def test_settings_that_are_no_text_are_refused(home: Home) -> None:
    home.settings_file.write_bytes(b"reporting_currency: \xff\xfe")
    with pytest.raises(SettingsError, match="cannot be read as UTF-8"):
        load_settings(home)


def test_the_home_is_absolute_and_defaults_to_var(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREHOUSE_HOME", raising=False)
    assert Home.from_env().root.name == "var"
    assert Home.from_env().root.is_absolute()


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2025-07-15T00:30:00Z", "2025-07-14T22:00:00Z"),
        ("2025-07-14T22:00:00Z", "2025-07-14T22:00:00Z"),
        ("2025-07-14T21:59:59Z", "2025-07-13T22:00:00Z"),
        ("2025-10-26T03:00:00Z", "2025-10-25T22:00:00Z"),
        ("2025-10-27T03:00:00Z", "2025-10-26T23:00:00Z"),
    ],
)
def test_the_last_local_midnight_is_that_of_the_reporting_zone(now: str, midnight: str) -> None:
    assert last_local_midnight(BERLIN, datetime.fromisoformat(now)) == datetime.fromisoformat(
        midnight
    )


def test_a_date_means_its_local_midnight_and_an_instant_itself() -> None:
    midnight = datetime(2025, 6, 30, 22, tzinfo=UTC)
    assert parse_as_of("2025-07-01", BERLIN) == midnight
    assert parse_as_of("2025-07-01T00:00:00+02:00", BERLIN) == midnight
    assert parse_as_of("2025-06-30T22:00:00Z", BERLIN) == midnight


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2025-02-30", "neither a date nor an instant"),
        ("yesterday", "neither a date nor an instant"),
        ("2025-07-01T00:00:00", "no offset from UTC"),
        ("2025-07-01T00:00:00.5Z", "fractions of a second"),
    ],
)
def test_an_as_of_that_could_be_misread_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_as_of(text, BERLIN)
