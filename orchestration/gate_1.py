"""How gate 1 checks export tables: on the rows that count, in the engine, and says it in words.

The rows that count are those that staging takes (contract G-20): the newest row per key over all
deliveries; of a table without a key, the rows of the current deliveries. So a corrected file clears
the gate although raw is append-only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.ingest.declaration import Column, Table, days
from orchestration.ingest.parse import parser
from orchestration.quality import Result, Status
from orchestration.sql_text import literal, quoted
from orchestration.suites import (
    RELATIVE,
    ROWS,
    Defaults,
    Expectation,
    Severity,
    Suite,
    TableKey,
)

SAMPLE_ROWS = 200
# Small tables are parsed once and kept; of large ones a query parses the columns that it reads.
KEPT_ROWS = 100_000

if TYPE_CHECKING:
    from orchestration.expectations_engine import Database, Measured


@dataclass(frozen=True)
class _Finding:
    """The outcome of one check before it is put into words; `rows` is a sample."""

    failed: bool
    unexpected: int
    total: int | None
    observed: str
    threshold: str
    rows: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Gate:
    """One run of gate 1. `as_of` is naive UTC."""

    run_id: str
    as_of: datetime
    currency: str
    tables: Mapping[TableKey, Table]
    suites: Mapping[TableKey, Suite]
    defaults: Defaults
    root: Path

    def run(self, database: Database) -> list[Result]:
        if not database.execute(
            "select 1 from information_schema.tables"
            " where table_schema = 'meta' and table_name = 'feed_load'"
        ):
            return []
        delivered = [
            self.tables[key]
            for key in map(
                tuple,
                database.execute(
                    "select distinct source, entity from meta.feed_load"
                    " where is_current order by all"
                ),
            )
            if key in self.tables
        ]
        parse = parser(self.root)
        for table in delivered:
            self._prepare(database, table, parse)
        self._prepare_rates(database, delivered)
        results = [*self._delivery_checks(database, delivered)]
        keys = {(table.source, table.name) for table in delivered}
        for table in delivered:
            total = database.execute(f"select count(*) from {_relation(table)}")[0][0]
            if total:
                results += self._default_checks(database, table, total)
                results += self._suite_checks(database, table, keys)
        return results

    # -- the rows that count ---------------------------------------------------------------------

    def _prepare(self, database: Database, table: Table, parse: Any) -> None:
        """A view of the rows that may count, columns typed, and the row ids of those that do."""
        raw = f"raw.{quoted(table.identifier)}"
        keys = self._keys(table)
        current = "" if keys else " and is_current"
        database.execute(
            f"create temp view {quoted('current__' + table.identifier)} as"
            f" select {', '.join(_typed(parse, one) for one in table.columns)},"
            " _source_file, _row_number, _loaded_at, rowid as _row_id"
            f" from {raw} where (_source_file, _file_sha256) in ("
            " select source_file, file_sha256 from meta.feed_load"
            f" where status = 'loaded' and source = {literal(table.source)}"
            f" and entity = {literal(table.name)}{current})"
        )
        newest = quoted("newest__" + table.identifier)
        candidates = quoted("current__" + table.identifier)
        database.execute(
            f"create temp table {newest} as"
            f" {_newest_rows(table, candidates, keys, self._newest_by(table))}"
        )
        rows = database.execute(f"select count(*) from {newest}")[0][0]
        kind = "table" if rows <= KEPT_ROWS else "view"
        database.execute(
            f"create temp {kind} {_relation(table)} as select * from {candidates}"
            f" where _row_id in (select _row_id from {newest})"
        )

    def _keys(self, table: Table) -> str | None:
        """SQL of what tells two records apart, or None: then it is the whole row."""
        suite = self.suites.get((table.source, table.name))
        return (
            ", ".join(suite.key if suite and suite.key else map(quoted, table.primary_key)) or None
        )

    def _newest_by(self, table: Table) -> str | None:
        suite = self.suites.get((table.source, table.name))
        if suite and suite.newest_by:
            return suite.newest_by
        declared = any(one.name == "source_updated_at" for one in table.columns)
        return "source_updated_at" if declared else None

    def _prepare_rates(self, database: Database, delivered: Sequence[Table]) -> None:
        """A view of the currency pairs that have a rate, delivered or from the seed."""
        parts = ["select null as from_currency, null as to_currency where false"]
        if any((table.source, table.name) == ("contract", "fx_rate") for table in delivered):
            parts.append('select from_currency, to_currency from "latest__contract__fx_rate"')
        for seed in sorted((self.root / "seeds").glob("fx_rate*.csv")):
            parts.append(f"select from_currency, to_currency from {self._seed(seed.stem)}")
        database.execute(
            "create temp table fx_rates as select distinct * from ("
            + " union all ".join(parts)
            + ")"
        )

    # -- suites ----------------------------------------------------------------------------------

    def _suite_checks(
        self, database: Database, table: Table, delivered: set[TableKey]
    ) -> Iterator[Result]:
        suite = self.suites.get((table.source, table.name))
        # A reference to a table that nobody delivered says nothing about this one.
        wanted = [
            one for one in (suite.expectations if suite else ()) if delivered.issuperset(one.needs)
        ]
        if not wanted:
            return
        identity = [*_key_columns(table), "_source_file", "_row_number"]
        measured = database.measure(
            f"latest__{table.identifier}",
            [(one.type, self._kwargs(one, table, identity)) for one in wanted],
            identity,
        )
        for expectation, one in zip(wanted, measured, strict=True):
            yield self._result(
                table,
                expectation.name,
                expectation.column,
                _severity(expectation, one),
                expectation.finding,
                expectation.remedy,
                one.error and f"{expectation.place}: {one.error}",
                None if one.error else self._finding(expectation, one),
            )

    def _kwargs(
        self, expectation: Expectation, table: Table, identity: Sequence[str]
    ) -> dict[str, Any]:
        if expectation.type == ROWS:
            columns = list(dict.fromkeys([*identity, *filter(None, [expectation.column])]))
            return {
                "unexpected_rows_query": self._query(expectation.query or "", columns),
                "max_share": expectation.max_share,
            }
        column = next((one for one in table.columns if one.name == expectation.column), None)
        kwargs = {key: self._instant(value, column) for key, value in expectation.kwargs.items()}
        return {**kwargs, **({"column": column.name} if column else {})}

    def _query(self, query: str, columns: Sequence[str]) -> str:
        """The query of a suite, made to return where its rows are from, in a fixed order."""
        text = query.strip().rstrip(";")
        text = re.sub(r"\{raw:(\w+)\.(\w+)\}", lambda m: quoted(f"latest__{m[1]}__{m[2]}"), text)
        text = re.sub(r"\{seed:(\w+)\}", lambda m: self._seed(m[1]), text)
        text = text.replace("{as_of}", f"timestamp '{self.as_of.isoformat(sep=' ')}'")
        text = text.replace("{reporting_currency}", literal(self.currency))
        text = text.replace("{fx_rates}", "fx_rates").replace("{batch}", "batch")
        wanted = ", ".join(map(quoted, columns))
        text = (
            "with batch as not materialized (select * from {batch}), "
            f"unexpected as (\n{text}\n) "
            f"select {wanted}, count(*) over () as _unexpected from unexpected"
            f" order by _source_file, _row_number limit {SAMPLE_ROWS}"
        )
        # The text of a query may hold a colon that is no parameter.
        return re.sub(r"(?<![:\w\\]):(?=\w)", r"\:", text)

    def _seed(self, name: str) -> str:
        path = self.root / "seeds" / f"{name}.csv"
        return f"read_csv({literal(path)}, all_varchar = true, header = true)"

    def _instant(self, value: Any, column: Column | None) -> Any:
        match = RELATIVE.match(value) if isinstance(value, str) else None
        if match is None:
            return value
        days = int(f"{match[1]}{match[2]}") if match[1] else 0
        instant = self.as_of + timedelta(days=days)
        return instant.date() if column and column.data_type == "date" else instant

    def _finding(self, expectation: Expectation, measured: Measured) -> _Finding:
        if expectation.type == ROWS or expectation.type.startswith("expect_column_value"):
            unexpected = measured.unexpected or 0
            return _Finding(
                not measured.success,
                unexpected,
                measured.total,
                _share(unexpected, measured.total),
                _allowed(expectation.max_share, expectation.critical_above),
                measured.rows,
            )
        limits = [
            f"{word} {self._instant(expectation.kwargs[key], None)}"
            for key, word in (("min_value", "at least"), ("max_value", "at most"))
            if key in expectation.kwargs
        ]
        return _Finding(
            not measured.success,
            0 if measured.success else 1,
            None,
            str(measured.observed),
            " and ".join(limits),
        )

    # -- what every table is checked for -----------------------------------------------------------

    def _default_checks(self, database: Database, table: Table, total: int) -> Iterator[Result]:
        required = [
            one.name for one in table.columns if one.required and one.name not in table.primary_key
        ]
        ids = [
            one.name
            for one in table.columns
            if one.data_type == "string" and re.search(r"(^|_)id$|[a-z]Id$|^Id$", one.name)
        ]
        dates = [one for one in table.columns if one.data_type in ("date", "instant", "epoch")]
        latest = self._instant(self.defaults.latest_date, None)
        placeholders = ", ".join(map(literal, self.defaults.placeholders))
        open_ended = ", ".join(f"date {literal(one)}" for one in self.defaults.open_ended)
        checks: list[tuple[str, Severity, str, dict[str, str]]] = [
            (
                "required_values",
                "warning",
                "empty required values",
                {name: f"{quoted(name)} is null" for name in required},
            ),
            (
                "mangled_ids",
                "critical",
                "ids rewritten by a spreadsheet (such as 1.03E+13)",
                {
                    name: f"regexp_full_match({quoted(name)}, '[0-9]([.,][0-9]+)?[eE][+][0-9]+')"
                    for name in ids
                },
            ),
            (
                "placeholder_ids",
                "warning",
                "ids that stand for nothing (such as NULL or N/A)",
                {name: f"upper(trim({quoted(name)})) in ({placeholders})" for name in ids},
            ),
            (
                "plausible_dates",
                "warning",
                f"dates before {self.defaults.earliest_date} or after {latest:%Y-%m-%d}",
                {
                    one.name: f"({quoted(one.name)} < date {literal(self.defaults.earliest_date)}"
                    f" or {quoted(one.name)} > timestamp {literal(latest)})"
                    f" and cast({quoted(one.name)} as date) not in ({open_ended})"
                    for one in dates
                },
            ),
        ]
        # One pass over the table counts for all of them; details are read only where one failed.
        counts: list[int | None] = [None] * len(checks)
        wanted = [_any_of(conditions.values()) for *_, conditions in checks]
        with suppress(Exception):
            counts = list(
                database.execute(
                    f"select {', '.join(f'count_if({one})' for one in wanted)}"
                    f" from {_relation(table)}"
                )[0]
            )
        for (name, severity, finding, conditions), condition, count in zip(
            checks, wanted, counts, strict=True
        ):
            if not conditions:
                continue
            columns = ", ".join(
                f"case when {one} then {literal(column)} end" for column, one in conditions.items()
            )
            query = (
                f"select *, concat_ws(', ', {columns}) as _columns from {_relation(table)}"
                f" where {condition}"
            )
            yield self._direct(
                database, table, name, severity, finding, query, total, count, with_columns=True
            )
        keys = self._keys(table)
        if keys:
            yield self._direct(
                database,
                table,
                "contradicting_rows",
                "warning",
                "several newest rows of one key that differ",
                _contradicting_rows(table, keys, self._newest_by(table)),
                total,
            )

    def _direct(
        self,
        database: Database,
        table: Table,
        name: str,
        severity: Severity,
        finding: str,
        query: str,
        total: int,
        count: int | None = None,
        with_columns: bool = False,
    ) -> Result:
        identity = [*_key_columns(table), "_source_file", "_row_number"]
        remedy = self.defaults.remedies[name]
        try:
            if count is None:
                count = int(database.execute(f"select count(*) from ({query})")[0][0])
            columns: list[str] = []
            rows: list[dict[str, Any]] = []
            if count:
                if with_columns:
                    columns = [
                        text
                        for (text,) in database.execute(
                            f"select distinct unnest(string_split(_columns, ', ')) from ({query})"
                            " order by all"
                        )
                    ]
                found = database.execute(
                    f"select {', '.join(map(quoted, identity))} from ({query})"
                    f" order by _source_file, _row_number limit {SAMPLE_ROWS}"
                )
                rows = [dict(zip(identity, row, strict=True)) for row in found]
        except Exception as error:
            return self._result(table, name, None, severity, finding, remedy, str(error), None)
        where = f"{finding} in {', '.join(columns)}" if columns else finding
        observed = _share(count, total)
        result = _Finding(count > 0, count, total, observed, _allowed(0), rows)
        return self._result(table, name, None, severity, where, remedy, None, result)

    # -- deliveries --------------------------------------------------------------------------------

    def _delivery_checks(self, database: Database, delivered: Sequence[Table]) -> Iterator[Result]:
        files: dict[TableKey, list[dict[str, Any]]] = {}
        names = ("source_file", "file_sha256", "records", "rows_rejected", "status", "reason")
        for source, entity, *values in database.execute(
            f"select source, entity, {', '.join(names)} from meta.feed_load"
            " where is_current order by source_file"
        ):
            files.setdefault((source, entity), []).append(dict(zip(names, values, strict=True)))
        shrunk = self._shrunk(database)
        last = {
            (source, entity): loaded_at
            for source, entity, loaded_at in database.execute(
                "select source, entity, max(loaded_at) from meta.feed_load"
                " where status = 'loaded' group by source, entity"
            )
        }
        for table in delivered:
            key = (table.source, table.name)
            yield from self._file_checks(database, table, files[key])
            drops = shrunk.get(key, [])
            yield self._delivery(
                table,
                "volume",
                "warning",
                "; ".join(drops) or "no drop",
                drops,
                f"at least {self.defaults.volume_min_share:.0%} of what was delivered before",
            )
            if table.late_after is not None and key in last:
                limit = days(table.late_after)
                late = self.as_of - last[key] > table.late_after
                yield self._delivery(
                    table,
                    "late_delivery",
                    "warning",
                    f"last delivered at {last[key]:%Y-%m-%d %H:%M} UTC",
                    [f"last delivered at {last[key]:%Y-%m-%d %H:%M} UTC, expected every {limit}"]
                    if late
                    else [],
                    f"every {limit}",
                )
        seen = {table.source for table in delivered}
        for key, suite in self.suites.items():
            if suite.expected and suite.source in seen:
                missing = [] if key in files else [f"{suite.source} was delivered without it"]
                yield self._delivery(
                    self.tables[key],
                    "expected_delivery",
                    "warning",
                    "never delivered" if missing else "delivered",
                    missing,
                    "delivered",
                )

    def _file_checks(
        self, database: Database, table: Table, files: Sequence[Mapping[str, Any]]
    ) -> Iterator[Result]:
        loaded = [one for one in files if one["status"] == "loaded"]
        refused = [
            f"{one['source_file']} ({one['reason']})" for one in files if one["status"] != "loaded"
        ]
        refused += [
            f"{name} ({reason})"
            for name, reason in database.execute(
                "select source_file, reason from meta.feed_skipped"
                " where source = ? and starts_with(lower(source_file), lower(?))"
                " order by source_file",
                table.source,
                f"{table.source}/{table.name}/",
            )
        ]
        empty = [one["source_file"] for one in loaded if not one["records"]]
        bad = [one for one in loaded if one["rows_rejected"]]
        limit, least = self.defaults.rejected_rows_max_share, self.defaults.rejected_rows_min_count
        broken = [
            one
            for one in bad
            if one["rows_rejected"] >= least and one["rows_rejected"] > limit * one["records"]
        ]
        count = sum(one["rows_rejected"] for one in bad)
        records = sum(one["records"] for one in loaded)
        yield self._delivery(
            table, "rejected_files", "warning", f"{len(refused)} files", refused, "no file"
        )
        yield self._delivery(
            table, "empty_files", "warning", f"{len(empty)} files", empty, "no file"
        )
        yield self._delivery(
            table,
            "rejected_rows",
            "warning",
            _share(count, records),
            self._rejected(database, table, bad),
            "no row",
            count,
        )
        worst = max(
            (one["rows_rejected"] / one["records"] for one in loaded if one["records"]), default=0.0
        )
        yield self._delivery(
            table,
            "rejected_rows_share",
            "critical",
            f"{worst:.2%} of the worst file",
            self._rejected(database, table, broken),
            f"at most {limit:.0%} of a file, from {least} rows on",
            sum(one["rows_rejected"] for one in broken),
        )

    def _rejected(
        self, database: Database, table: Table, files: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Rejected rows of files in words: where, and which columns; never the values."""
        places = []
        for one in files:
            rows = database.execute(
                "select coalesce(line_number, row_number), column_name from meta.rejected"
                " where source = ? and entity = ? and source_file = ? and file_sha256 = ?"
                " order by row_number limit 6",
                table.source,
                table.name,
                one["source_file"],
                one["file_sha256"],
            )
            columns = ", ".join(sorted({str(column) for _, column in rows if column}))
            places.append(
                f"{one['source_file']}: {one['rows_rejected']} of {one['records']} rows"
                + (f", lines {_listed([str(line) for line, _ in rows])}" if rows else "")
                + (f", columns {columns}" if columns else "")
            )
        return places

    def _shrunk(self, database: Database) -> dict[TableKey, list[str]]:
        """Deliveries that are much smaller than what came before, in words, by table."""
        rows = database.execute(
            """
            with

            deliveries as (
                select
                    source, entity, source_file, records, is_current,
                    lag(records) over (
                        partition by source_file order by loaded_at
                    ) as records_before
                from meta.feed_load
                where status = 'loaded'
            ),

            nights as (
                select source, entity, run_id, min(loaded_at) as loaded_at, sum(records) as records
                from meta.feed_load
                where status = 'loaded'
                group by all
            ),

            history as (
                select
                    source, entity, records,
                    count(*) over earlier as nights_before,
                    median(records) over earlier as usual_records,
                    row_number() over (partition by source, entity order by loaded_at desc) as age
                from nights
                window earlier as (
                    partition by source, entity order by loaded_at
                    rows between unbounded preceding and 1 preceding
                )
            )

            select source, entity, source_file as what, records, records_before as before
            from deliveries
            where is_current and records < ? * records_before
            union all
            select source, entity, 'the last delivery', records, usual_records
            from history
            where age = 1 and nights_before >= ? and records < ? * usual_records
            order by all
            """,
            self.defaults.volume_min_share,
            self.defaults.volume_min_deliveries,
            self.defaults.volume_min_share,
        )
        found: dict[TableKey, list[str]] = {}
        for source, entity, what, records, before in rows:
            text = f"{what}: {records} records, before {before:.0f}"
            found.setdefault((source, entity), []).append(text)
        return found

    def _delivery(
        self,
        table: Table,
        name: str,
        severity: Severity,
        observed: str,
        places: Sequence[str],
        threshold: str,
        count: int | None = None,
    ) -> Result:
        words = {
            "rejected_files": "files that could not be loaded",
            "empty_files": "files without a record",
            "rejected_rows": "rejected rows",
            "rejected_rows_share": "too many rejected rows in a file",
            "volume": "fewer records than before",
            "expected_delivery": "never delivered",
            "late_delivery": "a delivery is overdue",
        }[name]
        subject = f"{table.source}.{table.name}"
        remedy = self.defaults.remedies[name]
        listed = "; ".join(places[:5]) + ("; ..." if len(places) > 5 else "")
        message = (
            f"{subject}: {words}: {listed}. What to do: {remedy}"
            if places
            else f"{subject}: {observed}."
        )
        return Result(
            self.run_id,
            1,
            name,
            subject,
            None,
            severity,
            "failed" if places else "passed",
            observed,
            threshold,
            count if count is not None else len(places),
            None,
            message,
            remedy,
            datetime.now(UTC).replace(tzinfo=None),
        )

    # -- in words ----------------------------------------------------------------------------------

    def _result(
        self,
        table: Table,
        name: str,
        column: str | None,
        severity: Severity,
        words: str,
        remedy: str,
        error: str | None,
        finding: _Finding | None,
    ) -> Result:
        subject = f"{table.source}.{table.name}"
        place = f"{subject}.{column}" if column else subject
        checked_at = datetime.now(UTC).replace(tzinfo=None)
        if finding is None:
            message = (
                f"{place}: the check {name} could not run, which says nothing about the data: "
                f"{' '.join(str(error).split('[SQL:')[0].split())[:500]}"
            )
            advice = "Correct the check; nothing was published because its answer is not known."
            return Result(
                self.run_id,
                1,
                name,
                subject,
                column,
                severity,
                "error",
                None,
                None,
                None,
                None,
                message,
                advice,
                checked_at,
            )
        rows = sorted(
            finding.rows,
            key=lambda row: (row.get("_source_file") or "", row.get("_row_number") or 0),
        )
        keys = ", ".join(_sample_key(table, row) for row in rows[:5]) or None
        if not finding.failed:
            message = f"{place}: {words}: {finding.observed}, allowed: {finding.threshold}."
            status: Status = "passed"
        else:
            declared = next((one for one in table.columns if one.name == column), None)
            values = _values(table, declared, rows)
            message = (
                f"{place}: {words}: {finding.observed}, allowed: {finding.threshold}."
                + (f" Values: {values}." if values else "")
                + (f" Rows: {_places(rows)}." if rows else "")
                + f" What to do: {remedy}"
            )
            status = "failed"
        return Result(
            self.run_id,
            1,
            name,
            subject,
            column,
            severity,
            status,
            finding.observed,
            finding.threshold,
            finding.unexpected,
            keys,
            message,
            remedy,
            checked_at,
        )


