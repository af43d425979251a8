"""Nights in want of room, rights, files or memory: said clearly, survived, made up for."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import Home
from orchestration.storage import StorageError, advice, require_writable

# A mount namespace needs no rights where user namespaces are allowed.
NAMESPACE = ["unshare", "--map-root-user", "--mount"]
ROOM = "Disk full: "
FREE = "free of 64.0 MB"
NOT_WRITABLE = "cannot be written by user"
FILES = "Too few files may be open at a time"
MEMORY = "Out of memory: "


def nights(folder: Path, *names: str) -> dict[str, Any]:
    """What became of a night with each shortage, and of the one after it."""
    try:
        tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode
    except FileNotFoundError:
        tried = 1
    if tried:
        pytest.skip("no mount namespaces: install util-linux and allow user namespaces")
    program = Path(__file__).with_name("shortages.py")
    done = subprocess.run(
        [*NAMESPACE, sys.executable, str(program), str(folder), *names],
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin:/usr/sbin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judge(found: dict[str, Any], words: dict[str, str]) -> None:
    """A night that failed says why; whatever it came to, the one after it publishes everything."""
    for name, case in found.items():
        said = case["said"]
        if case["code"] == 0:
            assert case["orders"] == 3, name  # it was enough
        else:
            assert case["code"] == 1, f"{name}: {said}"
            assert words[name.partition(":")[0]] in said, f"{name}: {said}"
            assert case["orders"] == 2, name
        assert case["status"] == 0, name
        assert case["next"] == 0, f"{name}: {case['next_said']}"
        assert case["next_orders"] == 3, name
        assert case["leftovers"] == [], name


def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    found = nights(tmp_path, "full:1500000")
    judge(found, {"full": ROOM})
    (case,) = found.values()
    assert case["code"] == 1
    assert FREE in case["said"]


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_every_shortage_in_every_step_is_said_and_survived(tmp_path: Path) -> None:
    """Room for none, for some and for all of the steps; folders; open files; memory."""
    room = [0, 100_000, 400_000, 800_000, 1_200_000, 1_800_000, 2_400_000, 3_200_000, 20_000_000]
    found = nights(
        tmp_path,
        *(f"full:{each}" for each in room),
        *(f"read-only:{each}" for each in (".", "releases", "dagster", "dbt", "landing")),
        *(f"nofile:{each}" for each in (8, 11, 14, 17, 24)),
        *(f"memory:{each}000000" for each in (30, 100, 300, 500, 4000)),
    )
    words = {"full": ROOM, "read-only": NOT_WRITABLE, "nofile": FILES, "memory": MEMORY}
    judge(found, words)
    print({name: case["code"] for name, case in found.items()})
    assert found["read-only:landing"]["code"] == 0, "landing is only read"
    assert "/releases cannot be written" in found["read-only:releases"]["said"]
    assert found["full:20000000"]["code"] == 0
    assert sum(case["code"] for case in found.values()) >= 15


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("IO Error: Could not write file: No space left on device", ROOM),
        ("[Errno 122] Disk quota exceeded: '/srv/x'", ROOM),
        ("(sqlite3.OperationalError) database or disk is full", ROOM),
        ("[Errno 30] Read-only file system: '/srv/x'", "landing/ readable"),
        ("[Errno 13] Permission denied: '/srv/x'", "landing/ readable"),
        ("attempt to write a readonly database", "landing/ readable"),
        ("[Errno 24] Too many open files", FILES),
        ("Out of Memory Error: could not allocate block", MEMORY),
        ("MemoryError: ", MEMORY),
    ],
)
def test_what_the_machine_lacks_is_said_with_what_to_do(
    home: Home, problem: str, words: str
) -> None:
    said = advice(home, problem)
    assert said is not None
    assert words in said
    assert str(home.root) in said or words in (FILES, MEMORY)


def test_another_problem_gets_no_such_advice(home: Home) -> None:
    assert advice(home, "Binder Error: column x does not exist") is None


def test_a_new_home_may_be_written(home: Home) -> None:
    require_writable(home)
    require_writable(Home(home.root / "not" / "there"))


def test_a_folder_without_the_right_to_write_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.releases.mkdir()
    monkeypatch.setattr("os.access", lambda path, mode: path != home.releases)
    with pytest.raises(StorageError, match=f"{home.releases} cannot be written by user"):
        require_writable(home)
