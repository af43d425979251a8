"""A tiny project and home for tests of loading."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.declaration import Declarations
from orchestration.ingest.load import FileResult, LoadReport, load

PROJECT = "vars: {sources: {shop: all}}\n"
SHOP = """
version: 2
sources:
  - name: shop
    schema: raw
    description: A shop.
    config: {meta: {zone: null}}
    tables:
      - name: order
        identifier: shop__order
        description: One row per order.
        config: {meta: {primary_key: [order_id]}}
        columns:
          - {name: order_id, data_type: string, config: {meta: {required: true}}}
          - {name: note, data_type: string}
          - {name: amount, data_type: decimal, config: {meta: {required: true}}}
          - {name: pieces, data_type: integer}
          - {name: is_paid, data_type: boolean}
          - {name: ordered_at, data_type: instant}
          - {name: due_date, data_type: date}
          - {name: extra, data_type: json}
      - name: text
        identifier: shop__text
        description: Nothing but text.
        columns:
          - {name: a, data_type: string}
          - {name: b, data_type: string}
          - {name: c, data_type: string}
      - name: page
        identifier: shop__page
        description: JSON pages with the records under a key of their own.
        config: {meta: {primary_key: [id], records: tickets}}
        columns:
          - {name: id, data_type: string, config: {meta: {required: true}}}
          - {name: subject, data_type: string}
"""
START = datetime(2025, 1, 1, tzinfo=UTC)


def write_project(root: Path, shop: str = SHOP, project: str = PROJECT) -> Path:
    """A project that has what loading reads, and nothing else."""
    staging = root / "models" / "staging" / "shop"
    staging.mkdir(parents=True, exist_ok=True)
    (root / "macros").mkdir(exist_ok=True)
    (root / "macros" / "parse.sql").write_text((PROJECT_ROOT / "macros" / "parse.sql").read_text())
    (root / "dbt_project.yml").write_text(project)
    (staging / "_shop__sources.yml").write_text(textwrap.dedent(shop))
    return root


@dataclass
class Shop:
    """The home of one test: deliver files, load, look."""

    root: Path
    declarations: Declarations
    runs: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    def deliver(self, name: str, content: str | bytes) -> Path:
        path = self.home.landing / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, **options: Any) -> LoadReport:
        self.runs += 1
        options.setdefault("settle_seconds", 0)
        return load(
            self.home,
            f"run-{self.runs}",
            START + timedelta(days=self.runs),
            declarations=self.declarations,
            log=self.lines.append,
            **options,
        )

    def take(self, name: str, content: str | bytes) -> FileResult:
        """Deliver one file, load, and return what became of it."""
        self.deliver(name, content)
        report = self.load()
        return next(file for file in report.files if file.source_file == f"shop/{name}")

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.build_database), read_only=True) as connection:
            return connection.execute(sql, list(values)).fetchall()

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        return self.query(
            f"select {columns} from raw.shop__{table} "
            "order by _source_file, _loaded_at, _row_number"
        )

    def rejected(self, columns: str) -> list[tuple[Any, ...]]:
        return self.query(f"select {columns} from meta.rejected order by source_file, row_number")

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in raw and meta but the run and the time of loading."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for schema, table in self.query(
            "select schema_name, table_name from duckdb_tables() order by all"
        ):
            hidden = self.query(
                "select string_agg(column_name, ', ') from duckdb_columns() "
                "where schema_name = $1 and table_name = $2 "
                "and column_name in ('run_id', 'loaded_at', '_loaded_at', 'noted_at')",
                schema,
                table,
            )[0][0]
            found[f"{schema}.{table}"] = self.query(
                f'select * exclude ({hidden}) from {schema}."{table}" order by all'
            )
        return found

    def accounted(self) -> None:
        """Every record of every file is in raw or rejected, and nowhere twice."""
        for entity in ("order", "text", "page"):
            for file, sha256, status, records, loaded, rejected in self.query(
                "select source_file, file_sha256, status, records, rows_loaded, rows_rejected "
                "from meta.feed_load where entity = $1",
                entity,
            ):
                assert records == loaded + rejected, file
                in_raw = self.query(
                    f"select count(*), count(distinct _row_number) from raw.shop__{entity} "
                    "where _source_file = $1 and _file_sha256 = $2",
                    file,
                    sha256,
                )
                assert in_raw == [(loaded, loaded)], file
                in_rejected = self.query(
                    "select count(*) from meta.rejected where source_file = $1 "
                    "and file_sha256 = $2",
                    file,
                    sha256,
                )
                assert in_rejected == [(rejected if status == "loaded" else 1,)], file
