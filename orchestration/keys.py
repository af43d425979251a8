"""The keys of published tables: those whose uniqueness gate 2 has tested."""

from __future__ import annotations

import json
from pathlib import Path

Keys = dict[str, tuple[str, ...]]


def tested_keys(manifest: Path) -> Keys:
    """Key columns of `schema.table`, from the tests `unique` and `unique_key` of dbt's manifest.

    Only tests that stop the night and look at every row count. Of several keys the shortest is
    taken. Nothing without a manifest.
    """
    try:
        nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    except FileNotFoundError:
        return {}
    keys: Keys = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        model = nodes.get(node.get("attached_node"))
        config = node.get("config", {})
        strict = str(config.get("severity", "error")).lower() == "error" and not config.get("where")
        if model is None or not strict or test.get("name") not in ("unique", "unique_key"):
            continue
        given = test["kwargs"]
        columns = tuple(given.get("columns") or (given["column_name"],))
        table = f"{model['schema']}.{model.get('alias') or model['name']}"
        if table not in keys or len(columns) < len(keys[table]):
            keys[table] = columns
    return keys
