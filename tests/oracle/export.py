"""Entities as contract-shaped export files: `landing/contract/<entity>/<entity>.csv`."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any


def as_text(value: Any) -> str:
    """ISO dates, instants in UTC with a Z, true and false, plain decimals, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"instant without zone: {value}")
        text = value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
        return text.removesuffix(".000000") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def write_landing(entities: dict[str, list[dict[str, Any]]], landing: Path) -> list[Path]:
    """Write one file per entity that has rows, and return the files.

    Columns are the union of the rows' columns in the order they turn up. An entity without rows is
    not written: a file without a header would be rejected.
    """
    written = []
    for entity, rows in entities.items():
        if not rows:
            continue
        columns = list(dict.fromkeys(c for row in rows for c in row))
        path = landing / "contract" / entity / f"{entity}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows([as_text(row.get(c)) for c in columns] for row in rows)
        written.append(path)
    return written
