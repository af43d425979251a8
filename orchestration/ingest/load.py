"""From landing to raw: every record of a new file ends in `raw` or in `meta.rejected`.

One file is one transaction: its rows, its line in `meta.feed_load` and its rejected records commit
together, so a kill at any instant leaves the next run with the file as new, or as done.
"""

from __future__ import annotations

import difflib
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.home import PROJECT_ROOT, Home
from orchestration.ingest.declaration import (
    LINEAGE_COLUMNS,
    Column,
    Declarations,
    Table,
    read_declarations,
)
from orchestration.ingest.incoming import (
    FileRejected,
    Incoming,
    IngestError,
    sha256_of,
    shown,
)
from orchestration.ingest.landing import Delivery, Skipped, scan, state_of, still_written
from orchestration.ingest.parse import parser
from orchestration.ingest.read_csv import read_csv
from orchestration.ingest.read_json import read_json
from orchestration.ingest.read_parquet import read_parquet
from orchestration.sql_text import literal, quoted

__all__ = ["FileResult", "IngestError", "LoadReport", "load"]

_META = """
create schema if not exists raw;
create schema if not exists meta;
create table if not exists meta.feed_load (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    file_bytes bigint, records bigint, rows_loaded bigint, rows_rejected bigint, status varchar,
    reason varchar, remedy varchar, missing_columns varchar, extra_columns varchar,
    loaded_at timestamp, is_current boolean, declaration_sha256 varchar
);
create table if not exists meta.rejected (
    run_id varchar, source varchar, entity varchar, source_file varchar, file_sha256 varchar,
    row_number bigint, line_number bigint, column_name varchar, value varchar, reason varchar,
    remedy varchar, record varchar, loaded_at timestamp
);
alter table meta.rejected add column if not exists record_bytes blob;
create table if not exists meta.feed_skipped (
    run_id varchar, source varchar, source_file varchar, reason varchar, remedy varchar,
    noted_at timestamp
);
"""
_WORKSPACE = ".ingest-"
# What a value of a type looks like, for the message about one that does not.
_LOOKS = {
    "integer": ("a whole number", "Write digits only, such as 1250."),
    "decimal": (
        "a number",
        "Write digits with a point, such as 1250.50: no thousands separators, no currency signs.",
    ),
    "boolean": ("true or false", "Write true or false, yes or no, 1 or 0."),
    "date": ("a date of the calendar", "Write it as 2025-01-31."),
    "instant": (
        "an instant with an offset",
        "Write it as 2025-01-31T08:00:00Z, or declare the zone of local times in {path}.",
    ),
    "epoch": ("a number of seconds since 1970", "Write Unix seconds, such as 1738310400."),
    "time": ("a time of day", "Write it as 08:30 or 08:30:00; the end of the day is 24:00."),
    "json": ("valid JSON", "Write valid JSON."),
}


@dataclass(frozen=True)
class FileResult:
    """What became of one file. `status`: loaded, rejected, or unchanged (nothing to do)."""

    source: str
    entity: str
    source_file: str
    status: str
    records: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    reason: str | None = None
    remedy: str | None = None
    missing_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.status == "unchanged":
            return f"{self.source_file}: unchanged"
        if self.status == "rejected":
            counted = f"{self.source_file}: REJECTED ({self.records:,} records)"
            return f"{counted}. {self.reason} {self.remedy}"
        text = f"{self.source_file}: {self.rows_loaded:,} rows loaded"
        if self.rows_rejected:
            text += f", {self.rows_rejected:,} rejected ({self.reason})"
        if self.missing_columns:
            text += f"; columns not delivered: {_some(self.missing_columns)}"
        if self.extra_columns:
            text += f"; columns not declared, kept as text: {_some(self.extra_columns)}"
        return text


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more


