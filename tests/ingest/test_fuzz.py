"""Fuzzing by structure: valid files with known faults put into known records, in every dialect.

What is known of each file is which records are good. Nothing may crash, nothing may be lost, and no
good record may be set aside; after cuts and splices of bytes only the first two are known.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shops import Shop

LONG = "--long" in sys.argv
BOUNDED, FULL = 25, 1500
FUZZ = settings(
    max_examples=FULL if LONG else BOUNDED,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = ["order_id", "note", "amount", "pieces", "is_paid", "ordered_at", "due_date", "extra"]
Record = dict[str, Any]

NOTES = st.text(
    st.one_of(
        st.sampled_from("\",;\n\r\t|'\\ #é😀\u2028\u00a0"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)
GOOD = st.fixed_dictionaries(
    {
        "note": NOTES,
        "amount": st.decimals(-(10**9), 10**9, places=2).map(str),
        "pieces": st.integers(-(10**9), 10**9).map(str) | st.just(""),
        "is_paid": st.sampled_from(["true", "no", "1", ""]),
        "ordered_at": st.sampled_from(["2025-01-31T08:00:00Z", "2025-03-30 02:30:00+01:00", ""]),
        "due_date": st.dates().map(str) | st.just(""),
        "extra": st.sampled_from(['{"a": [1.50, null]}', "[]", ""]),
    }
)
# One fault in one value; the record and no other is set aside.
BAD_VALUES = st.sampled_from(
    [
        ("order_id", ""),
        ("amount", "1,250.50"),
        ("amount", "€5"),
        ("amount", "NULL"),
        ("amount", "1e999"),
        ("pieces", "1.5"),
        ("is_paid", "maybe"),
        ("ordered_at", "2025-02-30T08:00:00Z"),
        ("ordered_at", "31.01.2025"),
        ("due_date", "45688"),
        ("due_date", "12/31/2025"),
        ("extra", "{a}"),
        ("note", "a\0b"),
    ]
)


@dataclass(frozen=True)
class Written:
    """A file with the numbers of its records that are good, and how many there are in all."""

    name: str
    content: bytes
    good: list[int]
    records: int


@st.composite
def records(draw: st.DrawFn) -> list[tuple[Record, bool]]:
    """Records in order, and whether each is good."""
    made: list[tuple[Record, bool]] = []
    for number, values in enumerate(draw(st.lists(GOOD, min_size=1, max_size=8)), start=1):
        record = {"order_id": f"k{number}", **values}
        fault = draw(st.one_of(st.none(), st.none(), BAD_VALUES))
        made.append((record | dict([fault]) if fault else record, fault is None))
    return made


@st.composite
def csv_files(draw: st.DrawFn) -> Written:
    rows = draw(records())
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    padded = draw(st.booleans())
    order = draw(st.permutations(NAMES))
    lines: list[tuple[str, bool | None]] = []

    def write(values: list[str]) -> str:
        out = io.StringIO(newline="")
        # Whatever has a line break or a space at an end is quoted, as programs do.
        quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
        if any(set(value) & set("\r\n\u2028 \u00a0") for value in values):
            quoting = csv.QUOTE_ALL
        csv.writer(out, delimiter=delimiter, lineterminator="", quoting=quoting).writerow(values)
        return out.getvalue() + (delimiter if padded else "")

    for record, good in rows:
        lines.append((write([record[name] for name in order]), good))
        match draw(st.integers(0, 9)):
            case 0:
                lines.append(("", None))
            case 1:
                lines.append((write(order), False))
            case 2:
                lines.append(("Total: 5", False))
            case 3:
                lines.append((write([record[name] for name in order] + ["x", "y"]), False))
            case 4:
                lines.append((write([*["q"] * (len(order) - 1)]) + f'{delimiter}"a"b', False))
    head = write(list(order))
    text = end.join([head, *(line for line, _ in lines)]) + draw(st.sampled_from(["", end]))
    name, encoding, packed = draw(
        st.sampled_from(
            [("a.csv", "utf-8", False), ("a.csv", "utf-8-sig", False), ("a.CSV", "utf-16", False),
             ("a.csv.gz", "utf-8", True), ("a.csv.gz", "utf-16", True)]
        )
    )  # fmt: skip
    content = text.encode(encoding)
    counted = [good for _, good in lines if good is not None]
    return Written(
        f"order/{name}",
        gzip.compress(content) if packed else content,
        [number for number, good in enumerate(counted, start=1) if good],
        len(counted),
    )


@st.composite
def json_files(draw: st.DrawFn) -> Written:
    rows = draw(records())
    form = draw(st.sampled_from(["array", "page", "lines", "objects"]))
    texts: list[tuple[str, bool]] = []
    for record, good in rows:
        # A value may come as a number, as null, or not at all.
        values: Record = {
            key: None if not value and draw(st.booleans()) else value
            for key, value in record.items()
            if value or draw(st.booleans()) or key in ("order_id", "amount")
        }
        if good and draw(st.booleans()):
            values["amount"] = float(record["amount"])
        text = json.dumps(values, ensure_ascii=draw(st.booleans()))
        texts.append((text, good))
        fault = draw(st.sampled_from([None] * 6 + ["7", "null", "[1]", '{"a": 1, "a": 2}', "{}"]))
        if fault is not None and (form != "objects" or fault.startswith('{"')):
            texts.append((fault, False))
    broken = draw(st.booleans()) and form == "lines"
    if broken:
        texts.insert(draw(st.integers(0, len(texts))), ('{"order_id": 9, "am', False))
    space = draw(st.sampled_from(["", " ", "\n"]))
    parts = [text for text, _ in texts]
    joined = f",{space}".join(parts)
    name, text = {
        "array": ("a.json", f"[{space}{joined}{space}]"),
        "page": ("a.json", f'{{"object": "list", "data": [{joined}], "has_more": false}}'),
        "lines": ("a.jsonl", "\n".join(parts) + draw(st.sampled_from(["", "\n", "\r\n\r\n"]))),
        "objects": ("a.json", f"{space}".join(parts)),
    }[form]
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))
    packed = draw(st.booleans())
    return Written(
        f"order/{name}{'.gz' if packed else ''}",
        gzip.compress(content) if packed else content,
        [number for number, (_, good) in enumerate(texts, start=1) if good],
        len(texts),
    )


def check(shop: Shop, written: Written) -> None:
    """Exactly the good records are in raw, under their numbers; all others are rejected."""
    folder, _, name = written.name.rpartition("/")
    path = f"{folder}/{shop.runs}/{name}"
    result = shop.take(path, written.content)
    (shop.home.landing / "shop" / path).unlink()
    assert result.records == result.rows_loaded + result.rows_rejected
    if not written.good and result.status == "rejected":
        assert result.reason
        return
    assert (result.status, result.records) == ("loaded", written.records), result
    found = shop.query(
        "select _row_number, order_id from raw.shop__order where _source_file = $1 order by 1",
        f"shop/{path}",
    )
    assert [number for number, _ in found] == written.good
    assert all(key is not None and key.startswith("k") for _, key in found)
    rejected = shop.query(
        "select row_number, reason, remedy, record from meta.rejected where source_file = $1",
        f"shop/{path}",
    )
    assert sorted(number for number, *_ in rejected) == [
        number for number in range(1, written.records + 1) if number not in written.good
    ]
    assert all(reason and remedy and record for _, reason, remedy, record in rejected)


@FUZZ
@given(csv_files())
def test_csv_of_any_dialect_with_faults_in_known_records(shop: Shop, written: Written) -> None:
    check(shop, written)


@FUZZ
@given(json_files())
def test_json_of_any_shape_with_faults_in_known_records(shop: Shop, written: Written) -> None:
    check(shop, written)


@FUZZ
@given(
    st.one_of(csv_files(), json_files()),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 40), st.sampled_from([b"", b'"', b"\n", b"\0", b"\xff"])
        ),
        max_size=3,
    ),
)
def test_cut_and_spliced_files_neither_crash_nor_lose_a_record(
    shop: Shop, written: Written, edits: list[tuple[float, int, bytes]]
) -> None:
    content = written.content
    for place, cut, splice in edits:
        at = int(place * len(content))
        content = content[:at] + splice + content[at + cut :]
    folder, _, name = written.name.rpartition("/")
    path = f"{folder}/{shop.runs}/{name}"
    result = shop.take(path, content)
    (shop.home.landing / "shop" / path).unlink()
    assert result.records == result.rows_loaded + result.rows_rejected
    assert shop.query(
        "select count(*) from raw.shop__order where _source_file = $1", f"shop/{path}"
    ) == [(result.rows_loaded,)]
    assert shop.query(
        "select count(*) from meta.rejected where source_file = $1", f"shop/{path}"
    ) == [(result.rows_rejected if result.status == "loaded" else 1,)]


PARQUET_TYPES = ["varchar", "bigint", "double", "decimal(18, 4)", "integer", "hugeint", "blob"]


@FUZZ
@given(
    st.lists(st.sampled_from([0, 1, 7, 12345, None]), min_size=1, max_size=6),
    st.sampled_from(PARQUET_TYPES),
    st.sampled_from([*PARQUET_TYPES, "boolean", "date", "timestamptz", "integer[]", "time"]),
    st.integers(0, 60),
)
def test_parquet_of_any_types(
    shop: Shop, values: list[int | None], key: str, note: str, cut: int
) -> None:
    samples = {
        "boolean": "true",
        "date": "date '2025-01-31'",
        "integer[]": "[1, 2]",
        "timestamptz": "timestamptz '2025-01-31 08:00:00Z'",
        "time": "time '08:30'",
    }
    target = shop.root / "made.parquet"
    selects = " union all ".join(
        f"select cast({'null' if v is None else repr(str(v))} as {key}) as order_id, 1 as amount,"
        f" cast({samples.get(note, repr(str(v or 0)))} as {note}) as note"
        for v in values
    )
    with duckdb.connect() as connection:
        connection.execute(f"copy ({selects}) to '{target}' (format parquet)")
    content = target.read_bytes()
    path = f"order/{shop.runs}.parquet"
    # Now and then the end is missing.
    result = shop.take(path, content[: len(content) - (cut - 50 if cut > 50 else 0)])
    (shop.home.landing / "shop" / path).unlink()
    assert result.records == result.rows_loaded + result.rows_rejected
    if cut > 50:
        assert result.status == "rejected"
    else:
        keyless = sum(value is None for value in values)
        assert (result.records, result.rows_rejected) == (len(values), keyless), result


@pytest.mark.long
def test_the_long_form_is_longer() -> None:
    assert LONG
    assert FULL > 50 * BOUNDED
