"""What every export table must contain, read from the dbt source definitions (no dbt import).

`models/staging/<source>/_<source>__sources.yml` is the one place where a table, its columns and
their types are declared; `vars: sources:` in dbt_project.yml says which sources are in use.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

__all__ = [
    "DATA_TYPES",
    "LINEAGE_COLUMNS",
    "Column",
    "DeclarationError",
    "Declarations",
    "Source",
    "Table",
    "days",
    "read_declarations",
]

DATA_TYPES = (
    "string",
    "integer",
    "decimal",
    "boolean",
    "date",
    "instant",
    "epoch",
    "time",
    "json",
)
LINEAGE_COLUMNS = ("_source_file", "_row_number", "_file_sha256", "_loaded_at")

# libyaml's parser is ten times as fast; the pure one is the fallback where it is not built in.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DeclarationError(ValueError):
    """A declaration cannot be used; the message names file, line and key."""


@dataclass(frozen=True)
class Column:
    """A declared column. `zone` is the IANA zone of instants written without an offset.

    For the reporting time zone, which loading does not know, it is UTC: loading asks only whether
    a text parses.
    """

    name: str
    data_type: str
    description: str = ""
    required: bool = False
    formats: tuple[str, ...] = ()
    zone: str | None = None


@dataclass(frozen=True)
class Table:
    """A declared export table. `records` is the key of the array in its JSON pages, if declared.

    `late_after`: how long after a delivery the next one is overdue; None if it has no schedule.
    """

    source: str
    name: str
    description: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    records: str | None = None
    path: str = ""
    late_after: timedelta | None = None

    @property
    def identifier(self) -> str:
        """Name of the raw table."""
        return f"{self.source}__{self.name}"

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a change of the declaration can change what is loaded or rejected."""
        parts = [repr((c.name, c.data_type, c.required, c.formats, c.zone)) for c in self.columns]
        parts.append(repr((self.primary_key, self.records)))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Source:
    """A declared export source."""

    name: str
    description: str
    tables: tuple[Table, ...]
    zone: str | None = None
    path: str = ""

    def table(self, name: str) -> Table:
        """The table of that name. Raises KeyError."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(f"source {self.name} declares no table {name}")


@dataclass(frozen=True)
class Declarations:
    """Every source in use, and notes on what was passed over and why."""

    root: Path
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = field(default=())

    def __iter__(self) -> Iterator[Source]:
        return iter(self.sources)

    def source(self, name: str) -> Source:
        """The source of that name. Raises KeyError."""
        for source in self.sources:
            if source.name == name:
                return source
        raise KeyError(f"no source {name} is declared")


class _Mapping(dict[Any, Any]):
    """A YAML mapping that remembers its line and the line of each key."""

    line: int = 0
    lines: dict[Any, int]


class _Loader(_Base):
    """SafeLoader that keeps lines and refuses a key written twice."""


def _construct_mapping(loader: Any, node: yaml.MappingNode) -> Iterator[_Mapping]:
    mapping = _Mapping()
    mapping.line = node.start_mark.line + 1
    mapping.lines = {}
    yield mapping
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        if key in mapping.lines:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} is written twice", key_node.start_mark
            )
        mapping.lines[key] = line
        mapping[key] = loader.construct_object(value_node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def _read_yaml(path: Path, shown: str) -> Any:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return yaml.load(stream, Loader=_Loader)  # noqa: S506  (a SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise DeclarationError(f"{shown}: cannot be read as UTF-8 text: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise DeclarationError(f"{shown}{line}: not valid YAML: {problem}") from error


@dataclass(frozen=True)
class _Reader:
    """Takes checked values out of one declaration file; every error says where and what to do."""

    shown: str

    def fail(self, line: int, text: str) -> DeclarationError:
        return DeclarationError(f"{self.shown}, line {line}: {text}")

    def mapping(self, value: Any, line: int, where: str) -> _Mapping:
        if not isinstance(value, _Mapping):
            raise self.fail(line, f"{where} must be a block of `key: value`, found {value!r}")
        return value

    def items(self, parent: _Mapping, key: str, where: str) -> list[Any]:
        value = parent.get(key)
        if not isinstance(value, list):
            line = parent.lines.get(key, parent.line)
            raise self.fail(line, f"{where}.{key} must be a list, found {value!r}")
        return value

    def text(self, parent: _Mapping, key: str, where: str, default: str | None = None) -> str:
        value = parent.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            line = parent.lines.get(key, parent.line)
            raise self.fail(line, f"{where}.{key} must be a text, found {value!r}")
        return value

    def meta(self, parent: _Mapping, where: str, known: tuple[str, ...]) -> _Mapping:
        empty = _Mapping()
        empty.line, empty.lines = parent.line, {}
        config = parent.get("config")
        if config is None:
            return empty
        config = self.mapping(config, parent.lines["config"], f"{where}.config")
        if config.get("meta") is None:
            return empty
        meta = self.mapping(config["meta"], config.lines["meta"], f"{where}.config.meta")
        # A misspelt key would be silently without effect; other keys belong to other readers.
        for key in meta:
            near = difflib.get_close_matches(str(key).lower().replace("-", "_"), known, 1, 0.8)
            if key not in known and near:
                raise self.fail(
                    meta.lines[key], f"{where}.config.meta.{key} has no meaning; write {near[0]}"
                )
        return meta

    def late_after(
        self, parent: _Mapping, where: str, default: timedelta | None
    ) -> timedelta | None:
        """dbt's own `config.freshness.warn_after` of a source or a table; null takes it away."""
        config = parent.get("config")
        if not isinstance(config, _Mapping) or "freshness" not in config:
            return default
        line = config.lines["freshness"]
        if config["freshness"] is None:
            return None
        freshness = self.mapping(config["freshness"], line, f"{where}.config.freshness")
        after = freshness.get("warn_after")
        after = self.mapping(after, line, f"{where}.config.freshness.warn_after")
        count, period = after.get("count"), after.get("period")
        if not isinstance(count, int) or count < 1 or period not in ("minute", "hour", "day"):
            raise self.fail(
                after.line,
                f"{where}.config.freshness.warn_after is {dict(after)!r}; "
                "write {count: 2, period: day} (minute, hour or day)",
            )
        return timedelta(**{f"{period}s": count})

    def zone(self, meta: _Mapping, where: str) -> str | None:
        zone = meta.get("zone")
        if zone is None:
            return None
        if zone == "reporting":
            return "UTC"
        if not isinstance(zone, str) or zone not in available_timezones():
            raise self.fail(
                meta.lines["zone"],
                f"{where}.config.meta.zone: {zone!r} is no IANA time zone; "
                "write one such as Europe/Berlin, reporting for the reporting time zone, or null",
            )
        return zone

    def texts(self, meta: _Mapping, key: str, where: str) -> tuple[str, ...]:
        value = meta.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.fail(
                meta.lines[key], f"{where}.config.meta.{key} must be a list of texts, not {value!r}"
            )
        return tuple(value)