@dataclass
class LoadReport:
    """What one run loaded: a result per file, what was passed over, and notes."""

    files: list[FileResult] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def rows_loaded(self) -> int:
        return sum(file.rows_loaded for file in self.files)

    @property
    def rows_rejected(self) -> int:
        return sum(file.rows_rejected for file in self.files)

    def of(self, source: str, entity: str) -> list[FileResult]:
        """Results of one table."""
        return [f for f in self.files if (f.source, f.entity) == (source, entity)]


def load(
    home: Home,
    run_id: str,
    loaded_at: datetime,
    declarations: Declarations | None = None,
    sources: Collection[str] | None = None,
    strangers: bool = True,
    log: Callable[[str], None] = lambda line: None,
    settle_seconds: float = 1.0,
) -> LoadReport:
    """Load every new file of landing into build.duckdb and say what became of each.

    `loaded_at` is one aware instant for the whole run. `sources` limits the load to these sources;
    `strangers` also reports what in landing belongs to no source. Every declared table exists
    afterwards, empty if nothing was delivered. A file that cannot be loaded is no error but a
    result. Raises IngestError when the database cannot be opened, or when the records of a file
    and the rows made of it do not add up (nothing of that file is kept then).
    """
    if loaded_at.tzinfo is None:
        raise ValueError("loaded_at must be an aware instant")
    declared = declarations or read_declarations(PROJECT_ROOT)
    report = LoadReport(notes=list(declared.notes))
    home.root.mkdir(parents=True, exist_ok=True)
    home.landing.mkdir(exist_ok=True)
    deliveries, report.skipped = scan(home.landing, declared, sources, strangers, settle_seconds)
    faults: list[str] = []
    with _connected(home) as connection, _workspace(home) as workspace:
        run = _Run(
            connection,
            workspace,
            run_id,
            loaded_at.astimezone(UTC).replace(tzinfo=None),
            parser(declared.root),
        )
        with run.transaction():
            connection.execute(_META)
            for source in declared:
                if sources is None or source.name in sources:
                    for table in source.tables:
                        run.ensure_table(table)
        for delivery in deliveries:
            try:
                outcome = run.take(delivery)
            except _Mismatch as fault:
                faults.append(str(fault))
                log(str(fault))
                continue
            if isinstance(outcome, Skipped):
                report.skipped.append(outcome)
            else:
                report.files.append(outcome)
                if outcome.status != "unchanged":
                    log(str(outcome))
        for item in report.skipped:
            log(f"{item.name}: not loaded. {item.reason} {item.remedy}")
        run.note_skipped(report.skipped, sources, strangers)
    if faults:
        raise IngestError("\n".join(faults))
    return report


class _Mismatch(Exception):
    pass


