"""Great Expectations on DuckDB: the engine settings that work, and what this dialect lacks.

Importing this module takes two seconds, so it is imported only where a gate runs.
"""

from __future__ import annotations

import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from sqlalchemy.pool import StaticPool

# Without these Great Expectations loses its results on DuckDB ("list index out of range"). One
# connection, because temporary tables belong to a connection.
ENGINE = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
    "connect_args": {"read_only": True},
    "poolclass": StaticPool,
}
SAMPLE_ROWS = 200
BY_VALUE = ("expect_column_values_", "expect_column_value_")
# Says of each metric below that it replaces the library's own, which is the point.
logging.getLogger("great_expectations.expectations.registry").setLevel(logging.ERROR)


class UnexpectedRows(gx.expectations.UnexpectedRowsExpectation):
    """Rows that a query returns should not be there; a share of the table may be tolerated.

    The query returns a sample of them, and their number in each row as `_unexpected`: one query
    where the library would run two.
    """

    max_share: float = 0.0

    metric_dependencies: ClassVar[tuple[str, ...]] = (
        "unexpected_rows_query.table",
        "table.row_count",
    )

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        unexpected = rows[0]["_unexpected"] if rows else 0
        total = metrics["table.row_count"]
        return {
            "success": unexpected <= self.max_share * total,
            "result": {
                "element_count": total,
                "unexpected_count": unexpected,
                "rows": rows,
            },
        }


class MatchRegex(ColumnMapMetricProvider):
    """column_values.match_regex for DuckDB, which the library does not know as a regex dialect."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.func.regexp_matches(sa.cast(column, sa.String), regex)


class NotMatchRegex(ColumnMapMetricProvider):
    """column_values.not_match_regex for DuckDB."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, regex: str, **_: Any) -> Any:
        return sa.not_(sa.func.regexp_matches(sa.cast(column, sa.String), regex))


@dataclass(frozen=True)
class Measured:
    """What Great Expectations found for one expectation.

    `rows` are at most SAMPLE_ROWS of the unexpected rows. `error` is set when the check broke.
    """

    success: bool
    total: int | None = None
    unexpected: int | None = None
    observed: Any = None
    rows: Sequence[dict[str, Any]] = ()
    error: str | None = None


class Database:
    """A DuckDB file opened read-only through Great Expectations, with one connection."""

    def __init__(self, datasource: SQLDatasource, connection: sa.Connection) -> None:
        self._datasource = datasource
        self._connection = connection

    def execute(self, sql: str, *parameters: Any) -> list[Any]:
        """Rows of a statement; temporary tables and views live until the database is closed."""
        cursor = self._connection.exec_driver_sql(sql, tuple(parameters) or None)
        return list(cursor.fetchall()) if cursor.returns_rows else []

    def measure(
        self,
        relation: str,
        expectations: Sequence[tuple[str, dict[str, Any]]],
        identity: Sequence[str],
    ) -> list[Measured]:
        """Validate expectations, (type, kwargs) each, on a relation; same order.

        What is tested value by value is first asked for a yes or no, which takes half the queries;
        only what failed is measured again with its rows. `identity`: the columns that tell where a
        row is from.
        """
        asset = self._datasource.add_query_asset(relation, f'select * from "{relation}"')
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        detail = {
            "result_format": "SUMMARY",
            "partial_unexpected_count": SAMPLE_ROWS,
            "unexpected_index_column_names": list(identity),
            "include_unexpected_rows": False,
        }
        found: dict[int, Measured] = {}
        by_value = [n for n, (kind, _) in enumerate(expectations) if kind.startswith(BY_VALUE)]
        for positions, wanted in (
            (by_value, {"result_format": "BOOLEAN_ONLY"}),
            ([n for n in range(len(expectations)) if n not in by_value], detail),
        ):
            found |= _validate(batch, relation, expectations, positions, wanted)
        again = [
            n
            for n in by_value
            if found[n].error is None
            and not (found[n].success and expectations[n][1].get("mostly", 1) == 1)
        ]
        found |= _validate(batch, relation, expectations, again, detail)
        return [found[n] for n in range(len(expectations))]


def _validate(
    batch: Any,
    name: str,
    expectations: Sequence[tuple[str, dict[str, Any]]],
    positions: Sequence[int],
    result_format: dict[str, Any],
) -> dict[int, Measured]:
    """Validate the expectations at these positions in one call; results by position."""
    if not positions:
        return {}
    suite = gx.ExpectationSuite(name=name)
    for position in positions:
        kind, kwargs = expectations[position]
        build = UnexpectedRows if kind == "unexpected_rows" else _built_in(kind)
        # The position goes along as `meta`: results come back in another order.
        suite.add_expectation(build(**kwargs, meta={"position": position}))
    found: dict[int, Measured] = {}
    for one in batch.validate(suite, result_format=result_format).results:
        position = one.expectation_config.meta["position"]
        found[position] = _measured(bool(one.success), dict(one.result), one.exception_info)
    return found


def _built_in(kind: str) -> Any:
    return getattr(gx.expectations, "".join(part.capitalize() for part in kind.split("_")))


def _measured(success: bool, result: dict[str, Any], exception_info: Any) -> Measured:
    error = _exception(exception_info)
    if error is not None:
        return Measured(False, error=error)
    rows = result.get("rows", result.get("partial_unexpected_index_list")) or ()
    return Measured(
        success=success,
        total=result.get("element_count"),
        unexpected=result.get("unexpected_count"),
        observed=result.get("observed_value"),
        rows=[dict(row) for row in rows],
    )


def _exception(info: Any) -> str | None:
    """The message of a check that broke; Great Expectations nests it in one of two shapes."""
    if not isinstance(info, dict):
        return None
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    for inner in info.values():
        message = _exception(inner)
        if message is not None:
            return message
    return None


@contextmanager
def open_database(path: Path) -> Iterator[Database]:
    """Open a DuckDB file for checking. Leaves no connection behind, so that a writer may follow."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    url = sa.URL.create("duckdb", database=str(path)).render_as_string()
    datasource: SQLDatasource = context.data_sources.add_sql(  # type: ignore[call-arg]
        "build", connection_string=url, kwargs=ENGINE, create_temp_table=False
    )
    engine = datasource.get_execution_engine()
    try:
        with engine.engine.connect() as connection:
            yield Database(datasource, connection)
    finally:
        engine.close()
        engine.engine.dispose()
        datasource.get_engine().dispose()
        del context, datasource, engine
        gc.collect()
