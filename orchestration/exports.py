"""Exports of a release for people and tools without DuckDB: Parquet, CSV and a workbook.

Written with every release when settings.yml says so (`exports: [parquet, csv, xlsx]`), below
`releases/<id>/exports/<format>/`; on demand with `warehouse export`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

import duckdb

from orchestration.home import ExportFormat, Settings
from orchestration.pages import words
from orchestration.releases import Release
from orchestration.sql_text import literal, quoted

FORMATS: tuple[str, ...] = get_args(ExportFormat)
EXPORTED_SCHEMAS = ("kpis", "marts")
WORKBOOK = "scorecard.xlsx"
MONTHS = 36
Progress = Callable[[int, int, str], None]
# A sheet holds 1,048,576 rows; three years of undivided values are far fewer.
SHEET_ROWS = 200_000


def write_exports(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    formats: Iterable[str],
    release: Mapping[str, Any],
    *,
    currency: str,
    progress: Progress | None = None,
) -> list[Path]:
    """Write the release that is attached as `warehouse` into `folder`/<format>/; return the files.

    `release` is the row of meta.release. A release without a scorecard gets no workbook.
    """
    written: list[Path] = []
    for kind in formats:
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        if kind == "xlsx":
            written += _workbook(connection, place / WORKBOOK, release, currency)
        else:
            written += _tables(connection, place, kind, release, progress)
    for file in written:
        _settle(file)
    return written


def export(
    settings: Settings,
    release: Release,
    formats: Sequence[str],
    folder: Path,
    progress: Progress | None = None,
) -> list[Path]:
    """Export a release, verified by the caller, into any folder; return the files.

    Raises OSError or duckdb.IOException when the folder cannot be written.
    """
    with (
        tempfile.TemporaryDirectory(prefix="warehouse-export-") as spill,
        duckdb.connect(":memory:", config={"temp_directory": spill}) as connection,
    ):
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"attach {literal(str(release.database))} as warehouse (read_only)")
        cursor = connection.execute("from warehouse.meta.release")
        names = [each[0] for each in cursor.description or []]
        row = dict(zip(names, cursor.fetchone() or (), strict=False))
        return write_exports(
            connection,
            folder,
            formats,
            row,
            currency=settings.parameter("reporting_currency"),
            progress=progress,
        )


def _tables(
    connection: duckdb.DuckDBPyConnection,
    place: Path,
    kind: str,
    release: Mapping[str, Any],
    progress: Progress | None,
) -> list[Path]:
    """Every table of kpis and marts as one file, written by the engine."""
    options = {
        "parquet": "format parquet, compression zstd, kv_metadata {"
        + f"release_id: {literal(str(release['release_id']))}, "
        + f"contract_version: {literal(str(release['contract_version']))}"
        + "}",
        "csv": "format csv, header",
    }
    found = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
        f" and schema_name in {EXPORTED_SCHEMAS} order by 1, 2"
    ).fetchall()
    written = []
    for number, (schema, table) in enumerate(found):
        file = place / f"{schema}.{table}.{kind}"
        if progress:
            progress(number, len(found), file.name)
        connection.execute(
            f"copy warehouse.{quoted(schema)}.{quoted(table)}"
            f" to {literal(str(file))} ({options[kind]})"
        )
        written.append(file)
    return written


_SCORECARD = """
select
    scorecard.kpi_id, scorecard.kpi_name, scorecard.domain, scorecard.owner, scorecard.unit,
    scorecard.direction, scorecard.grain, scorecard.period_start, scorecard.period_end,
    scorecard.value, scorecard.previous_value, scorecard.change, scorecard.year_ago_value,
    scorecard.trend, scorecard.target_value, scorecard.attainment, scorecard.sample_size,
    scorecard.status, scorecard.definition, catalog.formula
from warehouse.kpis.kpi_scorecard as scorecard
inner join warehouse.kpis.kpi_catalog as catalog on scorecard.kpi_id = catalog.kpi_id
order by
    scorecard.domain, scorecard.headline_id, scorecard.is_headline desc, scorecard.kpi_id