def _any_of(conditions: Iterable[str]) -> str:
    return " or ".join(f"({one})" for one in conditions) or "false"


def _relation(table: Table) -> str:
    return quoted(f"latest__{table.identifier}")


def _typed(parse: Any, column: Column) -> str:
    name = quoted(column.name)
    zone = {"zone": column.zone, "formats": column.formats}
    return f"{parse(name, column.data_type, **zone)} as {name}"


def _newest_rows(table: Table, current: str, keys: str | None, newest_by: str | None) -> str:
    """Row ids of the rows that count (G-20): as staging chooses them, on current rows alone."""
    if keys:
        order = ", ".join(
            [
                *([f"{newest_by} desc nulls last"] if newest_by else []),
                "_loaded_at desc",
                "_source_file desc",
                "_row_number desc",
            ]
        )
        return (
            f"select _row_id from (select _row_id, row_number() over (partition by {keys}"
            f" order by {order}) as _newest from {current}) where _newest = 1"
        )
    columns = ", ".join(
        quoted(one.name) for one in table.columns if one.name != "source_updated_at"
    )
    return f"select min(_row_id) as _row_id from {current} group by {columns}"


def _contradicting_rows(table: Table, keys: str, newest_by: str | None) -> str:
    """Rows of one key and version that differ in what they say, though they came together.

    Of two loads the later one counts, which is no contradiction.
    """
    current = quoted(f"current__{table.identifier}")
    content = ", ".join(quoted(one.name) for one in table.columns)
    return f"""
        select *
        from (
            select
                *,
                hash({content}) as _content,
                min(_content) over same_key as _least,
                max(_content) over same_key as _most
            from (
                select
                    *,
                    count(*) over (partition by {keys}) as _versions,
                    rank() over (
                        partition by {keys}
                        order by {newest_by or "null"} desc nulls last, _loaded_at desc
                    ) as _age
                from {current}
            )
            where _versions > 1 and _age = 1
            window same_key as (partition by {keys})
        )
        where _least <> _most
    """


