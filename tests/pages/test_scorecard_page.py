"""scorecard.html: self-contained, complete without JavaScript, exact, and safe with any name."""

import base64
import hashlib
import math
import re

import duckdb
import pytest
from reading import Page, outside_references
from synthetic_release import Company, page

from orchestration.home import Home, Settings
from orchestration.pages import data
from orchestration.pages.words import changed, fixed, format_of, written

HOSTILE = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!-- <script>",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://evil.example")',
    "Zürich & Söhne\u2028‮🦊",
    'it\'s a \\u003c "quote"',
]


def small(home: Home) -> Company:
    company = Company(home)
    company.kpi("churn_rate", name="Churn rate", direction="lower", domain="customers")
    company.months("churn_rate", [0.05] * 12 + [0.1, 0.08])
    for member, values in (("SMB", [0.2, 0.1]), ("Enterprise", [0.01, 0.0])):
        company.months("churn_rate", values, dim="segment", member=member)
    return company


def test_a_page_asks_nothing_of_the_network(home: Home) -> None:
    found = Page(page(small(home).publish()))
    assert outside_references(found) == []
    assert found.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in found.policy
    links = set(re.findall(r"https?://[^\s\"'<]+", found.text))
    assert links == {"http://www.w3.org/2000/svg"}  # the name of the SVG vocabulary, no address


def test_the_policy_names_exactly_the_scripts_and_the_style_of_the_page(home: Home) -> None:
    found = Page(page(small(home).publish()))
    allowed = set(re.findall(r"'sha256-([^']+)'", found.policy))
    inside = {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in found.programs + found.styles
    }
    assert allowed == inside
    assert len(found.programs) == 2


def test_seventy_kpis_and_three_years_fit_below_a_megabyte_with_slices(home: Home) -> None:
    company = Company(home)
    dims = {"segment": 4, "country": 8, "channel": 7, "industry": 10, "product": 12, "owner": 40}
    for number in range(70):
        kpi_id = f"kpi_{number}"
        company.kpi(kpi_id, slices=" ".join(dims), definition="Words that explain it. " * 8)
        for variant in range(1, 2 + number % 2):
            company.kpi(f"{kpi_id}_v{variant}", headline=kpi_id)
            company.months(f"{kpi_id}_v{variant}", [math.sin(number + i) for i in range(36)])
        for dim, members in {"all": 1, **dims}.items():
            for member in range(members):
                values = [math.sin(number * 7 + member * 3 + i) for i in range(36)]
                company.months(
                    kpi_id, values, dim=dim, member=dim if dim == "all" else f"{dim} {member}"
                )
    text = page(company.publish())
    assert len(text.encode()) < 1_000_000
    kpis = Page(text).data["kpis"]
    assert len(kpis) == 70 + 105
    assert all(len(each["s"]["month"][1]) == 36 for each in kpis.values())
    # one whole slice at least, the wide one never, and what is left out is named
    assert len(kpis["kpi_3"]["m"]) >= 1
    assert "owner" not in kpis["kpi_3"]["m"]
    assert set(kpis["kpi_3"]["m"]) | set(kpis["kpi_3"]["sl"]) == set(dims)
    dims_of = {frozenset(each["m"]) for name, each in kpis.items() if "_v" not in name}
    assert len(dims_of) == 1, "a slice is there for all KPIs or for none"


def test_names_from_data_stay_text(home: Home) -> None:
    company = Company(home)
    for number, name in enumerate(HOSTILE):
        company.kpi(
            f"k{number}", name=name, domain=name, owner=name, definition=name, slices="segment"
        )
        company.months(f"k{number}", [0.5, 0.6])
        company.months(f"k{number}", [0.5, 0.6], dim="segment", member=name)
    found = Page(page(company.publish()))
    assert outside_references(found) == []
    assert len(found.scripts) == 3
    for number, name in enumerate(HOSTILE):
        assert name in found.rows[f"k{number}"]
        assert found.data["kpis"][f"k{number}"]["n"] == name
        assert name in found.data["kpis"][f"k{number}"]["m"]["segment"]


