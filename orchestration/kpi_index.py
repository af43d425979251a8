"""The README's index of KPIs, made from the catalogue so that it cannot go stale.

`python -m orchestration.kpi_index` rewrites the part of README.md between the two markers.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
README = PROJECT_ROOT / "README.md"
CATALOG = PROJECT_ROOT / "seeds" / "kpi_catalog.csv"
_MARKED = re.compile(r"(<!-- kpi-index:.*?-->\n)(.*?)(<!-- /kpi-index -->)", re.DOTALL)


def kpi_index() -> str:
    """A Markdown table: one row per KPI id but percentiles, linked to the file that computes it."""
    files = {path.stem: path for path in (PROJECT_ROOT / "models" / "kpis").rglob("kpi_*.sql")}
    lines = ["| KPI | id | formula | file |", "|---|---|---|---|"]
    with CATALOG.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if row["kpi_id"].endswith(("_p50", "_p90")):
                continue
            path = files[f"kpi_{row['headline_id']}"].relative_to(PROJECT_ROOT).as_posix()
            formula = row["formula"].replace("|", "\\|")
            name = (
                f"**{row['kpi_name']}**" if row["kpi_id"] == row["headline_id"] else row["kpi_name"]
            )
            lines.append(
                f"| {name} | `{row['kpi_id']}` | {formula} | [{Path(path).name}]({path}) |"
            )
    return "\n".join(lines) + "\n"


def with_index(readme: str) -> str:
    """README text with the index between its markers."""
    return _MARKED.sub(lambda found: found[1] + kpi_index() + found[3], readme)


if __name__ == "__main__":
    README.write_text(with_index(README.read_text(encoding="utf-8")), encoding="utf-8")
