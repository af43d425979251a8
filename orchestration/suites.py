"""Expectation suites as people write them: expectations/<source>/<table>.yml and defaults.yml.

A suite is read without a database and without Great Expectations. Whatever it names must be
declared in the source definitions; anything else is refused with file and line.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from orchestration.ingest.declaration import Declarations, Table
from orchestration.sql_text import quoted

Severity = Literal["critical", "warning"]
TableKey = tuple[str, str]

# libyaml's loader reads the files of all tables in a tenth of the time.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ROWS = "unexpected_rows"
# Great Expectations' own types that a suite may use; what they compare is the typed column.
BUILT_IN = {
    "expect_column_values_to_not_be_null": (),
    "expect_column_values_to_be_in_set": ("value_set",),
    "expect_column_values_to_not_be_in_set": ("value_set",),
    "expect_column_values_to_be_between": ("min_value", "max_value"),
    "expect_column_values_to_match_regex": ("regex",),
    "expect_column_values_to_not_match_regex": ("regex",),
    "expect_column_value_lengths_to_be_between": ("min_value", "max_value"),
    "expect_column_value_lengths_to_equal": ("value",),
    "expect_column_max_to_be_between": ("min_value", "max_value"),
    "expect_column_min_to_be_between": ("min_value", "max_value"),
    "expect_column_sum_to_be_between": ("min_value", "max_value"),
    "expect_table_row_count_to_be_between": ("min_value", "max_value"),
}
COMMON = ("type", "name", "column", "severity", "critical_above", "finding", "remedy")
FLAGS = ("strict_min", "strict_max")
SUITE_KEYS = ("description", "expected", "key", "newest_by", "expectations")
PLACEHOLDER = re.compile(
    r"\{(?:(batch)|raw:([a-z0-9_]+)\.([A-Za-z0-9_]+)|(as_of|reporting_currency|fx_rates)"
    r"|seed:([a-z0-9_]+))\}"
)
RELATIVE = re.compile(r"^as_of(?:\s*([+-])\s*(\d+)\s+days?)?$")


class SuiteError(ValueError):
    """A suite cannot be used; the message names file, line and what is allowed."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of a suite.

    `kwargs` are Great Expectations' own; `query` is SQL for `unexpected_rows`, whose result is the
    rows that should not be there. `max_share` is the tolerated share of the table's rows, 0 to 1;
    a warning becomes critical when the share is above `critical_above`.
    """

    name: str
    type: str
    column: str | None
    severity: Severity
    finding: str
    remedy: str
    place: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    query: str | None = None
    max_share: float = 0.0
    critical_above: float | None = None
    needs: tuple[TableKey, ...] = ()


@dataclass(frozen=True)
class Suite:
    """The expectations of one export table.

    `expected`: the source is incomplete without this table. `key` and `newest_by` are SQL over the
    table's typed columns: what tells records apart, where that is not the declared primary key, and
    what orders the versions of one; None means source_updated_at where it is declared.
    """

    source: str
    table: str
    description: str
    path: str
    expected: bool = False
    key: tuple[str, ...] = ()
    newest_by: str | None = None
    expectations: tuple[Expectation, ...] = ()


@dataclass(frozen=True)
class Defaults:
    """expectations/defaults.yml: the thresholds of the checks that every table gets."""

    rejected_rows_max_share: float
    rejected_rows_min_count: int
    volume_min_share: float
    volume_min_deliveries: int
    earliest_date: str
    latest_date: str
    open_ended: tuple[str, ...]
    placeholders: tuple[str, ...]
    remedies: Mapping[str, str]


class _Reader:
    """One YAML file with the line of every key, so that a refusal can point at it."""

    def __init__(self, path: Path, shown: str) -> None:
        self.shown = shown
        try:
            text = path.read_text(encoding="utf-8-sig")
            self.node = yaml.compose(text, Loader=LOADER)
            self.content = yaml.load(text, Loader=LOADER)  # noqa: S506  (a SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise SuiteError(f"{shown}: cannot be read as UTF-8 text: {error}") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark else ""
            problem = getattr(error, "problem", None) or str(error)
            raise SuiteError(f"{shown}{line}: not valid YAML: {problem}") from error
        if not isinstance(self.content, dict):
            raise SuiteError(f"{shown}, line 1: expected `key: value` lines")

    def line(self, *path: str | int) -> int:
        node, line = self.node, 1
        for part in path:
            if isinstance(node, yaml.MappingNode):
                found = next(((k, v) for k, v in node.value if k.value == part), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                line = node.start_mark.line + 1
        return line

    def refuse(self, message: str, *path: str | int) -> SuiteError:
        return SuiteError(f"{self.shown}, line {self.line(*path)}: {message}")


def _near(name: str, known: Iterator[str] | tuple[str, ...] | list[str]) -> str:
    options = list(known)
    near = difflib.get_close_matches(name, options, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known: {', '.join(options)}"


def declared_tables(declarations: Declarations) -> dict[TableKey, Table]:
    """Every declared export table by (source, table)."""
    return {(table.source, table.name): table for source in declarations for table in source.tables}


def load_suites(folder: Path, declarations: Declarations) -> dict[TableKey, Suite]:
    """Every suite below `folder` of a source in use. Raises SuiteError with file and line."""
    tables = declared_tables(declarations)
    in_use = {source.name for source in declarations}
    shared = _read_shared(folder)
    suites: dict[TableKey, Suite] = {}
    for path in sorted(folder.glob("*/*.yml")):
        resting = (declarations.root / "models" / "staging" / path.parent.name).is_dir()
        if path.parent.name not in in_use and resting:
            # A source that is kept in the project but not listed in vars.sources.
            continue
        suite = _read_suite(path, folder, tables, shared, declarations.root)
        suites[suite.source, suite.table] = suite
    return suites


def _read_shared(folder: Path) -> dict[str, dict[str, Any]]:
    """expectations/shared.yml: expectations with parameters that several suites use, by name."""
    path = folder / "shared.yml"
    if not path.is_file():
        return {}
    reader = _Reader(path, f"{folder.name}/{path.name}")
    for name, body in reader.content.items():
        if not isinstance(body, dict) or not isinstance(body.get("parameters"), list):
            raise reader.refuse(f"{name} lists its `parameters`", name)
    return dict(reader.content)


def _expand(
    reader: _Reader,
    at: tuple[str | int, ...],
    entry: dict[str, Any],
    declared: Table,
    shared: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    """An entry with `use: <name>` becomes the shared expectation, its parameters filled in.

    A parameter is a declared column, a list of them, or a number; `to` is source.table.column.
    """
    name = entry["use"]
    if name not in shared:
        raise reader.refuse(
            f"{name} is not in shared.yml{_near(str(name), list(shared))}", *at, "use"
        )
    template = dict(shared[name])
    parameters = template.pop("parameters")
    columns = [one.name for one in declared.columns]
    filled: dict[str, str] = {}
    for key in parameters:
        if key not in entry:
            raise reader.refuse(f"`{key}` is missing; {name} needs {', '.join(parameters)}", *at)
        value = entry[key]
        if key == "to":
            parts = str(value).split(".")
            if len(parts) != 3:
                raise reader.refuse("`to` is source.table.column", *at, key)
            filled["to_table"] = f"{{raw:{parts[0]}.{parts[1]}}}"
            filled["to_column"] = quoted(parts[2])
            filled["to"] = f"{parts[0]}.{parts[1]}"
            continue
        if isinstance(value, int | float) and not isinstance(value, bool):
            filled[key] = str(value)
            continue
        names = value if isinstance(value, list) else [value]
        for one in names:
            if one not in columns:
                raise reader.refuse(
                    f"column {one} is not declared{_near(str(one), columns)}", *at, key
                )
        filled[key] = ", ".join(quoted(one) for one in names)
    result: dict[str, Any] = {"type": ROWS, "name": name}
    for key, value in template.items():
        for parameter, text in filled.items():
            plain = text if key == "query" else text.replace('"', "")
            value = value.replace("{" + parameter + "}", plain) if isinstance(value, str) else value
        result[key] = value
    own = {key: value for key, value in entry.items() if key not in ("use", *parameters)}
    if isinstance(entry.get("column"), str):
        own["column"] = entry["column"]
        result["name"] = f"{name}__{entry['column']}"
    return result | own


def _read_suite(
    path: Path,
    folder: Path,
    declarations: Mapping[TableKey, Table],
    shared: Mapping[str, dict[str, Any]],
    root: Path,
) -> Suite:
    shown = f"{folder.name}/{path.parent.name}/{path.name}"
    reader = _Reader(path, shown)
    source, table = path.parent.name, path.stem
    declared = declarations.get((source, table))
    if declared is None:
        tables = [one for origin, one in declarations if origin == source]
        hint = _near(table, tables) if tables else f"; no source {source} is declared"
        raise reader.refuse(f"{source}.{table} is not declared in the sources{hint}")
    for key in reader.content:
        if key not in SUITE_KEYS:
            raise reader.refuse(f"unknown key {key}{_near(str(key), SUITE_KEYS)}", key)
    description = reader.content.get("description")
    if not isinstance(description, str):
        raise reader.refuse("a suite starts with a short `description: ...`", "description")
    entries = reader.content.get("expectations") or []
    if not isinstance(entries, list):
        raise reader.refuse("`expectations` is a list", "expectations")
    found: dict[str, Expectation] = {}
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and "use" in entry:
            entry = _expand(reader, ("expectations", index), entry, declared, shared)
        one = _read_expectation(reader, index, entry, declared, declarations, root)
        if one.name in found:
            raise reader.refuse(
                f"{one.name} is already the name of an expectation; give this one a `name`",
                "expectations",
                index,
            )
        found[one.name] = one
    return Suite(
        source,
        table,
        description.strip(),
        shown,
        bool(reader.content.get("expected", False)),
        tuple(reader.content.get("key") or ()),
        reader.content.get("newest_by"),
        tuple(found.values()),
    )


def _read_expectation(
    reader: _Reader,
    index: int,
    entry: Any,
    declared: Table,
    declarations: Mapping[TableKey, Table],
    root: Path,
) -> Expectation:
    at: tuple[str | int, ...] = ("expectations", index)
    if not isinstance(entry, dict):
        raise reader.refuse("an expectation is a block of `key: value` lines", *at)
    kind = entry.get("type")
    if kind != ROWS and kind not in BUILT_IN:
        known = [ROWS, *BUILT_IN]
        raise reader.refuse(f"unknown type {kind}{_near(str(kind), known)}", *at, "type")
    own = ("query", "max_share") if kind == ROWS else (*BUILT_IN[kind], *FLAGS, "mostly")
    for key in entry:
        if key not in COMMON + own:
            raise reader.refuse(f"unknown key {key}{_near(str(key), COMMON + own)}", *at, key)
    if entry.get("severity") not in ("critical", "warning"):
        raise reader.refuse("`severity` is critical or warning", *at, "severity")
    for key in ("remedy", *(("name", "query", "finding") if kind == ROWS else ())):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise reader.refuse(f"`{key}` is missing: say it in words", *at, key)
    column = entry.get("column")
    columns = [one.name for one in declared.columns]
    if column is not None and column not in columns:
        raise reader.refuse(
            f"column {column} is not declared{_near(str(column), columns)}", *at, "column"
        )
    if column is None and kind.startswith("expect_column"):
        raise reader.refuse("`column` is missing", *at)
    name = entry.get("name") or f"{kind.removeprefix('expect_')}__{column or 'table'}"
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise reader.refuse(f"name {name}: letters, digits and _ only", *at, "name")
    share = entry.get("max_share", round(1 - float(entry.get("mostly", 1)), 9))
    above = entry.get("critical_above")
    for key, number in (("max_share", share), ("critical_above", above)):
        proper = isinstance(number, int | float) and not isinstance(number, bool)
        if number is not None and not (proper and 0 <= number < 1):
            raise reader.refuse(f"`{key}` is a number from 0 to below 1", *at, key)
    if above is not None and (entry["severity"] == "critical" or not _counts_rows(kind)):
        raise reader.refuse(
            "`critical_above` is for warnings that count rows", *at, "critical_above"
        )
    kwargs = {
        key: value
        for key, value in entry.items()
        if key in own and key not in ("query", "max_share")
    }
    for key, value in kwargs.items():
        if isinstance(value, str) and value.startswith("as_of") and not RELATIVE.match(value):
            raise reader.refuse(f"{value!r}: write `as_of - 7 days`", *at, key)
    query = entry.get("query")
    return Expectation(
        name=name,
        type=kind,
        column=column,
        severity=entry["severity"],
        finding=_one_line(entry.get("finding") or _default_finding(kind, kwargs)),
        remedy=_one_line(entry["remedy"]),
        place=f"{reader.shown}, line {reader.line(*at)}",
        kwargs=kwargs,
        query=query,
        max_share=float(share),
        critical_above=above,
        needs=tuple(_needs(reader, query, at, declarations, root)) if query else (),
    )


def _needs(
    reader: _Reader,
    query: str,
    at: tuple[str | int, ...],
    declarations: Mapping[TableKey, Table],
    root: Path,
) -> Iterator[TableKey]:
    if "{batch}" not in query:
        raise reader.refuse("`query` reads the table's rows as {batch}", *at, "query")
    # As in a format string, a doubled brace stands for itself.
    for match in re.finditer(r"\{[^{}]*\}", query.replace("{{", "").replace("}}", "")):
        known = PLACEHOLDER.fullmatch(match.group())
        if known is None:
            raise reader.refuse(
                f"{match.group()} is none of {{batch}}, {{raw:source.table}}, {{as_of}}, "
                "{seed:name}, {reporting_currency}, {fx_rates}",
                *at,
                "query",
            )
        if known[5] is not None and not (root / "seeds" / f"{known[5]}.csv").is_file():
            raise reader.refuse(f"there is no seeds/{known[5]}.csv", *at, "query")
        if known[2] is not None:
            key = (known[2], known[3])
            if key not in declarations:
                raise reader.refuse(
                    f"{known[2]}.{known[3]} is not declared in the sources", *at, "query"
                )
            yield key


def _counts_rows(kind: str) -> bool:
    return kind == ROWS or kind.startswith("expect_column_value")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _default_finding(kind: str, kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    span = " and ".join(
        part
        for part in (
            f"at least {low}" if low is not None else "",
            f"at most {high}" if high is not None else "",
        )
        if part
    )
    return {
        "expect_column_values_to_not_be_null": "empty values",
        "expect_column_values_to_be_in_set": "values other than "
        + ", ".join(str(one) for one in kwargs.get("value_set", ())),
        "expect_column_values_to_not_be_in_set": "values that must not occur",
        "expect_column_values_to_be_between": f"values that are not {span}",
        "expect_column_values_to_match_regex": f"values not of the form {kwargs.get('regex')}",
        "expect_column_values_to_not_match_regex": f"values of the form {kwargs.get('regex')}",
        "expect_column_value_lengths_to_be_between": f"values whose length is not {span}",
        "expect_column_value_lengths_to_equal": f"values not {kwargs.get('value')} characters long",
        "expect_column_max_to_be_between": f"the greatest value is not {span}",
        "expect_column_min_to_be_between": f"the least value is not {span}",
        "expect_column_sum_to_be_between": f"the sum is not {span}",
        "expect_table_row_count_to_be_between": f"the number of rows is not {span}",
    }[kind]


DEFAULT_REMEDIES = (
    "rejected_rows",
    "rejected_rows_share",
    "rejected_files",
    "empty_files",
    "volume",
    "expected_delivery",
    "late_delivery",
    "required_values",
    "mangled_ids",
    "placeholder_ids",
    "plausible_dates",
    "contradicting_rows",
)


def load_defaults(folder: Path) -> Defaults:
    """expectations/defaults.yml. Raises SuiteError with file and line."""
    reader = _Reader(folder / "defaults.yml", f"{folder.name}/defaults.yml")

    def value(kind: type, *path: str) -> Any:
        found: Any = reader.content
        for part in path:
            if not isinstance(found, dict) or part not in found:
                raise reader.refuse(f"{'.'.join(path)} is missing", *path)
            found = found[part]
        wrong = isinstance(found, bool) or not isinstance(
            found, (int, float) if kind is float else kind
        )
        if wrong:
            raise reader.refuse(f"{'.'.join(path)} is {found!r}, not a {kind.__name__}", *path)
        return found

    return Defaults(
        rejected_rows_max_share=value(float, "rejected_rows_share", "max_share"),
        rejected_rows_min_count=value(int, "rejected_rows_share", "min_count"),
        volume_min_share=value(float, "volume", "min_share"),
        volume_min_deliveries=value(int, "volume", "min_deliveries"),
        earliest_date=str(reader.content["plausible_dates"]["earliest"]),
        latest_date=value(str, "plausible_dates", "latest"),
        open_ended=tuple(str(one) for one in value(list, "plausible_dates", "open_ended")),
        placeholders=tuple(
            str(one).upper() for one in value(list, "placeholder_ids", "placeholders")
        ),
        remedies={name: _one_line(value(str, name, "remedy")) for name in DEFAULT_REMEDIES},
    )
