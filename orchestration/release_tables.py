"""The tables of a release: their types, comments and keys, without personal data.

Every one is written afresh from the build, never copied as a file: the free blocks of a copied
file would keep dropped rows.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from orchestration.home import Home
from orchestration.keys import Keys
from orchestration.lineage import Edge, column_lineage
from orchestration.releases import MANIFEST, ReleaseError, damage, releases
from orchestration.sql_text import literal, quoted

_log = logging.getLogger(__name__)
PUBLISHED_SCHEMAS = ("kpis", "marts")
SNAPSHOT = "kpi_snapshot"
SNAPSHOT_KEY = ("kpi_id", "kpi_version", "grain", "period_start", "dim_name", "dim_value")
SNAPSHOT_COLUMNS = (*SNAPSHOT_KEY, "numerator", "denominator", "value", "as_of", "run_id")
# Keys of the tables that no model makes; the others are the keys that gate 2 has tested.
OWN_KEYS: Keys = {
    "kpis.kpi_catalog": ("kpi_id",),
    f"kpis.{SNAPSHOT}": (*SNAPSHOT_KEY, "published_at"),
    "meta.release": ("release_id",),
    "meta.data_dictionary": ("table_schema", "table_name", "column_name"),
}
# Small tables that tools join to carry the key itself: on every table its index would make the
# file 2.8 times as large. meta.data_dictionary names the keys of all.
INDEXED = re.compile(r"marts\.dim_\w+|kpis\.kpi_(catalog|scorecard)|meta\.release")
# Recomputed sums of doubles differ in the last digits from run to run: that is no restatement.
SNAPSHOT_TOLERANCE = 1e-9
EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]"
WHOLE_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"

# Columns of the meta tables in a release, with their types and comments. Types matter only when
# the build has no such table yet.
META_TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "feed_load": (
        "One row per delivery of a file: what came in, what was loaded, what was rejected.",
        {
            "run_id": ("varchar", "Run that loaded the delivery."),
            "source": ("varchar", "Source system."),
            "entity": ("varchar", "Table of the source."),
            "source_file": ("varchar", "Path below landing."),
            "file_sha256": ("varchar", "SHA-256 of the file."),
            "file_bytes": ("bigint", "Size of the file in bytes."),
            "records": ("bigint", "Records in the file."),
            "rows_loaded": ("bigint", "Rows that reached raw."),
            "rows_rejected": ("bigint", "Rows that were quarantined."),
            "status": ("varchar", "loaded or rejected."),
            "reason": ("varchar", "Why a file was rejected."),
            "remedy": ("varchar", "What to do about it."),
            "missing_columns": ("varchar", "Declared columns that the file does not have."),
            "extra_columns": ("varchar", "Columns of the file that are not declared."),
            "loaded_at": ("timestamp", "Instant of the load, UTC."),
            "is_current": ("boolean", "Whether this is the latest delivery of its path."),
        },
    ),
    "quality_result": (
        "One row per check of the run behind this release, of both gates.",
        {
            "run_id": ("varchar", "Run of the check."),
            "gate": ("integer", "1 checks the inputs, 2 the results."),
            "check_name": ("varchar", "Name of the check."),
            "subject": ("varchar", "Table or model that was checked."),
            "column_name": ("varchar", "Column that was checked, if it is one."),
            "severity": ("varchar", "critical stops a night, warning does not."),
            "status": ("varchar", "passed, failed or error."),
            "observed": ("varchar", "What was found."),
            "threshold": ("varchar", "What is allowed."),
            "unexpected_count": ("bigint", "Rows that do not meet the check."),
            "sample_keys": ("varchar", "Keys of some of those rows."),
            "message": ("varchar", "The result in words."),
            "remedy": ("varchar", "What to do about it."),
            "checked_at": ("timestamp", "Instant of the check, UTC."),
        },
    ),
    "rejected": (
        "One row per record that was not loaded, without its values: look them up in landing.",
        {
            "source": ("varchar", "Source system."),
            "entity": ("varchar", "Table of the source."),
            "source_file": ("varchar", "Path below landing."),
            "row_number": ("bigint", "Record in the file, from 1."),
            "line_number": ("bigint", "Line in the file, from 1."),
            "column_name": ("varchar", "Column that was not understood."),
            "reason": ("varchar", "Why the record was rejected."),
        },
    ),
}
RELEASE_COMMENTS = {
    "release_id": "Identity of this release.",
    "as_of": "Instant that the values are for, UTC; nothing later is visible.",
    "published_at": "Instant of publication, UTC.",
    "run_id": "Run that made this release.",
    "code_version": "Version of the project that computed it.",
    "contract_version": "Version of the KPI contract.",
    "dbt_vars": "Parameters that this home sets, as JSON.",
    "input_file_count": "Deliveries behind this release.",
    "input_files": "Those deliveries as JSON: file and sha256.",
}
LINEAGE_COMMENTS = {
    "table_schema": "Schema of the table.",
    "table_name": "Table, of this file or of the build behind it.",
    "column_name": "Column.",
    "upstream_schema": "Schema of what it is made from: raw for an export table.",
    "upstream_table": "Table of what it is made from; in raw <source>__<export table>.",
    "upstream_column": "Column that it is made from.",
}
SNAPSHOT_COMMENTS = {
    "kpi_id": "KPI.",
    "kpi_version": "Version of its definition; values of two versions are never compared.",
    "grain": "day, week, month, quarter, year or rolling_12m.",
    "period_start": "First local day of the period.",
    "dim_name": "Slice; all for the undivided value.",
    "dim_value": "Member of the slice.",
    "numerator": "Numerator as published by the run.",
    "denominator": "Denominator as published by the run.",
    "value": "Value as published by the run.",
    "as_of": "Instant that the run was for, UTC.",
    "run_id": "Run that published the value.",
    "published_at": "Instant of publication, UTC: of two rows of one key the later one is valid.",
}


@dataclass(frozen=True)
class Column:
    """A column of the build: its name, DuckDB type, NOT NULL mark and comment."""

    name: str
    data_type: str
    not_null: bool = False
    comment: str | None = None


class ReleaseWriter:
    """Writes the tables of one release and remembers what it expects to find in the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, build: str) -> None:
        self.connection = connection
        self.build = build
        self.expected: dict[str, int] = {}
        self.masked: dict[str, int] = {}

    def tables(self, schema: str) -> list[tuple[str, str | None]]:
        """Names and comments of the tables and views of a schema of the build."""
        return self.connection.execute(
            """
            select table_name, comment from duckdb_tables()
            where database_name = $build and schema_name = $schema
            union all
            select view_name, comment from duckdb_views()
            where database_name = $build and schema_name = $schema and not internal
            order by 1
            """,
            {"build": self.build, "schema": schema},
        ).fetchall()

    def columns(self, schema: str, table: str, database: str | None = None) -> list[Column]:
        """The columns of a table, in order; none when it does not exist."""
        found = self.connection.execute(
            """
            select column_name, data_type, not is_nullable, comment from duckdb_columns()
            where database_name = $build and schema_name = $schema and table_name = $table
            order by column_index
            """,
            {"build": database or self.build, "schema": schema, "table": table},
        ).fetchall()
        return [Column(*each) for each in found]

    def copy(
        self,
        schema: str,
        table: str,
        comment: str | None,
        *,
        columns: list[Column] | None = None,
        where: str = "true",
    ) -> None:
        """Create a table afresh in the release and fill it from the build.

        The copied file of the build would keep dropped rows in its free blocks; a new one cannot.
        """
        columns = columns or self.columns(schema, table)
        if schema == "kpis":
            columns = self._described(columns)
        source = f"{quoted(self.build)}.{quoted(schema)}.{quoted(table)}"
        target = f"warehouse.{quoted(schema)}.{quoted(table)}"
        name = f"{schema}.{table}"
        for column in columns:
            published_type(column, name)
        masked = self._emails(source, columns, where)
        self.masked |= {f"{name}.{column}": count for column, count in masked.items()}
        self._create(schema, table, comment, columns)
        selected = ", ".join(
            _expression(column, column.name in masked, schema == "meta") for column in columns
        )
        names = ", ".join(quoted(column.name) for column in columns)
        try:
            self.connection.execute(
                f"insert into {target} ({names}) select {selected} from {source} where {where}"
            )
        except (duckdb.ConversionException, duckdb.OutOfRangeException) as error:
            raise ReleaseError(
                f"{name} has a value too large for a published column ({error}); "
                "published integers are BIGINT and decimals have 18 digits: cast it in the model"
            ) from error
        (self.expected[name],) = self.connection.execute(
            f"select count(*) from {source} where {where}"
        ).fetchone() or (0,)

    def copy_companions(self) -> None:
        """A table kpis.kpi_<id> for every KPI id that shares the file of a headline.

        Whoever looks for `kpis.kpi_arr` finds it; its percentiles stand beside it.
        """
        columns = self._described(self.columns("kpis", "kpi_values"))
        catalog = f"{quoted(self.build)}.kpis.kpi_catalog"
        if not columns or not self.columns("kpis", "kpi_catalog"):
            return
        names = ", ".join(quoted(column.name) for column in columns)
        for kpi_id, definition in self.connection.execute(
            f"select kpi_id, definition from {catalog} order by kpi_id"
        ).fetchall():
            table = f"kpi_{kpi_id}"
            if kpi_id.endswith(("_p50", "_p90")) or f"kpis.{table}" in self.expected:
                continue
            self._create("kpis", table, definition, columns)
            ids = [kpi_id, f"{kpi_id}_p50", f"{kpi_id}_p90"]
            (self.expected[f"kpis.{table}"],) = self.connection.execute(
                f"insert into warehouse.kpis.{quoted(table)} ({names}) select {names}"
                " from warehouse.kpis.kpi_values where kpi_id in (select unnest($ids))",
                {"ids": ids},
            ).fetchone() or (0,)

    def published_rows(self, schema: str, table: str) -> str:
        """SQL condition of the rows of a table that are published with it.

        Slices by today's value stand apart from those as of the event (contract G-22).
        """
        sliced = schema == "kpis" and "dim_name" in {c.name for c in self.columns(schema, table)}
        return "not ends_with(dim_name, '_current')" if sliced else "true"

    def copy_current(self) -> None:
        """A table kpis.kpi_<headline>_current for every headline that has slices by today's value.

        Rows of all ids of the headline, as in kpis.kpi_<headline>.
        """
        columns = self._described(self.columns("kpis", "kpi_values_current"))
        catalog = f"{quoted(self.build)}.kpis.kpi_catalog"
        if not columns or not self.columns("kpis", "kpi_catalog"):
            return
        names = ", ".join(quoted(column.name) for column in columns)
        for headline_id, definition in self.connection.execute(
            f"select kpi_id, definition from {catalog} where kpi_id = headline_id and"
            " list_has_any(string_split(slices, ' '), ['segment', 'customer_segment']) order by 1"
        ).fetchall():
            table = f"kpi_{headline_id}_current"
            comment = f"By the segment, region, owner and team of today: {definition}"
            self._create("kpis", table, comment, columns)
            (self.expected[f"kpis.{table}"],) = self.connection.execute(
                f"insert into warehouse.kpis.{quoted(table)} ({names}) select {names}"
                " from warehouse.kpis.kpi_values_current where kpi_id in"
                f" (select kpi_id from {catalog} where headline_id = $headline)",
                {"headline": headline_id},
            ).fetchone() or (0,)

    def _described(self, columns: list[Column]) -> list[Column]:
        """Columns of a KPI table; what it does not say of a column, kpi_values says of it."""
        shared = {column.name: column.comment for column in self.columns("kpis", "kpi_values")}
        return [
            replace(column, comment=column.comment or shared.get(column.name)) for column in columns
        ]

    def _create(self, schema: str, table: str, comment: str | None, columns: list[Column]) -> None:
        target = f"warehouse.{quoted(schema)}.{quoted(table)}"
        definitions = ", ".join(
            f"{quoted(column.name)} {published_type(column, f'{schema}.{table}')}"
            + (" not null" if column.not_null else "")
            for column in columns
        )
        self.connection.execute(f"create schema if not exists warehouse.{quoted(schema)}")
        self.connection.execute(f"create table {target} ({definitions})")
        if comment:
            self.connection.execute(f"comment on table {target} is {literal(comment)}")
        for column in columns:
            if column.comment:
                self.connection.execute(
                    f"comment on column {target}.{quoted(column.name)} is {literal(column.comment)}"
                )

    def _emails(self, source: str, columns: list[Column], where: str) -> dict[str, int]:
        """Text columns that hold e-mail addresses, with the number of rows that do."""
        texts = [column.name for column in columns if column.data_type == "VARCHAR"]
        if not texts:
            return {}
        counts = self.connection.execute(
            "select "
            + ", ".join(
                f"count(case when contains({quoted(name)}, '@')"
                f" and regexp_matches({quoted(name)}, {literal(EMAIL)}) then 1 end)"
                for name in texts
            )
            + f" from {source} where {where}"
        ).fetchone()
        assert counts is not None
        return {name: count for name, count in zip(texts, counts, strict=True) if count}

    def copy_meta(self, table: str, run_id: str) -> None:
        """Copy a table of meta; an empty one when the build has none."""
        comment, described = META_TABLES[table]
        present = {column.name: column for column in self.columns("meta", table)}
        columns = [
            Column(name, present[name].data_type if name in present else kind, False, text)
            for name, (kind, text) in described.items()
            if name in present or not present
        ]
        if not present:
            self._create("meta", table, comment, columns)
            self.expected[f"meta.{table}"] = 0
            return
        where = f"run_id = {literal(run_id)}" if table == "quality_result" else "true"
        self.copy("meta", table, comment, columns=columns, where=where)

    def inputs(self) -> list[dict[str, str]]:
        """The deliveries behind this release: file and sha256, in order of the file."""
        found = self.connection.execute("select * from warehouse.meta.feed_load limit 0")
        names = {each[0] for each in found.description or []}
        if not {"source_file", "file_sha256", "is_current"} <= names:
            return []
        rows = self.connection.execute(
            "select distinct source_file, file_sha256 from warehouse.meta.feed_load"
            " where is_current order by 1, 2"
        ).fetchall()
        return [{"file": file, "sha256": digest} for file, digest in rows]

    def write_release_row(self, row: Mapping[str, Any]) -> None:
        """meta.release: one row that says what this file is."""
        kinds = {"as_of": "TIMESTAMP", "published_at": "TIMESTAMP", "input_file_count": "BIGINT"}
        columns = [
            Column(name, kinds.get(name, "VARCHAR"), True, text)
            for name, text in RELEASE_COMMENTS.items()
        ]
        self._create("meta", "release", "One row: what this release is and is made of.", columns)
        marks = ", ".join("?" for _ in columns)
        self.connection.execute(
            f"insert into warehouse.meta.release values ({marks})",
            [row[column.name] for column in columns],
        )
        self.expected["meta.release"] = 1

    def write_snapshot(self, home: Home, row: Mapping[str, Any]) -> dict[str, int]:
        """kpis.kpi_snapshot: what every run published for closed periods (contract G-10).

        Carried over from the newest earlier release, plus the rows of this run whose closed
        period is new or whose components moved. Returns counts: carried, added, restated.
        """
        built = {column.name: column for column in self.columns("kpis", "kpi_values")}
        needed = {*SNAPSHOT_COLUMNS, "is_complete"}
        if not needed <= built.keys():
            if built:
                missing = ", ".join(sorted(needed - built.keys()))
                raise ReleaseError(
                    f"kpis.kpi_values has no column {missing}; kpi_snapshot needs it"
                )
            return {"carried": 0, "added": 0, "restated": 0}
        columns = [
            Column(name, published_type(built[name], "kpis.kpi_values"), False, comment)
            for name, comment in SNAPSHOT_COMMENTS.items()
            if name != "published_at"
        ]
        columns.append(
            Column("published_at", "TIMESTAMP", False, SNAPSHOT_COMMENTS["published_at"])
        )
        comment = (
            "Append-only: one row per published value of a closed period and each time it moved;"
            " the latest row of a key is the value of this release."
        )
        self._create("kpis", SNAPSHOT, comment, columns)
        carried = self._carry_over(home, [column.name for column in columns])
        key = " and ".join(f"new.{each} is not distinct from old.{each}" for each in SNAPSHOT_KEY)
        moved = " or ".join(_moved(each) for each in ("numerator", "denominator", "value"))
        names = ", ".join(SNAPSHOT_COLUMNS)
        self.connection.execute(
            f"""
            insert into warehouse.kpis.{SNAPSHOT} ({names}, published_at)
            with latest as (
                select *, row_number() over (
                    partition by {", ".join(SNAPSHOT_KEY)} order by published_at desc
                ) as recency
                from warehouse.kpis.{SNAPSHOT}
            )
            select {", ".join(f"new.{each}" for each in SNAPSHOT_COLUMNS)}, $published_at
            from warehouse.kpis.kpi_values as new
            left join latest as old on old.recency = 1 and {key}
            where new.is_complete and (old.recency is null or {moved})
            order by {", ".join(f"new.{each}" for each in SNAPSHOT_KEY)}
            """,
            {"published_at": row["published_at"]},
        )
        counted = self.connection.execute(
            f"""
            select
                count(*),
                count(case when published_at = $published_at then 1 end),
                count(case when published_at = $published_at and versions > 1 then 1 end)
            from (
                select published_at, count(*) over (
                    partition by {", ".join(SNAPSHOT_KEY)}
                ) as versions
                from warehouse.kpis.{SNAPSHOT}
            )
            """,
            {"published_at": row["published_at"]},
        ).fetchone()
        assert counted is not None
        total, added, restated = counted
        self.expected[f"kpis.{SNAPSHOT}"] = total
        return {"carried": carried, "added": added, "restated": restated}

    def _carry_over(self, home: Home, names: list[str]) -> int:
        """Copy the snapshot of the newest earlier release that can be read; return its rows."""
        selected = ", ".join(quoted(each) for each in names)
        for earlier in releases(home):
            if problem := damage(earlier):
                # The one before it has the history up to its own night.
                _log.warning("the history of published values is not taken from it: %s", problem)
                continue
            try:
                self.connection.execute(
                    f"attach {literal(str(earlier.database))} as earlier (read_only)"
                )
            except duckdb.Error:
                continue  # written by a later version than this one
            try:
                if not self.columns("kpis", SNAPSHOT, "earlier"):
                    continue
                self.connection.execute(
                    f"insert into warehouse.kpis.{SNAPSHOT} ({selected})"
                    f" select {selected} from earlier.kpis.{SNAPSHOT}"
                )
                found = self.connection.execute(
                    f"select count(*) from warehouse.kpis.{SNAPSHOT}"
                ).fetchone()
                return int(found[0]) if found else 0
            except duckdb.Error:
                continue
            finally:
                self.connection.execute("detach earlier")
        return 0

    def write_lineage(self, home: Home) -> None:
        """meta.column_lineage: which columns each column is made from directly."""
        columns = [Column(name, "VARCHAR", True, text) for name, text in LINEAGE_COMMENTS.items()]
        comment = (
            "One row per column and column that it is made from directly, back to the raw tables,"
            " which are not in this file. What only filters or joins is left out."
            " from kpis.column_origins('kpis.kpi_win_rate', 'value') follows it to the raw columns."
        )
        self._create("meta", "column_lineage", comment, columns)
        catalog: dict[str, Any] = {}
        for schema, table, column, kind in self.connection.execute(
            "select schema_name, table_name, column_name, data_type from duckdb_columns()"
            " where database_name = ? and not internal",
            [self.build],
        ).fetchall():
            catalog.setdefault(schema, {}).setdefault(table, {})[column] = kind
        edges = column_lineage(
            home.dbt / "target" / MANIFEST, {self.build: catalog}, home.dbt / "lineage.json"
        )
        names = ", ".join(Edge._fields)
        lists = ", ".join(f"unnest(cast(? as varchar[])) as {each}" for each in Edge._fields)
        self.connection.execute(
            f"insert into warehouse.meta.column_lineage ({names}) select {lists}",
            [[edge[place] for edge in edges] for place in range(len(Edge._fields))],
        )
        # Tables that publishing cuts from kpi_values have its columns.
        self.connection.execute(
            f"""
            insert into warehouse.meta.column_lineage ({names})
            select
                made.schema_name, made.table_name, made.column_name, 'kpis',
                case when made.table_name like '%\\_current' escape '\\'
                    then 'kpi_values_current' else 'kpi_values' end,
                made.column_name
            from duckdb_columns() as made
            anti join warehouse.meta.column_lineage as known
                on made.schema_name = known.table_schema and made.table_name = known.table_name
            where made.database_name = 'warehouse' and made.schema_name = 'kpis'
                and made.table_name like 'kpi\\_%' escape '\\'
                and made.column_name in (
                    select column_name from warehouse.meta.column_lineage
                    where table_schema = 'kpis' and table_name = 'kpi_values'
                )
            order by 1, 2, made.column_index
            """
        )
        found = self.connection.execute("select count(*) from warehouse.meta.column_lineage")
        (self.expected["meta.column_lineage"],) = found.fetchone() or (0,)

    def write_dictionary(self, tested: Keys) -> None:
        """meta.data_dictionary: every column of the release with its type, comment and key."""
        described = {
            "table_schema": "Schema of the table.",
            "table_name": "Table.",
            "column_name": "Column.",
            "ordinal_position": "Place of the column in its table, from 1.",
            "data_type": "DuckDB type.",
            "key_position": "Place in the primary key of its table, from 1; empty outside of it.",
            "column_comment": "What the column holds.",
            "table_comment": "What one row of the table is.",
        }
        columns = [
            Column(name, "INTEGER" if name.endswith("_position") else "VARCHAR", False, text)
            for name, text in described.items()
        ]
        comment = "One row per column of this release: where it is, what it holds."
        self._create("meta", "data_dictionary", comment, columns)
        self.expected["meta.data_dictionary"] = 0
        keys = self._keys(tested)
        self.connection.execute(
            """
            insert into warehouse.meta.data_dictionary
            select
                columns.schema_name, columns.table_name, columns.column_name,
                columns.column_index, columns.data_type,
                nullif(list_position(
                    map($tables, $keys)[columns.schema_name || '.' || columns.table_name],
                    columns.column_name
                ), 0),
                columns.comment, tables.comment
            from duckdb_columns() as columns
            inner join duckdb_tables() as tables
                on columns.database_name = tables.database_name
                and columns.schema_name = tables.schema_name
                and columns.table_name = tables.table_name
            where columns.database_name = 'warehouse'
            order by columns.schema_name, columns.table_name, columns.column_index
            """,
            {"tables": list(keys), "keys": [list(key) for key in keys.values()]},
        )
        found = self.connection.execute("select count(*) from warehouse.meta.data_dictionary")
        (self.expected["meta.data_dictionary"],) = found.fetchone() or (0,)

    def _keys(self, tested: Keys) -> Keys:
        """The key of each table that has one: no column of it is ever empty."""
        found = self.connection.execute(
            "select schema_name || '.' || table_name, list(column_name order by column_index)"
            " from duckdb_columns() where database_name = 'warehouse' group by 1"
        ).fetchall()
        columns = dict(found)
        values = "kpis.kpi_values"
        keys: Keys = {}
        for name, present in columns.items():
            key = OWN_KEYS.get(name) or tested.get(name)
            if key is None and values in tested and present == columns.get(values):
                key = tested[values]  # the rows of one KPI
            if key is None or not set(key) <= set(present):
                continue
            target = "warehouse." + ".".join(quoted(part) for part in name.split(".", 1))
            empty = " or ".join(f"{quoted(column)} is null" for column in key)
            if self.connection.execute(f"select 1 from {target} where {empty} limit 1").fetchone():
                continue
            keys[name] = key
            if INDEXED.fullmatch(name):
                listed = ", ".join(quoted(column) for column in key)
                self.connection.execute(f"alter table {target} add primary key ({listed})")
        return keys