def _key_columns(table: Table) -> list[str]:
    """The columns that name a row: its primary key, else its first ids."""
    ids = [one.name for one in table.columns if re.search(r"(^|_)id$|[a-z]Id$", one.name)]
    return list(table.primary_key) or ids[:3]


def _sample_key(table: Table, row: Mapping[str, Any]) -> str:
    key = "/".join(_shown(row.get(name)) for name in _key_columns(table))
    place = f"{row.get('_source_file')}:{row.get('_row_number')}"
    return f"{key} ({place})" if key else place


def _shown(value: Any) -> str:
    """A key as it may be published: nothing that looks like an address or a sentence."""
    text = "" if value is None else str(value)
    return text if re.fullmatch(r"[^\s@]{0,64}", text) else "(hidden)"


PERSONAL = re.compile(
    r"mail|name|phone|subject|body|description|comment|street|website", re.IGNORECASE
)


def _values(table: Table, column: Column | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """Up to three offending values in words; text only where it is a plain code, never personal."""
    if column is None or PERSONAL.search(column.name) or column.name in _key_columns(table):
        return ""
    texts = [_value(row.get(column.name)) for row in rows]
    found = list(dict.fromkeys(text for text in texts if text))
    return ", ".join(found[:3]) + (", ..." if len(found) > 3 else "")


def _value(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, int | float | date | time):
        return str(value)
    text = str(value or "")
    return text if re.fullmatch(r"[A-Za-z0-9_.+/€$£-]{1,24}", text) else ""


def _places(rows: Sequence[Mapping[str, Any]]) -> str:
    files: dict[str, list[str]] = {}
    for row in rows:
        files.setdefault(str(row.get("_source_file")), []).append(str(row.get("_row_number")))
    shown = [
        f"{file} rows {_listed(numbers)}" if len(numbers) > 1 else f"{file} row {numbers[0]}"
        for file, numbers in list(files.items())[:3]
    ]
    return "; ".join(shown) + ("; and in other files" if len(files) > 3 else "")


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts[:5]) + (", ..." if len(texts) > 5 else "")


def _share(count: int, total: int | None) -> str:
    if not total:
        return f"{count} rows"
    share = f" ({100 * count / total:.2f} %)" if count else ""
    return f"{count} of {total} rows{share}"


def _severity(expectation: Expectation, measured: Measured) -> Severity:
    above = expectation.critical_above
    share = (measured.unexpected or 0) / (measured.total or 1)
    return "critical" if above is not None and share > above else expectation.severity


def _allowed(max_share: float, critical_above: float | None = None) -> str:
    if critical_above is not None:
        return f"none; critical above {100 * critical_above:.4g} % of the rows"
    return f"up to {100 * max_share:.4g} % of the rows" if max_share else "none"
