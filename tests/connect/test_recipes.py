"""docs/connect.md, word by word: every marked block runs against a release, where it can."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from orchestration.home import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- run: ([\w ]+) -->\n```(python|sh)\n(.*?)```", re.DOTALL)
BLOCKS = [(needs.split(), kind, code) for needs, kind, code in BLOCK.findall(TEXT)]
COMMANDS = {"warehouse"}


def test_the_recipes_are_found() -> None:
    assert [kind for _, kind, _ in BLOCKS].count("python") == 4
    assert len(BLOCKS) == 7
    assert len(BLOCKS) == TEXT.count("<!-- run:")


@pytest.fixture
def desk(warehouse: Path, tmp_path: Path) -> Path:
    """A folder like that of a person who follows the recipes."""
    (tmp_path / "var").symlink_to(warehouse / "var")
    (tmp_path / "analyses").symlink_to(PROJECT_ROOT / "analyses")
    return tmp_path


@pytest.mark.parametrize(
    ("needs", "kind", "code"),
    BLOCKS,
    ids=[f"{kind}-{'-'.join(needs)}" for needs, kind, _ in BLOCKS],
)
def test_a_recipe_runs_as_written(needs: list[str], kind: str, code: str, desk: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT_ROOT),
        "WAREHOUSE_HOME": str(desk / "var"),
    }
    if kind == "sh" and code.startswith("duckdb ") and not shutil.which("duckdb"):
        pytest.skip("DuckDB's own program is not installed (pip install duckdb-cli)")
    for name in needs:
        if name not in COMMANDS and importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    command = [sys.executable, "-c", code] if kind == "python" else ["sh", "-ec", code]
    done = subprocess.run(
        command,
        cwd=desk,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "mrr" in done.stdout or "value" in done.stdout or "scorecard.xlsx" in done.stdout


def test_the_locked_settings_of_the_recipe_hold(desk: Path, tmp_path: Path) -> None:
    found = re.search(r"^LOCKED = (\{.*?^\})", TEXT, re.DOTALL | re.MULTILINE)
    assert found
    locked: dict[str, str] = eval(found[1])
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    database = str(desk / "var" / "warehouse.duckdb")
    with duckdb.connect(database, read_only=True, config=locked) as connection:
        for query in (
            f"select * from read_csv('{secret}')",
            f"copy (select 1) to '{tmp_path / 'out.csv'}'",
            f"attach '{tmp_path / 'other.duckdb'}' as other",
            "set enable_external_access = true",
            "create table marts.mine (i int)",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(query)


def test_sqlalchemy_reflects_every_published_table(desk: Path) -> None:
    """Inspection as BI tools do it: tables, columns, keys; and no way to write."""
    engine = create_engine(
        f"duckdb:///{desk / 'var' / 'warehouse.duckdb'}",
        poolclass=NullPool,
        connect_args={"read_only": True, "config": {"enable_external_access": "false"}},
    )
    inspector = inspect(engine)
    tables = {schema: inspector.get_table_names(schema=schema) for schema in ("kpis", "marts")}
    assert {"kpi_values", "kpi_scorecard", "kpi_catalog"} <= set(tables["kpis"])
    assert len(tables["marts"]) > 20
    for schema, names in tables.items():
        for name in names:
            columns = inspector.get_columns(name, schema=schema)
            assert columns
            for column in columns:
                assert "HUGEINT" not in str(column["type"]).upper(), (name, column["name"])
            inspector.get_pk_constraint(name, schema=schema)
            inspector.get_foreign_keys(name, schema=schema)
            inspector.get_indexes(name, schema=schema)
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only"):
        connection.exec_driver_sql("create table marts.mine (i int)")


def test_with_nullpool_the_next_query_sees_the_next_release(desk: Path) -> None:
    """The link is followed anew: one engine, two releases."""
    pandas = pytest.importorskip("pandas")
    first, second = desk / "r1" / "warehouse.duckdb", desk / "r2" / "warehouse.duckdb"
    for number, path in enumerate((first, second), start=1):
        path.parent.mkdir()
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create table release as select {number} as id")
    link = desk / "warehouse.duckdb"
    link.symlink_to(first)
    engine = create_engine(
        f"duckdb:///{link}", poolclass=NullPool, connect_args={"read_only": True}
    )
    assert pandas.read_sql("select id from release", engine)["id"].tolist() == [1]
    temporary = desk / "next"
    temporary.symlink_to(second)
    os.replace(temporary, link)
    assert pandas.read_sql("select id from release", engine)["id"].tolist() == [2]
