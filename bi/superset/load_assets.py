"""Create the user `admin` and load the database, datasets, charts and dashboard of `assets/`.

Run by `bi/superset/run` in Superset's environment. What is there already is overwritten, as
Superset's own command for assets under version control does it.
"""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml

HERE = Path(__file__).resolve().parent
ASSETS = HERE / "assets"


def reporting_currency(home: Path) -> str:
    """The currency of the published amounts: of the home's settings, else the project's default."""
    settings = home / "settings.yml"
    own = yaml.safe_load(settings.read_text(encoding="utf-8")) if settings.exists() else None
    project = yaml.safe_load((HERE.parents[1] / "dbt_project.yml").read_text(encoding="utf-8"))
    return str((own or {}).get("reporting_currency") or project["vars"]["reporting_currency"])


def query_context(params: dict[str, Any]) -> dict[str, Any]:
    """The query of a chart (a table of rows, or a metric over time) as Superset's API runs it.

    Superset's pages make it from `params`; its API and its reports want it beside them.
    """
    query: dict[str, Any] = {
        "filters": [
            {"col": rule["subject"], "op": rule["operator"], "val": rule["comparator"]}
            for rule in params["adhoc_filters"]
        ],
        "row_limit": params.get("row_limit", 10_000),
    }
    if params["viz_type"] == "table":
        query |= {
            "columns": params["all_columns"],
            "orderby": [json.loads(order) for order in params["order_by_cols"]],
        }
    else:
        axis = {
            "columnType": "BASE_AXIS",
            "expressionType": "SQL",
            "label": params["x_axis"],
            "sqlExpression": params["x_axis"],
        }
        if "time_grain_sqla" in params:
            axis["timeGrain"] = params["time_grain_sqla"]
        query |= {
            "columns": [axis, *params.get("groupby", [])],
            "metrics": params["metrics"] if "metrics" in params else [params["metric"]],
        }
    return {
        # Superset fills in the number of the dataset.
        "datasource": {"id": 1, "type": "table"},
        "queries": [query],
        "result_format": "json",
        "result_type": "full",
    }


def contents(home: Path) -> dict[str, str]:
    """Every asset by its path below `assets/`, with this home's file and currency filled in."""
    filled = {
        "/WAREHOUSE_HOME": str(home),
        "REPORTING_CURRENCY": reporting_currency(home),
    }
    found = {}
    for path in sorted(ASSETS.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        for placeholder, value in filled.items():
            text = text.replace(placeholder, value)
        if path.parent.name == "charts":
            chart = yaml.safe_load(text)
            context = json.dumps(query_context(chart["params"]))
            text = yaml.safe_dump(chart | {"query_context": context}, sort_keys=False)
        found[str(path.relative_to(ASSETS))] = text
    return found


def admin(security_manager: Any) -> Any:
    """The user `admin`, who owns what is loaded; a new one gets SUPERSET_ADMIN_PASSWORD."""
    password = os.environ.get("SUPERSET_ADMIN_PASSWORD")
    user = security_manager.find_user(username="admin")
    if user is None and not password:
        raise SystemExit("Set SUPERSET_ADMIN_PASSWORD: the user admin does not exist yet")
    return user or security_manager.add_user(
        username="admin",
        first_name="KPI",
        last_name="Admin",
        email="admin@localhost",
        role=security_manager.find_role("Admin"),
        password=password,
    )


def main() -> None:
    """Import everything as `admin`."""
    from superset.app import create_app

    home = Path(os.environ["WAREHOUSE_HOME"]).resolve()
    assets = contents(home)
    ours = [
        UUID(yaml.safe_load(text)["uuid"])
        for path, text in assets.items()
        if path.startswith("datasets/")
    ]
    with create_app().app_context():
        # Superset's modules need its application.
        from superset import db, security_manager
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.connectors.sqla.models import SqlaTable
        from superset.utils.core import override_user

        with override_user(admin(security_manager)):
            ImportAssetsCommand(assets).run()
            # The files name columns with a label or a formula; the others are read from the table.
            for dataset in db.session.query(SqlaTable).filter(SqlaTable.uuid.in_(ours)):
                if not dataset.sql:
                    dataset.fetch_metadata()
            db.session.commit()
    print(f"Loaded {len(assets) - 1} assets for {home / 'warehouse.duckdb'}")


if __name__ == "__main__":
    main()
