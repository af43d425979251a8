"""What the verbs of the command print for people: status, a release, checks, the scorecard."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.console import Printer, change, counted, quantity
from orchestration.home import Home, Settings

DAMAGED = "`warehouse rollback` serves an earlier release, `warehouse refresh` makes a new one"


def print_status(printer: Printer, found: dict[str, Any], note: str) -> None:
    """The document of `warehouse status`, as a page of a terminal."""
    printer.cells([("Home       ", "bold"), (found["home"], "")])
    if found["served"]:
        stamps = (
            f"  as of {when(found['as_of'])}, published {when(found['published_at'])}"
            if found["as_of"]
            else "  (its manifest is missing)"
        )
        printer.cells([("Served     ", "bold"), (found["served"], "green"), (stamps, "")])
    elif not found["damage"]:
        printer.cells([("Served     ", "bold"), ("no release yet: `warehouse refresh`", "yellow")])
    if found["damage"]:
        printer.cells([("Damaged    ", "bold red"), (f"{found['damage']}. {DAMAGED}", "")])
    if copied := found["postgres"]:
        print_copy(printer, copied, found["served"], "PostgreSQL ")
    if found["running"]:
        printer.cells([("Refreshing ", "bold"), (found["running"], "cyan")])
    printer.cells([("Landing    ", "bold"), (counted(found["landing_files"], "file"), "")])
    if note:
        printer.line(f"({note})", style="dim")
    if found["feeds"]:
        printer.line()
        printer.table(
            ["source", "table", "files", "rows", "rejected", "last load"],
            [
                [
                    (each["source"], ""),
                    (each["entity"], ""),
                    (f"{each['files']:,}", ""),
                    (f"{each['rows_loaded']:,}", ""),
                    (f"{each['rows_rejected']:,}", "yellow" if each["rows_rejected"] else ""),
                    (when(each["last_loaded_at"]), ""),
                ]
                for each in found["feeds"]
            ],
            right=(2, 3, 4),
        )
    if found["late_feeds"]:
        printer.line()
        printer.line("Feeds that are late or missing:", style="bold yellow")
        for each in found["late_feeds"]:
            printer.line(
                f"  {each['source']}.{each['entity']}: {each['state']}, {each['why']}."
                f" {each['remedy']}"
            )
    if found["skipped_files"]:
        printer.line()
        printer.line("Passed over in landing:", style="bold yellow")
        for each in found["skipped_files"]:
            printer.line(f"  {each['source_file']}: {each['reason']} {each['remedy']}")
    if found["rejected_files"]:
        printer.line()
        printer.line("Files that were not loaded; they stay in landing:", style="bold yellow")
        for each in found["rejected_files"]:
            reason = str(each["reason"]).rstrip(".")
            printer.line(f"  {each['source_file']}: {reason}. {each['remedy'] or ''}")
    if found["rejected_rows"]:
        printer.line()
        total = sum(each["rows_rejected"] for each in found["feeds"])
        printer.line(
            f"Records that were not loaded ({len(found['rejected_rows'])} of {total:,}; all: "
            "warehouse sql --build 'from meta.rejected'):",
            style="bold yellow",
        )
        for each in found["rejected_rows"]:
            where = f"{each['source_file']}, line {each['line_number'] or '?'}"
            where += f", {each['column_name']}" if each["column_name"] else ""
            value = f" {each['value']!r}" if each["value"] is not None else ""
            remedy = f" {each['remedy']}" if each["remedy"] else ""
            printer.line(f"  {where}:{value} {each['reason'].rstrip('.')}.{remedy}")
    if found["checks"]:
        printer.line()
        printer.line("Checks of the last run that did not pass:", style="bold yellow")
        for each in found["checks"]:
            print_check(printer, each)
    if found["runs"]:
        printer.line()
        printer.table(
            ["run", "status", "started", "seconds"],
            [
                [
                    (each["run_id"][:8], ""),
                    (each["status"], "green" if each["status"] == "success" else "yellow"),
                    (when(each["started_at"]), ""),
                    (f"{each['seconds']:.1f}" if each["seconds"] is not None else "", ""),
                ]
                for each in found["runs"]
            ],
            right=(3,),
        )


def print_copy(
    printer: Printer, copied: dict[str, Any], served: str | None, title: str = "  "
) -> None:
    """What PostgreSQL holds, or why it does not hold what is served."""
    if copied["pushed"] and copied["release_id"] == served:
        counts = f"{copied['tables']} tables · {copied['rows']:,} rows"
        if title.strip():
            printer.cells([(title, "bold"), (copied["release_id"], "green"), (f"  {counts}", "")])
        else:
            printer.tick("✓", "PostgreSQL", counts, copied["seconds"])
        return
    reason = copied["message"] or f"it holds {copied['release_id']}"
    printer.cells(
        [
            (title if title.strip() else "  ! PostgreSQL  ", "bold yellow"),
            (f"not the served release: {reason}. Repeat it with `warehouse push`", ""),
        ],
        essential=True,
    )


def when(value: datetime | None) -> str:
    """An instant to the minute, in UTC."""
    if value is None:
        return "-"
    instant = value.astimezone(UTC) if value.tzinfo else value
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def print_check(printer: Printer, check: dict[str, Any]) -> None:
    """One check that did not pass: what, where, which rows, what to do."""
    from orchestration import report

    critical = check["severity"] == "critical"
    where = check["subject"] + (f".{check['column_name']}" if check["column_name"] else "")
    printer.cells(
        [
            ("  ", ""),
            ("✗ " if critical else "! ", "red" if critical else "yellow"),
            (where, "bold"),
            (f"  {check['check_name']} (gate {check['gate']}, {check['severity']})", "dim"),
        ],
        essential=critical,
    )
    details = [
        ("found", report.finding(check)),
        ("observed", _against(check["observed"], check["threshold"])),
        ("rows", check["sample_keys"]),
        ("do", check["remedy"]),
    ]
    for name, text in details:
        if text:
            printer.line(f"      {name:<9}{text}", essential=critical)


def _against(observed: str | None, threshold: str | None) -> str:
    if not observed:
        return ""
    return f"{observed} (allowed: {threshold})" if threshold else observed


def print_release(
    home: Home,
    settings: Settings,
    printer: Printer,
    outcome: str,
    steps: list[dict[str, Any]],
    results: list[dict[str, Any]],
) -> None:
    """The scorecard of the served release, its warnings, and where to look next."""
    from orchestration import postgres, report
    from orchestration.releases import served

    release = served(home)
    rows = report.scorecard(home)
    warnings = report.failed(results, "warning")
    copied = postgres.last(home, settings)
    printer.json(
        {
            "outcome": outcome,
            "release_id": release.release_id if release else None,
            "as_of": release.as_of if release else None,
            "file": str(home.published),
            "steps": steps,
            "warnings": warnings,
            "postgres": copied,
            "scorecard": rows,
        }
    )
    if release:
        printer.line(essential=True)
        printer.line(
            f"Release {release.release_id}, as of {when(release.as_of)}",
            style="bold",
            essential=True,
        )
        page = release.folder / "scorecard.html"
        for name, what in [
            ("File", f"{home.published}  (DuckDB, open it read-only)"),
            *([("Page", f"{page}  (open it in a browser)")] if page.exists() else []),
        ]:
            printer.cells([(f"  {name:<6}", "dim"), (what, "")])
    if rows:
        printer.line()
        _print_scorecard(printer, rows, settings.parameter("reporting_currency"))
    if warnings:
        shown = warnings[0]
        more = f" and {len(warnings) - 1} more" if len(warnings) > 1 else ""
        printer.line()
        printer.cells(
            [
                ("  ! ", "yellow"),
                (f"{counted(len(warnings), 'warning')}: ", "bold yellow"),
                (f"{shown['subject']}: {report.finding(shown)}{more}. See: warehouse status", ""),
            ]
        )
    if copied and release and not (copied["pushed"] and copied["release_id"] == release.release_id):
        print_copy(printer, copied, release.release_id)
    print_next(
        printer,
        [
            ("Query", "warehouse sql 'from kpis.kpi_scorecard'"),
            ("Share", "warehouse export --format xlsx --to /tmp/kpis"),
            ("Health", "warehouse status"),
            ("Operate", "warehouse ui"),
        ],
    )


def _print_scorecard(printer: Printer, rows: list[dict[str, Any]], currency: str) -> None:
    styles = {"ok": "green", "no_data": "dim", "low_sample": "yellow", "provisional": "yellow"}
    table = []
    headlines = [row for row in rows if row.get("is_headline", True)]
    for row in headlines:
        unit, kpi_id = row.get("unit"), str(row.get("kpi_id"))
        value, previous = row.get("value"), row.get("previous_value")
        status = str(row.get("status") or "")
        sample = row.get("sample_size")
        table.append(
            [
                (str(row.get("kpi_name") or kpi_id), ""),
                (str(row.get("period_start") or ""), "dim"),
                (quantity(value, unit, kpi_id, currency), "bold"),
                (quantity(previous, unit, kpi_id, currency), ""),
                (
                    change(value, previous, unit, kpi_id),
                    _tone(value, previous, row.get("direction")),
                ),
                (f"{int(sample):,}" if sample is not None else "-", ""),
                (status, styles.get(status, "")),
            ]
        )
    printer.table(
        ["KPI", "month", "value", "previous month", "change", "sample size", "status"],
        table,
        right=(2, 3, 4, 5),
    )
    if others := len(rows) - len(headlines):
        printer.line(f"  and {counted(others, 'companion')} of these in kpis.kpi_scorecard")


def _tone(value: Any, previous: Any, direction: Any) -> str:
    """Green for better, red for worse, by the KPI's own direction."""
    if value is None or previous is None or value == previous:
        return ""
    better = {"higher": value > previous, "lower": value < previous}.get(str(direction))
    return "" if better is None else "green" if better else "red"


def print_next(printer: Printer, commands: list[tuple[str, str]]) -> None:
    """What people type next: (why, command)."""
    printer.line()
    printer.line("Next", style="bold")
    for name, command in commands:
        typed = command.replace("warehouse", _called(), 1)
        printer.cells([(f"  {name:<14}", ""), (typed, "cyan")])


def _called() -> str:
    """How this command is typed here: by its name, or by its path when PATH does not have it."""
    script = sys.argv[0]
    if Path(script).name != "warehouse" or shutil.which("warehouse"):
        return "warehouse"
    return os.path.relpath(script)