@contextmanager
def _connected(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(
            str(home.build_database),
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "preserve_insertion_order": True,
            },
        )
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise IngestError(
                f"{home.build_database} is in use by another process. Wait until it has finished, "
                "or close the program that has it open, and run again."
            ) from error
        raise IngestError(
            f"{home.build_database} cannot be opened: {error}. It can be built again from landing: "
            "move it away and run again."
        ) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def _workspace(home: Home) -> Iterator[Path]:
    """A folder for rewritten files; what a killed run left behind is removed first."""
    for leftover in home.root.glob(f"{_WORKSPACE}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    # The engine reads a path with these characters as a pattern.
    parent = None if set(str(home.root)) & set("*?[]{}\\") else home.root
    with tempfile.TemporaryDirectory(prefix=_WORKSPACE, dir=parent) as folder:
        yield Path(folder)


@dataclass(frozen=True)
class _Run:
    connection: duckdb.DuckDBPyConnection
    workspace: Path
    run_id: str
    loaded_at: datetime
    parse: Callable[..., str]

    def ensure_table(self, table: Table) -> None:
        """Make the raw table, or add columns that were declared since."""
        raw = f"raw.{quoted(table.identifier)}"
        columns = ", ".join(f"{quoted(column.name)} varchar" for column in table.columns)
        self.connection.execute(
            f"create table if not exists {raw} ({columns}, _source_file varchar, "
            "_row_number bigint, _file_sha256 varchar, _loaded_at timestamp)"
        )
        existing = self.columns_of(table)
        for column in table.columns:
            if column.name.lower() not in existing:
                self.connection.execute(
                    f"alter table {raw} add column {quoted(column.name)} varchar"
                )

    def columns_of(self, table: Table) -> dict[str, str]:
        """Columns of the raw table: name in small letters -> name."""
        rows = self.connection.execute(
            "select column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw' and table_name = $1",
            [table.identifier],
        ).fetchall()
        return {name.lower(): name for (name,) in rows}

    def take(self, delivery: Delivery) -> FileResult | Skipped:
        """Load one file, reject it, or see that there is nothing to do."""
        table = delivery.table
        try:
            sha256 = sha256_of(delivery.path)
            if state_of(delivery.path) != delivery.state:
                return still_written(delivery)
        except OSError as error:
            return Skipped(
                table.source,
                delivery.name,
                f"The file cannot be read: {error.strerror}.",
                "Check that it exists and can be read; the next run takes it.",
            )
        known = self.connection.execute(
            "select is_current, status = 'rejected' or rows_rejected > 0, declaration_sha256 "
            "from meta.feed_load where source_file = $1 and file_sha256 = $2",
            [delivery.name, sha256],
        ).fetchone()
        if known is not None:
            is_current, has_rejects, fingerprint = known
            # Rejected records are tried again when the declaration has changed since; a file that
            # was put back to earlier bytes is delivered again.
            if is_current and (not has_rejects or fingerprint == table.fingerprint):
                return FileResult(table.source, table.name, delivery.name, "unchanged")
        try:
            incoming = self.read(delivery)
            plan = self.match(incoming, table)
            self.judge(incoming, table, plan)
        except FileRejected as rejected:
            if state_of(delivery.path) != delivery.state:
                return still_written(delivery)
            return self.reject(delivery, sha256, rejected)
        if state_of(delivery.path) != delivery.state:
            return still_written(delivery)
        return self.store(delivery, sha256, incoming, plan)

    def read(self, delivery: Delivery) -> Incoming:
        """Stage the records. The engine sees a link of ours, never the name of the file."""
        suffixes = delivery.path.suffixes[-2 if delivery.gzipped else -1 :]
        link = self.workspace / f"delivery{''.join(suffixes).lower()}"
        link.unlink(missing_ok=True)
        link.symlink_to(delivery.path)
        if delivery.format == "csv":
            return read_csv(self.connection, link, delivery.gzipped, delivery.table, self.workspace)
        if delivery.format == "json":
            return read_json(
                self.connection, link, delivery.gzipped, delivery.table, self.workspace
            )
        return read_parquet(self.connection, link)

    def match(self, incoming: Incoming, table: Table) -> _Plan:
        """Match the file's columns with the declared ones. Raises FileRejected."""
        declared = {column.name.lower(): column for column in table.columns}
        existing = self.columns_of(table)
        plan = _Plan()
        for position, name in enumerate(incoming.header):
            column = declared.get(name.lower())
            if column is not None:
                plan.typed.append((position, column))
                plan.targets.append((position, column.name))
            elif name.lower() in LINEAGE_COLUMNS:
                raise FileRejected(
                    f"The file has a column {shown(name)}; loading keeps that name for itself.",
                    "Rename or remove the column, and deliver again.",
                    incoming.records,
                )
            else:
                plan.extra.append(name)
                plan.targets.append((position, existing.get(name.lower(), name)))
        delivered = {name.lower() for name in incoming.header}
        plan.missing = [c.name for c in table.columns if c.name.lower() not in delivered]
        if incoming.header and not plan.typed:
            raise FileRejected(
                f"The file has none of the columns of {table.source}.{table.name}; it has "
                f"{shown(', '.join(incoming.header), 120)}.",
                "Check that the file is in the right folder, and its column names.",
                incoming.records,
            )
        lacking = [c.name for c in table.columns if c.required and c.name in plan.missing]
        # A file of nothing but broken records has no columns to judge; each says what is wrong.
        if lacking and (incoming.header or self.count("incoming")):
            raise FileRejected(
                f"The required column{'s' if len(lacking) > 1 else ''} "
                f"{', '.join(map(shown, lacking))} of {table.source}.{table.name} "
                f"{'are' if len(lacking) > 1 else 'is'} not in the file.",
                _missing_remedy(lacking, plan.extra),
                incoming.records,
            )
        return plan

    def judge(self, incoming: Incoming, table: Table, plan: _Plan) -> None:
        """Fill `verdict(row_number, fault)`: staged records that may not enter raw, and why."""
        checks: list[tuple[str, _Fault]] = []
        by_name = {column.name: position for position, column in plan.typed}
        if len(incoming.header) > 1:
            repeated = " and ".join(
                f"c{i} is not distinct from {literal(name)}"
                for i, name in enumerate(incoming.header)
            )
            fault = _Fault(
                "The record repeats the header.", "Remove header lines between the records."
            )
            checks.append((repeated, fault))
        for key in table.primary_key:
            value = f"c{by_name[key]}" if key in by_name else "null"
            condition = f"trim(coalesce({value}, '')) = ''"
            fault = _Fault(
                f"The key column {key} is empty.", f"Fill {key} in the source.", column=key
            )
            checks.append((condition, fault))
        for position, column in plan.typed:
            if column.data_type == "string":
                continue
            text = f"c{position}"
            parsed = self.parse(text, column.data_type, column.zone, column.formats)
            checks.append(
                (f"trim({text}) <> '' and ({parsed}) is null", _unparsed(position, column, table))
            )
        if incoming.has_nul:
            for position, name in enumerate(incoming.header):
                fault = _Fault(
                    f"The value of {shown(name, 40)} has a NUL character.",
                    "Remove it in the source, or export the file again as UTF-8.",
                    column=name,
                    position=position,
                )
                checks.append((f"contains(c{position}, chr(0))", fault))
        plan.faults = [fault for _, fault in checks]
        cases = "\n".join(f"when {condition} then {i}" for i, (condition, _) in enumerate(checks))
        verdict = f"case {cases} end" if cases else "cast(null as integer)"
        self.connection.execute(
            f"""
            create or replace temp table verdict as
            select row_number, fault
            from (select row_number, {verdict} as fault from incoming)
            where fault is not null
            """
        )
        if plan.faults and self.count("verdict"):
            incoming.locate(self.connection)
            self.explain(plan)
        else:
            self.connection.execute("drop table if exists located")

    def explain(self, plan: _Plan) -> None:
        """Move the verdicts, with line, value, reason and text of the record, into `broken`."""

        def pick(texts: list[str]) -> str:
            return (
                "case v.fault "
                + " ".join(f"when {i} then {text}" for i, text in enumerate(texts))
                + " end"
            )

        faults = plan.faults
        values = [f"i.c{f.position}" if f.position is not None else "null" for f in faults]
        self.connection.execute(
            f"""
            insert into broken
            select
                v.row_number,
                l.line_number,
                {pick([literal(f.column) if f.column else "null" for f in faults])},
                cast({pick(values)} as varchar),
                {pick([literal(f.reason) for f in faults])},
                {pick([literal(f.remedy) for f in faults])},
                l.record,
                l.record_bytes
            from verdict as v
            inner join incoming as i on v.row_number = i.row_number
            left join located as l on v.row_number = l.row_number
            """
        )

    def count(self, table: str) -> int:
        row = self.connection.execute(f"select count(*) from {table}").fetchone()
        return int(row[0]) if row else 0

    def store(self, delivery: Delivery, sha256: str, incoming: Incoming, plan: _Plan) -> FileResult:
        """Commit one file: its rows, its rejected records and its line in meta.feed_load."""
        table = delivery.table
        raw = f"raw.{quoted(table.identifier)}"
        with self.transaction():
            self.forget(delivery, sha256, table)
            existing = self.columns_of(table)
            for _, name in plan.targets:
                if name.lower() not in existing:
                    self.connection.execute(f"alter table {raw} add column {quoted(name)} varchar")
            names = "".join(f"{quoted(name)}, " for _, name in plan.targets)
            values = "".join(f"c{position}, " for position, _ in plan.targets)
            inserted = self.connection.execute(
                f"""
                insert into {raw} ({names}_source_file, _row_number, _file_sha256, _loaded_at)
                select {values}$file, row_number, $sha256, $loaded_at
                from incoming
                anti join verdict using (row_number)
                """,
                {"file": delivery.name, "sha256": sha256, "loaded_at": self.loaded_at},
            ).fetchone()
            loaded = int(inserted[0]) if inserted else 0
            rejected = self.count("broken")
            if loaded + rejected != incoming.records:
                raise _Mismatch(
                    f"{delivery.name}: {incoming.records:,} records were counted in the file, but "
                    f"{loaded:,} loaded and {rejected:,} rejected do not add up to that. "
                    "This is a fault of loading; nothing of the file was kept. "
                    "Take the file out of landing and report it."
                )
            reason = self.summary(rejected)
            result = FileResult(
                table.source,
                table.name,
                delivery.name,
                "loaded",
                incoming.records,
                loaded,
                rejected,
                reason,
                "Look at meta.rejected, correct the records and deliver them again."
                if rejected
                else None,
                tuple(plan.missing) if incoming.header else (),
                tuple(plan.extra),
            )
            self.connection.execute(
                """
                insert into meta.rejected
                select
                    $run_id, $source, $entity, $file, $sha256, row_number, line_number,
                    column_name, value, reason, remedy, record, $loaded_at, record_bytes
                from broken
                order by row_number
                """,
                {
                    "run_id": self.run_id,
                    "source": table.source,
                    "entity": table.name,
                    "file": delivery.name,
                    "sha256": sha256,
                    "loaded_at": self.loaded_at,
                },
            )
            self.record(delivery, sha256, result)
        return result

    def reject(self, delivery: Delivery, sha256: str, rejected: FileRejected) -> FileResult:
        """Commit that a whole file is rejected."""
        table = delivery.table
        records = rejected.records or 0
        result = FileResult(
            table.source,
            table.name,
            delivery.name,
            "rejected",
            records,
            0,
            records,
            rejected.reason,
            rejected.remedy,
        )
        with self.transaction():
            self.forget(delivery, sha256, table)
            self.connection.execute(
                "insert into meta.rejected values "
                "($1, $2, $3, $4, $5, null, $6, null, null, $7, $8, $9, $10, null)",
                [
                    self.run_id,
                    table.source,
                    table.name,
                    delivery.name,
                    sha256,
                    rejected.line,
                    rejected.reason,
                    rejected.remedy,
                    rejected.record,
                    self.loaded_at,
                ],
            )
            self.record(delivery, sha256, result)
        return result

    def forget(self, delivery: Delivery, sha256: str, table: Table) -> None:
        """Take out what an earlier try of the same bytes left, so that nothing is there twice."""
        where = "source_file = $1 and file_sha256 = $2"
        values = [delivery.name, sha256]
        self.connection.execute(f"delete from meta.feed_load where {where}", values)
        self.connection.execute(f"delete from meta.rejected where {where}", values)
        self.connection.execute(
            f"delete from raw.{quoted(table.identifier)} "
            "where _source_file = $1 and _file_sha256 = $2",
            values,
        )

    def record(self, delivery: Delivery, sha256: str, result: FileResult) -> None:
        """Write the line of meta.feed_load and make it the current one of its path.

        A rejected delivery does not take the place of the last one that was loaded: its rows stay
        current until a good file replaces them, and the rejected one is current beside it.
        """
        replaced = "" if result.status == "loaded" else " and status = 'rejected'"
        self.connection.execute(
            "update meta.feed_load set is_current = false "
            f"where source_file = $1 and is_current{replaced}",
            [delivery.name],
        )
        self.connection.execute(
            "insert into meta.feed_load values "
            "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true, $16)",
            [
                self.run_id,
                result.source,
                result.entity,
                delivery.name,
                sha256,
                delivery.bytes,
                result.records,
                result.rows_loaded,
                result.rows_rejected,
                result.status,
                result.reason,
                result.remedy,
                ",".join(result.missing_columns) or None,
                ",".join(result.extra_columns) or None,
                self.loaded_at,
                delivery.table.fingerprint,
            ],
        )

    def summary(self, rejected: int) -> str | None:
        """The most frequent reasons of the rejected records, in a line."""
        if not rejected:
            return None
        rows = self.connection.execute(
            "select reason, count(*), min(line_number), min(row_number) from broken "
            "group by reason order by count(*) desc, reason limit 3"
        ).fetchall()
        return "; ".join(
            f"{reason.rstrip('.')}: {count:,} record{'s' if count > 1 else ''}, first in "
            + (f"line {line}" if line is not None else f"record {number}")
            for reason, count, line, number in rows
        )

    def note_skipped(
        self, skipped: list[Skipped], sources: Collection[str] | None, strangers: bool
    ) -> None:
        """Keep what the last run passed over, per source, in meta.feed_skipped."""
        with self.transaction():
            if sources is None:
                self.connection.execute("delete from meta.feed_skipped where source is not null")
            for source in sources or ():
                self.connection.execute("delete from meta.feed_skipped where source = $1", [source])
            if strangers:
                self.connection.execute("delete from meta.feed_skipped where source is null")
            for item in skipped:
                self.connection.execute(
                    "insert into meta.feed_skipped values ($1, $2, $3, $4, $5, $6)",
                    [self.run_id, item.source, item.name, item.reason, item.remedy, self.loaded_at],
                )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside commits together, or not at all."""
        self.connection.execute("begin transaction")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")


@dataclass(frozen=True)
class _Fault:
    """Why a record may not enter raw. `position` is the staged column with the value, if any."""

    reason: str
    remedy: str
    column: str | None = None
    position: int | None = None


@dataclass
class _Plan:
    """How the columns of one file meet the declared ones, and what its records are judged by."""

    typed: list[tuple[int, Column]] = field(default_factory=list)
    targets: list[tuple[int, str]] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    faults: list[_Fault] = field(default_factory=list)


def _unparsed(position: int, column: Column, table: Table) -> _Fault:
    looks, remedy = _LOOKS[column.data_type]
    if column.formats:
        looks = f"a {column.data_type} in the declared form {' or '.join(column.formats)}"
        remedy = "Write it in that form, or declare the other form in {path}."
    elif column.data_type == "instant" and column.zone:
        looks = "an instant"
        remedy = "Write it as 2025-01-31T08:00:00Z or 2025-01-31 08:00:00."
    return _Fault(
        f"The value of {column.name} is not {looks}.",
        remedy.format(path=table.path),
        column.name,
        position,
    )


def _missing_remedy(lacking: list[str], extra: list[str]) -> str:
    for name in lacking:
        near = difflib.get_close_matches(name.lower(), [e.lower() for e in extra], 1, 0.6)
        if near:
            found = next(e for e in extra if e.lower() == near[0])
            return f"Was {shown(found)} renamed? Name it {shown(name)}, and deliver again."
    return "Export the file with that column, and deliver again."
