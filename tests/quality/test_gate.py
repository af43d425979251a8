"""How gate 1 behaves: what counts, what blocks, what is a fault, and what may be said."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from cases import CLEAN, DAY, LATER, item, sf, version
from night import AS_OF, DECLARATIONS, Night, failed

from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.load import load
from orchestration.quality import Result, insert_results, outcome, run_gate_1

EXPECTATIONS = PROJECT_ROOT / "expectations"


@pytest.fixture
def own_suites(tmp_path: Path) -> Path:
    """A copy of the suites that a test may change."""
    return Path(shutil.copytree(EXPECTATIONS, tmp_path / "expectations"))


def test_a_table_that_was_never_delivered_has_no_results(night: Night) -> None:
    night.deliver("contract.account", CLEAN["contract.account"])
    assert {one.subject for one in night.gate()} == {"contract.account"}


def test_an_empty_home_passes(tmp_path: Path) -> None:
    assert run_gate_1(Home(tmp_path), "run", as_of=AS_OF) == []


def test_tiny_files_of_the_worked_examples_pass(night: Night) -> None:
    night.deliver("contract.account", [{"account_id": one} for one in "ABCDEFGHIJKLMNT"])
    night.deliver(
        "contract.subscription",
        [{"subscription_id": one, "account_id": one, "started_at": DAY} for one in "ABI"],
    )
    night.deliver(
        "contract.subscription_version",
        [
            {"subscription_id": "A", "unit_price": 100, "interval": "month", "valid_from": DAY},
            {"subscription_id": "B", "unit_price": 1200, "interval": "year", "valid_from": DAY,
             "valid_to": "2025-03-10T00:00:00+01:00"},
            {"subscription_id": "B", "unit_price": 1800, "interval": "year",
             "valid_from": "2025-03-10T00:00:00+01:00"},
            {"subscription_id": "I", "unit_price": 110, "interval": "month", "valid_from": DAY,
             "currency": "USD"},
        ],
    )  # fmt: skip
    night.deliver(
        "contract.fx_rate",
        [{"rate_date": "2025-02-28", "from_currency": "USD", "to_currency": "EUR", "rate": 0.9}],
    )
    # Entities that point at entities nobody delivers.
    night.deliver(
        "contract.ticket_message",
        [{"message_id": "m", "ticket_id": "t", "author_type": "bot", "sent_at": DAY}],
    )
    night.deliver(
        "contract.survey_response",
        [{"response_id": "R6", "kind": "nps", "score": 11, "responded_at": DAY, "account_id": "Z"}],
    )
    night.deliver(
        "contract.opportunity",
        [{"opportunity_id": "w7", "created_at": "2025-03-15T09:00:00Z", "type": "new"}],
    )
    night.deliver(
        "contract.opportunity_stage_event",
        [{"opportunity_id": "w7", "stage": "Won", "entered_at": "2025-03-14T09:00:00Z"}],
    )
    results = night.gate()
    assert outcome(results) == "passed", failed(results, "critical")
    checks = {(one.subject, one.check_name) for one in results}
    assert ("contract.ticket_message", "reference__ticket_id") not in checks


def test_a_corrected_file_clears_the_gate(night: Night) -> None:
    bad = [version(), version(valid_from=LATER, unit_price=20)]
    night.deliver("contract.subscription_version", bad, "2025.csv")
    assert outcome(night.gate("first")) == "blocked"
    good = [version(valid_to=LATER), version(valid_from=LATER, unit_price=20)]
    night.deliver("contract.subscription_version", good, "2025.csv")
    assert outcome(night.gate("second")) == "passed"
    with duckdb.connect(str(night.home.build_database), read_only=True) as connection:
        kept = connection.execute(
            "select run_id, count_if(status = 'failed' and severity = 'critical')"
            " from meta.quality_result group by 1 order by 1"
        ).fetchall()
    assert kept == [("first", 1), ("second", 0)]


def test_a_later_row_of_the_same_key_counts(night: Night) -> None:
    """Also when it comes in another file; the source's own update time decides (G-20)."""
    wrong = {"opportunity_id": "o1", "created_at": DAY, "probability": 50, "type": "new"}
    right = wrong | {"probability": 0.5, "source_updated_at": LATER}
    night.deliver("contract.opportunity", [right], "b.csv")
    night.deliver("contract.opportunity", [wrong | {"source_updated_at": DAY}], "a.csv")
    assert outcome(night.gate("first")) == "passed"
    night.deliver(
        "contract.opportunity", [wrong | {"source_updated_at": AS_OF.isoformat()}], "c.csv"
    )
    assert outcome(night.gate("second")) == "blocked"


