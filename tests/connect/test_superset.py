"""The dashboard for Apache Superset: its files against a release, and all of it in Superset.

The second half installs and runs Superset as docs/connect.md says: minutes, so `--long`.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.home import PROJECT_ROOT, Home, Settings
from orchestration.publish import publish
from orchestration.shell import open_locked

ROOM = PROJECT_ROOT / "bi" / "superset"
_spec = importlib.util.spec_from_file_location("load_assets", ROOM / "load_assets.py")
assert _spec is not None
assert _spec.loader is not None
load_assets = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(load_assets)

Asset = dict[str, Any]


def assets(kind: str) -> dict[str, Asset]:
    """The assets of a kind, by uuid."""
    found = [
        yaml.safe_load(text)
        for path, text in load_assets.contents(Path("/srv/warehouse")).items()
        if path.startswith(f"{kind}/")
    ]
    by_id = {asset["uuid"]: asset for asset in found}
    assert found
    assert len(by_id) == len(found), "two assets share a uuid"
    return by_id


CHARTS, DATASETS = assets("charts"), assets("datasets")
(DATABASE,) = assets("databases").values()
(DASHBOARD,) = assets("dashboards").values()


@pytest.fixture(scope="module")
def release(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_locked(warehouse / "var" / "warehouse.duckdb", str(warehouse)) as connection:
        yield connection


def source(dataset: Asset) -> str:
    """What a dataset reads, with its calculated columns, as Superset puts it into a query."""
    inner = (
        f"({dataset['sql']})" if dataset["sql"] else f"{dataset['schema']}.{dataset['table_name']}"
    )
    calculated = [
        f"{column['expression']} as {column['column_name']}"
        for column in dataset["columns"]
        if column.get("expression")
    ]
    return f"(select {', '.join(['*', *calculated])} from {inner} as inside) as dataset"


def test_the_assets_refer_to_each_other() -> None:
    assert DATABASE["sqlalchemy_uri"] == "duckdb:////srv/warehouse/warehouse.duckdb"
    assert {dataset["database_uuid"] for dataset in DATASETS.values()} == {DATABASE["uuid"]}
    assert {chart["dataset_uuid"] for chart in CHARTS.values()} <= set(DATASETS)
    boxes = {key: box for key, box in DASHBOARD["position"].items() if isinstance(box, dict)}
    shown = [box["meta"]["uuid"] for box in boxes.values() if box["type"] == "CHART"]
    assert sorted(shown) == sorted(CHARTS), "every chart is on the dashboard, once"
    for key, box in boxes.items():
        assert box["id"] == key
        for child in box.get("children", []):
            assert boxes[child]["parents"][-1] == key, f"{child} is not where it says"
    for row in (box for box in boxes.values() if box["type"] == "ROW"):
        assert sum(boxes[child]["meta"]["width"] for child in row["children"]) == 12
    for rule in DASHBOARD["metadata"]["native_filter_configuration"]:
        assert rule["targets"][0]["datasetUuid"] in DATASETS
        assert set(rule["scope"]["rootPath"]) <= set(boxes)


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=lambda d: d["table_name"])
def test_the_columns_of_a_dataset_are_those_of_the_release(
    dataset: Asset, release: duckdb.DuckDBPyConnection
) -> None:
    described = release.execute(f"describe select * from {source(dataset)}").fetchall()
    types = {str(name): str(type_) for name, type_, *_ in described}
    for column in dataset["columns"]:
        assert types[column["column_name"]] == column["type"], column["column_name"]
    if dataset["main_dttm_col"]:
        assert types[dataset["main_dttm_col"]] in ("DATE", "TIMESTAMP")
    metrics = ", ".join(f"{m['expression']} as {m['metric_name']}" for m in dataset["metrics"])
    assert release.execute(f"select {metrics} from {source(dataset)}").fetchall()


def query(chart: Asset) -> str:
    """The SQL of a chart, from the query that Superset is given."""
    (asked,) = json.loads(chart["query_context"])["queries"]
    dataset = DATASETS[chart["dataset_uuid"]]
    saved = {metric["metric_name"]: metric["expression"] for metric in dataset["metrics"]}
    columns = [
        column if isinstance(column, str) else f"date_trunc('month', {column['sqlExpression']})"
        for column in asked["columns"]
    ]
    metrics = [
        saved[metric] if isinstance(metric, str) else metric["sqlExpression"]
        for metric in asked.get("metrics", [])
    ]
    rules = ["true"]
    for rule in asked["filters"]:
        value = rule["val"]
        if isinstance(value, list):
            value = f"({', '.join(repr(member) for member in value)})"
        elif value is not None:
            value = repr(value)
        rules.append(f"{rule['col']} {rule['op']} {value or ''}")
    text = (
        f"select {', '.join(columns + metrics)} from {source(dataset)} where {' and '.join(rules)}"
    )
    return f"{text} group by {', '.join(columns)}" if metrics else text


@pytest.mark.parametrize("chart", CHARTS.values(), ids=lambda c: c["slice_name"].replace(" ", "-"))
def test_the_query_of_a_chart_runs_on_a_release(
    chart: Asset, release: duckdb.DuckDBPyConnection
) -> None:
    rows = release.execute(query(chart)).fetchall()
    assert rows, "the chart would be empty"
    if chart["viz_type"] != "table" and chart["params"]["adhoc_filters"]:
        assert any(row[-1] is not None for row in rows), "no value at all"
        # One row of kpi_values per point: the metric gives nothing where it would add up.
        asked = next(f for f in chart["params"]["adhoc_filters"] if f["subject"] == "kpi_id")
        wanted = (
            asked["comparator"] if isinstance(asked["comparator"], list) else [asked["comparator"]]
        )
        expected = release.execute(
            """
            select count(*), count(value) from kpis.kpi_values
            where list_contains(?, kpi_id) and grain = 'month' and dim_name = 'all'
                and is_complete and is_mature
            """,
            [wanted],
        ).fetchone()
        assert (len(rows), sum(row[-1] is not None for row in rows)) == expected


def test_every_headline_is_on_the_dashboard(release: duckdb.DuckDBPyConnection) -> None:
    shown: set[str] = set()
    for chart in CHARTS.values():
        if chart["slice_name"].endswith(" scorecard"):
            shown |= {row[0] for row in release.execute(query(chart)).fetchall()}
    names = release.execute("select kpi_name from kpis.kpi_scorecard where is_headline").fetchall()
    assert shown == {name for (name,) in names}


@pytest.mark.parametrize(
    ("kpi_id", "unit", "value", "text"),
    [
        ("customer_churn_rate", "ratio", 0.0138888, "1.4 %"),
        ("ltv_cac_ratio", "ratio", 10.976, "10.98 ×"),
        ("mrr", "currency", 168547.367, "168,547 EUR"),
        ("average_order_value", "currency", 210.0, "210.00 EUR"),
        ("arpu", "currency / customer-month", -2691.907, "-2,692 EUR / customer-month"),
        ("first_response_time", "minutes", 111.669, "111.7 min"),
        ("average_resolution_time", "minutes", 1532.955, "25.5 h"),
        ("speed_to_lead", "minutes", 5000.0, "3.5 days"),
        ("backlog", "count", 1042.0, "1,042"),
        ("net_promoter_score", "score", 13.462, "13.5"),
        ("contact_rate", "tickets / 100 customers", 172.603, "172.60 tickets / 100 customers"),
        ("mrr", "currency", None, ""),
    ],
)
def test_a_value_is_written_with_its_unit(
    kpi_id: str, unit: str, value: float | None, text: str
) -> None:
    (scorecard,) = (d for d in DATASETS.values() if d["table_name"] == "kpi_scorecard")
    (expression,) = (
        c["expression"] for c in scorecard["columns"] if c["column_name"] == "value_text"
    )
    with duckdb.connect() as connection:
        written = connection.execute(
            f"select {expression} from (select ? as kpi_id, ? as unit, cast(? as double) as value)",
            [kpi_id, unit, value],
        ).fetchone()
    assert written == (text,)


# From here on: Superset itself.


class Client:
    """A person's session with Superset's API."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(CookieJar())
        ).open
        self.headers: dict[str, str] = {}

    def call(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON (or text) of a GET, or of a POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.address + path, data=data, headers=headers)
        try:
            with self.open(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def login(self, password: str) -> None:
        who = {"username": "admin", "password": password, "provider": "db"}
        status, answer = self.call("/api/v1/security/login", who)
        assert status == 200, answer
        self.headers = {"Authorization": f"Bearer {answer['access_token']}"}
        _, token = self.call("/api/v1/security/csrf_token/")
        self.headers |= {"X-CSRFToken": token["result"], "Referer": self.address}

    def sql(self, database: int, text: str) -> tuple[int, str]:
        """What SQL Lab answers."""
        status, answer = self.call(
            "/api/v1/sqllab/execute/", {"database_id": database, "sql": text}
        )
        return status, json.dumps(answer)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_superset_set_up_as_written(warehouse: Path, tmp_path: Path) -> None:
    """docs/connect.md word by word; every chart; a new release without a restart; no way out."""
    text = (PROJECT_ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- run by test_superset -->\n```sh\n(.*?)```", text, re.DOTALL)
    assert found
    password = re.search(r'SUPERSET_ADMIN_PASSWORD="(.*?)"', found[1])
    assert password
    root = tmp_path / "var"
    shutil.copytree(warehouse / "var", root, symlinks=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = (tmp_path / "superset.log").open("w+")
    process = subprocess.Popen(
        ["bash", "-ec", found[1]],
        cwd=PROJECT_ROOT,
        env=os.environ | {"WAREHOUSE_HOME": str(root), "SUPERSET_PORT": str(port)},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        client = Client(port)
        limit = time.monotonic() + 1500
        while True:
            try:
                client.login(password[1])
                break
            except urllib.error.URLError:
                log.seek(0)
                assert process.poll() is None, log.read()
                assert time.monotonic() < limit, log.read()
                time.sleep(2)
        every_chart_answers(client)
        a_new_release_is_seen(client, Home(root))
        nothing_else_can_be_reached(client, root, tmp_path)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        log.close()


def charts(client: Client) -> dict[str, list[dict[str, Any]]]:
    """The rows of every chart, by its name."""
    _, listed = client.call("/api/v1/chart/?q=(page_size:100)")
    assert {chart["slice_name"] for chart in listed["result"]} == {
        chart["slice_name"] for chart in CHARTS.values()
    }
    rows = {}
    for chart in listed["result"]:
        status, answer = client.call(f"/api/v1/chart/{chart['id']}/data/")
        assert status == 200, (chart["slice_name"], answer)
        rows[chart["slice_name"]] = answer["result"][0]["data"]
    return rows


def every_chart_answers(client: Client) -> None:
    status, dashboard = client.call("/api/v1/dashboard/crm-kpis")
    assert status == 200
    assert len(dashboard["result"]["charts"]) == len(CHARTS)
    status, listed = client.call("/api/v1/dataset/?q=(page_size:100)")
    assert {dataset["table_name"] for dataset in listed["result"]} == {
        dataset["table_name"] for dataset in DATASETS.values()
    }
    for name, rows in charts(client).items():
        assert rows, name


def a_new_release_is_seen(client: Client, home: Home) -> None:
    """One MRR is changed in the build and published: the next query shows it, nothing restarted."""
    before = charts(client)
    last = max(before["Monthly recurring revenue"], key=lambda row: row["period_start"])
    with duckdb.connect(str(home.build_database)) as build:
        build.execute(
            """
            update kpis.kpi_values set value = value + 1000
            where kpi_id = 'mrr' and grain = 'month' and dim_name = 'all' and value is not null
            """
        )
    now = datetime.now(UTC) + timedelta(minutes=1)
    release = publish(
        home, Settings(), run_id="next", as_of=datetime(2025, 12, 31, 23, tzinfo=UTC), now=now
    )
    after = charts(client)
    assert before["Release"][0]["release_id"] != after["Release"][0]["release_id"]
    assert after["Release"][0]["release_id"] == release.release_id
    new = max(after["Monthly recurring revenue"], key=lambda row: row["period_start"])
    assert new["period_start"] == last["period_start"]
    assert new["value"] == pytest.approx(last["value"] + 1000)


def nothing_else_can_be_reached(client: Client, root: Path, folder: Path) -> None:
    """Neither through the connection of the recipe nor through one made in Superset's own form."""
    secret = folder / "secret.txt"
    secret.write_text("do not read me")
    loose = {"database_name": "loose", "sqlalchemy_uri": f"duckdb:///{root}/warehouse.duckdb"}
    status, made = client.call(
        "/api/v1/database/", loose | {"expose_in_sqllab": True, "allow_dml": True}
    )
    assert status == 201, made
    _, listed = client.call("/api/v1/database/")
    numbers = {database["database_name"]: database["id"] for database in listed["result"]}
    assert set(numbers) == {"loose", DATABASE["database_name"]}
    for name, number in numbers.items():
        status, answer = client.sql(number, "select count(*) as n from kpis.kpi_values")
        assert status == 200, (name, answer)
        for attack in (
            f"select content from read_text('{secret}')",
            f"copy (select 1) to '{folder / 'out.csv'}'",
            f"attach '{folder / 'other.duckdb'}' as other",
            "set enable_external_access = true",
            "create table kpis.mine (i int)",
            "delete from kpis.kpi_values",
        ):
            status, answer = client.sql(number, attack)
            assert status != 200, (name, attack, answer)
            assert "do not read me" not in answer
    assert not (folder / "out.csv").exists()
    assert not (folder / "other.duckdb").exists()
