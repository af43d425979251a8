"""Real Salesforce exports through the shipped source: 1 or empty, spreadsheet dates and more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from acceptance_data import dataset, records

from orchestration import transform
from orchestration.home import Home, load_settings
from orchestration.ingest.load import load

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
# Table of the warehouse -> staging model and its key.
STAGED = {
    "Account": ("accounts", "account_id"),
    "Contact": ("contacts", "contact_id"),
    "Lead": ("leads", "lead_id"),
    "Opportunity": ("opportunities", "opportunity_id"),
    "Campaign": ("campaigns", "campaign_id"),
    "CampaignMember": ("campaign_members", "campaign_member_id"),
}
TABLES = [*STAGED, "OpportunityHistory", "Case", "Task"]


class Sample:
    """One directory of exports, loaded and staged."""

    def __init__(self, name: str, root: Path) -> None:
        self.raw = dataset(name)
        self.tables = [table for table in TABLES if (self.raw / f"{table}.csv").exists()]
        home = Home(root)
        for table in self.tables:
            folder = home.landing / "salesforce" / table
            folder.mkdir(parents=True)
            shutil.copyfile(self.raw / f"{table}.csv", folder / f"{table}.csv")
        self.report = load(home, "test", AS_OF, settle_seconds=0)
        results = transform.build(
            home,
            load_settings(home),
            as_of=AS_OF,
            run_id="test",
            models=["+staging.salesforce"],
        )
        self.errors = [f"{r.unique_id}: {r.message}" for r in results if r.status == "error"]
        self.connection = duckdb.connect(str(home.build_database), read_only=True)
        self.connection.execute("set timezone = 'UTC'; set schema = 'staging'")

    def file(self, table: str) -> list[dict[str, str]]:
        return records(self.raw / f"{table}.csv")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture(
    scope="module", params=["salesforce_data_cloud_workshop", "salesforce_powerbi_demo"]
)
def sample(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sample]:
    one = Sample(request.param, tmp_path_factory.mktemp("home"))
    yield one
    one.connection.close()


def truth(text: str) -> bool:
    return text.lower() in ("1", "true")


def instant(text: str) -> datetime | None:
    for form in ("%Y-%m-%dT%H:%M:%S.000+0000", "%m/%d/%y %I:%M %p", "%m/%d/%y"):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    assert text == ""
    return None


def day(text: str) -> date | None:
    if not text:
        return None
    return datetime.strptime(text, "%m/%d/%y" if "/" in text else "%Y-%m-%d").date()


def test_every_record_of_every_file_is_loaded(sample: Sample) -> None:
    assert sample.errors == []
    loaded = {each.entity: (each.status, each.rows_loaded) for each in sample.report.files}
    assert loaded == {table: ("loaded", len(sample.file(table))) for table in sample.tables}


def test_every_record_is_staged_once_under_its_id(sample: Sample) -> None:
    for table, (model, key) in STAGED.items():
        ids = sorted(row["Id"] for row in sample.file(table)) if table in sample.tables else []
        staged = sample.rows(f"select {key} from stg_salesforce__{model} order by 1")
        assert [row[0] for row in staged] == ids, table


def test_flags_amounts_and_dates_of_opportunities_are_those_of_the_file(sample: Sample) -> None:
    staged = {
        row[0]: row[1:]
        for row in sample.rows(
            "select opportunity_id, is_closed, is_won, is_deleted, amount, created_at, close_date,"
            " probability, account_id from stg_salesforce__opportunities"
        )
    }
    for row in sample.file("Opportunity"):
        assert staged[row["Id"]] == (
            truth(row["IsClosed"]),
            truth(row["IsWon"]),
            truth(row.get("IsDeleted", "")),
            Decimal(row["Amount"]) if row["Amount"] else None,
            instant(row["CreatedDate"]),
            day(row["CloseDate"]),
            Decimal(row["Probability"]) / 100,
            row["AccountId"],
        )


def test_stages_are_won_and_lost_where_they_are_closed_and_else_keep_their_name(
    sample: Sample,
) -> None:
    names = {"Closed Won": "won", "Closed Lost": "lost"}
    staged = dict(sample.rows("select opportunity_id, stage from stg_salesforce__opportunities"))
    expected = {
        row["Id"]: names.get(row["StageName"], row["StageName"])
        for row in sample.file("Opportunity")
    }
    assert staged == expected
    orders = sample.rows(
        "select count(*) from stg_salesforce__opportunities where stage_order is null"
    )
    assert orders == [(0,)]


def test_stage_events_are_the_changes_of_stage_in_history(sample: Sample) -> None:
    names = {"Closed Won": "won", "Closed Lost": "lost"}
    stays: dict[str, list[tuple[datetime | None, str]]] = {}
    if "OpportunityHistory" in sample.tables:
        for row in sample.file("OpportunityHistory"):
            stage = names.get(row["StageName"], row["StageName"])
            stays.setdefault(row["OpportunityId"], []).append((instant(row["CreatedDate"]), stage))
    staged: dict[str, list[tuple[datetime, str]]] = {}
    for opportunity, at, stage in sample.rows(
        "select opportunity_id, entered_at, stage from stg_salesforce__opportunity_stage_events"
        " order by entered_at, stage_order, event_id"
    ):
        staged.setdefault(opportunity, []).append((at, stage))
    # Every opportunity entered a stage, also one without history.
    assert {row["Id"] for row in sample.file("Opportunity")} <= set(staged)
    for opportunity, expected in stays.items():
        changes = {stage for _, stage in expected}
        assert {stage for _, stage in staged[opportunity]} == changes
        assert set(staged[opportunity]) <= set(expected)
        assert all(
            before[1] != after[1]
            for before, after in zip(staged[opportunity], staged[opportunity][1:], strict=False)
        )


def test_leads_know_when_they_were_converted_and_to_what(sample: Sample) -> None:
    staged = {
        row[0]: row[1:]
        for row in sample.rows(
            "select lead_id,"
            " cast(timezone('Europe/Berlin', timezone('UTC', converted_at)) as date),"
            " converted_account_id, converted_opportunity_id, is_deleted from stg_salesforce__leads"
        )
    }
    for row in sample.file("Lead"):
        assert staged[row["Id"]] == (
            day(row["ConvertedDate"]),
            row["ConvertedAccountId"] or None,
            row["ConvertedOpportunityId"] or None,
            truth(row["IsDeleted"]),
        )


def test_a_15_character_id_is_completed_to_the_one_of_the_api(sample: Sample) -> None:
    """Every id of the files, cut to 15 characters, comes back as the API wrote it."""
    macros = (Path(__file__).resolve().parents[2] / "macros" / "vendors.sql").read_text("utf-8")
    rendered = _macro(macros, "salesforce_id", "id")
    ids = [
        value
        for table in sample.tables
        for row in sample.file(table)
        for name, value in row.items()
        if name and (name == "Id" or name.endswith("Id")) and value and len(value) == 18
    ]
    assert len(set(ids)) > 100
    short = ", ".join(f"('{value[:15]}')" for value in sorted(set(ids)))
    found = sample.rows(f"select {rendered} from (values {short}) as ids (id)")
    assert {row[0] for row in found} == set(ids)


def _macro(source: str, name: str, *arguments: str) -> str:
    import jinja2

    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    return str(getattr(environment.from_string(source).module, name)(*arguments))