def test_versions_of_one_stripe_item_are_not_duplicates(night: Night) -> None:
    night.deliver("stripe.subscription_items", [item(1), item(2), item(2), item(3)])
    results = {one.check_name: one for one in night.gate()}
    assert results["overlapping_versions"].status == "passed"
    assert results["overlapping_versions"].observed == "0 of 3 rows"
    assert results["contradicting_rows"].status == "passed"


def test_both_forms_of_a_salesforce_id_are_one_record(night: Night) -> None:
    night.deliver("salesforce.Account", [{"Id": sf(1)}, {"Id": sf(1)[:15]}, {"Id": sf(2)}])
    night.deliver("salesforce.Contact", [{"Id": sf(9), "AccountId": sf(2)[:15]}])
    results = {(one.subject, one.check_name): one for one in night.gate()}
    assert results["salesforce.Account", "salesforce_ids__Id"].observed == "0 of 2 rows"
    reference = results["salesforce.Contact", "salesforce_reference__AccountId"]
    assert reference.status == "passed"


def test_rows_of_one_key_that_contradict_each_other_warn(night: Night) -> None:
    row = {"expense_id": "e1", "spent_on": "2025-03-01", "function": "sales", "amount": 1}
    night.deliver("contract.expense", [row, row | {"amount": 2}])
    result = failed(night.gate())["contract.expense", "contradicting_rows"]
    assert result.severity == "warning"
    assert result.unexpected_count == 2
    night.deliver("contract.expense", [row, row])
    assert ("contract.expense", "contradicting_rows") not in failed(night.gate())


def test_ids_rewritten_by_a_spreadsheet_block(night: Night) -> None:
    night.deliver(
        "contract.expense",
        [{"expense_id": "1.03E+13", "spent_on": "2025-03-01", "function": "sales", "amount": 1}],
    )
    result = failed(night.gate())["contract.expense", "mangled_ids"]
    assert result.severity == "critical"
    assert "expense_id" in result.message
    assert "contract/expense/export.csv row 1" in result.message


def test_required_values_and_dates_warn(night: Night) -> None:
    night.deliver(
        "contract.contract",
        [
            {"contract_id": "k1", "account_id": None, "end_date": "2205-01-01"},
            {"contract_id": "k2", "account_id": "A", "end_date": "9999-12-31"},
        ],
    )
    found = failed(night.gate())
    assert "empty required values in account_id: 1 of 2 rows" in (
        found["contract.contract", "required_values"].message
    )
    dates = found["contract.contract", "plausible_dates"]
    assert dates.unexpected_count == 1
    assert dates.sample_keys == "k1 (contract/contract/export.csv:1)"


def test_rejected_rows_warn_and_many_of_them_block(night: Night) -> None:
    night.deliver("contract.account", [{"account_id": str(n)} for n in range(100)], rejected=2)
    found = failed(night.gate("few"))
    assert found["contract.account", "rejected_rows"].severity == "warning"
    assert "2 of 102 rows, lines 2, 3" in found["contract.account", "rejected_rows"].message
    assert ("contract.account", "rejected_rows_share") not in found
    night.deliver("contract.account", [{"account_id": str(n)} for n in range(100)], rejected=12)
    found = failed(night.gate("many"))
    assert found["contract.account", "rejected_rows_share"].severity == "critical"
    assert "secret" not in "".join(one.message for one in found.values())


def test_rejected_and_empty_files_warn_with_the_reason(night: Night) -> None:
    night.deliver("contract.account", [], status="rejected", reason="account_id is missing")
    night.deliver("contract.lead", [])
    found = failed(night.gate())
    assert "account_id is missing" in found["contract.account", "rejected_files"].message
    assert "contract/lead/export.csv" in found["contract.lead", "empty_files"].message
    assert {one.severity for one in found.values()} == {"warning"}


def test_a_shrinking_export_warns(night: Night) -> None:
    rows = [{"account_id": str(n)} for n in range(10)]
    night.deliver("contract.account", rows, "all.csv")
    night.deliver("contract.account", rows[:4], "all.csv")
    result = failed(night.gate())["contract.account", "volume"]
    assert result.severity == "warning"
    assert "contract/account/all.csv: 4 records, before 10" in result.message