"""
_HEADINGS = (
    ("KPI", 40), ("Value", 15), ("Unit", 18), ("Trend", 24), ("Change", 15),
    ("Better or worse", 15), ("Previous", 15), ("Year ago", 15), ("Target", 15),
    ("Way to target", 13), ("Cases", 10), ("Status", 16), ("Period", 13), ("Domain", 20),
    ("Owner", 20), ("Definition", 70), ("Formula", 50), ("kpi_id", 32),
)  # fmt: skip


def _workbook(
    connection: duckdb.DuckDBPyConnection, file: Path, release: Mapping[str, Any], currency: str
) -> list[Path]:
    """The scorecard for people who live in spreadsheets, with native sparklines."""
    # xlsxwriter is needed by this format alone.
    import xlsxwriter

    try:
        scorecard = _rows(connection, _SCORECARD)
        months = _rows(connection, _history())
    except (duckdb.CatalogException, duckdb.BinderException):
        return []
    options = {
        # Names from data are text, whatever they look like.
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(file), options) as book:
        # The same release gives the same bytes.
        book.set_properties(
            {"title": "KPI scorecard", "created": release["published_at"], "author": ""}
        )
        sheets = {name: book.add_worksheet(name) for name in ("Scorecard", "Values", "About")}
        history = book.add_worksheet("History")
        places = _write_history(history, months)
        _write_scorecard(book, sheets["Scorecard"], scorecard, places, currency)
        _write_values(book, sheets["Values"], connection)
        _write_about(book, sheets["About"], release, currency)
    return [file]


def _history() -> str:
    """The undivided values of the shown grain of each KPI: its newest periods as lists."""
    return f"""
    select
        figures.kpi_id,
        list(figures.period_start order by figures.period_start)[-{MONTHS}:] as periods,
        list(case when isfinite(figures.value) then figures.value end
            order by figures.period_start)[-{MONTHS}:] as "values"
    from warehouse.kpis.kpi_values as figures
    inner join warehouse.kpis.kpi_scorecard as scorecard
        on figures.kpi_id = scorecard.kpi_id and figures.grain = scorecard.grain
        and figures.period_start <= scorecard.period_start
    where figures.dim_name = 'all'
    group by figures.kpi_id
    order by figures.kpi_id
    """


def _write_history(sheet: Any, months: list[dict[str, Any]]) -> dict[str, str]:
    """One row per KPI, oldest value first: the ranges that the sparklines draw."""
    sheet.write_row(0, 0, ["kpi_id", "first period", f"newest {MONTHS} values, oldest first"])
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 12)
    sheet.freeze_panes(1, 2)
    places = {}
    for row, each in enumerate(months, start=1):
        sheet.write_string(row, 0, each["kpi_id"])
        sheet.write_datetime(row, 1, _moment(each["periods"][0]))
        for column, value in enumerate(each["values"], start=2):
            if value is not None:
                sheet.write_number(row, column, value)
        last = _column(1 + len(each["values"]))
        places[each["kpi_id"]] = f"History!C{row + 1}:{last}{row + 1}"
    return places


def _write_scorecard(
    book: Any, sheet: Any, scorecard: list[dict[str, Any]], places: dict[str, str], currency: str
) -> None:
    formats: dict[str, Any] = {}

    def number(text: str) -> Any:
        if text not in formats:
            formats[text] = book.add_format({"num_format": text, "valign": "top"})
        return formats[text]

    plain = book.add_format({"valign": "top"})
    wrapped = book.add_format({"valign": "top", "text_wrap": True})
    bold = book.add_format({"valign": "top", "bold": True})
    verdicts = {
        "better": book.add_format({"font_color": "#0a6b43", "valign": "top"}),
        "worse": book.add_format({"font_color": "#b3261e", "valign": "top"}),
    }
    signs = {"better": "● better", "worse": "◇ worse", "flat": "– no change"}
    for row, each in enumerate(scorecard, start=1):
        form = words.format_of(each["kpi_id"], each["unit"], currency)
        value = number(number_format(form))
        sheet.write_string(row, 0, each["kpi_name"], bold)
        if each["value"] is None:
            missing = words.missing_word(each["status"], each["sample_size"])
            sheet.write_string(row, 1, missing, plain)
        else:
            sheet.write_number(row, 1, each["value"], value)
        sheet.write_string(row, 2, unit_name(form), plain)
        if each["kpi_id"] in places:
            sheet.add_sparkline(
                row, 3,
                {
                    "range": places[each["kpi_id"]], "last_point": True, "series_color": "#1b5bb8",
                    "last_color": "#1b5bb8", "weight": 1.5, "show_hidden": True,
                    "empty_cells": "gaps",
                },
            )  # fmt: skip
        _write_number(sheet, row, 4, each["change"], value)
        trend = each["trend"]
        sheet.write_string(row, 5, signs.get(trend, trend or ""), verdicts.get(trend, plain))
        for column, name in ((6, "previous_value"), (7, "year_ago_value"), (8, "target_value")):
            _write_number(sheet, row, column, each[name], value)
        _write_number(sheet, row, 9, each["attainment"], number("0%"))
        _write_number(sheet, row, 10, each["sample_size"], number("#,##0"))
        sheet.write_string(row, 11, words.state_word(each["status"]) or "ok", plain)
        period = words.period_name(each["grain"], each["period_start"], each["period_end"])
        for column, text in enumerate(
            (period, each["domain"], each["owner"], each["definition"], each["formula"],
             each["kpi_id"]),
            start=12,
        ):  # fmt: skip
            sheet.write_string(row, column, text or "", wrapped if column in (15, 16) else plain)
    sheet.add_table(
        0, 0, max(len(scorecard), 1), len(_HEADINGS) - 1,
        {
            "name": "scorecard", "style": "Table Style Light 1",
            "columns": [{"header": heading} for heading, _ in _HEADINGS],
        },
    )  # fmt: skip
    for column, (_, width) in enumerate(_HEADINGS):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _write_values(book: Any, sheet: Any, connection: duckdb.DuckDBPyConnection) -> None:
    """Undivided values by month, quarter and year, exactly as stored."""
    found = connection.execute(
        f"""
        select kpi_id, grain, period_start, value, numerator, denominator, sample_size, status,
            is_complete, is_mature
        from warehouse.kpis.kpi_values
        where dim_name = 'all' and grain in ('month', 'quarter', 'year')
        order by period_start desc, kpi_id, grain limit {SHEET_ROWS}
        """
    )
    names = [each[0] for each in found.description or []]
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    rows = 0
    for rows, each in enumerate(found.fetchall(), start=1):
        for column, cell in enumerate(each):
            if cell is None:
                continue
            if isinstance(cell, bool):
                sheet.write_boolean(rows, column, cell)
            elif isinstance(cell, date):
                sheet.write_datetime(rows, column, _moment(cell), day)
            elif isinstance(cell, str):
                sheet.write_string(rows, column, cell)
            else:
                _write_number(sheet, rows, column, cell, None)
    sheet.add_table(
        0, 0, max(rows, 1), len(names) - 1,
        {
            "name": "kpi_values", "style": "Table Style Light 1",
            "columns": [{"header": name} for name in names],
        },
    )  # fmt: skip
    sheet.set_column(0, 0, 32)
    sheet.set_column(1, len(names) - 1, 14)
    sheet.freeze_panes(1, 1)


def _write_about(book: Any, sheet: Any, release: Mapping[str, Any], currency: str) -> None:
    bold = book.add_format({"bold": True})
    lines = (
        ("Release", str(release["release_id"])),
        ("Computed for (UTC)", f"{release['as_of']:%Y-%m-%d %H:%M}"),
        ("Published (UTC)", f"{release['published_at']:%Y-%m-%d %H:%M}"),
        ("KPI contract", f"version {release['contract_version']}"),
        ("Currency", currency),
        ("Ratios", "are fractions: 0.125 is shown as 12.5%"),
        ("Empty value", "the status says why; a measured zero is 0"),
    )
    for row, (name, text) in enumerate(lines):
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, text)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 60)


def number_format(form: words.Format) -> str:
    """The spreadsheet format of a KPI's unit; longer units stand in a column of their own."""
    if form.kind == "percent":
        return "0.0%"
    if form.kind == "times":
        return '0.00"×"'
    if form.kind == "money":
        before = form.before.replace('"', "'")
        return f'"{before}"#,##0.00'
    if form.kind == "minutes":
        return '#,##0.0" min"'
    return "#,##0.00" if form.points or form.after else "#,##0"


def unit_name(form: words.Format) -> str:
    """The unit of a KPI in words, for the column beside its values."""
    if form.kind == "minutes":
        return "minutes"
    return f"{form.before}{form.after}".replace(words.NBSP, " ").strip()


def _write_number(sheet: Any, row: int, column: int, value: float | None, form: Any) -> None:
    """A number; nothing for NULL and for what a spreadsheet has no number for."""
    if value is not None and value == value and abs(value) != float("inf"):
        sheet.write_number(row, column, value, form)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _column(index: int) -> str:
    """0 -> A, 26 -> AA."""
    text = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [each[0] for each in found.description or []]
    return [dict(zip(names, each, strict=True)) for each in found.fetchall()]


def _settle(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
