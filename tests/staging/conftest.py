"""Exports of a vendor, loaded and staged by the project's own code."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration import transform
from orchestration.home import Home, load_settings
from orchestration.ingest.load import LoadReport, load

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)


class Staged:
    """A home whose landing is filled by a test; `stage(source)` loads it and builds its staging."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.report: LoadReport | None = None

    def csv(self, path: str, *rows: dict[str, Any], bom: bool = False) -> None:
        """Write rows under landing as Data Loader does: every field quoted, CRLF."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)
        self.text(path, ("\ufeff" if bom else "") + text.getvalue())

    def jsonl(self, path: str, *objects: dict[str, Any]) -> None:
        """Write one object a line under landing."""
        self.text(path, "".join(json.dumps(each) + "\n" for each in objects))

    def text(self, path: str, content: str) -> None:
        """Write a file under landing."""
        file = self.home.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())

    def stage(self, source: str) -> None:
        """Load landing and build the staging of one source; every file and node must pass."""
        self.report = load(self.home, "test", AS_OF, settle_seconds=0)
        assert [str(f) for f in self.report.files if f.status != "loaded"] == []
        results = transform.build(
            self.home,
            load_settings(self.home),
            as_of=AS_OF,
            run_id="test",
            models=[f"+staging.{source}"],
        )
        assert [f"{r.unique_id}: {r.message}" for r in results if r.status == "error"] == []
        self.warned = {r.unique_id.split(".")[2] for r in results if r.status == "warn"}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the build database; `staging` is the default schema."""
        with duckdb.connect(str(self.home.build_database), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'; set schema = 'staging'")
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Staged]:
    """Make an empty home."""
    return lambda: Staged(tmp_path_factory.mktemp("home"))
