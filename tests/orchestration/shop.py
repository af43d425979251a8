"""A project of a few files around the real orchestration, so that a whole night takes seconds."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.home import PROJECT_ROOT

FILES = {
    "dbt_project.yml": """
        name: shop
        version: "1.0.0"
        config-version: 2
        profile: crm_kpi_warehouse
        test-paths: ["tests/data"]
        vars:
          as_of: null
          run_id: null
          sources: {contract: all}
          reporting_timezone: Europe/Berlin
          reporting_currency: EUR
          min_sample: 30
        models:
          shop:
            +persist_docs: {relation: true, columns: true}
            staging: {+schema: staging, +materialized: view}
            marts: {+schema: marts, +materialized: table}
            kpis: {+schema: kpis, +materialized: table}
    """,
    "models/staging/contract/_contract__sources.yml": """
        version: 2
        sources:
          - name: contract
            schema: raw
            description: Files of the shop.
            config: {meta: {zone: null}}
            tables:
              - name: order
                identifier: contract__order
                description: One row per order.
                config: {meta: {primary_key: [order_id]}}
                columns:
                  - name: order_id
                    data_type: string
                    description: Key.
                    config: {meta: {required: true}}
                  - {name: amount, data_type: decimal, description: Amount.}
    """,
    "models/staging/contract/stg_contract__orders.sql": """
        -- grain: one row per order
        select order_id, cast(amount as decimal(18, 4)) as amount
        from {{ source('contract', 'order') }}
        where (_source_file, _file_sha256) in (
            select (source_file, file_sha256)
            from {{ source('meta', 'feed_load') }}
            where is_current
        )
    """,
    "models/staging/_meta__sources.yml": """
        version: 2
        sources:
          - {name: meta, schema: meta, tables: [{name: feed_load}]}
    """,
    "models/marts/fct_orders.sql": """
        -- grain: one row per order
        select * from {{ ref('stg_contract__orders') }}
    """,
    "models/marts/_marts.yml": """
        version: 2
        models:
          - name: fct_orders
            description: One row per order.
            columns:
              - name: order_id
                description: Key.
                data_tests: [unique]
    """,
    "models/kpis/kpi_values.sql": """
        -- grain: one row per KPI and period
        select
            'revenue' as kpi_id, 1 as kpi_version, 'month' as grain,
            cast('2025-06-01' as date) as period_start, 'all' as dim_name, 'all' as dim_value,
            cast(sum(amount) as decimal(18, 4)) as numerator,
            cast(null as decimal(18, 4)) as denominator,
            cast(sum(amount) as double) as value,
            true as is_complete, cast(count(*) as bigint) as sample_size,
            cast('{{ var("as_of") }}' as timestamp) as as_of, '{{ var("run_id") }}' as run_id
        from {{ ref('fct_orders') }}
    """,
    "models/kpis/kpi_scorecard.sql": """
        -- grain: one row per KPI
        select kpi_id, 'Revenue' as kpi_name, 'sales' as domain, 'currency' as unit,
            'higher' as direction, period_start, value, cast(100 as double) as previous_value,
            sample_size, 'ok' as status, as_of, run_id
        from {{ ref('kpi_values') }}
    """,
    "tests/data/assert_amounts_are_positive.sql": """
        -- No order has a negative
        -- amount.
        select order_id, amount from {{ ref('fct_orders') }} where amount < 0
    """,
}
GOOD = "order_id,amount\no-1,100.50\no-2,49.50\n"


@dataclass(frozen=True)
class Outcome:
    """What a call of the command printed and returned."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Shop:
    """The project and its home."""

    project: Path
    home: Path

    @classmethod
    def make(cls, folder: Path) -> "Shop":
        """Write the project; the parts it shares with the real one are copied from there."""
        project = folder / "project"
        for name, text in FILES.items():
            lines = text.strip("\n").splitlines()
            indent = len(lines[0]) - len(lines[0].lstrip())
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(line[indent:] for line in lines).rstrip() + "\n")
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT_ROOT / "orchestration", project / "orchestration", ignore=ignore)
        for name in (
            "macros/parse.sql",
            "macros/naming.sql",
            "profiles.example.yml",
            "expectations/defaults.yml",
        ):
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT_ROOT / name, project / name)
        shop = cls(project, folder / "home")
        (shop.home / "landing" / "contract" / "order").mkdir(parents=True)
        return shop

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the command: this project, this home, no terminal."""
        known = {**os.environ, "PYTHONPATH": str(self.project), "WAREHOUSE_HOME": str(self.home)}
        known.pop("COLUMNS", None)
        return known

    @property
    def command(self) -> list[str]:
        """How the command is called in this project."""
        return [sys.executable, "-m", "orchestration.cli"]

    def deliver(self, text: str, name: str = "orders.csv") -> None:
        """Drop a file of orders into landing."""
        (self.home / "landing" / "contract" / "order" / name).write_text(text)

    def run(self, *arguments: str, **environment: str) -> Outcome:
        """Call `warehouse` in a process of its own."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.project,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)