def days(span: timedelta) -> str:
    """A span of time in words: 2 days, 36 hours, 90 minutes."""
    minutes = int(span.total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes % size == 0:
            number = minutes // size
            return f"{number} {name}{'s' if number > 1 else ''}"
    raise ValueError(span)


def read_declarations(project_root: Path) -> Declarations:
    """Read the declaration of every source in `vars: sources:` of the project's dbt_project.yml.

    Raises DeclarationError naming file, line and key for whatever is wrong.
    """
    project = _read_yaml(project_root / "dbt_project.yml", "dbt_project.yml")
    variables = (project.get("vars") if isinstance(project, _Mapping) else None) or {}
    used = variables.get("sources")
    if not isinstance(used, dict) or not used:
        raise DeclarationError(
            "dbt_project.yml: vars.sources must list the sources in use, "
            "as in `sources: {contract: all}`"
        )
    staging = project_root / "models" / "staging"
    sources: list[Source] = []
    notes: list[str] = []
    for name in used:
        path = staging / str(name) / f"_{name}__sources.yml"
        shown = path.relative_to(project_root).as_posix()
        if not path.is_file():
            notes.append(
                f"Source {name} is listed in vars.sources of dbt_project.yml, "
                f"but {shown} does not exist; nothing of it is loaded."
            )
            continue
        sources.append(_source(str(name), path, shown))
    for folder in sorted(staging.iterdir()) if staging.is_dir() else []:
        if folder.is_dir() and folder.name not in used:
            notes.append(
                f"models/staging/{folder.name} is not in use: "
                "list it in vars.sources of dbt_project.yml to load it."
            )
    return Declarations(project_root, tuple(sources), tuple(notes))


def _source(name: str, path: Path, shown: str) -> Source:
    reader = _Reader(shown)
    content = reader.mapping(_read_yaml(path, shown), 1, "the file")
    found = reader.items(content, "sources", "the file")
    for value in found:
        body = reader.mapping(value, 1, "sources")
        if body.get("name") == name:
            break
    else:
        raise reader.fail(1, f"declares no source named {name}; the folder's name is the source's")
    if len(found) != 1:
        raise reader.fail(1, f"must declare exactly one source, {name}; found {len(found)}")
    if body.get("schema") != "raw":
        line = body.lines.get("schema", body.line)
        raise reader.fail(line, f"{name}.schema must be raw, found {body.get('schema')!r}")
    zone = reader.zone(reader.meta(body, name, ("zone",)), name)
    late_after = reader.late_after(body, name, None)
    tables: list[Table] = []
    for value in reader.items(body, "tables", name):
        entry = reader.mapping(value, body.lines["tables"], f"{name}.tables")
        table = _table(reader, name, entry, zone, late_after, shown)
        if any(table.name.casefold() == other.name.casefold() for other in tables):
            raise reader.fail(entry.line, f"{name}.{table.name} is declared twice")
        tables.append(table)
    return Source(name, reader.text(body, "description", name, ""), tuple(tables), zone, shown)


def _table(
    reader: _Reader,
    source: str,
    body: _Mapping,
    source_zone: str | None,
    source_late_after: timedelta | None,
    shown: str,
) -> Table:
    name = reader.text(body, "name", f"{source}.tables[]")
    where = f"{source}.{name}"
    if any(character in name for character in "/\\\0") or name in (".", ".."):
        raise reader.fail(body.line, f"{where}: a table's name is a folder's name; {name!r} is not")
    expected = f"{source}__{name}"
    if body.get("identifier") != expected:
        line = body.lines.get("identifier", body.line)
        found = body.get("identifier")
        raise reader.fail(line, f"{where}.identifier must be {expected}, found {found!r}")
    meta = reader.meta(body, where, ("primary_key", "records", "zone"))
    zone = source_zone or reader.zone(meta, where)
    columns: list[Column] = []
    for value in reader.items(body, "columns", where):
        entry = reader.mapping(value, body.lines["columns"], f"{where}.columns")
        column = _column(reader, where, entry, zone)
        if any(column.name.casefold() == other.name.casefold() for other in columns):
            raise reader.fail(entry.line, f"{where}.{column.name} is declared twice")
        columns.append(column)
    if not columns:
        raise reader.fail(body.lines["columns"], f"{where}.columns is empty; declare at least one")
    key = reader.texts(meta, "primary_key", where)
    for part in key:
        if part not in {column.name for column in columns}:
            raise reader.fail(
                meta.lines["primary_key"],
                f"{where}.config.meta.primary_key names {part!r}, which is not a declared column",
            )
    records = meta.get("records")
    if records is not None and not isinstance(records, str):
        raise reader.fail(
            meta.lines["records"], f"{where}.config.meta.records must be a text, not {records!r}"
        )
    description = reader.text(body, "description", where, "")
    late_after = reader.late_after(body, where, source_late_after)
    return Table(source, name, description, tuple(columns), key, records, shown, late_after)


def _column(reader: _Reader, table: str, body: _Mapping, table_zone: str | None) -> Column:
    name = reader.text(body, "name", f"{table}.columns[]")
    where = f"{table}.{name}"
    if name != name.strip() or "\0" in name:
        raise reader.fail(body.line, f"{where}: the name must not begin or end with a space")
    if name.casefold() in LINEAGE_COLUMNS:
        raise reader.fail(body.line, f"{where}: the name is reserved for what loading adds")
    data_type = body.get("data_type")
    if data_type not in DATA_TYPES:
        line = body.lines.get("data_type", body.line)
        allowed = ", ".join(DATA_TYPES)
        raise reader.fail(line, f"{where}.data_type is {data_type!r}; allowed: {allowed}")
    meta = reader.meta(body, where, ("required", "formats", "zone"))
    required = meta.get("required", False)
    if not isinstance(required, bool):
        raise reader.fail(
            meta.lines["required"], f"{where}.config.meta.required is {required!r}; true or false"
        )
    zone = reader.zone(meta, where) or table_zone
    formats = reader.texts(meta, "formats", where)
    if formats and data_type not in ("date", "instant"):
        raise reader.fail(
            meta.lines["formats"],
            f"{where}.config.meta.formats is for columns of type date or instant, not {data_type}",
        )
    local = [f for f in formats if "%z" not in f and "%Z" not in f]
    if local and data_type == "instant" and zone is None:
        raise reader.fail(
            meta.lines["formats"],
            f"{where}.config.meta.formats: {local[0]!r} has no %z, so the source needs a zone: "
            "set config.meta.zone",
        )
    description = reader.text(body, "description", where, "")
    return Column(name, data_type, description.strip(), required, formats, zone)
