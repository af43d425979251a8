"""dbt's documentation beside a release: the page of the build, without the paths of the machine."""

import subprocess
from pathlib import Path

import pytest
from synthetic_release import Company
from test_page_in_browser import BROWSER

from orchestration.home import Home
from orchestration.pages import DBT_DOCS
from orchestration.transform import forget_build


def company(home: Home) -> Company:
    made = Company(home)
    made.kpi("money", unit="currency")
    made.months("money", [1.0], unit="currency")
    return made


def test_the_page_of_the_build_is_kept_beside_the_release(home: Home) -> None:
    page = home.dbt / DBT_DOCS
    page.parent.mkdir(parents=True)
    page.write_text(f'<html>{{"compiled_path": "{home.dbt.resolve()}/target/compiled/m.sql"}}')
    release = company(home).publish()
    assert "docs.html" in release.manifest["pages"]
    linked = (release.folder / "scorecard.html").read_text()
    assert '<a href="docs.html">' in linked
    assert '<a href="quality.html">' in linked
    kept = (release.folder / "docs.html").read_text()
    assert kept == '<html>{"compiled_path": "target/compiled/m.sql"}'


def test_a_release_without_it_is_published_all_the_same(home: Home) -> None:
    release = company(home).publish()
    assert release.manifest["pages"]
    assert "docs.html" not in release.manifest["pages"]
    assert "docs.html" not in (release.folder / "scorecard.html").read_text()


def test_a_new_build_forgets_the_page_of_the_one_before(home: Home) -> None:
    page = home.dbt / DBT_DOCS
    page.parent.mkdir(parents=True)
    page.write_text("old")
    forget_build(home)
    assert not page.exists()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium")
def test_dbt_writes_a_page_that_opens_from_a_file(tmp_path: Path) -> None:
    """From the parsed project alone; the catalog of a build only adds sizes."""
    from orchestration.home import Settings
    from orchestration.transform import _parse, _parse_lock, _write_docs

    home = Home(tmp_path)
    with _parse_lock(home):
        manifest = _parse(home, Settings())
    (home.dbt / DBT_DOCS).parent.mkdir(parents=True)
    (home.dbt / DBT_DOCS).with_name("manifest.json").write_bytes(
        (home.dbt / "parse" / "manifest.json").read_bytes()
    )
    _write_docs(home, {"as_of": "2025-01-01 00:00:00", "run_id": "docs"}, manifest)
    page = home.dbt / DBT_DOCS
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            f"--user-data-dir={tmp_path / 'browser'}", "--virtual-time-budget=8000", "--dump-dom",
            f"file://{page}#!/model/model.crm_kpi_warehouse.kpi_values",
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "every published number" in done.stdout
    assert "First local day of the period" in done.stdout