def test_a_small_last_delivery_warns_against_the_median(night: Night) -> None:
    rows = [{"account_id": str(n)} for n in range(10)]
    for day in range(3):
        night.deliver("contract.account", rows, f"{day}.csv")
    night.deliver("contract.account", rows[:2], "3.csv")
    result = failed(night.gate())["contract.account", "volume"]
    assert "the last delivery: 2 records, before 10" in result.message


def test_an_overdue_delivery_warns_by_the_schedule_of_the_source(night: Night) -> None:
    """Deliveries of the test are of 15 July 2025, 1 and 2 o'clock."""
    night.deliver("zendesk.users", CLEAN["zendesk.users"])
    night.deliver("contract.account", CLEAN["contract.account"])
    results = {(one.subject, one.check_name): one for one in night.gate()}
    assert results["zendesk.users", "late_delivery"].status == "passed"
    assert ("contract.account", "late_delivery") not in results, "has no schedule"
    late = failed(night.gate(as_of=datetime(2025, 7, 17, 1, 1, tzinfo=UTC)))
    result = late["zendesk.users", "late_delivery"]
    assert result.severity == "warning"
    assert "last delivered at 2025-07-15 01:00 UTC, expected every 2 days" in result.message


def test_files_that_were_passed_over_warn_with_the_reason(night: Night) -> None:
    night.deliver("contract.account", CLEAN["contract.account"])
    with duckdb.connect(str(night.home.build_database)) as connection:
        connection.execute(
            "insert into meta.feed_skipped values ('x', 'contract', 'contract/account/a.xlsx',"
            " 'The ending .xlsx is not one that is loaded.', 'Deliver csv.', now())"
        )
    message = failed(night.gate())["contract.account", "rejected_files"].message
    assert "contract/account/a.xlsx (The ending .xlsx is not one that is loaded.)" in message


def test_a_row_of_an_earlier_delivery_counts_where_staging_takes_it(night: Night) -> None:
    """An export of changes only keeps its name; what it does not repeat is still there (G-20)."""
    night.deliver("contract.contact", [{"contact_id": "1.03E+13"}], "changes.csv")
    night.deliver("contract.contact", [{"contact_id": "c2"}], "changes.csv")
    assert ("contract.contact", "mangled_ids") in failed(night.gate())


def test_two_loads_of_a_record_do_not_contradict_each_other(night: Night) -> None:
    row = {"expense_id": "e1", "spent_on": "2025-03-01", "function": "sales", "amount": 1}
    night.deliver("contract.expense", [row], "may.csv")
    night.deliver("contract.expense", [row | {"amount": 2}], "june.csv")
    assert ("contract.expense", "contradicting_rows") not in failed(night.gate())


def test_a_source_without_an_expected_table_warns(night: Night) -> None:
    night.deliver("zendesk.users", CLEAN["zendesk.users"])
    found = failed(night.gate())
    assert ("zendesk.tickets", "expected_delivery") in found
    assert ("zendesk.groups", "expected_delivery") not in found


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        (datetime(2025, 3, 20, tzinfo=UTC), "passed"),
        (datetime(2025, 4, 20, tzinfo=UTC), "failed"),
        (datetime(2015, 1, 1, tzinfo=UTC), "passed"),
    ],
)
def test_freshness_is_judged_at_as_of(night: Night, as_of: datetime, status: str) -> None:
    night.deliver("contract.lead", [{"lead_id": "L1", "created_at": DAY}])
    results = {one.check_name: one for one in night.gate(as_of=as_of)}
    assert results["fresh"].status == status
    assert results["fresh"].severity == "warning"
    assert results["fresh"].observed == "2025-03-01 00:00:00"


def test_no_personal_data_is_said(night: Night) -> None:
    night.deliver(
        "contract.expense",
        [{"expense_id": "jane@example.com", "spent_on": "1900-01-01", "amount": 1,
          "function": "Jane Doe, +49 30 1234"}],
    )  # fmt: skip
    night.deliver("contract.staff", [{"user_id": "u1", "name": "Jane", "role": "jane@example.com"}])
    night.deliver(
        "contract.referral", [{"referral_id": "f", "referrer_type": "Jane D.", "created_at": DAY}]
    )
    found = failed(night.gate())
    assert ("contract.expense", "unknown_functions") in found
    assert len(found) >= 4
    said = " ".join(str(one) for one in found.values())
    for secret in ("jane", "Jane", "example.com", "1234"):
        assert secret not in said
    assert "(hidden) (contract/expense/export.csv:1)" in said


