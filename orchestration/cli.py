"""The command `warehouse`. Thin: it parses, calls and prints; Dagster and dbt load only when used.

Exit codes: 0 done or published; 1 fault; 2 a gate blocked the night and nothing was published.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from orchestration.console import Printer, counted, size
from orchestration.display import (
    DAMAGED,
    print_check,
    print_copy,
    print_next,
    print_release,
    print_status,
    when,
)
from orchestration.home import PROJECT_ROOT, Home, Settings, SettingsError, load_settings

app = typer.Typer(
    name="warehouse",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Raw CRM exports in, trusted KPIs out.\n\n"
        "Everything lives below WAREHOUSE_HOME (default: ./var): drop exports into"
        " landing/<source>/<table>/, run [bold]warehouse refresh[/bold], read warehouse.duckdb.\n\n"
        "Exit codes: 0 published or done, 1 fault, 2 a gate blocked the night"
        " (nothing published, the last release is still served)."
    ),
)

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the essential.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Progress = Callable[[int, int, str], None]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show Dagster's own log lines too.")]


def _examples(*commands: str) -> str:
    """The end of a verb's help: what people type, to copy."""
    return "\n\n".join(["Examples:", *(f"  {escape(each)}" for each in commands)])


class Problem(Exception):
    """Something a person can do something about: what is wrong, and the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@app.callback()
def start(context: typer.Context) -> None:
    """Show the help when no verb is given."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=_examples("warehouse demo --scale 0.1"))
