"""Same arguments, same bytes; another scale, more of the same; nothing mixed up, nothing lost."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import duckdb
import pytest

from demo import generate
from demo.generate import DemoError, write_exports


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def written(folder: Path, **arguments: object) -> dict[str, str]:
    write_exports(folder / "landing", truth=folder / "truth", **arguments)  # type: ignore[arg-type]
    return digests(folder)


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = written(tmp_path / "one", scale=0.05)
    opened = generate._open

    def with_threads(scratch: Path) -> duckdb.DuckDBPyConnection:
        connection = opened(scratch)
        connection.execute("set threads = 7")
        return connection

    monkeypatch.setattr(generate, "_open", with_threads)
    assert written(tmp_path / "two", scale=0.05) == usual


def test_another_seed_is_another_company(tmp_path: Path) -> None:
    first = written(tmp_path / "one", scale=0.02)
    second = written(tmp_path / "two", scale=0.02, seed=2)
    name = "truth/kpi_truth.csv"
    assert first[name] != second[name]


def test_records_grow_with_the_scale(tmp_path: Path) -> None:
    def records(scale: float) -> dict[str, int]:
        files = write_exports(
            tmp_path / f"{scale}/landing", scale=scale, truth=tmp_path / f"{scale}/truth"
        )
        totals: dict[str, int] = {}
        for name, count in files.items():
            table = "/".join(name.split("/")[:2])
            totals[table] = totals.get(table, 0) + count
        return totals

    small, large = records(0.2), records(0.6)
    for table in ("salesforce/Account", "salesforce/Lead", "zendesk/tickets", "contract/web_event"):
        assert large[table] / small[table] == pytest.approx(3, rel=0.1), table


@pytest.mark.parametrize("as_of", [dt.date(2026, 1, 1), dt.date(2025, 7, 15), dt.date(2024, 3, 31)])
def test_the_smallest_company_of_any_date_has_every_table(tmp_path: Path, as_of: dt.date) -> None:
    files = write_exports(tmp_path / "landing", scale=0.01, as_of=as_of, truth=tmp_path / "truth")
    assert len({tuple(name.split("/")[:2]) for name in files}) == 52
    assert all((tmp_path / "landing" / name).stat().st_size > 0 for name in files)
    lines = (tmp_path / "truth" / "kpi_truth.csv").read_text().splitlines()
    assert lines[0] == "kpi_id,grain,period_start,numerator,denominator"
    periods = {line.split(",")[2] for line in lines[1:]}
    # The running month is not a complete one.
    assert len(periods) == 36
    assert max(periods) < as_of.replace(day=1).isoformat()


def test_counts_are_those_of_the_files(company: object, db: duckdb.DuckDBPyConnection) -> None:
    files: dict[str, int] = company.files  # type: ignore[attr-defined]
    for table in (
        "salesforce/Lead",
        "stripe/invoices",
        "zendesk/tickets",
        "contract/survey_response",
    ):
        source, name = table.split("/")
        found = db.execute(f'select count(*) from {source}."{name}"').fetchone()
        assert found == (sum(n for file, n in files.items() if file.startswith(f"{table}/")),)


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    first = written(tmp_path, scale=0.01)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert written(tmp_path, scale=0.01) == first
    assert times == {path: path.stat().st_mtime_ns for path in times}


def test_a_lost_file_is_written_again(tmp_path: Path) -> None:
    first = written(tmp_path, scale=0.01)
    (tmp_path / "landing/zendesk/groups/groups.json").unlink()
    assert written(tmp_path, scale=0.01) == first


def test_two_companies_are_not_mixed(tmp_path: Path) -> None:
    first = written(tmp_path, scale=0.01)
    with pytest.raises(DemoError, match=r"another company \(scale 0.01, seed 1.*empty landing"):
        write_exports(tmp_path / "landing", scale=0.02, truth=tmp_path / "truth")
    assert digests(tmp_path) == first


def test_an_interrupted_run_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = written(tmp_path / "usual", scale=0.01)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generate, "_write_truth", fail)
        with pytest.raises(KeyboardInterrupt):
            written(tmp_path / "cut", scale=0.01)
    assert written(tmp_path / "cut", scale=0.01) == usual


def test_arguments_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="scale 5000 is out of range: choose one from"):
        write_exports(tmp_path / "landing", scale=5000, truth=tmp_path / "truth")
    with pytest.raises(DemoError, match="seed -1 is out of range"):
        write_exports(tmp_path / "landing", seed=-1, truth=tmp_path / "truth")
    with pytest.raises(DemoError, match="inside the landing folder"):
        write_exports(tmp_path / "landing", truth=tmp_path / "landing" / "truth")
    assert list(tmp_path.iterdir()) == []