def _moved(name: str) -> str:
    """SQL: whether a component differs from the snapshot by more than rounding."""
    new, old = f"cast(new.{name} as double)", f"cast(old.{name} as double)"
    return (
        f"(new.{name} is null) <> (old.{name} is null) or abs({new} - {old})"
        f" > {SNAPSHOT_TOLERANCE} * greatest(1, abs({old}))"
    )


def published_type(column: Column, table: str) -> str:
    """The type of a column in the release: one that every BI tool takes.

    Raises ReleaseError for nested types and the like.
    """
    kind = column.data_type.upper()
    plain = {
        "HUGEINT": "BIGINT",
        "UHUGEINT": "BIGINT",
        "UBIGINT": "BIGINT",
        "UINTEGER": "BIGINT",
        "USMALLINT": "INTEGER",
        "UTINYINT": "SMALLINT",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
        "UUID": "VARCHAR",
        "JSON": "VARCHAR",
    }
    if kind in plain:
        return plain[kind]
    decimal = re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind)
    if decimal:
        width, scale = int(decimal[1]), int(decimal[2])
        # More than eight places leave too few digits before the point for money.
        return kind if width <= 18 else f"DECIMAL(18,{scale})" if scale <= 8 else "DOUBLE"
    allowed = {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "VARCHAR",
        "DATE", "TIME", "TIMESTAMP",
    }  # fmt: skip
    if kind in allowed:
        return kind
    raise ReleaseError(
        f"{table}.{column.name} has the type {column.data_type}, which not every client reads; "
        "cast it in the model to a plain type: BIGINT, DECIMAL(18,n), DOUBLE, VARCHAR, DATE, "
        "TIMESTAMP or BOOLEAN"
    )


def _expression(column: Column, has_emails: bool, prose: bool) -> str:
    """SQL that reads a column of the build as its published type, without e-mail addresses.

    In `prose` (messages of checks) the address alone is replaced; elsewhere the value is a key or
    a name, and its hash takes its place.
    """
    name = quoted(column.name)
    kind = column.data_type.upper()
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"{name} at time zone 'UTC'"
    if has_emails and prose:
        return f"regexp_replace({name}, {literal(WHOLE_EMAIL)}, '(e-mail address)', 'g')"
    if has_emails:
        # The same address gives the same hash everywhere, so that keys still join.
        return (
            f"case when regexp_matches({name}, {literal(EMAIL)})"
            f" then 'email:' || md5({name}) else {name} end"
        )
    target = published_type(column, "")
    return name if target == kind else f"cast({name} as {target})"
