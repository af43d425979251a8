"""Exports: the same numbers as the release, in files that say which release they are."""

import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest
from synthetic_release import AS_OF, Company

from orchestration import cli, exports
from orchestration.home import Home, Settings
from orchestration.pages import words
from orchestration.publish import publish

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def company(home: Home) -> Company:
    made = Company(home)
    made.kpi("churn", name='=HYPERLINK("x")', unit="ratio", direction="lower")
    made.months("churn", [0.1, None, 1 / 3, 0.0])
    made.kpi("money", unit="currency", domain="https://evil.example")
    made.months("money", [float("inf"), 12.5], unit="currency")
    return made


def sheet(file: Path, number: int) -> ElementTree.Element:
    with zipfile.ZipFile(file) as book:
        return ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))


def test_a_release_carries_the_exports_that_settings_name(home: Home) -> None:
    release = company(home).publish(Settings(exports=("parquet", "csv", "xlsx")))
    listed = release.manifest["exports"]
    assert "exports/xlsx/scorecard.xlsx" in listed
    assert "exports/parquet/kpis.kpi_values.parquet" in listed
    assert all((release.folder / each).stat().st_size for each in listed)
    for kind in ("parquet", "csv"):
        file = release.folder / "exports" / kind / f"kpis.kpi_values.{kind}"
        assert duckdb.sql(f"select count(*) from '{file}'").fetchall() == [(6,)]
    file = release.folder / "exports" / "parquet" / "kpis.kpi_values.parquet"
    kept = dict(
        duckdb.sql(
            f"select decode(key), decode(value) from parquet_kv_metadata('{file}')"
        ).fetchall()
    )
    assert kept["release_id"] == release.release_id
    assert kept["contract_version"] == "1.1"
    compressed = duckdb.sql(f"select distinct compression from parquet_metadata('{file}')")
    assert compressed.fetchall() == [("ZSTD",)]


@pytest.mark.parametrize(
    ("unit", "number", "name"),
    [
        ("ratio", "0.0%", "%"),
        ("currency", '"€"#,##0.00', "€"),
        ("currency / customer-month", '"€"#,##0.00', "€ / customer-month"),
        ("minutes", '#,##0.0" min"', "minutes"),
        ("count", "#,##0", ""),
        ("score 1-7", "#,##0.00", ""),
        ("tickets / 100 customers", "#,##0.00", "tickets / 100 customers"),
    ],
)
def test_a_long_unit_stands_beside_the_number(unit: str, number: str, name: str) -> None:
    """In the cell it would leave no room for the number, which a spreadsheet shows as ###."""
    form = words.format_of("some_kpi", unit, "EUR")
    assert (exports.number_format(form), exports.unit_name(form)) == (number, name)


def test_without_the_setting_there_are_none(home: Home) -> None:
    release = company(home).publish()
    assert release.manifest["exports"] == []
    assert not (release.folder / "exports").exists()


def test_the_workbook_has_sparklines_exact_values_and_no_formula(home: Home) -> None:
    release = company(home).publish(Settings(exports=("xlsx",)))
    file = release.folder / "exports" / "xlsx" / "scorecard.xlsx"
    with zipfile.ZipFile(file) as book:
        assert book.testzip() is None
        parts = {name: book.read(name).decode() for name in book.namelist() if "xml" in name}
    for name, text in parts.items():
        ElementTree.fromstring(text)
        assert "<f>" not in text, name
        assert 'TargetMode="External"' not in text, name
    assert parts["xl/worksheets/sheet1.xml"].count("<x14:sparkline>") == 2
    strings = parts["xl/sharedStrings.xml"]
    assert "=HYPERLINK" in strings
    values = {
        float(cell.findtext(f"{SHEET}v") or "nan")
        for cell in sheet(file, 2).iter(f"{SHEET}c")
        if cell.get("t") is None
    }
    assert {0.1, 1 / 3, 0.0, 12.5} <= values
    assert "€" in strings  # the unit stands beside the value,
    assert 'formatCode="&quot;€&quot;#,##0.00"' in parts["xl/styles.xml"]  # the symbol in it
    assert not any("inf" in str(each) for each in values)


def test_on_demand_the_served_release_is_exported(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = company(home).publish()
    publish(home, Settings(), run_id="second", as_of=AS_OF)
    out = tmp_path / "out"
    assert cli._main(["export", "--format", "xlsx", "--format", "csv", "--to", str(out)]) == 0
    assert str(out / "xlsx" / "scorecard.xlsx") in capsys.readouterr().out
    assert (out / "csv" / "kpis.kpi_catalog.csv").exists()
    older = ["export", "--release", first.release_id, "--format", "parquet", "--json"]
    assert cli._main([*older, "--to", str(out)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["release_id"] == first.release_id
    assert document["folder"] == str(out)
    file = str(out / "parquet" / "kpis.kpi_values.parquet")
    assert {"file": file, "bytes": Path(file).stat().st_size} in document["files"]
    kept = duckdb.sql(f"select decode(value) from parquet_kv_metadata('{file}')").fetchall()
    assert (first.release_id,) in kept


def test_what_cannot_be_exported_is_said(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*arguments: str) -> str:
        assert cli._main(["export", "--to", str(tmp_path / "out"), *arguments]) == 1
        said = capsys.readouterr()
        assert "hint: " in said.err
        assert said.out == ""
        return said.err

    assert "warehouse refresh" in refused()
    release = company(home).publish()
    assert "warehouse releases" in refused("--release", "20200101T000000Z")
    assert "there are parquet, csv, xlsx" in refused("--format", "xls")
    (tmp_path / "out").write_text("a file, no folder")
    assert "out" in refused("--format", "csv")
    (tmp_path / "out").unlink()
    release.database.chmod(0o644)
    with release.database.open("r+b") as file:
        file.seek(release.bytes - 100)
        file.write(b"damaged")
    assert "damaged" in refused("--format", "csv")
