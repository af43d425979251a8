"""Write the invented company's exports into a landing folder, and the truth beside them."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import Counter
from pathlib import Path

from demo.generate import DEFAULT_AS_OF, DemoError, write_exports


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--landing", type=Path, required=True, help="folder for the exports")
    parser.add_argument(
        "--truth",
        type=Path,
        required=True,
        help="folder for the truth, outside landing",
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="size, 0.01 to 1000; 1 is 600 accounts (default: 1)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="another seed is another company (default: 1)"
    )
    parser.add_argument(
        "--as-of",
        type=dt.date.fromisoformat,
        default=DEFAULT_AS_OF,
        metavar="DATE",
        help=f"local date whose midnight ends the history (default: {DEFAULT_AS_OF})",
    )
    arguments = parser.parse_args()
    started = time.monotonic()

    def progress(text: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {text}", flush=True)

    try:
        files = write_exports(
            arguments.landing,
            scale=arguments.scale,
            seed=arguments.seed,
            as_of=arguments.as_of,
            truth=arguments.truth,
            progress=progress,
        )
    except DemoError as error:
        print(error, file=sys.stderr)
        return 1
    per_source: Counter[str] = Counter()
    for name, records in files.items():
        per_source[name.split("/")[0]] += records
    per_source["total"] = sum(files.values())
    for source, records in per_source.items():
        print(f"{source:12} {records:>12,} records")
    print(f"{len(files)} files in {arguments.landing}; the truth in {arguments.truth}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
