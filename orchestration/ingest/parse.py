"""The parse rules of macros/parse.sql, rendered for loading exactly as dbt renders them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2


def parser(project_root: Path) -> Callable[..., str]:
    """Return `render(expression, data_type, zone, formats) -> SQL expression` of this project.

    The expression is NULL where the text is empty or does not parse. Raises FileNotFoundError when
    macros/parse.sql is missing and jinja2.UndefinedError for an unknown data type.
    """
    source = (project_root / "macros" / "parse.sql").read_text(encoding="utf-8")
    return _rendering(source)


@cache
def _rendering(source: str) -> Callable[..., str]:
    # The template renders SQL, not HTML; literals are quoted by its own macro.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)  # noqa: S701
    module = environment.from_string(source).module
    macro = module.duckdb__parse  # type: ignore[attr-defined]

    def render(
        expression: str,
        data_type: str,
        zone: str | None = None,
        formats: tuple[str, ...] | None = None,
    ) -> str:
        return " ".join(str(macro(expression, data_type, zone, formats or None)).split("\n"))

    return render
