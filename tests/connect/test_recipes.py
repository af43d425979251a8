"""docs/connect.md, word by word: every marked block runs against a release, where it can."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from orchestration.home import PROJECT_ROOT

TEXT = (PROJECT_ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
CLIENTS = Path(__file__).parent / "clients"
BLOCKS = re.findall(r"<!-- run -->\n```(python|sh|js)\n(.*?)```", TEXT, re.DOTALL)
LOCK = (CLIENTS / "requirements.lock").read_text(encoding="utf-8")


def test_the_recipes_are_found() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds == ["python"] * 4 + ["sh", "sh", "js", "sh"]
    assert len(BLOCKS) == TEXT.count("<!-- run -->")


def test_the_recipes_install_what_is_tested() -> None:
    """Every version that the text names is the one in the lock."""
    before_superset = TEXT.split("## 6. Apache Superset")[0]
    named = re.findall(r"([a-z][a-z-]+)==([\w.]+)", before_superset)
    assert {name for name, _ in named} == {"duckdb", "duckdb-sqlalchemy", "duckdb-cli", "harlequin"}
    for name, version in named:
        assert f"\n{name}=={version} " in f"\n{LOCK}"
    package = json.loads((CLIENTS / "package.json").read_text(encoding="utf-8"))
    for name, version in package["dependencies"].items():
        assert f"npm install {name}@{version}" in TEXT


def run(
    kind: str, code: str, desk: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a block as the person at the desk would."""
    if kind == "js":
        (desk / "recipe.mjs").write_text(code, encoding="utf-8")
        command = ["node", "recipe.mjs"]
    elif kind == "python":
        command = [environment["CLIENT_PYTHON"], "-c", code]
    else:
        command = ["sh", "-ec", code]
    return subprocess.run(
        command,
        cwd=desk,
        env={**environment, "WAREHOUSE_HOME": str(desk / "var")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


NUMBERED = [pytest.param(*block, id=f"{i}-{block[0]}") for i, block in enumerate(BLOCKS, start=1)]


@pytest.fixture
def prepared(kind: str, desk: Path, request: pytest.FixtureRequest) -> Path:
    """The desk, with what `npm install` brings where the recipe is for Node."""
    if kind == "js":
        (desk / "node_modules").symlink_to(request.getfixturevalue("node_modules"))
    return desk


@pytest.mark.parametrize(("kind", "code"), NUMBERED)
def test_a_recipe_runs_as_written(
    kind: str, code: str, prepared: Path, clients: Mapping[str, str]
) -> None:
    done = run(kind, code, prepared, clients)
    assert done.returncode == 0, done.stderr
    assert any(word in done.stdout for word in ("mrr", "value", "scorecard.xlsx"))


ATTACKS = [
    pytest.param("select content from read_text('secret.txt')", "disabled", id="read"),
    pytest.param("create table kpis.mine (i int)", "read-only", id="write", marks=pytest.mark.long),
]


# The export is a program of this project and runs nobody's queries.
@pytest.mark.parametrize(("kind", "code"), NUMBERED[:-1])
@pytest.mark.parametrize(("attack", "refusal"), ATTACKS)
def test_a_recipe_neither_writes_nor_reads_another_file(
    kind: str, code: str, attack: str, refusal: str, prepared: Path, clients: Mapping[str, str]
) -> None:
    """The recipe itself, with another query in place of its own."""
    (prepared / "secret.txt").write_text("do not read me")
    own = re.compile(r'"[^"\n]*kpis\.kpi(_latest)?\(\'mrr\'[^"\n]*"')
    assert own.search(code)
    done = run(kind, own.sub(f'"{attack}"', code), prepared, clients)
    assert done.returncode != 0
    assert refusal in done.stderr + done.stdout
    assert "do not read me" not in done.stderr + done.stdout


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
    # One connection: NullPool would open the file anew for each of a thousand questions.
    with engine.connect() as connection:
        inspector = inspect(connection)
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


@pytest.mark.parametrize("pool", [NullPool, QueuePool])
def test_an_engine_follows_the_link_to_the_next_release(desk: Path, pool: type[Pool]) -> None:
    """With NullPool at once; a pool that keeps connections keeps the release until `dispose`."""
    first, second = desk / "r1" / "warehouse.duckdb", desk / "r2" / "warehouse.duckdb"
    for number, path in enumerate((first, second), start=1):
        path.parent.mkdir()
        with duckdb.connect(str(path)) as connection:
            connection.execute(f"create table release as select {number} as id")
    link = desk / "warehouse.duckdb"
    link.symlink_to(first)
    engine = create_engine(f"duckdb:///{link}", poolclass=pool, connect_args={"read_only": True})

    def seen() -> int | None:
        with engine.connect() as connection:
            return connection.exec_driver_sql("select id from release").scalar()

    assert seen() == 1
    temporary = desk / "next"
    temporary.symlink_to(second)
    os.replace(temporary, link)
    if pool is QueuePool:
        assert seen() == 1
        engine.dispose()
    assert seen() == 2
    engine.dispose()
