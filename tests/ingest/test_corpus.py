"""The corpus of bad files: all in one landing, loaded in one night, every record accounted for."""

from __future__ import annotations

import os
import re
import resource
import stat
import textwrap
from pathlib import Path

import duckdb
import pytest
from corpus import CASES, ELSEWHERE, HEAD, TABLES, TWO, Case
from shops import Shop, write_project

from orchestration.ingest.declaration import read_declarations
from orchestration.ingest.load import FileResult

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[str, FileResult]]:
    """A shop into which every file of the corpus was delivered, and what became of each."""
    root = tmp_path_factory.mktemp("corpus")
    shop = Shop(root, read_declarations(write_project(root / "project", TABLES)))
    for case in CASES:
        shop.deliver(case.name, case.content)
    report = shop.load()
    assert not report.skipped
    return shop, {file.source_file: file for file in report.files}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_becomes_of(case: Case, night: tuple[Shop, dict[str, FileResult]]) -> None:
    shop, results = night
    file = f"shop/{case.name}"
    found = results[file]
    where = f"where source_file = '{file}'"
    assert found.status == ("rejected" if case.whole else "loaded"), found
    assert (found.rows_loaded, found.rows_rejected) == (case.loaded, case.rejected), found
    # The account: in meta, in raw and among the rejected.
    assert shop.query(
        f"select records, rows_loaded, rows_rejected from meta.feed_load {where}"
    ) == [(case.loaded + case.rejected, case.loaded, case.rejected)]
    table = f"raw.shop__{case.name.partition('/')[0]}"
    rows = f"(from {table} where _source_file = '{file}')"
    assert shop.query(f"select count(*), count(distinct _row_number) from {rows}") == [
        (case.loaded, case.loaded)
    ]
    rejected = shop.query(
        f"select line_number, reason, remedy, record from meta.rejected {where} order by row_number"
    )
    assert len(rejected) == (1 if case.whole else case.rejected)
    for line, reason, remedy, record in rejected[:1]:
        assert case.why in reason
        assert remedy
        assert case.line in (None, line)
        assert case.whole or record
    if case.holds:
        query, answer = case.holds
        assert shop.query(query.format(rows=rows)) == [(answer,)]


def test_the_corpus_is_large_and_its_ids_are_distinct() -> None:
    assert len(CASES) >= 150
    assert len({case.id for case in CASES}) == len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("kind", "place"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_what_no_single_file_shows_is_tested(kind: str, place: str) -> None:
    file, _, text = place.partition("::")
    assert text in (TESTS / file).read_text(encoding="utf-8"), kind


# --- what is rejected can be delivered again -----------------------------------------------------


def test_a_rejected_record_keeps_its_bytes_and_can_be_delivered_again(shop: Shop) -> None:
    bad = [b'2,"Zo\xeb \\xeb",oops', b"3,too,many,fields", b"4,x,nope"]
    shop.take("order/a.csv", HEAD.encode() + b"1,x,1\n" + b"\n".join(bad) + b"\n")
    rows = shop.rejected("row_number, coalesce(record_bytes, encode(record)), record_bytes is null")
    assert [(number, kept) for number, kept, _ in rows] == list(enumerate(bad, start=2))
    assert [plain for *_, plain in rows] == [False, True, True]
    good = [b"2,Zo\xc3\xab,2", b"3,enough fields,3", b"4,x,4"]
    shop.deliver("order/a.csv", HEAD.encode() + b"1,x,1\n" + b"\n".join(good) + b"\n")
    (file,) = shop.load().files
    assert (file.rows_loaded, file.rows_rejected) == (4, 0)
    current = shop.query("select rows_loaded, rows_rejected from meta.feed_load where is_current")
    assert current == [(4, 0)]


def test_lines_of_json_that_are_no_text_keep_their_bytes(shop: Shop) -> None:
    lines = [b'{"a": 1}', b'{"a": "\xeb"}', b'{"a": "\\xeb"', b'{"a": 2}']
    shop.take("text/a.jsonl", b"\n".join(lines))
    rows = shop.rejected("line_number, coalesce(record_bytes, encode(record))")
    assert rows == [(2, lines[1]), (3, lines[2])]


def test_a_database_of_an_earlier_version_gets_the_column_for_bytes(shop: Shop) -> None:
    shop.load()
    with duckdb.connect(str(shop.home.build_database)) as connection:
        connection.execute("alter table meta.rejected drop column record_bytes")
    assert shop.take("order/a.csv", HEAD + "1,x,oops\n").rows_rejected == 1
    assert shop.rejected("record, record_bytes") == [("1,x,oops", None)]


# --- size ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    "size",
    [pytest.param(1 << 30, marks=pytest.mark.long, id="1 GB"), pytest.param(70 << 20, id="70 MB")],
)
def test_a_line_without_end_is_one_bad_record_and_is_never_held_in_memory(
    shop: Shop, form: str, size: int
) -> None:
    before, after = {
        "csv": (HEAD + "1,x,1\n2,", ",2\n3,z,3\n"),
        "jsonl": ('{"order_id": 1, "amount": 1}\n{"note": "', '"}\n{"order_id": 3, "amount": 1}\n'),
    }[form]
    path = shop.deliver(f"order/a.{form}", before)
    with path.open("ab") as stream:
        for _ in range(size >> 20):
            stream.write(b"x" * (1 << 20))
        stream.write(after.encode())
    (file,) = shop.load().files
    assert (file.records, file.rows_loaded, file.rows_rejected) == (3, 2, 1), file
    ((line, reason, length),) = shop.rejected("line_number, reason, length(record)")
    assert line == (3 if form == "csv" else 2)
    assert "longer than" in reason
    assert length <= 1000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 << 20, "KiB"


