"""Column lineage: what a column is made from, through CTEs, unions, stars and subqueries."""

import json
import logging
from pathlib import Path

import pytest

from orchestration.lineage import Edge, column_lineage

CATALOG: dict[str, object] = {
    "build": {
        "raw": {"crm__deal": {"id": "VARCHAR", "won": "BOOLEAN", "amount": "DECIMAL(18,4)"}},
        "marts": {"dim": {"id": "VARCHAR", "team": "VARCHAR"}},
    }
}


def manifest(folder: Path, **models: str) -> Path:
    path = folder / "manifest.json"
    nodes = {
        name: {"resource_type": "model", "schema": "marts", "name": name, "compiled_code": code}
        for name, code in models.items()
    }
    path.write_text(json.dumps({"nodes": nodes}))
    return path


def origins(folder: Path, code: str) -> dict[str, set[str]]:
    """Column of the one model -> schema.table.column that it is made from."""
    found: dict[str, set[str]] = {}
    for edge in column_lineage(manifest(folder, fct=code), CATALOG, folder / "cache.json"):
        assert edge[:2] == ("marts", "fct")
        found.setdefault(edge.column_name, set()).add(".".join(edge[3:]))
    return found


DEALS = '"build"."raw"."crm__deal"'
DIM = '"build"."marts"."dim"'


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            f"with deals as (select * from {DEALS}), final as (select id, case when won then"
            f" amount end as value, 1 as one from deals) select * from final",
            {"id": {"raw.crm__deal.id"}, "value": {"raw.crm__deal.won", "raw.crm__deal.amount"}},
        ),
        (
            f"select d.id as a, m.team as b from {DEALS} as d left join {DIM} as m on d.id = m.id"
            f" union all select 'x', m.id from {DIM} as m",
            {"a": {"raw.crm__deal.id"}, "b": {"marts.dim.team", "marts.dim.id"}},
        ),
        (
            f"select m.id, (select max(d.amount) from {DEALS} as d where d.id = m.id) as most,"
            f" row_number() over (partition by m.team order by m.id) as place from {DIM} as m",
            {
                "id": {"marts.dim.id"},
                "most": {"raw.crm__deal.amount", "raw.crm__deal.id", "marts.dim.id"},
                "place": {"marts.dim.team", "marts.dim.id"},
            },
        ),
        (
            f"with recursive walk as (select id, 1 as n from {DIM} union all"
            f" select walk.id, n + 1 from walk where n < 3) select id as root, n from walk",
            {"root": {"marts.dim.id"}},
        ),
    ],
    ids=["case and star", "union", "subquery and window", "recursion"],
)
def test_what_a_column_is_made_from(
    tmp_path: Path, code: str, expected: dict[str, set[str]]
) -> None:
    assert origins(tmp_path, code) == expected


def test_a_literal_changes_nothing_and_a_column_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock of a night is a literal: the next night takes what was kept."""
    cache = tmp_path / "cache.json"
    code = f"select id, timestamp '2025-01-01' as as_of from {DEALS}"
    first = column_lineage(manifest(tmp_path, fct=code), CATALOG, cache)
    assert first == [Edge("marts", "fct", "id", "raw", "crm__deal", "id")]
    monkeypatch.setattr("orchestration.lineage._edges", lambda models, catalog: iter([]))
    later = manifest(tmp_path, fct=code.replace("2025-01-01", "2025-01-02"))
    assert column_lineage(later, CATALOG, cache) == first
    assert column_lineage(manifest(tmp_path, fct=code + " where won"), CATALOG, cache) == []


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache.json"
    cache.write_text('{"key": ')
    assert origins(tmp_path, f"select id from {DEALS}") == {"id": {"raw.crm__deal.id"}}
    assert json.loads(cache.read_text())["edges"]


def test_a_model_that_cannot_be_read_is_logged_and_the_others_are_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = manifest(tmp_path, good=f"select id from {DEALS}", odd="select from where (")
    with caplog.at_level(logging.WARNING):
        edges = column_lineage(path, CATALOG, tmp_path / "cache.json")
    assert {edge.table_name for edge in edges} == {"good"}
    assert "marts.odd" in caplog.text


def test_without_a_manifest_there_is_none(tmp_path: Path) -> None:
    assert column_lineage(tmp_path / "none.json", CATALOG, tmp_path / "cache.json") == []
