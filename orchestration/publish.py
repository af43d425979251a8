"""Making a release: a new, complete, verified file, and then the flip of the link to it.

The job and the readers never share a file. The release is written from a :memory: connection that
attaches the build database read-only, into a hidden folder that gets its name when it is whole.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetKey,
    AssetsDefinition,
    Failure,
    FreshnessPolicy,
    MaterializeResult,
    MetadataValue,
    asset,
)

from orchestration import postgres
from orchestration.alerts import alert
from orchestration.exports import write_exports
from orchestration.home import Home, Settings, load_settings
from orchestration.keys import tested_keys
from orchestration.pages import DBT_DOCS, write_pages
from orchestration.release_macros import write_macros
from orchestration.release_tables import (
    META_TABLES,
    PUBLISHED_SCHEMAS,
    SNAPSHOT,
    ReleaseWriter,
)
from orchestration.releases import (
    DATABASE,
    INSTANT,
    MANIFEST,
    Release,
    ReleaseError,
    admit,
    apply_retention,
    fsync_folder,
    sha256_of,
)
from orchestration.resources import HomeResource
from orchestration.sql_text import literal, quoted
from orchestration.version import CONTRACT_VERSION, code_version, fingerprint

_log = logging.getLogger(__name__)


def publish(
    home: Home,
    settings: Settings,
    *,
    run_id: str,
    as_of: datetime,
    now: datetime | None = None,
) -> Release:
    """Write the release of a finished build, verify it, and serve it.

    `as_of` is aware; an instant before the one served now is allowed (a restatement of the past).
    Raises ReleaseError; whatever happens, the release served before stays up.
    """
    if not home.build_database.exists():
        raise ReleaseError(f"{home.build_database} does not exist; run `warehouse refresh` first")
    now = now or datetime.now(UTC)
    release_id = f"{now:%Y%m%dT%H%M%SZ}-{hashlib.sha256(run_id.encode()).hexdigest()[:6]}"
    if (home.releases / release_id).exists():
        raise ReleaseError(f"release {release_id} exists already; a run publishes once")
    partial = home.releases / f".{release_id}.partial"
    partial.mkdir(parents=True)
    try:
        manifest = _write(home, settings, partial, release_id, run_id, as_of, now)
        write_durably(partial / MANIFEST, json.dumps(manifest, indent=2) + "\n")
        fsync_folder(partial)
        release = admit(home, partial, release_id)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    try:
        apply_retention(home, settings.retention)
    except OSError as error:  # readers have the new release: the night has not failed
        _log.warning("old releases could not be removed: %s", error)
    return release


def _write(
    home: Home,
    settings: Settings,
    partial: Path,
    release_id: str,
    run_id: str,
    as_of: datetime,
    now: datetime,
) -> dict[str, Any]:
    """Fill the folder of a release and return its manifest."""
    database = partial / DATABASE
    row: dict[str, Any] = {
        "release_id": release_id,
        "as_of": _naive(as_of),
        "published_at": _naive(now),
        "run_id": run_id,
        "code_version": code_version(),
        "contract_version": CONTRACT_VERSION,
        "dbt_vars": json.dumps(settings.dbt_vars(), sort_keys=True),
    }
    with _workshop(home, partial) as connection:
        build = home.build_database.stem
        connection.execute(
            f"attach {literal(str(home.build_database))} as {quoted(build)} (read_only)"
        )
        connection.execute(
            f"attach {literal(str(database))} as warehouse"
            f" (storage_version {literal(settings.storage_version)})"
        )
        writer = ReleaseWriter(connection, build)
        for schema in PUBLISHED_SCHEMAS:
            for table, comment in writer.tables(schema):
                if (schema, table) != ("kpis", SNAPSHOT):
                    writer.copy(schema, table, comment, where=writer.published_rows(schema, table))
        writer.copy_companions()
        writer.copy_current()
        for table in META_TABLES:
            writer.copy_meta(table, run_id)
        inputs = writer.inputs()
        row |= {"input_file_count": len(inputs), "input_files": json.dumps(inputs)}
        writer.write_release_row(row)
        carried = writer.write_snapshot(home, row)
        writer.write_lineage(home)
        writer.write_dictionary(tested_keys(home.dbt / "target" / MANIFEST))
        write_macros(connection)
        connection.execute("checkpoint warehouse")
        connection.execute("use memory")
        connection.execute("detach warehouse")
        _refuse_wal(database)
        counts = _count_again(connection, database, writer)
        pages = write_pages(
            connection,
            partial,
            settings,
            build=build,
            run_id=run_id,
            release_id=release_id,
            docs=home.dbt / DBT_DOCS,
        )
        exported = write_exports(
            connection,
            partial / "exports",
            settings.exports,
            row,
            currency=settings.parameter("reporting_currency"),
        )
    os.chmod(database, 0o444)
    _fsync(database)
    return {
        "release_id": release_id,
        "as_of": as_of.astimezone(UTC).strftime(INSTANT),
        "published_at": now.astimezone(UTC).strftime(INSTANT),
        "run_id": run_id,
        "sha256": sha256_of(database),
        "bytes": database.stat().st_size,
        "storage_version": settings.storage_version,
        "code_version": row["code_version"],
        "contract_version": CONTRACT_VERSION,
        "fingerprint": fingerprint(inputs, as_of, settings),
        "tables": counts,
        "masked_emails": writer.masked,
        "snapshot": carried,
        "pages": pages,
        "exports": [str(file.relative_to(partial)) for file in exported],
    }


@contextmanager
def _workshop(home: Home, partial: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A :memory: connection that spills into a folder of its own, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix=".spill-", dir=partial) as spill:
        connection = duckdb.connect(":memory:", config={"temp_directory": spill})
        try:
            connection.execute("set timezone = 'UTC'")
            yield connection
        finally:
            connection.close()


def _refuse_wal(database: Path) -> None:
    wal = database.with_name(database.name + ".wal")
    if wal.exists():
        raise ReleaseError(
            f"{wal} was left beside the new release; its data may not be in the file. "
            "Nothing was published; run `warehouse refresh` again"
        )


def _count_again(
    connection: duckdb.DuckDBPyConnection, database: Path, writer: ReleaseWriter
) -> dict[str, int]:
    """Open the finished file read-only and compare every table with what went in."""
    connection.execute(f"attach {literal(str(database))} as warehouse (read_only)")
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = 'warehouse' order by 1, 2"
    ).fetchall()
    counts = {}
    for schema, table in found:
        counted = connection.execute(
            f"select count(*) from warehouse.{quoted(schema)}.{quoted(table)}"
        ).fetchone()
        counts[f"{schema}.{table}"] = counted[0] if counted else 0
    if counts != writer.expected:
        wrong = sorted(set(counts.items()) ^ set(writer.expected.items()))
        raise ReleaseError(
            f"the new release does not hold what was written into it: {wrong}; "
            "nothing was published, the release before it is still served"
        )
    return counts


def _naive(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)


def _fsync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_durably(path: Path, text: str) -> None:
    """Write a small read-only file so that it survives a power cut."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def release_asset(
    upstream: Iterable[AssetKey], freshness: FreshnessPolicy | None = None
) -> AssetsDefinition:
    """The published file as an asset that depends on everything it is made of."""

    @asset(
        key=AssetKey(["release"]),
        deps=sorted(key for key in upstream if key.path[0] in PUBLISHED_SCHEMAS),
        group_name="release",
        owners=["team:data"],
        kinds={"duckdb", "file"},
        freshness_policy=freshness,
        description=(
            "One immutable DuckDB file with the schemas kpis, marts and meta, verified and then"
            " served to all readers by an atomic change of the link `warehouse.duckdb`."
        ),
    )
    def release(context: AssetExecutionContext, home: HomeResource) -> MaterializeResult:
        began = time.monotonic()
        place = home.get()
        settings = load_settings(place)
        made = publish(
            place,
            settings,
            run_id=context.run_id,
            as_of=build_instant(place, context.run_id),
        )
        copied = postgres.follow(place, settings, made)
        if copied and not copied["pushed"]:
            # The release is out; its copy can be made again without another night.
            subject = f"Warehouse {place.root.name}: published, but not to PostgreSQL"
            text = f"{copied['message']}. Repeat it with `warehouse push`"
            for problem in [f"{subject}. {text}", *alert(settings.alerts, subject, text)]:
                context.log.warning(problem)
        for column, count in made.manifest["masked_emails"].items():
            context.log.warning(f"{column}: {count} e-mail addresses were replaced by hashes")
        return MaterializeResult(
            metadata={
                "release_id": made.release_id,
                "as_of": made.as_of.isoformat(),
                "file": MetadataValue.path(str(made.database)),
                "bytes": made.bytes,
                "tables": len(made.tables),
                "dagster/row_count": sum(made.tables.values()),
                "rejected rows": made.tables.get("meta.rejected", 0),
                "seconds": round(time.monotonic() - began, 1),
                "sha256": made.sha256,
                "restated_values": made.manifest["snapshot"]["restated"],
                **({"postgres": copied} if copied else {}),
            }
        )

    return release


def build_instant(home: Home, run_id: str) -> datetime:
    """The as_of of the finished build of a run; a Failure when the database holds no such build."""
    with duckdb.connect(str(home.build_database), read_only=True) as connection:
        try:
            found = connection.execute(
                "select as_of from meta.build where run_id = ? order by finished_at desc", [run_id]
            ).fetchone()
        except duckdb.CatalogException:
            found = None
    if found is None:
        raise Failure(
            "The build database does not hold a whole, checked build of this run, so there is"
            " nothing to release. Launch the job `refresh`, not this asset alone.",
            metadata={"outcome": "fault"},
        )
    return found[0].replace(tzinfo=UTC)
