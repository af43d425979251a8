"""The command `warehouse`, called as people call it: output, exit codes, what it leaves behind."""

import json
import os
import pty
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
from shop import GOOD, Shop

from orchestration.home import PROJECT_ROOT, Home
from orchestration.lock import refresh_lock
from orchestration.releases import served_id

AS_OF = "2025-07-01"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop whose first night was published."""
    made = Shop.make(tmp_path_factory.mktemp("shop"))
    made.deliver(GOOD)
    first = made.run("refresh", "--as-of", AS_OF)
    assert first.code == 0, f"{first.out}\n{first.err}"
    (made.home / "first.txt").write_text(first.out)
    return made


@pytest.fixture
def empty(tmp_path: Path, shop: Shop) -> Shop:
    """The same project with a home in which nothing has happened yet."""
    return Shop(shop.project, tmp_path / "home")


def served(shop: Shop) -> str | None:
    return served_id(Home(shop.home))


def test_a_published_night_prints_its_steps_its_scorecard_and_where_to_look_next(
    shop: Shop,
) -> None:
    out = (shop.home / "first.txt").read_text()
    lines = out.splitlines()
    for mark in ("✓ Load", "✓ Gate 1", "✓ Transform", "✓ Gate 2", "✓ Release"):
        assert sum(line.strip().startswith(mark) for line in lines) == 1, out
    assert "1 new file · 2 rows · 0 rejected" in out
    (header,) = [line for line in lines if "sample size" in line]
    row = lines[lines.index(header) + 1]
    titles = ("KPI", "month", "value", "previous month", "change", "sample size", "status")
    assert tuple(re.split(r"\s{2,}", header.strip())) == titles
    assert row.split() == [
        "Revenue",
        "2025-06-01",
        "150",
        "EUR",
        "100",
        "EUR",
        "+50.0",
        "%",
        "2",
        "ok",
    ]
    assert re.search(r"^  File  .*/warehouse.duckdb  ", out, re.MULTILINE)
    after = out[out.index("\nNext\n") :].strip().splitlines()[1:]
    assert [re.split(r"\s{2,}", line.strip())[1].split()[:2] for line in after] == [
        ["warehouse", verb] for verb in ("sql", "export", "status", "ui")
    ]
    assert "\x1b" not in out


def test_the_run_passes_the_local_midnight_and_the_id_of_its_numbers_to_the_models(
    shop: Shop,
) -> None:
    published = shop.home / "warehouse.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        ((as_of, run_id),) = connection.execute(
            "select distinct cast(as_of as varchar), run_id from kpis.kpi_values"
        ).fetchall()
    assert as_of == "2025-06-30 22:00:00"
    manifest = json.loads((published.resolve().parent / "manifest.json").read_text("utf-8"))
    assert run_id == manifest["fingerprint"][:16]


def test_results_of_both_gates_are_in_the_release(shop: Shop) -> None:
    found = shop.run(
        "sql", "--json", "select gate, check_name, status from meta.quality_result where gate = 2"
    )
    assert sorted(each["check_name"] for each in found.json) == [
        "assert_amounts_are_positive",
        "unique_fct_orders_order_id",
    ]
    assert {each["status"] for each in found.json} == {"passed"}


def test_nothing_is_written_into_the_checkout(shop: Shop) -> None:
    left = [path.name for path in shop.project.iterdir()]
    assert not {"target", "logs", "dbt_packages", "profiles.yml", "var", ".user.yml"} & set(left)


def test_a_blocked_night_exits_2_names_the_rows_and_keeps_the_last_release(shop: Shop) -> None:
    before = served(shop)
    shop.deliver(GOOD.replace("49.50", "-49.50"))
    night = shop.run("refresh", "--as-of", AS_OF)
    assert night.code == 2, night.out + night.err
    assert f"Blocked: 1 critical check failed. Nothing was published; {before}" in night.out
    assert "assert_amounts_are_positive (gate 2, critical)" in night.out
    assert "found    No order has a negative amount." in night.out
    assert "order_id=o-2" in night.out
    assert "do       " in night.out
    assert "warehouse sql --build 'from meta.rejected'" in night.out
    assert served(shop) == before
    shown = shop.run("status", "--json").json
    assert [each["check_name"] for each in shown["checks"]] == ["assert_amounts_are_positive"]
    file = shown["checks"][0]["remedy"].split("--file ")[1].split("`")[0]
    rows = shop.run("sql", "--build", "--file", file, "--csv")
    assert rows.out == "order_id,amount\no-2,-49.5000\n"
    shop.deliver(GOOD)
    repaired = shop.run("refresh", "--as-of", AS_OF, "--json")
    assert repaired.code == 0
    assert repaired.json["outcome"] == "published"
    assert repaired.json["scorecard"][0]["value"] == 150.0
    assert repaired.json["release_id"] == served(shop) != before


def test_a_rejected_record_is_listed_until_its_file_is_corrected(empty: Shop) -> None:
    (empty.home / "landing" / "contract" / "order").mkdir(parents=True)
    empty.deliver(GOOD.replace("49.50", "49,50 EUR"))
    assert empty.run("refresh", "--as-of", AS_OF).code in (0, 1, 2)
    shown = empty.run("status")
    assert "Records that were not loaded (1 of 1;" in shown.out
    assert "contract/order/orders.csv, line 3" in shown.out
    empty.deliver(GOOD)
    assert empty.run("refresh", "--as-of", AS_OF).code == 0
    assert "not loaded" not in empty.run("status").out


def test_a_broken_model_exits_1_says_which_and_keeps_the_last_release(shop: Shop) -> None:
    before = served(shop)
    model = shop.project / "models" / "marts" / "fct_orders.sql"
    text = model.read_text()
    model.write_text(text.replace("select *", "select no_such_column"))
    try:
        night = shop.run("refresh", "--as-of", AS_OF)
    finally:
        model.write_text(text)
    assert night.code == 1, night.out + night.err
    assert "fct_orders" in night.err
    assert "no_such_column" in night.err
    assert "hint: Nothing was published" in night.err
    assert served(shop) == before


def test_a_second_refresh_at_the_same_time_is_refused_and_harms_nothing(shop: Shop) -> None:
    before = served(shop)
    with refresh_lock(Home(shop.home), "run-1"):
        second = shop.run("refresh", "--as-of", AS_OF)
        shown = shop.run("status")
    assert second.code == 1
    assert "is already running (process " in second.err
    assert "hint: " in second.err
    assert "Refreshing" in shown.out
    assert served(shop) == before


def test_rollback_and_releases_show_which_one_is_served(shop: Shop) -> None:
    listed = shop.run("releases", "--json").json
    assert [each["served"] for each in listed].count(True) == 1
    rolled = shop.run("rollback")
    assert rolled.code == 0
    assert served(shop) == listed[1]["release_id"]
    assert "Rolled back" in shop.run("releases").out
    assert shop.run("rollback", listed[0]["release_id"]).code == 0
    wrong = shop.run("rollback", "nonsense")
    assert wrong.code == 1
    assert "hint: warehouse releases" in wrong.err


def test_rollback_tells_a_program_what_it_changed(shop: Shop) -> None:
    before = served(shop)
    document = shop.run("rollback", "--json").json
    assert document["replaced"] == before
    assert document["release_id"] == served(shop) != before
    assert document["file"] == str(shop.home / "warehouse.duckdb")
    assert document["postgres"] is None
    assert shop.run("rollback", str(before), "--quiet").out == ""
    assert served(shop) == before


def test_export_writes_files_of_a_release(shop: Shop, tmp_path: Path) -> None:
    done = shop.run("export", "--format", "csv", "--to", str(tmp_path))
    assert done.code == 0, done.err
    assert re.search(rf"✓ csv +\d+ files in {tmp_path}/csv · ", done.out)
    assert (tmp_path / "csv" / "kpis.kpi_values.csv").read_text().count("revenue") == 1


def test_push_without_a_server_says_how_to_name_one(shop: Shop) -> None:
    refused = shop.run("push")
    assert refused.code == 1
    assert "settings.yml names no server" in refused.err
    assert "hint: add `postgres: {url_env: WAREHOUSE_POSTGRES_URL}`" in refused.err


def test_a_copy_that_fails_is_a_warning_of_a_published_night(shop: Shop) -> None:
    settings = shop.home / "settings.yml"
    settings.write_text("postgres: {url_env: NO_SUCH_VARIABLE}\n")
    try:
        night = shop.run("refresh", "--as-of", AS_OF)
        shown = shop.run("status").out
        document = shop.run("status", "--json").json["postgres"]
        again = shop.run("push")
    finally:
        settings.unlink()
    assert night.code == 0, night.err
    assert re.search(r"! Release .* · not in PostgreSQL", night.out)
    reason = "not the served release: the environment variable NO_SUCH_VARIABLE is not set"
    for each in (night.out, shown):
        assert reason in each
        assert "Repeat it with `warehouse push`" in each
    assert (document["release_id"], document["pushed"]) == (served(shop), False)
    assert again.code == 1
    assert "NO_SUCH_VARIABLE is not set" in again.err


def test_the_documents_for_programs_have_the_names_that_are_documented(
    shop: Shop, tmp_path: Path
) -> None:
    text = (PROJECT_ROOT / "docs" / "operate.md").read_text("utf-8")
    calls = {
        "status": ["status"],
        "releases": ["releases"],
        "rollback": ["rollback"],
        "export": ["export", "--format", "csv", "--to", str(tmp_path)],
    }
    for verb, arguments in calls.items():
        (row,) = re.findall(rf"^\| `{verb}` \| (.*) \|$", text, re.MULTILINE)
        names = set(re.findall(r"`(\w+)`", re.sub(r"\[.*?\]", "", row)))
        document = shop.run(*arguments, "--json").json
        assert set(document[0] if isinstance(document, list) else document) == names, verb


def test_sql_reads_the_release_and_can_neither_write_nor_read_other_files(shop: Shop) -> None:
    assert shop.run("sql", "--csv", "select kpi_id from kpis.kpi_values").out == "kpi_id\nrevenue\n"
    secret = shop.home / "secret.csv"
    secret.write_text("a\n1\n")
    for query in (
        f"select * from read_csv('{secret}')",
        f"from '{secret}'",
        "create table kpis.mine as select 1",
        f"copy (select 1) to '{shop.home}/out.csv'",
        f"attach '{shop.home}/other.duckdb'",
        "set enable_external_access = true",
        "install httpfs",
    ):
        refused = shop.run("sql", query)
        assert refused.code == 1, query
        assert refused.err.startswith("error: "), query
    assert not (shop.home / "out.csv").exists()


def test_settings_with_a_mistake_stop_every_verb_with_its_line(empty: Shop) -> None:
    empty.home.mkdir()
    (empty.home / "settings.yml").write_text("min_sample: few\n")
    for verb in ("refresh", "status"):
        refused = empty.run(verb)
        assert refused.code == 1
        assert "settings.yml, line 1: min_sample is 'few'" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["refresh"], "there is nothing to load"),
        (["refresh", "--as-of", "2025-13-01"], "neither a date nor an instant"),
        (["refresh", "--as-off", "2025-01-01"], "No such option: --as-off"),
        (["rollback"], "no release yet"),
        (["sql", "select 1"], "make it with `warehouse refresh`"),
        (["nonsense"], "No such command"),
    ],
)
def test_every_error_is_one_line_and_a_hint_and_exits_1(
    empty: Shop, arguments: list[str], message: str
) -> None:
    refused = empty.run(*arguments)
    assert refused.code == 1
    assert message in refused.err
    assert "hint: " in refused.err
    assert "Traceback" not in refused.err
    assert refused.out == ""


def test_the_help_of_every_verb_has_an_example_that_can_be_typed(empty: Shop) -> None:
    verbs = re.findall(r"^│ (\w+) ", empty.run("--help").out, re.MULTILINE)
    assert len(verbs) >= 9
    for verb in verbs:
        help_text = empty.run(verb, "--help").out
        _, _, examples = help_text.partition(" Examples:")
        commands = [line.strip() for line in examples.splitlines() if line.strip()]
        assert commands, help_text
        for command in commands:
            name, first, *_ = shlex.split(command)
            assert (name, first) == ("warehouse", verb)
            # Every option of the example is one of the verb's own.
            for option in re.findall(r"--[a-z-]+", command):
                assert option in help_text[: help_text.index(" Examples:")], command


def test_verbs_that_only_look_create_nothing_and_are_quick(empty: Shop) -> None:
    quickest = {}
    for verb in (["--help"], ["status"], ["releases"], ["refresh", "--help"], ["export", "-h"]):
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            assert empty.run(*verb).code == 0
            seconds.append(time.perf_counter() - began)
        quickest[" ".join(verb)] = min(seconds)
    assert not empty.home.exists()
    # Half a second on an idle machine; a busy one is given some room.
    assert max(quickest.values()) < 1.5, quickest


def test_quick_verbs_import_neither_dagster_nor_dbt(empty: Shop) -> None:
    code = (
        "import sys; from orchestration.cli import _main;"
        "[_main([verb]) for verb in ('status', 'releases', 'rollback', 'export', 'push')];"
        "_main(['sql', 'select 1']);"
        "print([m for m in ('dagster', 'dbt', 'great_expectations') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=empty.project,
        env=empty.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_output_is_plain_without_a_terminal_and_with_no_color(shop: Shop) -> None:
    for environment in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        shown = shop.run("status", **environment)
        assert "\x1b" not in shown.out
    longest = max(len(line) for line in shop.run("releases").out.splitlines())
    assert longest > 80  # a line of a table is never folded


def test_json_of_status_is_one_document(shop: Shop) -> None:
    document = json.loads(shop.run("status", "--json").out)
    assert document["home"] == str(shop.home)
    assert document["served"] == served(shop)
    assert document["feeds"][0]["entity"] == "order"


def terminal(shop: Shop, *arguments: str, **environment: str) -> str:
    """What a person sees on a terminal of 120 columns."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*shop.command, *arguments],
        cwd=shop.project,
        env={**shop.environment, "TERM": "xterm-256color", "COLUMNS": "120", **environment},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    seen = b""
    while True:
        try:
            block = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        seen += block
    os.close(master)
    assert process.wait(timeout=60) == 0, seen.decode()
    return seen.decode()


def test_a_terminal_gets_colours_and_progress_and_the_same_words(shop: Shop) -> None:
    seen = terminal(shop, "refresh", "--as-of", AS_OF)
    assert "\x1b[32m✓\x1b[0m" in seen
    assert re.search(r"Transform: (\d+ of \d+, \w+|transform \.\.\.)", seen)  # beside the spinner
    assert "\x1b[?25l" in seen  # the cursor is hidden while it turns,
    assert seen.rstrip().rfind("\x1b[?25h") > seen.rfind("\x1b[?25l")  # and comes back
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "\n")
    for each in ("✓ Load", "✓ Gate 1", "✓ Transform", "✓ Gate 2", "✓ Release", "Revenue", "Next"):
        assert each in words
    plain = terminal(shop, "status", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", plain)
    assert "Served" in plain
    assert "\x1b" not in terminal(shop, "releases", "--json")
