"""What dbt gives to Jinja, as far as the linter needs it to render models without a database.

sqlfluff loads this package as the context of its Jinja templater, next to the project's own
macros; run it from the root of the project. Only the shape of the SQL matters here: a dispatched
macro renders as a call of its name, a relation as its name.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

_PROJECT = yaml.safe_load(Path("dbt_project.yml").read_text("utf-8"))
_SELECTS = {"union_by_name", "date_series", "split_rows", "json_elements"}


def _dispatch(name: str, *_: Any, **__: Any) -> Any:
    def call(*arguments: Any, **_: Any) -> str:
        if name in _SELECTS:
            relation = arguments[0] if isinstance(arguments[0], str) else name
            return f"select * from {relation}"
        shown = (f"'{text}'" if text.startswith("$") else text for text in map(str, arguments))
        return f"{name}({', '.join(shown)})"

    return call


adapter = SimpleNamespace(dispatch=_dispatch, quote=lambda name: f'"{name}"')
api = SimpleNamespace(Column=SimpleNamespace(translate_type=lambda name: "varchar"))
dbt = SimpleNamespace(hash=lambda expression: f"md5({expression})")
exceptions = SimpleNamespace(raise_compiler_error=lambda message: "")
graph = SimpleNamespace(sources={}, nodes={})
target = SimpleNamespace(schema="main", type="duckdb")
execute = False
project_name = _PROJECT["name"]


def var(name: str, default: Any = None) -> Any:
    return _PROJECT["vars"].get(name, default) or default or "2025-01-01 00:00:00"


def ref(name: str, *_: Any, **__: Any) -> str:
    return name


def source(source_name: str, table_name: str) -> str:
    return f"{source_name}__{table_name}".lower()


def config(**_: Any) -> str:
    return ""


def local_md5(text: str) -> str:
    return "0" * 32


def source_node(*_: Any) -> None:
    return None


def providers_of(entity: str) -> list[str]:
    return ["contract"]


def staging_model(source_name: str, entity: str) -> str:
    return f"stg_{source_name}__{entity}"


def physical_type(data_type: str) -> str:
    return "varchar"


def raw_tables_of(entity: str) -> list[dict[str, str]]:
    return [{"source": "contract", "table": entity}]


def active_slices(slices: list[str]) -> list[str]:
    return slices


def d_cust() -> list[str]:
    return ["segment", "industry"]


d_sub = d_sales = d_pipeline = d_svc = d_surv = d_web = d_cust


def slice_columns(slices: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in slices)


def slice_member(slice_name: str) -> str:
    return f"coalesce(\"{slice_name}\", 'unknown')"


def with_today(population: str, slices: list[str]) -> str:
    return f"{population} as facts"


def customers_at_opening() -> str:
    return "select * from fct_customer_periods"


def is_current_slice(dim_name: str) -> str:
    return f"is_current_slice({dim_name})"


def current_slice_name(dim_name: str) -> str:
    return f"current_slice_name({dim_name})"


def union_sources(entity: str) -> str:
    return f"select * from unioned_{entity}"


def split_rows(relation: str, column: str, separator: str) -> str:
    return f"select *, {column} as part from {relation}"


def stage(source_name: str, table_name: str) -> str:
    return f"select * from {source(source_name, table_name)}"


def newest_rows(source_name: str, table_name: str, *_: Any, **__: Any) -> str:
    return stage(source_name, table_name)


def typed(source_name: str, table_name: str, column_name: str) -> str:
    return f"typed({column_name.lower()})"


def parse(expression: str, data_type: str, zone: Any = None, formats: Any = None) -> str:
    return f"parse({expression})"


def kpis_side_by_side(relation: str) -> str:
    return f"select grain, period_start, dim_name, dim_value from {relation}"


def value_beside(kpi_id: str, wide: str) -> str:
    return f"case {kpi_id} when 'mrr' then {wide}.mrr end"