def test_a_broken_check_is_a_fault_and_not_bad_data(night: Night, own_suites: Path) -> None:
    suite = own_suites / "contract" / "account.yml"
    suite.write_text(
        suite.read_text()
        + "  - {name: broken, type: unexpected_rows, severity: warning, finding: x, remedy: x,"
        " query: 'select * from {batch} where no_such_column = 1'}\n"
    )
    night.deliver("contract.account", [{"account_id": "A", "merged_into_id": "A"}])
    results = {one.check_name: one for one in night.gate(expectations=own_suites)}
    assert results["broken"].status == "error"
    assert "no_such_column" in results["broken"].message
    assert "expectations/contract/account.yml, line" in results["broken"].message
    # The other checks of the table still have their answer.
    assert results["merge_cycle__merged_into_id"].status == "failed"
    assert outcome(list(results.values())) == "fault"


def test_a_colon_in_a_query_is_no_parameter(night: Night, own_suites: Path) -> None:
    (own_suites / "contract" / "account.yml").write_text(
        "description: x\nexpectations:\n"
        "  - {name: colon, type: unexpected_rows, severity: warning, finding: x, remedy: x,"
        " query: \"select * from {batch} where name = ':x' or name = '{{}}'\"}\n"
    )
    night.deliver("contract.account", [{"account_id": "A", "name": ":x"}])
    result = failed(night.gate(expectations=own_suites))["contract.account", "colon"]
    assert result.unexpected_count == 1


def test_results_of_a_repeated_step_replace_the_earlier_ones() -> None:
    def result(name: str, status: str) -> Result:
        return Result(
            "run", 2, name, "mart", None, "critical", status, None, None, None, None,  # type: ignore[arg-type]
            "said", "do", datetime(2025, 1, 1),
        )  # fmt: skip

    connection = duckdb.connect()
    insert_results(connection, [])
    insert_results(connection, [result("a", "failed"), result("b", "failed")])
    insert_results(connection, [result("a", "passed")])
    rows = connection.execute("select check_name, status from meta.quality_result order by 1")
    assert rows.fetchall() == [("a", "passed"), ("b", "failed")]


def test_nothing_keeps_the_database_open(night: Night) -> None:
    night.deliver("contract.account", CLEAN["contract.account"])
    night.gate()
    with duckdb.connect(str(night.home.build_database)) as connection:
        connection.execute("create table raw.writable (id integer)")


def test_a_large_table_is_checked_where_it_is(night: Night) -> None:
    """A million rows: typed in the query, never kept, one of them wrong."""
    night.deliver("contract.invoice_line", [])
    night.deliver("contract.invoice", CLEAN["contract.invoice"])
    with duckdb.connect(str(night.home.build_database)) as connection:
        connection.execute("""
            insert into raw.contract__invoice_line by name
            select
                'l' || i as line_id, 'i1' as invoice_id, '10.50' as amount_ex_tax,
                case when i = 4711 then '-1' end as discount, load.source_file as _source_file,
                i as _row_number, load.file_sha256 as _file_sha256, load.loaded_at as _loaded_at
            from range(1000000) as numbers (i), meta.feed_load as load
            where load.entity = 'invoice_line'
        """)
        connection.execute("update meta.feed_load set records = 1000000, rows_loaded = 1000000")
    results = night.gate()
    assert outcome(results) == "passed"
    result = failed(results)["contract.invoice_line", "negative__discount"]
    assert result.observed == "1 of 1000000 rows (0.00 %)"
    assert result.sample_keys == "l4711 (contract/invoice_line/export.csv:4711)"


def test_from_a_file_in_landing_to_the_message(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = home.landing / "contract" / "opportunity_split" / "march.csv"
    file.parent.mkdir(parents=True)
    file.write_text("opportunity_id,user_id,share\no1,u1,60\no1,u2,40\n")
    loaded_at = datetime(2025, 7, 15, tzinfo=UTC)
    load(home, "one", loaded_at, DECLARATIONS, settle_seconds=0)
    found = failed(run_gate_1(home, "one", as_of=AS_OF), "critical")
    result = found["contract.opportunity_split", "shares_add_up"]
    assert "contract/opportunity_split/march.csv rows 1, 2" in result.message
    file.write_text("opportunity_id,user_id,share\no1,u1,0.6\no1,u2,0.4\n")
    load(home, "two", loaded_at.replace(day=16), DECLARATIONS, settle_seconds=0)
    assert outcome(run_gate_1(home, "two", as_of=AS_OF)) == "passed"
