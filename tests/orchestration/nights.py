"""Whole nights of the tiny company in forked processes that tell their step and can be killed.

Run as a program it imports everything that a night imports, once, and forks a child for each
request: a killed night costs what it did, not the seconds of starting Python.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from shop import Shop

# Where a night is: function of the orchestration -> name of the step while it runs.
STEPS = {
    "orchestration.resources:clean_leftovers": "leftovers",
    "orchestration.ingest.load:load": "load",
    "orchestration.ingest.load:_Run.read": "load: read",
    "orchestration.ingest.load:_Run.store": "load: store",
    "orchestration.ingest.load:_Run.record": "load: record",
    "orchestration.quality:run_gate_1": "gate 1",
    "orchestration.quality:insert_results": "results of a gate",
    "orchestration.transform:_parse": "dbt parse",
    "orchestration.transform:build": "dbt build",
    "orchestration.transform:record_dbt_results": "gate 2",
    "orchestration.transform:record_build": "build recorded",
    "orchestration.publish:publish": "release",
    "orchestration.publish:_write": "release: write",
    "orchestration.publish:_count_again": "release: verify",
    "orchestration.publish:write_pages": "release: pages",
    "orchestration.publish:admit": "release: flip",
    "orchestration.publish:apply_retention": "release: retention",
}


@dataclass
class Night:
    """A night under way in a process (and process group) of its own."""

    pid: int
    log: Path
    end: Callable[[], int]

    @property
    def said(self) -> str:
        """What it has printed."""
        return self.log.with_suffix(".out").read_text(errors="replace")

    def step(self) -> str:
        """The step at this instant."""
        lines = self.log.read_text().splitlines()
        return lines[-1].split(" ", 1)[1] if lines else "start"

    def kill(self, group: bool) -> str:
        """SIGKILL, to the process alone or to all that it started; return the step it was in."""
        (os.killpg if group else os.kill)(self.pid, signal.SIGKILL)
        self.end()
        return self.step()

    def spans(self) -> dict[str, list[float]]:
        """Seconds spent in each step, visit by visit, of a night that has ended."""
        marks = [line.split(" ", 1) for line in self.log.read_text().splitlines()]
        found: dict[str, list[float]] = {}
        for (start, name), (stop, _) in pairwise(marks):
            found.setdefault(name, []).append(float(stop) - float(start))
        return found


class Nights:
    """Starts nights of one project, in any of its homes."""

    def __init__(self, shop: Shop, logs: Path) -> None:
        self.logs = logs
        self.count = 0
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=shop.project,
            env=shop.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, shop: Shop, *arguments: str, **limits: float | str) -> Night:
        """Begin `warehouse refresh` in the home of a shop.

        Limits: `nofile`, open files; `memory`, bytes of address space beyond those in use; `step`
        and `seconds`, the step in which the kernel ends the process, so long after it has begun.
        """
        self.count += 1
        log = self.logs / f"{self.count}.steps"
        log.touch()
        command = ["refresh", "--quiet", *arguments]
        pid = self._ask(home=str(shop.home), log=str(log), command=command, limits=limits)
        return Night(pid, log, lambda: self._ask(wait=pid))

    def run(self, shop: Shop, *arguments: str) -> Night:
        """A night that nobody disturbs; it must publish."""
        night = self.start(shop, *arguments)
        code = night.end()
        assert code == 0, night.said
        return night

    def _ask(self, **request: Any) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        """End the program."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=30)


@contextmanager
def nights(shop: Shop, logs: Path) -> Iterator[Nights]:
    """The program, for the length of a test."""
    made = Nights(shop, logs)
    try:
        yield made
    finally:
        made.close()


def _serve() -> None:
    import importlib

    import dagster_dbt  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    importlib.import_module("dbt.adapters.duckdb")
    for module in ("cli", "refresh", "operate", "expectations_engine", "gate_1", "gate_1_checks"):
        importlib.import_module(f"orchestration.{module}")
    for name in STEPS:
        importlib.import_module(name.partition(":")[0])
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                _night(**request)
        answers.write(f"{answer}\n")
        answers.flush()


def _night(home: str, log: str, command: list[str], limits: dict[str, Any]) -> None:
    os.setsid()
    if "nofile" in limits:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits["nofile"],) * 2)
    if "memory" in limits:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + limits["memory"],) * 2)
    code = 70
    try:
        out = os.open(log.replace(".steps", ".out"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ["WAREHOUSE_HOME"] = home
        steps = os.open(log, os.O_WRONLY | os.O_APPEND)
        _tell_steps(steps, limits.get("step"), limits.get("seconds", 0))
        from orchestration.cli import _main

        code = _main(command)
        os.write(steps, f"{time.monotonic():.6f} over\n".encode())
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def _tell_steps(log: int, fatal: str | None, seconds: float) -> None:
    """Have every function of STEPS write its name when it begins, and its caller's when it ends.

    The process is ended so many seconds into the step `fatal`, by a timer of the kernel: nothing of
    the process has a say in it, as with SIGKILL.
    """
    stack = ["start"]
    signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def tell() -> None:
        os.write(log, f"{time.monotonic():.6f} {stack[-1]}\n".encode())

    def told(function: Callable[..., Any], step: str) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            stack.append(step)
            tell()
            if step == fatal:
                signal.setitimer(signal.ITIMER_REAL, seconds)
            try:
                return function(*arguments, **named)
            finally:
                stack.pop()
                tell()

        return wrapped

    tell()
    ours = [m for n, m in sys.modules.items() if n.partition(".")[0] == "orchestration"]
    for path, step in STEPS.items():
        module, _, name = path.partition(":")
        owner: Any = sys.modules[module]
        *outer, last = name.split(".")
        for each in outer:
            owner = getattr(owner, each)
        function = getattr(owner, last)
        replacement = told(function, step)
        setattr(owner, last, replacement)
        for other in ours:  # whoever imported the function by its name
            for key, value in list(vars(other).items()):
                if value is function:
                    setattr(other, key, replacement)


if __name__ == "__main__":
    _serve()
