"""No name, address, phone number or free text of a person is in what is released, byte by byte."""

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.exports import FORMATS, export
from orchestration.home import Home, load_settings
from orchestration.releases import served

# Fields of the vendors' exports, in small letters, that hold people, companies and their words.
PEOPLE = {"firstname", "lastname"}
USERS = {"User", "users"}
NAMES = {"name", "company", *PEOPLE}
CONTACTS = {"email", "phone", "mobilephone", "buyer_email", "referred_email"}
TEXTS = {"subject", "description", "body", "comment", "nextstep", "reason_text"}
# Names of things, not of people or companies, and words of a fixed list.
THINGS = {"Campaign", "products", "coupons", "groups", "prices", "web_event", "invoice_lines"}
# Shorter ones are found by chance in compressed bytes.
SHORTEST = 5


def fields(value: Any) -> Iterator[tuple[str, str]]:
    """Names and texts of all fields of a JSON document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str):
                yield name, inner
            yield from fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner)


def records(file: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of all fields of an export."""
    data = file.read_bytes()
    text = (gzip.decompress(data) if file.suffix == ".gz" else data).decode("utf-8-sig")
    if ".csv" in file.name:
        for row in csv.DictReader(io.StringIO(text)):
            yield from ((name, value) for name, value in row.items() if isinstance(value, str))
    elif file.suffix == ".json":
        yield from fields(json.loads(text))
    else:
        for line in text.splitlines():
            yield from fields(json.loads(line))


def personal(landing: Path) -> dict[str, set[str]]:
    """Every name, contact and text of the landed exports, by kind."""
    found: dict[str, set[str]] = {"names": set(), "contacts": set(), "texts": set()}
    for file in landing.rglob("*.*"):
        if file.suffix == ".parquet" or file.parent.name in THINGS:
            continue
        for name, value in records(file):
            kind = name.lower()
            if kind in NAMES:
                # Parts of a person's name count; those of a company's are words of the language.
                parts = value.split() if kind in PEOPLE or file.parent.name in USERS else []
                found["names"] |= {value, *parts}
            elif kind in CONTACTS:
                found["contacts"] |= {value, value.lower()}
            elif kind in TEXTS:
                found["texts"].add(value)
    return {
        kind: {each.strip() for each in values if len(each.strip()) >= SHORTEST}
        for kind, values in found.items()
    }


def strings(connection: duckdb.DuckDBPyConnection, relation: str) -> bytes:
    """Every text of a relation, decompressed: the distinct values of its columns."""
    described = connection.execute(f"describe from {relation}").fetchall()
    texts = [f'"{name}"' for name, kind, *_ in described if "VARCHAR" in kind]
    lines = [name for name, *_ in described]
    for column in texts:
        found = connection.execute(f"select distinct {column}::varchar from {relation}").fetchall()
        lines += [value for (value,) in found if value is not None]
    return "\n".join(lines).encode()


def tables(database: Path) -> dict[str, bytes]:
    """Every text of a database, table by table, and its comments."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute(
            "select '\"' || schema_name || '\".\"' || table_name || '\"' from duckdb_tables()"
        ).fetchall()
        found = {name: strings(connection, name) for (name,) in names}
        found["comments"] = strings(connection, "duckdb_columns()")
    return found


def unpacked(folder: Path) -> dict[str, bytes]:
    """Every file as it is, and what is in it where it is compressed."""
    found = {}
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        found[file.name] = file.read_bytes()
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as book:
                found |= {f"{file.name}: {name}": book.read(name) for name in book.namelist()}
        elif file.suffix == ".parquet":
            with duckdb.connect() as connection:
                found[f"{file.name}: texts"] = strings(connection, f"'{file}'")
        elif file.suffix == ".duckdb":
            found |= {f"{file.name}: {name}": text for name, text in tables(file).items()}
    return found


WORD = re.compile(rb"[0-9A-Za-z]+")


class Places(dict[str, bytes]):
    """Contents by place; knows the words of each, so that few are searched from end to end."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        super().__init__(contents)
        self.words = {place: set(WORD.findall(content)) for place, content in self.items()}

    def hits(self, wanted: set[str]) -> dict[str, set[str]]:
        """Which of the values stand somewhere as whole words, and where."""
        found: dict[str, set[str]] = {}
        for value in wanted:
            needle = value.encode()
            words = set(WORD.findall(needle))
            whole = re.compile(rb"(?<![0-9A-Za-z])" + re.escape(needle) + rb"(?![0-9A-Za-z])")
            for place, content in self.items():
                if words <= self.words[place] and needle in content and whole.search(content):
                    found.setdefault(value, set()).add(place)
        return found


@pytest.fixture(scope="module")
def released(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The release with its pages, and all its exports."""
    home = Home(warehouse / "var")
    exports = tmp_path_factory.mktemp("exports")
    release = served(home)
    assert release is not None
    assert export(load_settings(home), release, FORMATS, exports)
    return Places(unpacked(release.folder) | unpacked(exports))


@pytest.fixture(scope="module")
def values(warehouse: Path) -> dict[str, set[str]]:
    return personal(warehouse / "var" / "landing")


def test_the_search_finds_people_where_they_are(
    warehouse: Path, values: dict[str, set[str]]
) -> None:
    assert min(len(each) for each in values.values()) >= 40
    build = tables(warehouse / "var" / "build.duckdb")
    raw = Places({name: text for name, text in build.items() if name.startswith('"raw"')})
    for kind in ("names", "contacts"):
        assert len(raw.hits(values[kind])) >= 0.9 * len(values[kind])


@pytest.mark.parametrize("kind", ["names", "contacts", "texts"])
def test_nobody_is_in_the_released_file_its_pages_and_exports(
    released: Places, values: dict[str, set[str]], kind: str
) -> None:
    assert {"warehouse.duckdb", "manifest.json", "scorecard.html"} <= released.keys()
    assert any(name.endswith(".xlsx: xl/sharedStrings.xml") for name in released)
    assert released.hits(values[kind]) == {}


def test_nothing_that_looks_like_an_address_is_in_the_released_texts(
    released: Places,
) -> None:
    address = re.compile(rb"[A-Za-z0-9._%+-]{2,}@[A-Za-z0-9-]+\.[A-Za-z]{2,}")
    texts = {name: text for name, text in released.items() if not name.endswith((".duckdb", "et"))}
    found = {name: address.findall(text)[:3] for name, text in texts.items()}
    assert {name: some for name, some in found.items() if some} == {}
