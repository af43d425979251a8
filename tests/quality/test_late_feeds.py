"""What `warehouse status` says of feeds that are late or missing, and of files passed over."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from cases import CLEAN
from night import Night

from orchestration import report
from orchestration.cli import _main

LOADED = datetime(2025, 7, 15, 1, tzinfo=UTC)


def late(night: Night, now: datetime) -> dict[str, str]:
    found = report.late_feeds(night.home, night.home.build_database, now)
    return {f"{each['source']}.{each['entity']}": each["state"] for each in found}


def test_a_feed_is_late_when_its_schedule_says_so(night: Night) -> None:
    night.deliver("zendesk.users", CLEAN["zendesk.users"])
    missing = {
        f"zendesk.{table}": "missing" for table in ("tickets", "ticket_comments", "ticket_events")
    }
    assert late(night, LOADED + timedelta(days=2)) == missing
    assert late(night, LOADED + timedelta(days=2, minutes=1)) == missing | {"zendesk.users": "late"}


def test_the_same_bytes_put_there_again_are_a_delivery(night: Night) -> None:
    night.deliver("zendesk.users", CLEAN["zendesk.users"])
    file = night.home.landing / "zendesk" / "users" / "export.csv"
    file.parent.mkdir(parents=True)
    file.write_text("id\n")
    now = LOADED + timedelta(days=5)
    for put, state in ((now - timedelta(days=1), None), (now - timedelta(days=3), "late")):
        os.utime(file, (put.timestamp(), put.timestamp()))
        assert late(night, now).get("zendesk.users") == state


def test_a_source_that_nobody_delivers_misses_nothing(night: Night) -> None:
    night.deliver("contract.account", CLEAN["contract.account"])
    assert late(night, LOADED + timedelta(days=900)) == {}


def test_status_shows_late_feeds_and_files_passed_over(
    night: Night, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WAREHOUSE_HOME", str(night.home.root))
    night.deliver("zendesk.users", CLEAN["zendesk.users"])
    with duckdb.connect(str(night.home.build_database)) as connection:
        connection.execute(
            "insert into meta.feed_skipped values ('x', 'contract', 'contract/order/a.xlsx',"
            " 'The ending .xlsx is not one that is loaded.', 'Deliver csv.', now())"
        )
    assert _main(["status"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "Feeds that are late or missing: zendesk.tickets: missing, never delivered" in shown
    assert (
        "zendesk.users: late, last delivered at 2025-07-15 01:00 UTC, expected every 2 days"
        in shown
    )
    assert (
        "contract/order/a.xlsx: The ending .xlsx is not one that is loaded. Deliver csv." in shown
    )
    assert _main(["status", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {each["state"] for each in document["late_feeds"]} == {"late", "missing"}
    assert document["skipped_files"][0]["source_file"] == "contract/order/a.xlsx"
