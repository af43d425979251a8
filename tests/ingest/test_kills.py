"""A load that is killed at any instant is finished by the next one, with the same result."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from shops import Shop

# Loads the home in argv[1] with the project in argv[2]; kills itself at the moment in argv[3],
# where that is "<method>:<before or after>:<file number>" of a step of loading.
LOADER = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.home import Home
from orchestration.ingest import load as module
from orchestration.ingest.declaration import read_declarations

home, project, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if moment != "none":
    method, when, number = moment.split(":")
    original, calls = getattr(module._Run, method), [0]

    def dying(self, *arguments):
        calls[0] += 1
        last = calls[0] == int(number)
        if last and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(self, *arguments)
        if last and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(module._Run, method, dying)
print("loading", flush=True)
module.load(Home(home), "killed", datetime(2025, 1, 1, tzinfo=UTC),
            read_declarations(project), settle_seconds=0)
"""


def deliver(shop: Shop) -> None:
    """Files of each format, with good, bad and broken records, and one rejected whole."""
    head = "order_id,note,amount\n"
    for index in range(3):
        lines = [f'{index}-{i},"n\n{i}",{i}.5\n' for i in range(4000)]
        lines[17] = f"{index},too,many,fields\n"
        lines[29] = f"{index}-29,x,nope\n"
        shop.deliver(f"order/{index}.csv", head + "".join(lines))
    shop.deliver("order/3.csv", "order_id\n1\n")
    shop.deliver("page/a.json", '{"tickets": [{"id": 1, "new": 1.50}, {"id": null}]}')
    shop.deliver("text/a.jsonl", '{"a": 1}\n{broken\n')


def start(shop: Shop, moment: str) -> subprocess.Popen[str]:
    project = shop.root / "project"
    command = [sys.executable, "-c", LOADER, str(shop.home.root), str(project), moment]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def undisturbed(shop: Shop, tmp_path: Path) -> dict[str, list[tuple[object, ...]]]:
    calm = Shop(tmp_path / "calm", shop.declarations)
    deliver(calm)
    calm.load()
    return calm.content()


@pytest.mark.parametrize(
    "moment",
    [
        "ensure_table:after:1",
        "judge:after:1",
        "forget:after:2",
        "record:before:1",
        "record:after:3",
        "store:after:2",
        "reject:after:1",
        "note_skipped:before:1",
    ],
)
def test_after_a_kill_the_next_run_ends_with_the_result_of_an_undisturbed_one(
    shop: Shop, undisturbed: dict[str, list[tuple[object, ...]]], moment: str
) -> None:
    deliver(shop)
    process = start(shop, moment)
    assert process.wait(timeout=60) == -signal.SIGKILL
    shop.load()
    assert shop.content() == undisturbed
    shop.accounted()
    assert not list(shop.home.root.glob(".ingest-*")), "what the killed run left is removed"


def test_kills_at_any_time_one_after_the_other_do_no_harm(
    shop: Shop, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    deliver(shop)
    for delay in (0.02, 0.08, 0.15, 0.25, 0.4):
        process = start(shop, "none")
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        time.sleep(delay)
        process.kill()
        process.wait()
    shop.load()
    assert shop.content() == undisturbed
    shop.accounted()
