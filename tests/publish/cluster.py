"""A PostgreSQL server of the tests' own: a temporary folder, a socket in it, no port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

USER = "loader"


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: on PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path

    def address(self, user: str = USER) -> str:
        """The connection string of a user."""
        return f"postgresql://{user}@/postgres?host={self.folder}"

    def connect(self, user: str = USER, **options: Any) -> psycopg.Connection[Any]:
        """A connection that commits each statement."""
        return psycopg.connect(self.address(user), autocommit=True, **options)


@contextmanager
def running() -> Iterator[Server]:
    """A new cluster, gone afterwards; skips where PostgreSQL is not installed."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's initdb is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="warehouse-pg-", dir="/tmp"))
    who: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who |= {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}

    def call(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [found / program, "-D", folder / "data", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            timeout=120,
            **who,
        )
        assert done.returncode == 0, done.stderr.decode()

    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        call("initdb", "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        call("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            server = Server(folder)
            with server.connect("admin") as connection:
                connection.execute(f"create role {USER} login createrole")
                connection.execute(f"grant create on database postgres to {USER}")
            yield server
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