def test_the_table_is_complete_without_javascript(home: Home) -> None:
    company = small(home)
    company.kpi("money", name="Monthly revenue", unit="currency", definition="All of it.")
    company.months("money", [900.0, 1234567.891], unit="currency", sample=1500)
    company.kpi("part", headline="money", name="A part of it", unit="count")
    company.months("part", [1.0, 3.0], unit="count")
    company.goal("money", 2_000_000, 0.6)
    found = Page(page(company.publish()))
    assert set(found.rows) == {"churn_rate", "money", "part"}
    assert "Churn rate" in found.rows["churn_rate"]
    assert "8.0%" in found.rows["churn_rate"]
    assert "−2.0\u00a0pp, better" in found.rows["churn_rate"]  # less churn is good
    assert "from 10.0%" in found.rows["churn_rate"]
    assert "+3.0\u00a0pp, worse" in found.rows["churn_rate"]  # a year ago it was 5 %
    assert "What it counts. Formula: a / b." in found.rows["churn_rate"]
    assert "€1.23M" in found.rows["money"]
    assert "60% of the way" in found.rows["money"]
    assert "target €2.00M" in found.rows["money"]
    assert "1,500" in found.rows["money"]
    assert "Dec 2025" in found.rows["money"]
    assert "Data through <b>31 Dec 2025</b>" in found.text


def test_no_data_no_cases_immature_and_zero_are_told_apart(home: Home) -> None:
    company = Company(home)
    for kpi_id in ("zero", "nodata", "nocases", "immature", "few", "tiny", "unchurned"):
        company.kpi(kpi_id)
    company.months("zero", [0.1, 0.0])
    company.months("nodata", [None, None], status="no_data", sample=0)
    company.months("nocases", [None, None], status="low_sample", sample=0)
    company.months("immature", [0.3], mature=False)
    company.months("few", [0.4], status="low_sample", sample=3)
    company.months("tiny", [0.0001])
    company.months("unchurned", [None], status="no_churn_observed")
    found = Page(page(company.publish())).rows
    assert re.search(r"Formula: a / b\.\n?0%", found["zero"])
    assert "no data" in found["nodata"]
    assert "no cases" in found["nocases"]
    assert "no data" not in found["nocases"]
    assert "30.0%" in found["immature"]
    assert "still maturing" in found["immature"]
    assert "small sample" in found["few"]
    assert "<0.1%" in found["tiny"]
    assert "no churn observed" in found["unchurned"]


def test_an_open_period_is_compared_with_nothing(home: Home) -> None:
    company = Company(home)
    company.kpi("open")
    company.months("open", [0.1, 0.3])
    company.connection.execute("update kpis.kpi_values set is_complete = false")
    found = Page(page(company.publish())).rows["open"]
    assert "period still open" in found
    assert "nothing to compare" in found
    assert "pp" not in found


def test_a_kpi_of_any_unit_and_domain_needs_no_template(home: Home) -> None:
    company = Company(home)
    company.kpi(
        "turns", name="Stock turns", domain="warehouse_logistics", unit="turns / pallet",
        direction="neutral", slices=None,
    )  # fmt: skip
    company.months("turns", [2.0, 4.5], unit="turns / pallet", status="weather_dependent")
    found = Page(page(company.publish()))
    row = found.rows["turns"]
    assert "4.50 turns / pallet" in row
    assert "weather dependent" in row
    assert "better" not in row
    assert "worse" not in row
    assert "<h2>Warehouse logistics</h2>" in found.text