def test_a_long_string_in_a_large_array_is_passed_over_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.ingest import read_json, survey

    monkeypatch.setattr(read_json, "_LARGEST_PAGE", 1000)
    monkeypatch.setattr(survey, "_CHUNK", 1 << 16)
    # Escapes on both sides of the places where the pieces meet.
    long = '\\\\\\"]' * 400_000
    result = shop.take("text/a.json", f'[{{"a": 1}}, {{"a": "{long}"}}, {{"a": "]"}}]')
    assert (result.records, result.rows_loaded) == (3, 3)


def test_two_thousand_columns_load(shop: Shop) -> None:
    names = ["a", "b", *(f"c{n}" for n in range(1998))]
    shop.take("text/a.csv", ",".join(names) + "\n" + ",".join(map(str, range(2000))) + "\n")
    assert shop.rows("text", "a, b, c1997") == [("0", "1", "1999")]


def test_parquet_of_other_types_loads_as_text_and_sets_bytes_aside(shop: Shop) -> None:
    target = shop.root / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    i as order_id, 1.5::decimal(38, 10) as amount, 5::hugeint as pieces,
                    case i when 1 then '\\xFF'::blob else 'text'::blob end as note,
                    map {{'a': i}} as extra, interval 3 day as span, 'x'::enum ('x', 'y') as kind,
                    [1.5, null] as list, uuid() as id
                from range(3) as numbers (i)
            ) to '{target}' (format parquet)
            """
        )
    result = shop.take("order/a.parquet", target.read_bytes())
    assert (result.records, result.rows_loaded, result.rows_rejected) == (3, 2, 1), result
    assert shop.rows("order", "order_id, amount, pieces, note, extra, span, kind, list")[0] == (
        "0", "1.5000000000", "5.0", "text", '{"a":0}', "3 days", "x", "[1.5,null]",
    )  # fmt: skip
    ((number, column, reason, record),) = shop.rejected("row_number, column_name, reason, record")
    assert (number, column) == (2, "note")
    assert "not UTF-8" in reason
    assert "xFF" in record


# --- folders -------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_listed_is_reported_and_the_others_load(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.deliver("order/open/a.csv", TWO)
    closed = shop.deliver("order/closed/b.csv", TWO).parent
    closed.chmod(0)
    scan = os.scandir

    def scandir(path: str | Path) -> os.ScandirIterator[str]:  # type: ignore[name-defined]
        # The superuser may list everything; for others the kernel says the same.
        if isinstance(path, str | Path) and not Path(path).stat().st_mode & stat.S_IRUSR:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    report = shop.load()
    closed.chmod(0o700)
    assert [file.source_file for file in report.files] == ["shop/order/open/a.csv"]
    (item,) = report.skipped
    assert (item.name, item.reason) == (
        "shop/order/closed",
        "The folder cannot be read: Permission denied.",
    )
    assert "right to list" in item.remedy


def test_the_declaration_of_the_corpus_is_valid(tmp_path: Path) -> None:
    declared = read_declarations(write_project(tmp_path, textwrap.dedent(TABLES)))
    assert [table.name for table in declared.source("shop").tables] == [
        "order", "text", "page", "visit",
    ]  # fmt: skip


# --- in the documentation ------------------------------------------------------------------------


def test_every_reason_is_in_the_documentation_with_what_to_do(
    night: tuple[Shop, dict[str, FileResult]],
) -> None:
    shop, _ = night
    text = (TESTS.parent / "docs" / "quality.md").read_text(encoding="utf-8")
    table = text.partition("| the reason says |")[2].partition("\n\n")[0]
    rows = [line.split(" | ") for line in table.splitlines() if line.count(" | ") == 2]
    assert len(rows) > 40
    patterns = [
        re.compile(re.escape(said.removeprefix("| ")).replace("…", ".*"), re.DOTALL)
        for said, *_ in rows
    ]
    missing = [
        reason
        for (reason,) in shop.query("select distinct reason from meta.rejected")
        if not any(pattern.match(reason) for pattern in patterns)
    ]
    assert missing == []
