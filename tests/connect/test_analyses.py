"""Every analysis runs on a release, read-only and locked down, and the bridge adds up."""

from pathlib import Path

import pytest

from orchestration.home import PROJECT_ROOT
from orchestration.shell import open_locked

ANALYSES = sorted((PROJECT_ROOT / "analyses").glob("*.sql"))
# With a small company these may rightly find nothing.
MAY_BE_EMPTY = {"customers_lost_last_month", "restated_values"}


def test_there_is_a_dozen() -> None:
    assert len(ANALYSES) >= 12


@pytest.mark.parametrize("path", ANALYSES, ids=lambda path: path.stem)
def test_an_analysis_runs_on_a_release(path: Path, warehouse: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- "), "the first line says which question it answers"
    with open_locked(warehouse / "var" / "warehouse.duckdb", str(tmp_path)) as connection:
        rows = connection.execute(text).fetchall()
    assert rows or path.stem in MAY_BE_EMPTY


def test_the_bridge_leads_from_opening_to_closing(warehouse: Path, tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "analyses" / "mrr_bridge.sql").read_text(encoding="utf-8")
    with open_locked(warehouse / "var" / "warehouse.duckdb", str(tmp_path)) as connection:
        months, gap, largest = connection.execute(
            f"""
            select count(*), max(abs(opening + new_mrr + reactivated + expanded + contracted
                + churned + currency_effect - closing)), max(closing)
            from ({text}) where opening is not null
            """
        ).fetchone() or (0, 1, 0)
    assert months >= 24
    assert largest > 0
    assert gap < 0.005
