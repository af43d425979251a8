"""Settings of Superset for the warehouse: its secret, its own small database, and how it reads.

Every DuckDB connection that Superset opens, whoever set it up, is read-only and locked down: no
query can read another file, load an extension or change a setting.
"""

import copy
import os
import sys
from pathlib import Path
from typing import Any

from sqlalchemy.engine.url import URL

HOME = Path(os.environ["SUPERSET_HOME"])

SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]
SQLALCHEMY_DATABASE_URI = f"sqlite:///{HOME / 'superset.db'}"

# Charts are not cached (a query takes milliseconds), so that a new release is seen at once.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}

# Pages load from this server alone: the policy's other hosts (a tracking pixel, maps, fonts) go.
TALISMAN_CONFIG: dict[str, Any] = copy.deepcopy(sys.modules["superset.config"].TALISMAN_CONFIG)
for directive, allowed in TALISMAN_CONFIG["content_security_policy"].items():
    if isinstance(allowed, list):
        TALISMAN_CONFIG["content_security_policy"][directive] = [a for a in allowed if "." not in a]

APP_NAME = "CRM KPIs"
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
RATELIMIT_STORAGE_URI = "memory://"


def DB_CONNECTION_MUTATOR(
    uri: URL, params: dict[str, Any], username: str, security_manager: Any, source: Any
) -> tuple[URL, dict[str, Any]]:
    """Lock down every DuckDB connection; settings of a connection in Superset cannot loosen it."""
    if uri.get_backend_name() != "duckdb":
        return uri, params
    # Nothing of the URI's query and of the connection's own settings survives.
    locked = {
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "temp_directory": str(HOME / "spill"),
        "lock_configuration": "true",
    }
    return uri.set(query={}), {**params, "connect_args": {"read_only": True, "config": locked}}
