"""Which columns a column is made from: read from the SQL that dbt compiled, by sqlglot, offline.

A column comes from the columns that its expression names, conditions of `case` included, through
all CTEs and subqueries of its model. What only filters, joins or groups is not followed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlglot.optimizer.scope import Scope

# schema, table, column
Place = tuple[str, str, str]
# database -> schema -> table -> column -> type, as sqlglot wants it
Catalog = dict[str, object]
DIALECT = "duckdb"
LITERAL = re.compile(r"'(?:[^']|'')*'")
_log = logging.getLogger(__name__)


class Edge(NamedTuple):
    """A column and one column that it is made from directly."""

    table_schema: str
    table_name: str
    column_name: str
    upstream_schema: str
    upstream_table: str
    upstream_column: str


def column_lineage(manifest: Path, catalog: Catalog, cache: Path) -> list[Edge]:
    """The edges of every model of a built manifest; [] without one.

    They are computed once for each state of the models, in some seconds, and kept in `cache`.
    A model that cannot be read has no edges, and that is logged: no release is held back for it.
    """
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    except FileNotFoundError:
        return []
    models = {
        f"{node['schema']}.{node.get('alias') or node['name']}": str(node["compiled_code"])
        for node in nodes.values()
        if node.get("resource_type") == "model" and node.get("compiled_code")
    }
    key = _fingerprint(models)
    if (kept := _read(cache, key)) is not None:
        return kept
    edges = sorted(set(_edges(models, catalog)))
    cache.parent.mkdir(parents=True, exist_ok=True)
    partial = cache.with_suffix(f".{os.getpid()}.tmp")
    partial.write_text(json.dumps({"key": key, "edges": edges}), encoding="utf-8")
    partial.replace(cache)
    return edges


def _fingerprint(models: Mapping[str, str]) -> str:
    """A hash of the SQL without its literals: they change each night and are no columns."""
    digest = hashlib.sha256()
    for name, code in sorted(models.items()):
        digest.update(f"{name}\0{LITERAL.sub('', code)}\0".encode())
    return digest.hexdigest()


def _read(cache: Path, key: str) -> list[Edge] | None:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return [Edge(*each) for each in kept["edges"]] if kept["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _edges(models: Mapping[str, str], catalog: Catalog) -> Iterator[Edge]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sqlglot import parse_one
        from sqlglot.optimizer.qualify import qualify
        from sqlglot.optimizer.scope import build_scope
    for name, code in models.items():
        schema, table = name.split(".", 1)
        try:
            scope = build_scope(
                qualify(
                    parse_one(code, dialect=DIALECT),
                    schema=catalog,
                    dialect=DIALECT,
                    validate_qualify_columns=False,
                    quote_identifiers=False,
                    identify=False,
                )
            )
            found = _columns(scope, {}) if scope else {}
        except Exception as error:
            _log.warning("no column lineage of %s: %s", name, error)
            continue
        for column, places in found.items():
            for place in places:
                yield Edge(schema, table, column, *place)


def _columns(scope: Scope, known: dict[int, dict[str, set[Place]]]) -> dict[str, set[Place]]:
    """Output columns of a query, each with the table columns that its expression is made from."""
    from sqlglot import exp
    from sqlglot.optimizer.scope import Scope

    if id(scope) in known:
        return known[id(scope)]
    found: dict[str, set[Place]] = {}
    known[id(scope)] = found  # a recursive CTE reads itself
    if isinstance(scope.expression, exp.SetOperation):
        names = [each.alias_or_name for each in scope.expression.selects]
        for branch in scope.set_operation_scopes:
            for name, places in zip(names, _columns(branch, known).values(), strict=False):
                found.setdefault(name, set()).update(places)
        return found
    sources: dict[str, Any] = {}
    for nested in scope.subquery_scopes:
        sources |= nested.sources
    sources |= scope.sources
    for selected in getattr(scope.expression, "selects", []):
        places = set()
        for column in selected.find_all(exp.Column):
            source = sources.get(column.table)
            if isinstance(source, Scope):
                places |= _columns(source, known).get(column.name, set())
            elif isinstance(source, exp.Table):
                places.add((source.db, source.name, column.name))
        found[selected.alias_or_name] = places
    return found
