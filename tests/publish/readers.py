"""One reader of the released file, of any kind, run as a program: `readers.py KIND FILE LOG`.

Writes a JSON line per reading: the versions that one query found in the tables, the instants
(monotonic seconds) between which its connection was opened, and whatever went wrong. Ends when its
standard input does. Imports nothing of the project, so that any version of DuckDB can run it.
"""

import json
import select
import subprocess
import sys
import time

CHECK = (
    "select min(version), max(version), (select max(version) from marts.fct_totals),"
    " (select max(version) from kpis.kpi_values),"
    " (select cast(replace(run_id, 'run-', '') as integer) from meta.release)"
    " from marts.dim_accounts"
)
LOCKED = {"enable_external_access": "false", "lock_configuration": "true"}
PAUSE = 0.4
QUERIES = 12


def connect(path):
    import duckdb

    return duckdb.connect(path, read_only=True, config=LOCKED)


def fresh(path):
    """A new connection for each query."""
    while True:
        since = time.monotonic()
        with connect(path) as connection:
            until = time.monotonic()
            yield since, until, connection.execute(CHECK).fetchone()


def held(path):
    """A connection for some queries."""
    while True:
        since = time.monotonic()
        with connect(path) as connection:
            until = time.monotonic()
            for _ in range(QUERIES):
                yield since, until, connection.execute(CHECK).fetchone()


def kept(path):
    """One connection for ever."""
    since = time.monotonic()
    with connect(path) as connection:
        until = time.monotonic()
        while True:
            yield since, until, connection.execute(CHECK).fetchone()


def pool(path, null=False):
    """SQLAlchemy: its usual pool, emptied now and then, from several threads; or no pool."""
    from concurrent.futures import ThreadPoolExecutor

    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool, QueuePool

    engine = create_engine(
        f"duckdb:///{path}",
        poolclass=NullPool if null else QueuePool,
        connect_args={"read_only": True, "config": LOCKED},
    )

    def read(_):
        with engine.connect() as connection:
            return tuple(connection.exec_driver_sql(CHECK).fetchone())

    with ThreadPoolExecutor(4) as threads:
        while True:
            since = time.monotonic()
            engine.dispose()
            for _ in range(1 if null else QUERIES):
                found = list(threads.map(read, range(1 if null else 4)))
                for each in found:
                    yield since, time.monotonic(), each


def nullpool(path):
    yield from pool(path, null=True)


def program(path, command):
    """DuckDB's own program, started anew for each query."""
    settings = "set enable_external_access = false; set lock_configuration = true"
    while True:
        since = time.monotonic()
        done = subprocess.run(
            [command, "-readonly", "-csv", "-noheader", "-cmd", settings, path, CHECK],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        yield since, time.monotonic(), tuple(int(each) for each in done.stdout.split(","))


def main(kind, path, log, *more):
    kinds = {f.__name__: f for f in (fresh, held, kept, pool, nullpool, program)}
    with open(log, "w") as file:
        readings = kinds[kind](path, *more)
        while True:
            line = {"versions": [], "since": time.monotonic(), "until": None, "error": None}
            try:
                line["since"], line["until"], line["versions"] = next(readings)
            except Exception as error:
                line["error"] = f"{type(error).__name__}: {error}"
                readings = kinds[kind](path, *more)
            file.write(json.dumps(line) + "\n")
            file.flush()
            if select.select([sys.stdin], [], [], PAUSE)[0]:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
