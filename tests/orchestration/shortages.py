"""Nights in want of something, run as a program inside a mount namespace of its own.

`shortages.py FOLDER NAME ...` makes a company with one published release, and for each name a copy
of its home in which one more night meets the shortage, and another one no longer does. Prints one
JSON object: name -> what was seen. Nothing outside the namespace notices the mounts.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
from nights import nights
from shop import GOOD, Shop

AS_OF = "2025-07-01"
DISK = 64_000_000


def orders(shop: Shop) -> int:
    """Orders in the release that readers get."""
    with duckdb.connect(str(shop.home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute("select count(*) from marts.fct_orders").fetchone()[0]


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def full(home: Path, name: str) -> Callable[[], None]:
    """A disk with so many bytes left; undone by making room."""
    left = int(name.partition(":")[2])
    ballast = home / "landing" / "ballast"
    free = shutil.disk_usage(home).free
    ballast.write_bytes(b"x" * max(0, free - left))
    return ballast.unlink


def read_only(home: Path, name: str) -> Callable[[], None]:
    """A folder of the home that cannot be written; undone by mounting it writable."""
    folder = str(home / name.partition(":")[2])
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)
    return lambda: mount("-o", "remount,bind,rw", folder)


def nothing(_home: Path, _name: str) -> Callable[[], None]:
    return lambda: None


def main(folder: Path, names: list[str]) -> dict[str, Any]:
    shop = Shop.make(folder)
    shop.deliver(GOOD)
    found = {}
    with nights(shop, folder) as program:
        program.run(shop, "--as-of", AS_OF)
        for number, name in enumerate(names):
            kind, _, amount = name.partition(":")
            case = replace(shop, home=folder / f"home-{number}")
            case.home.mkdir()
            if kind == "full":
                mount("-t", "tmpfs", "-o", f"size={DISK}", "none", str(case.home))
            shutil.copytree(shop.home, case.home, dirs_exist_ok=True, symlinks=True)
            case.deliver("order_id,amount\no-3,10.00\n", "more.csv")
            undo = {"full": full, "read-only": read_only}.get(kind, nothing)(case.home, name)
            limits = {kind: int(amount)} if kind in ("nofile", "memory") else {}
            night = program.start(case, "--as-of", AS_OF, **limits)
            code = night.end()
            seen = orders(case)
            status = case.run("status", "--json")
            undo()
            after = program.start(case, "--as-of", AS_OF)
            found[name] = {
                "code": code,
                "said": night.said,
                "orders": seen,
                "status": status.code,
                "next": after.end(),
                "next_said": after.said,
                "next_orders": orders(case),
                "leftovers": [
                    path.name
                    for path in (*case.home.glob(".*"), *(case.home / "releases").glob(".*"))
                    if path.name != ".lock"
                ],
            }
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
