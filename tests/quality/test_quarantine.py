"""Quarantine as a person works with it: see what was rejected, correct, deliver, see it clear."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from night import AS_OF, DECLARATIONS, failed

from orchestration.cli import _main
from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.load import load
from orchestration.quality import DEFAULT_CHECKS, run_gate_1

DOCS = (PROJECT_ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
HEAD = "expense_id,spent_on,function,amount,currency\n"
GOOD = "".join(f"e{n},2025-03-{n:02d},sales,{n}.50,EUR\n" for n in range(1, 21))
BAD = 'e21,2025-03-21,sales,"1.234,56 EUR",EUR\ne22,31/03/2025,sales,5,EUR\nTotal: 22\n'
RIGHT = "e21,2025-03-21,sales,1234.56,EUR\ne22,2025-03-31,sales,5,EUR\n"


def night(home: Home, number: int) -> set[str]:
    """Load and check; the names of the checks that did not pass."""
    load(
        home,
        f"r{number}",
        datetime(2025, 7, 14 + number, tzinfo=UTC),
        DECLARATIONS,
        settle_seconds=0,
    )
    return {check for _, check in failed(run_gate_1(home, f"r{number}", as_of=AS_OF))}


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert _main(list(arguments)) == 0
    return " ".join(capsys.readouterr().out.split())


def test_rejected_records_are_seen_corrected_delivered_and_clear(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home.landing / "contract" / "expense" / "2025.csv"
    file.parent.mkdir(parents=True)
    file.write_text(HEAD + GOOD + BAD)
    assert {"rejected_rows"} <= night(home, 1)
    shown = said(capsys, "status")
    assert "contract/expense/2025.csv, line 22, amount: '1.234,56 EUR' The value of amount" in shown
    assert (
        "contract/expense/2025.csv, line 23, spent_on: '31/03/2025' The value of spent_on" in shown
    )
    assert "contract/expense/2025.csv, line 24: The record has 1 fields; the header has 5." in shown
    (command,) = re.findall(r'`warehouse sql --build --csv --limit 0 "(.+?)"`', DOCS)
    records = said(capsys, "sql", "--build", "--csv", "--limit", "0", command)
    assert "Total: 22" in records
    assert "1.234,56 EUR" in records
    file.write_text(HEAD + GOOD + RIGHT)
    assert "rejected_rows" not in night(home, 2)
    shown = said(capsys, "status")
    assert "Records that were not loaded" not in shown
    assert "contract expense 1 22 0" in shown
    account = (
        "select records, rows_loaded, rows_rejected, is_current from meta.feed_load order by 1"
    )
    assert "22,22,0,True" in said(capsys, "sql", "--build", "--csv", account)


def test_a_rejected_file_leaves_the_last_good_one_in_force_until_it_is_corrected(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home.landing / "contract" / "expense" / "2025.csv"
    file.parent.mkdir(parents=True)
    for number, content in enumerate((GOOD, '"' + GOOD, GOOD + RIGHT), start=1):
        file.write_text(HEAD + content)
        checks = night(home, number)
        assert ("rejected_files" in checks) == (number == 2)
        shown = said(capsys, "status")
        assert ("Files that were not loaded; they stay in landing:" in shown) == (number == 2)
        rows = said(capsys, "sql", "--build", "--csv", "select count(*) from raw.contract__expense")
        assert rows.endswith({1: "20", 2: "20", 3: "42"}[number])


@pytest.mark.parametrize("query", re.findall(r'`warehouse sql --build "(.+?)"`', DOCS))
def test_the_queries_of_the_documentation_run(
    home: Home, capsys: pytest.CaptureFixture[str], query: str
) -> None:
    file = home.landing / "contract" / "opportunity_split" / "2025-03.csv"
    file.parent.mkdir(parents=True)
    file.write_text("opportunity_id,user_id,share\no1,u1,60\no1,u2,40\n")
    assert night(home, 1) == {"outside__share", "shares_add_up"}
    assert said(capsys, "sql", "--build", query)


def test_what_the_documentation_shows_of_a_blocked_night_is_what_is_printed(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home.landing / "contract" / "opportunity_split" / "2025-03.csv"
    file.parent.mkdir(parents=True)
    file.write_text("opportunity_id,user_id,share\no1,u1,60\no1,u2,40\n")
    night(home, 1)
    shown = said(capsys, "status")
    example = DOCS.partition("  ✗ contract.opportunity_split.share")[2].partition("```")[0]
    assert " ".join(example.split()) in shown


def test_every_check_that_all_tables_get_is_in_the_documentation() -> None:
    for name in DEFAULT_CHECKS:
        assert f"| `{name}` |" in DOCS
