"""quality.html: what was checked, what was found, and nothing about persons."""

import duckdb
from reading import Page, outside_references
from synthetic_release import EMAIL, Company, page

from orchestration.home import Home, Settings
from orchestration.pages import KEPT, write_night
from orchestration.pages.quality import impersonal


def with_checks(home: Home) -> Company:
    company = Company(home)
    company.kpi("churn_rate")
    company.months("churn_rate", [0.1])
    company.check()
    company.check(
        "failed",
        "warning",
        check_name="assert_plausible_dates",
        message=f"contract.order: dates in 1900: {EMAIL}, +49 170 1234567. What to do: Correct it.",
        sample_keys="o1 (contract/order/a.csv:3), o2 (contract/order/a.csv:4)",
    )
    company.connection.execute(
        f"""
        insert into meta.feed_load values ('run', 'contract', 'order', 'contract/order/a.csv',
            'x', 10, 1205, 1200, 5, 'loaded', null, null, null, null, '2026-01-01', true);
        insert into meta.rejected values ('run', 'contract', 'order', 'contract/order/a.csv', 'x',
            3, 4, 'amount', 'VALUE-{EMAIL}', 'not a number: {EMAIL}', 'r', 'RECORD,{EMAIL}',
            '2026-01-01')
        """
    )
    return company


def test_a_published_night_leaves_its_page_in_the_release(home: Home) -> None:
    company = with_checks(home)
    company.check("failed", run_id="an earlier run")
    release = company.publish()
    found = Page(page(release, "quality.html"))
    assert outside_references(found) == []
    assert found.scripts == []
    assert "script-src" not in found.policy
    assert f"Release {release.release_id}." in found.text
    assert "2 checks" in found.text
    assert "contract.order: plausible dates" in found.text
    assert "o1 (contract/order/a.csv:3)<br>o2" in found.text
    assert found.text.count("Correct the file.") == 1  # once per finding
    assert "1,200" in found.text
    assert "contract/order/a.csv line 4" in found.text
    assert "blocked" in found.text.split('id="nights"')[1]


def test_nothing_personal_is_on_the_page(home: Home) -> None:
    text = page(with_checks(home).publish(), "quality.html")
    for secret in (EMAIL, "1234567", "VALUE-", "RECORD"):
        assert secret not in text
    assert "(e-mail address)" in text
    assert "(phone number)" in text
    assert impersonal("key 20250101-123456789") == "key 20250101-123456789"


def test_a_blocked_night_leaves_its_page_in_the_home(home: Home) -> None:
    company = with_checks(home)
    company.check("failed", check_name="unique_<b>ids</b>", run_id="bad night")
    company.close()
    path = write_night(home, Settings(), "bad night")
    assert path is not None
    assert path.parent == home.root / "quality"
    text = path.read_text(encoding="utf-8")
    assert "<h2>Blocked</h2>" in text
    assert "nothing was published" in text
    assert "unique &lt;b&gt;ids&lt;/b&gt;" in text
    assert (path.parent / "latest.html").read_text(encoding="utf-8") == text


def test_a_night_whose_check_broke_says_so(home: Home) -> None:
    company = with_checks(home)
    company.check("error", run_id="broken")
    company.close()
    path = write_night(home, Settings(), "broken")
    assert path is not None
    assert "A check could not run" in path.read_text(encoding="utf-8")


def test_a_night_without_results_or_database_leaves_no_page(home: Home) -> None:
    assert write_night(home, Settings(), "x") is None
    with_checks(home).close()
    assert write_night(home, Settings(), "never ran") is None
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("drop table meta.quality_result")
    assert write_night(home, Settings(), "run") is None


def test_only_the_newest_pages_of_blocked_nights_are_kept(home: Home) -> None:
    company = with_checks(home)
    company.close()
    folder = home.root / "quality"
    folder.mkdir()
    for number in range(KEPT + 5):
        (folder / f"2020{number:04d}T000000Z-x.html").write_text("old")
    write_night(home, Settings(), "run")
    assert len(list(folder.glob("[0-9]*.html"))) == KEPT
    assert (folder / "latest.html").exists()
