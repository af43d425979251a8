"""Makes releases in processes that kill themselves at a chosen call of the engine or the system.

Run as a program it reads one JSON request a line, forks, and answers with what became of it:
importing the orchestration once makes a kill cost a fraction of a second.
"""

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Calls between which a kill can leave different things behind: of the system, of a file, of the
# engine.
SYSTEM = {
    *("open", "rename", "replace", "symlink", "unlink", "rmdir", "mkdir", "fsync", "chmod"),
    *("flock", "close"),
}
FILE = {"write", "flush"}
ENGINE = {"connect", "execute"}


@dataclass
class Died:
    """What became of a request: whether it was killed, before which call, how many there were."""

    killed: bool
    code: int
    at: str
    calls: list[str]


class Mortal:
    """A process that carries out requests in children of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, **request: Any) -> Died:
        """Carry out a request, and die before the `nth` call at the place `kill`, or never ("")."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request, default=str) + "\n")
        self.process.stdin.flush()
        return Died(**json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        """Let the process go."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=20)


def _serve() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from orchestration import publish, releases  # noqa: F401

    for line in sys.stdin:
        told, telling = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(told)
            _child(json.loads(line), telling)
        os.close(telling)
        with os.fdopen(told) as pipe:
            calls = pipe.read().split()
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {
            "killed": killed,
            "code": 0 if killed else os.waitstatus_to_exitcode(status),
            "at": calls[-1] if calls else "",
            "calls": calls,
        }
        print(json.dumps(answer), flush=True)


def _child(request: dict[str, Any], telling: int) -> None:
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        logging.disable(logging.WARNING)
        count: Counter[str] = Counter()
        # Bound before the hook is on, so that telling is not itself counted.
        tell, die, me = os.write, os.kill, os.getpid()

        def hook(frame: Any, event: str, called: Any) -> None:
            if event != "c_call":
                return
            if _counts(called) and _ours(frame):
                place = f"{frame.f_code.co_name}:{called.__name__}"
                count[place] += 1
                tell(telling, f"{place} ".encode())
                if place == request["kill"] and count[place] == request["nth"]:
                    die(me, signal.SIGKILL)

        work = _ACTIONS[request["action"]]
        sys.setprofile(hook)
        work(request)
        sys.setprofile(None)
        code = 0
    except BaseException:
        sys.setprofile(None)
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _counts(called: Any) -> bool:
    name = called.__name__
    if name in SYSTEM:
        return called.__module__ in ("posix", "fcntl")
    if name in FILE:
        return isinstance(called.__self__, io.TextIOWrapper | io.BufferedWriter)
    return name in ENGINE


def _ours(frame: Any) -> bool:
    """Whether a call is made for the project, be it through the standard library."""
    for _ in range(6):
        if frame is None:
            return False
        if "/orchestration/" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def _publish(request: dict[str, Any]) -> None:
    """What a run does when its build is there: take the lock, clean up, publish."""
    from datetime import datetime

    from orchestration.home import Home, Retention, Settings
    from orchestration.lock import refresh_lock
    from orchestration.publish import publish
    from orchestration.releases import clean_leftovers

    home = Home(Path(request["home"]))
    # No minimum age, so that every release removes one.
    retention = Retention.model_construct(keep_releases=3, minimum_age_hours=0)
    with refresh_lock(home):
        clean_leftovers(home)
        publish(
            home,
            Settings.model_construct(retention=retention),
            run_id=request["run_id"],
            as_of=datetime.fromisoformat(request["as_of"]),
        )


def _rollback(request: dict[str, Any]) -> None:
    from orchestration.home import Home
    from orchestration.releases import rollback

    rollback(Home(Path(request["home"])))


_ACTIONS = {"publish": _publish, "rollback": _rollback}

if __name__ == "__main__":
    _serve()