def demo(
    scale: Annotated[
        float, typer.Option(help="Size of the company, 0.01 to 1000; 1 is 600 accounts.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Another seed gives another company.")] = 1,
    quiet: Quiet = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Write the exports of an invented company into landing, then refresh.

    A second call finds everything in place and changes nothing.
    """
    from demo.generate import DEFAULT_AS_OF, DemoError, write_exports
    from orchestration import report
    from orchestration.home import parse_as_of

    printer = Printer(quiet=quiet, as_json=as_json)
    home, settings = _open_home()
    truth = home.root / "demo"
    if not (truth / "manifest.json").exists() and report.landing_files(home):
        raise Problem(
            f"{home.landing} already holds exports that are not the demo's; "
            "mixing them with an invented company would spoil both",
            "WAREHOUSE_HOME=/tmp/demo warehouse demo",
        )
    try:
        with printer.waiting("Writing the exports of an invented company ..."):
            files = write_exports(
                home.landing,
                scale=scale,
                seed=seed,
                truth=truth,
                progress=lambda text: printer.update(f"Demo: {text}"),
            )
    except DemoError as error:
        raise Problem(str(error), "`warehouse demo --help` shows scale and seed") from error
    printer.tick(
        "✓",
        "Exports",
        f"{counted(len(files), 'file')} · {sum(files.values()):,} records in landing",
        None,
    )
    as_of = parse_as_of(DEFAULT_AS_OF.isoformat(), settings.zone)
    if _is_served(home, settings, as_of):
        printer.line("  Nothing new: the release that is served was made of exactly these files.")
        print_release(home, settings, printer, "unchanged", [], [])
        return
    _refresh(home, settings, printer, as_of, False, verbose)


@app.command(epilog=_examples("warehouse refresh", "warehouse refresh --as-of 2025-07-01 --json"))
def refresh(
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="DATE",
            help="Instant to compute for: a date (its local midnight) or an ISO instant with"
            " offset. Default: the last midnight of the reporting zone.",
        ),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild incremental models from all rows.")
    ] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Load what is new, check it, rebuild every KPI, check them, publish one release."""
    from orchestration import report
    from orchestration.home import parse_as_of

    printer = Printer(quiet=quiet, as_json=as_json)
    home, settings = _open_home()
    try:
        instant = parse_as_of(as_of, settings.zone) if as_of else None
    except ValueError as error:
        raise Problem(str(error), "warehouse refresh --as-of 2025-07-01") from error
    if not report.landing_files(home) and not home.build_database.exists():
        raise Problem(
            f"there is nothing to load: {home.landing} holds no files",
            "drop exports into landing/<source>/<table>/, or try `warehouse demo`",
        )
    _refresh(home, settings, printer, instant, full_refresh, verbose)


@app.command(epilog=_examples("warehouse status", "warehouse status --json"))
def status(as_json: AsJson = False) -> None:
    """Show what is served and running, what was loaded and rejected, and the last runs."""
    import duckdb

    from orchestration import postgres, report
    from orchestration.lock import holder
    from orchestration.releases import served, served_fault, served_id

    printer = Printer(as_json=as_json)
    home, settings = _open_home()
    running = holder(home)
    release = served(home)
    fault = served_fault(home)
    database = home.build_database
    note = ""
    document: dict[str, Any] = {
        "feeds": [],
        "late_feeds": [],
        "skipped_files": [],
        "rejected_files": [],
        "rejected_rows": [],
        "checks": [],
    }
    try:
        if database.exists():
            with report.opened(database):
                document = {
                    "feeds": report.feeds(database),
                    "late_feeds": report.late_feeds(home, database, datetime.now(UTC)),
                    "skipped_files": report.skipped_files(database),
                    "rejected_files": report.rejected_files(database),
                    "rejected_rows": report.rejected_rows(database),
                    "checks": report.failed(report.quality(home)),
                }
    except duckdb.IOException:
        note = "a run is writing at this moment"
        if release and not fault:
            note += "; these are the figures of the served release"
            database = release.database
            document["feeds"] = report.feeds(database)
            document["rejected_files"] = report.rejected_files(database)
            document["rejected_rows"] = report.rejected_rows(database)
    runs = report.runs(home)
    for run in runs:
        if run["status"] in ("started", "starting") and not running:
            run["status"] = "interrupted"
    document |= {
        "home": str(home.root),
        "served": served_id(home),
        "damage": fault,
        "as_of": release.as_of if release else None,
        "published_at": release.published_at if release else None,
        "running": str(running) if running else None,
        "landing_files": len(report.landing_files(home)),
        "postgres": postgres.last(home, settings),
        "runs": runs,
    }
    printer.json(document)
    print_status(printer, document, note)


@app.command(epilog=_examples("warehouse releases"))
def releases(as_json: AsJson = False) -> None:
    """List the releases on disk, newest first, which one is served, and which are damaged."""
    from orchestration.releases import damage, journal, link_fault, served_id
    from orchestration.releases import releases as known

    printer = Printer(as_json=as_json)
    home = Home.from_env()
    current = served_id(home)
    found = known(home)
    with printer.waiting("Comparing every file with its manifest ..."):
        damaged = {each.release_id: damage(each) for each in found}
    printer.json(
        [
            {
                "release_id": each.release_id,
                "served": each.release_id == current,
                "damage": damaged[each.release_id],
                "as_of": each.as_of,
                "published_at": each.published_at,
                "bytes": each.bytes,
                "tables": len(each.tables),
                "code_version": each.code_version,
                "sha256": each.sha256,
            }
            for each in found
        ]
    )
    if fault := link_fault(home):
        printer.line(f"{fault}. {DAMAGED}", style="bold red")
    if not found:
        printer.line(f"{home.root} has no release yet. Next: `warehouse refresh`")
        return
    printer.table(
        ["", "release", "as of", "published", "size", "tables", "code"],
        [
            [
                (
                    ("served " if each.release_id == current else "")
                    + ("damaged" if damaged[each.release_id] else ""),
                    "red" if damaged[each.release_id] else "green",
                ),
                (each.release_id, ""),
                (when(each.as_of), ""),
                (when(each.published_at), ""),
                (size(each.bytes), ""),
                (f"{len(each.tables)}", ""),
                (each.code_version, ""),
            ]
            for each in found
        ],
        right=(4, 5),
    )
    for problem in filter(None, damaged.values()):
        printer.line(f"  {problem}; it will not be served again", style="red")
    last = next(iter(reversed(journal(home))), None)
    if last and last.get("action") == "rollback":
        printer.line(
            f"  Rolled back at {last['at'][:19].replace('T', ' ')} UTC from {last['replaced']};"
            " the next refresh publishes normally."
        )


@app.command(epilog=_examples("warehouse rollback", "warehouse rollback 20250715"))
def rollback(
    release: Annotated[
        str | None,
        typer.Argument(help="Release id, or its beginning. Default: the one before the served."),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Serve an earlier release again. Its file is verified first; the next refresh goes on.

    The copy in PostgreSQL follows, if settings.yml names a server.
    """
    from orchestration import postgres
    from orchestration.releases import rollback as roll_back
    from orchestration.releases import served_id

    printer = Printer(quiet=quiet, as_json=as_json)
    home, settings = _open_home()
    replaced = served_id(home)
    made = roll_back(home, release)
    printer.line(
        f"Readers now get {made.release_id} (as of {when(made.as_of)}). "
        "The next refresh publishes normally.",
        style="green",
    )
    with printer.waiting("PostgreSQL ..."):
        copied = postgres.follow(home, settings, made, _progress(printer, "PostgreSQL"))
    if copied:
        print_copy(printer, copied, made.release_id)
    printer.json(
        {
            "release_id": made.release_id,
            "as_of": made.as_of,
            "published_at": made.published_at,
            "replaced": replaced,
            "file": str(home.published),
            "postgres": copied,
        }
    )


@app.command(
    epilog=_examples(
        "warehouse export --format xlsx --to /tmp/kpis",
        "warehouse export --format parquet --release 20250715",
    )
)
def export(
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="parquet, csv or xlsx; may be repeated. Default: all."),
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder to write into.")] = Path(
        "exports"
    ),
    release: Annotated[
        str | None,
        typer.Option(help="Release id, or its beginning. Default: the one that is served."),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Write a release as files: Parquet (zstd), CSV, and a workbook of the scorecard.

    settings.yml can name formats under `exports` that every release is written as.
    """
    from orchestration import exports
    from orchestration.releases import chosen_or_served

    wanted = list(dict.fromkeys(formats or exports.FORMATS))
    if unknown := [each for each in wanted if each not in exports.FORMATS]:
        raise Problem(
            f"there is no format {unknown[0]}; there are {', '.join(exports.FORMATS)}",
            "warehouse export --format xlsx",
        )
    printer = Printer(quiet=quiet, as_json=as_json)
    home, settings = _open_home()
    chosen = chosen_or_served(home, release)
    files: list[Path] = []
    for kind in wanted:
        began = time.monotonic()
        with printer.waiting(f"Writing {kind} ..."):
            made = exports.export(settings, chosen, [kind], to, _progress(printer, kind))
        files += made
        if not made:
            printer.tick("!", kind, "the release has no scorecard", None)
            continue
        where = str(made[0]) if len(made) == 1 else f"{counted(len(made), 'file')} in {to / kind}"
        total = size(sum(each.stat().st_size for each in made))
        printer.tick("✓", kind, f"{where} · {total}", time.monotonic() - began)
    printer.json(
        {
            "release_id": chosen.release_id,
            "as_of": chosen.as_of,
            "folder": str(to.absolute()),
            "files": [
                {"file": str(each.absolute()), "bytes": each.stat().st_size} for each in files
            ],
        }
    )


@app.command(epilog=_examples("warehouse push", "warehouse push --json"))
def push(
    release: Annotated[
        str | None,
        typer.Argument(help="Release id, or its beginning. Default: the one that is served."),
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Replace the copy in PostgreSQL by the served release, for teams that cannot mount a file.

    refresh and rollback do it by themselves once settings.yml names the variable that holds the
    server's address (`postgres: {url_env: WAREHOUSE_POSTGRES_URL}`); this repeats it.
    """
    from orchestration import postgres
    from orchestration.releases import chosen_or_served

    printer = Printer(quiet=quiet, as_json=as_json)
    home, settings = _open_home()
    if not postgres.is_wanted(settings):
        raise Problem(
            f"{home.settings_file} names no server",
            "add `postgres: {url_env: WAREHOUSE_POSTGRES_URL}` and put the address into that"
            " variable",
        )
    chosen = chosen_or_served(home, release)
    with printer.waiting("PostgreSQL ..."):
        copied = postgres.follow(home, settings, chosen, _progress(printer, "PostgreSQL"))
    assert copied is not None
    printer.json(copied)
    if not copied["pushed"]:
        raise Problem(
            f"PostgreSQL still has what it had: {copied['message']}",
            "then `warehouse push` again; readers of the file have the served release",
        )
    print_copy(printer, copied, chosen.release_id)


@app.command(epilog=_examples("warehouse ui --port 3001"))
def ui(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.", min=1, max=65535)] = 3000,
) -> None:
    """Open the Dagster web UI on this machine (loopback only), with schedules and sensors."""
    home, _ = _open_home()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Problem(
                f"port {port} is taken: {error.strerror}", f"warehouse ui --port {port + 1}"
            ) from error
    from orchestration.operate import dagster_home

    dagster_home(home)
    Printer().line(f"Dagster at http://127.0.0.1:{port} (Ctrl-C ends it)", essential=True)
    sys.stdout.flush()
    os.execv(  # noqa: S606
        sys.executable,
        [
            *(sys.executable, "-W", "ignore", "-m", "dagster", "dev"),
            *("--module-name", "orchestration.definitions"),
            *("--working-directory", str(PROJECT_ROOT)),
            *("--host", "127.0.0.1", "--port", str(port)),
        ],
    )


@app.command(
    epilog=_examples(
        "warehouse sql 'from kpis.kpi_scorecard'",
        "warehouse sql --csv \"from kpis.kpi('mrr')\"",
        "warehouse sql --file analyses/mrr_bridge.sql",
    )
)
def sql(
    query: Annotated[str | None, typer.Argument(help="One query. Without it: a prompt.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Read the query from a file.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="The build database instead of the release.")
    ] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(help="Rows to print at most; 0 for all.", min=0)] = 200,
) -> None:
    """Query the served release read-only: nothing can be written, no other file be read."""
    from orchestration import shell
    from orchestration.releases import link_fault

    home = Home.from_env()
    database = home.build_database if build else home.published
    if not build and (fault := link_fault(home)):
        raise Problem(fault, DAMAGED)
    if not database.exists():
        raise Problem(f"there is no {database}", "make it with `warehouse refresh`")
    if query and file:
        raise Problem("a query and --file were both given", "give one of them")
    if file:
        path = file if file.exists() or file.is_absolute() else home.root / file
        try:
            query = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Problem(
                f"{file} cannot be read: {error}", "give the path of an SQL file"
            ) from error
    style: shell.Style
    style = "json" if as_json else "csv" if csv else "table"
    shell.query(database, query, style, limit)


# ---------------------------------------------------------------------------------------------
# Shared by the verbs
# ---------------------------------------------------------------------------------------------


def _open_home() -> tuple[Home, Settings]:
    home = Home.from_env()
    return home, load_settings(home)


def _progress(printer: Printer, name: str) -> Progress:
    """How far a long step is, beside the spinner."""
    return lambda done, total, what: printer.update(f"{name}: {done} of {total}, {what}")


def _is_served(home: Home, settings: Settings, as_of: datetime) -> bool:
    """Whether a sound release of exactly these files, code, settings and instant is served."""
    from orchestration import report
    from orchestration.releases import served, served_fault, sha256_of
    from orchestration.version import fingerprint

    release = served(home)
    if release is None or release.as_of != as_of or served_fault(home):
        return False
    inputs = [
        {"file": path.relative_to(home.landing).as_posix(), "sha256": sha256_of(path)}
        for path in report.landing_files(home)
    ]
    return bool(release.manifest.get("fingerprint") == fingerprint(inputs, as_of, settings))


def _refresh(
    home: Home,
    settings: Settings,
    printer: Printer,
    as_of: datetime | None,
    full_refresh: bool,
    verbose: bool,
) -> None:
    from orchestration import report
    from orchestration.refresh import EXIT_CODES, run

    night = run(home, settings, printer, as_of=as_of, full_refresh=full_refresh, verbose=verbose)
    if night.outcome == "published":
        print_release(home, settings, printer, night.outcome, night.steps, night.results)
        return
    document = {
        "outcome": night.outcome,
        "run_id": night.run_id,
        "seconds": round(night.seconds, 1),
        "steps": night.steps,
        "errors": night.errors,
        "failed_checks": report.failed(night.results),
        "served": night.release.release_id if night.release else None,
    }
    printer.json(document)
    served = (
        f"Nothing was published; {night.release.release_id} is still served."
        if night.release
        else "Nothing was published; there is no earlier release."
    )
    if night.outcome == "blocked":
        checks = report.failed(night.results, "critical")
        printer.line(essential=True)
        printer.line(
            f"Blocked: {counted(len(checks), 'critical check')} failed. {served}",
            style="bold red",
            essential=True,
        )
        for each in checks:
            print_check(printer, each)
        if not checks:
            printer.line("  " + "\n  ".join(night.errors), essential=True)
        print_next(
            printer,
            [
                ("All checks", "warehouse status"),
                ("Rejected rows", "warehouse sql --build 'from meta.rejected'"),
                ("After repair", "warehouse refresh"),
                ("Details", "warehouse ui"),
            ],
        )
    else:
        for each in report.failed(night.results):
            if each["status"] == "error":
                print_check(printer, each)
        logs = home.dbt / "logs" / "dbt.log"
        printer.error(
            "\n".join(night.errors) or "the run failed",
            f"{served} Log of dbt: {logs}; every step: `warehouse ui`, or run again with --verbose",
        )
    raise typer.Exit(EXIT_CODES[night.outcome])


def main() -> None:
    """The console script. Every error ends with what to do, and with exit code 1."""
    raise SystemExit(_main(sys.argv[1:]))


def _main(arguments: list[str]) -> int:
    printer = Printer()
    try:
        # Click would exit with 2 on a wrong option, and 2 means that a gate blocked the night.
        code = app(arguments, prog_name="warehouse", standalone_mode=False)
        return int(code or 0)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        verb = context.command_path if context else "warehouse"
        printer.error(error.format_message(), f"{verb} --help")
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted(printer)
    except Problem as error:
        printer.error(str(error), error.hint)
    except SettingsError as error:
        printer.error(str(error), "correct settings.yml; `docs/operate.md` lists every setting")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        return _unexpected(printer, error)
    return 1


def _interrupted(printer: Printer) -> int:
    printer.error(
        "interrupted; nothing was published and the last release is still served",
        "`warehouse refresh` starts again; what was loaded is not loaded twice",
    )
    return 1


def _unexpected(printer: Printer, error: Exception) -> int:
    import duckdb

    from orchestration.lock import RefreshRunning
    from orchestration.releases import ReleaseError, served_fault
    from orchestration.storage import advice

    home = Home.from_env()
    running = "Could not set lock" in str(error)
    if isinstance(error, RefreshRunning):
        printer.error(str(error), "warehouse status")
    elif isinstance(error, ReleaseError):
        printer.error(str(error), "warehouse releases")
    elif not running and (remedy := advice(home, f"{type(error).__name__}: {error}")):
        printer.error(str(error).partition("\n")[0] or type(error).__name__, remedy)
    elif isinstance(error, duckdb.Error) and not running and (fault := served_fault(home)):
        printer.error(fault, DAMAGED)
    elif isinstance(error, duckdb.Error):
        printer.error(
            str(error),
            "a refresh is writing at this moment; try again when it has ended (`warehouse status`)"
            if running
            else "`warehouse sql` lists the tables with .tables",
        )
    elif isinstance(error, OSError):
        printer.error(
            f"{error.strerror or error}: {error.filename or ''}".rstrip(": "),
            "check the permissions and the free space of WAREHOUSE_HOME",
        )
    elif type(error).__module__.startswith("orchestration."):
        # Our own errors are written for people: a suite, a declaration or the project is wrong.
        message = getattr(error, "description", None) or str(error)
        printer.error(message, "correct what it names, then run the same command again")
    else:
        printer.error(
            f"{type(error).__name__}: {error}",
            "set WAREHOUSE_TRACEBACK=1 to see where it happened",
        )
    if os.environ.get("WAREHOUSE_TRACEBACK"):
        printer.err.print_exception()
    return 1


if __name__ == "__main__":
    main()
