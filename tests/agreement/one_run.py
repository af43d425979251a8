"""One night in a process of its own: `python -m agreement.one_run HOME NAME AS_OF THREADS WINDOW`.

Loads what is in the landing of HOME and, with THREADS > 0, builds.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from agreement.warehouse import Dbt, broken, load_landing


def main(home: Path, name: str, as_of: datetime, threads: int, window: int) -> None:
    load_landing(home, name)
    if threads:
        params = {"activity_window_days": window}
        nodes = Dbt(home / "dbt").build(home, as_of, params, threads=threads)
        assert not broken(nodes), broken(nodes)


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        sys.argv[2],
        datetime.fromisoformat(sys.argv[3]),
        int(sys.argv[4]),
        int(sys.argv[5]),
    )
