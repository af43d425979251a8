"""Bad data that only a check can tell: from files in landing to the message of gate 1."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from night import AS_OF, DECLARATIONS, failed

from orchestration.home import Home
from orchestration.ingest.load import load
from orchestration.quality import outcome, run_gate_1

# name -> (table, file, check, severity, what the message says)
CASES = {
    "an NPS of 11": (
        "survey_response",
        "response_id,survey_id,kind,score,responded_at\nR1,n,nps,11,2025-03-01T00:00:00Z\n",
        "score_outside_scale",
        "warning",
        "Values: 11",
    ),
    "negative durations": (
        "handle_segment",
        "segment_id,interaction_id,kind,started_at,ended_at\n"
        "g1,x1,talk,2025-03-01T00:06:00Z,2025-03-01T00:00:00Z\n",
        "reversed_interval",
        "warning",
        "ended_at before started_at",
    ),
    "a currency without a rate": (
        "expense",
        "expense_id,spent_on,function,amount,currency\ne1,2025-03-01,sales,5,XAU\n",
        "currency_without_rate__currency",
        "critical",
        "Values: XAU",
    ),
    "a cycle of merges": (
        "account",
        "account_id,merged_into_id\nA,B\nB,C\nC,A\n",
        "merge_cycle__merged_into_id",
        "critical",
        "rows 1, 2, 3",
    ),
    "overlapping validity": (
        "account_history",
        "account_id,valid_from,valid_to\nA,2025-01-01T00:00:00Z,2025-03-01T00:00:00Z\n"
        "A,2025-02-01T00:00:00Z,\n",
        "overlapping_intervals",
        "critical",
        "row 2",
    ),
    "splits that do not add up": (
        "opportunity_split",
        "opportunity_id,user_id,share\no1,u1,0.6\no1,u2,0.5\n",
        "shares_add_up",
        "critical",
        "rows 1, 2",
    ),
    "ids turned into 1.03E+13": (
        "account",
        "account_id\n1.03E+13\n",
        "mangled_ids",
        "critical",
        "row 1",
    ),
    "dates far in the future": (
        "lead",
        "lead_id,created_at\nL1,2205-01-01T00:00:00Z\n",
        "plausible_dates",
        "warning",
        "created_at",
    ),
    "ids that say nothing": (
        "contact",
        "contact_id,account_id\nc1,NULL\nc2,N/A\nc3,A\n",
        "placeholder_ids",
        "warning",
        "in account_id: 2 of 3 rows",
    ),
    "a record without what it needs": (
        "contract",
        "contract_id,account_id,end_date\nk1,,2025-12-31\n",
        "required_values",
        "warning",
        "in account_id",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gate_says(name: str, tmp_path: Path) -> None:
    table, content, check, severity, said = CASES[name]
    home = Home(tmp_path)
    file = home.landing / "contract" / table / "export of may.csv"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    load(home, "one", datetime(2025, 7, 15, tzinfo=UTC), DECLARATIONS, settle_seconds=0)
    results = run_gate_1(home, "one", as_of=AS_OF)
    found = failed(results)[f"contract.{table}", check]
    assert found.severity == severity
    assert said in found.message, found.message
    assert f"contract/{table}/export of may.csv row" in found.message
    assert "What to do:" in found.message
    assert outcome(results) == ("blocked" if severity == "critical" else "passed")
