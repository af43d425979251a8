"""The rules that models and macros keep, read from their text."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
import yaml

from orchestration.home import PROJECT_ROOT

# Comments may say what the SQL may not.
COMMENT = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
STRING = re.compile(r"'(?:[^']|'')*'")
FORBIDDEN = {
    "the clock on the wall": re.compile(
        r"\b(now|get_current_timestamp|today|current_localtimestamp)\s*\("
        r"|\b(current_date|current_time|current_timestamp|localtimestamp|localtime)\b"
        r"|\brun_started_at\b|modules\.datetime",
        re.IGNORECASE,
    ),
    "random": re.compile(r"\b(random|uuid|gen_random_uuid|setseed)\s*\(", re.IGNORECASE),
    "a cast with ::": re.compile(r"::"),
    "qualify": re.compile(r"\bqualify\b", re.IGNORECASE),
    "filter (where": re.compile(r"\bfilter\s*\(\s*where\b", re.IGNORECASE),
}
# What engines say differently stands in macros; a model that needs it calls one.
DIALECT = {
    "star with exclude, except or replace": re.compile(
        r"\*\s*(exclude|except|replace|rename)\b", re.IGNORECASE
    ),
    "a quoted identifier": re.compile(r"\"[^\"\n]+\""),
    "a type without its macro": re.compile(
        r"\bas\s+(varchar|text|timestamptz|hugeint|ubigint)\b", re.IGNORECASE
    ),
    "a function of one engine": re.compile(
        r"\b(epoch\w*|date_diff|datediff|date_part|strftime|strptime|to_days|to_months|list_\w+"
        r"|string_agg|listagg|unnest|generate_series|string_split\w*|regexp_\w+|quantile_\w+"
        r"|any_value|arg_m(?:in|ax)|bool_(?:or|and)|struct_pack|json_\w+_each|from_json"
        r"|get_json_object|timezone|try_cast)\s*\(",
        re.IGNORECASE,
    ),
    "syntax of one engine": re.compile(
        r"\bat\s+time\s+zone\b|\b(isodow|isoyear|ilike|lateral|asof|positional)\b"
        r"|\b(semi|anti)\s+join\b|\b(group|order)\s+by\s+all\b|\bunion\s+all\s+by\b|//",
        re.IGNORECASE,
    ),
}
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
LONGEST_KPI_FILE = 78


def sql_files(project: Path) -> list[Path]:
    folders = ("models", "macros", "tests/data", "analyses")
    return sorted(path for folder in folders for path in (project / folder).rglob("*.sql"))


def forbidden_words(project: Path) -> list[str]:
    """File, line and rule of every forbidden word outside comments."""
    found = []
    for path in sql_files(project):
        text = path.read_text(encoding="utf-8")
        bare = COMMENT.sub(lambda m: "\n" * m.group().count("\n"), text)
        for rule, pattern in FORBIDDEN.items():
            # Text in quotes may be Jinja that renders SQL, and is read too.
            for hit in pattern.finditer(bare):
                line = bare.count("\n", 0, hit.start()) + 1
                found.append(f"{path.relative_to(project)}:{line}: {rule}: {hit.group()}")
    return found


def dialect_in(project: Path) -> list[str]:
    """File, line and rule of everything in a model that belongs into a macro."""
    found = []
    for path in sorted((project / "models").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        for pattern in (COMMENT, JINJA, STRING):
            text = pattern.sub(lambda m: "\n" * m.group().count("\n"), text)
        for rule, pattern in DIALECT.items():
            for hit in pattern.finditer(text):
                line = text.count("\n", 0, hit.start()) + 1
                found.append(f"{path.relative_to(project)}:{line}: {rule}: {hit.group()}")
    return found


def test_no_model_speaks_a_dialect() -> None:
    assert not dialect_in(PROJECT_ROOT)


def test_no_model_reads_the_clock_or_is_random() -> None:
    assert not forbidden_words(PROJECT_ROOT)


@pytest.mark.parametrize(
    ("sql", "is_forbidden"),
    [
        ("select now()", True),
        ("select CURRENT_DATE", True),
        ("where t < current_timestamp", True),
        ("select a::date", True),
        ("select count(*) filter (where b)", True),
        ("qualify row_number() over () = 1", True),
        ("select 1 -- not now(), not a::date", False),
        ("{# no current_date #} select known_now", False),
        ("select '{{ now() }}'", True),
    ],
)
def test_the_check_itself(tmp_path: Path, sql: str, is_forbidden: bool) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.sql").write_text(sql, encoding="utf-8")
    assert bool(forbidden_words(tmp_path)) is is_forbidden


@pytest.mark.parametrize(
    ("sql", "is_dialect"),
    [
        ("select * exclude (a) from t", True),
        ("select t.* replace (1 as a) from t", True),
        ('select t."group" from t', True),
        ('select "group" from t', True),
        ("select cast(a as varchar) from t", True),
        ("where extract(isodow from d) = 1", True),
        ("select epoch_us(t)", True),
        ("select t at time zone 'UTC'", True),
        ("select * from a semi join b", True),
        ("select {{ star_except('t', 'a') }}, {{ adapter.quote('group') }} from t", False),
        ("select 'a semi join', \n cast(a as {{ type }}) from t", False),
    ],
)
def test_the_check_of_dialects(tmp_path: Path, sql: str, is_dialect: bool) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.sql").write_text(sql, encoding="utf-8")
    assert bool(dialect_in(tmp_path)) is is_dialect


def kpi_files() -> list[Path]:
    return sorted((PROJECT_ROOT / "models" / "kpis").glob("*/kpi_*.sql"))


@pytest.mark.parametrize("path", kpi_files(), ids=lambda path: path.stem)
def test_a_kpi_file_is_short(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_KPI_FILE, f"{path.stem} has {lines} lines"


def test_every_model_says_its_grain() -> None:
    missing = [
        str(path.relative_to(PROJECT_ROOT))
        for path in (PROJECT_ROOT / "models").rglob("*.sql")
        if "-- grain: one row per" not in path.read_text(encoding="utf-8")
    ]
    assert not [m for m in missing if "/staging/" not in m], missing


def catalogue() -> list[str]:
    with (PROJECT_ROOT / "seeds" / "kpi_catalog.csv").open(encoding="utf-8") as file:
        return [row["kpi_id"] for row in csv.DictReader(file)]


def ids_in_unit_tests() -> set[str]:
    """KPI ids that a dbt unit test expects rows of."""
    found: set[str] = set()
    for path in (PROJECT_ROOT / "models").rglob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for test in content.get("unit_tests", []):
            rows = test["expect"].get("rows", [])
            if isinstance(rows, str):
                found.update(re.findall(r"'(\w+)' as kpi_id", rows))
                continue
            found.update(str(row["kpi_id"]) for row in rows if "kpi_id" in row)
            if test["model"].startswith("kpi_"):
                found.add(test["model"].removeprefix("kpi_"))
    return found


def test_every_kpi_is_in_a_unit_test_or_an_example() -> None:
    from oracle.examples import examples

    shown = {row[0] for example in examples() for row in example.expected}
    shown |= {table for example in examples() for table in example.tables}
    # Percentiles come from one macro, which the unit tests of several KPIs show.
    ids = {re.sub(r"_p[59]0$", "", kpi_id) for kpi_id in catalogue()}
    missing = ids - ids_in_unit_tests() - shown
    assert not missing, sorted(missing)