def test_embedded_values_are_exactly_those_of_the_release(home: Home) -> None:
    values = [1 / 3, 0.1 + 0.2, 1e-9, 123456789.123456789, 0.0, -7.0]
    company = Company(home)
    company.kpi("exact")
    company.months("exact", values)
    release = company.publish()
    found = Page(page(release)).data
    first, embedded, samples, marks = found["kpis"]["exact"]["s"]["month"]
    with duckdb.connect(str(release.database), read_only=True) as connection:
        stored = connection.execute(
            "select period_start, value from kpis.kpi('exact') order by period_start"
        ).fetchall()
    assert embedded == [value for _, value in stored] == values
    assert [start for start, _ in found["axes"]["month"]][first:] == [
        start.isoformat() for start, _ in stored
    ]
    assert samples == [100] * 6
    assert {found["states"][found["letters"].index(mark)][0] for mark in marks} == {"ok"}


def test_infinite_values_do_not_break_the_page(home: Home) -> None:
    company = small(home)
    company.kpi("odd")
    company.months("odd", [1.0, float("inf")])
    release = company.publish()
    assert release.manifest["pages"] == ["scorecard.html", "quality.html"]
    assert Page(page(release)).data["kpis"]["odd"]["s"]["month"][1] == [1, None]


def test_rows_and_rules_of_the_projects_kpis_are_explained() -> None:
    explained, rules = data.explanations({"annual_discount_rate": 0.25})
    assert "marts." in explained["mrr"]
    assert "1 + 0.25 - rate" in explained["clv_discounted"]
    assert not [kpi_id for kpi_id, query in explained.items() if "{" in query]
    assert rules["mrr"].startswith("Contract 4.A1")
    assert "`" not in rules["mrr"]


def test_a_release_without_a_scorecard_is_published_without_the_page(home: Home) -> None:
    company = small(home)
    company.close()
    with duckdb.connect(str(home.build_database)) as connection:
        connection.execute("drop table kpis.kpi_catalog")
    from synthetic_release import AS_OF

    from orchestration.publish import publish

    release = publish(home, Settings(), run_id="run", as_of=AS_OF)
    assert release.manifest["pages"] == ["quality.html"]
    assert not (release.folder / "scorecard.html").exists()


def test_the_reporting_currency_of_the_home_is_shown(home: Home) -> None:
    company = Company(home)
    company.kpi("money", unit="currency")
    company.months("money", [12.5], unit="currency")
    text = page(company.publish(Settings(reporting_currency="CHF")))
    assert "CHF\u00a012.50" in Page(text).rows["money"]


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        ("ratio", 0.125, "12.5%"),
        ("ratio", 0, "0%"),
        ("ratio", -0.0002, ">−0.1%"),
        ("currency", 0, "€0"),
        ("currency", 999.995, "€1,000.00"),
        ("currency", -1234.5, "−€1,235"),
        ("currency", 2_500_000_000, "€2.50B"),
        ("currency / day", 10, "€10.00 / day"),
        ("minutes", 95, "95.0\u00a0min"),
        ("minutes", 200, "3.3\u00a0h"),
        ("minutes", 4320, "3.0\u00a0days"),
        ("count", 1234567, "1,234,567"),
        ("score 1-7", 5.25, "5.25"),
        ("orders / customer", 1.5, "1.50 orders / customer"),
    ],
)
def test_values_are_written_in_their_unit(unit: str, value: float, expected: str) -> None:
    assert written(value, format_of("k", unit, "EUR")) == expected


@pytest.mark.parametrize(
    ("unit", "value", "before", "expected"),
    [
        ("ratio", 0.3, 0.25, "+5.0\u00a0pp"),
        ("score", -20, -30, "+10.0"),  # a negative base turns no sign round
        ("currency", 50, -100, "+150%"),
        ("currency", 5, 0, "+€5.00"),
        ("count", 3, 3, "no change"),
        ("count", 5000, 1, "+>9,999%"),
        ("count", 999, 1000, "−0.1%"),
    ],
)
def test_changes_have_the_sign_of_the_movement(
    unit: str, value: float, before: float, expected: str
) -> None:
    assert changed(value, before, format_of("k", unit, "EUR")) == expected


def test_rounding_is_half_away_from_zero() -> None:
    assert [fixed(each, 0) for each in (0.5, 1.5, 2.5, -2.5)] == ["1", "2", "3", "−3"]
