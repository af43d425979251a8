"""Readers of many kinds while releases come and go: no error, no mixture, no way back."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from building import released
from readers import CHECK

from orchestration import releases as module
from orchestration.home import Home, Retention, Settings
from orchestration.releases import releases, rollback, served_fault

HERE = Path(__file__).parent
# A reader needs milliseconds from following the link to opening the file; this is far more, and
# short enough that most releases of a soak are removed while it lasts.
MINIMUM_AGE_SECONDS = 30


@contextmanager
def reader(kind: list[str], path: Path, log: Path, **environment: str) -> Iterator[None]:
    """A reader in a process of its own, for the length of a block."""
    process = subprocess.Popen(
        [*kind, str(path), str(log)],
        stdin=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture
def flips(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """The instants just before and just after each change of the link."""
    found: list[tuple[float, float]] = []
    original = module._flip

    def timed(*arguments: Any) -> None:
        before = time.monotonic()
        original(*arguments)
        found.append((before, time.monotonic()))

    monkeypatch.setattr(module, "_flip", timed)
    return found


def faults(
    lines: list[dict[str, Any]], flips: list[tuple[float, float]], served: list[int]
) -> list[str]:
    """What a reader found that it should not have: errors, mixtures, a release not then served."""
    found = []
    for line in lines:
        if line["error"]:
            found.append(line["error"])
        elif len(set(line["versions"])) != 1:
            found.append(f"a mixture: {line['versions']}")
        else:
            # Release i was served from flip i to flip i + 1. That forbids going backwards too.
            possible = {
                version
                for i, version in enumerate(served)
                if flips[i][0] <= line["until"]
                and (i + 1 == len(flips) or flips[i + 1][1] >= line["since"])
            }
            if line["versions"][0] not in possible:
                found.append(f"{line['versions'][0]} was read when {possible} were served")
    return found


def soak(
    home: Home,
    tmp_path: Path,
    flips: list[tuple[float, float]],
    count: int,
    kinds: list[tuple[str, list[str], dict[str, str]]],
) -> Counter[str]:
    """Publish `count` releases and roll some back under the readers; return readings per kind."""
    retention = Retention.model_construct(
        keep_releases=3, minimum_age_hours=MINIMUM_AGE_SECONDS / 3600
    )
    settings = Settings.model_construct(retention=retention)
    chance = random.Random(1)
    versions = {released(home, 1, settings).release_id: 1}
    served, removed = [1], 0
    logs = [tmp_path / f"{number}.log" for number in range(len(kinds))]
    readers = [
        reader([*command], home.published, log, **environment)
        for (_, command, environment), log in zip(kinds, logs, strict=True)
    ]
    with ExitStack() as stack:
        for each in readers:
            stack.enter_context(each)
        time.sleep(1)
        for number in range(2, count + 1):
            versions[released(home, number, settings).release_id] = number
            served.append(number)
            if number % 7 == 0:
                older = [each.release_id for each in releases(home)[1:]]
                back = rollback(home, chance.choice([None, *older]))
                served.append(versions[back.release_id])
        removed = count - len(releases(home))
        time.sleep(1)
    assert served_fault(home) is None
    assert len(flips) == len(served)
    readings: Counter[str] = Counter()
    wrong = []
    for (name, _, _), log in zip(kinds, logs, strict=True):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert lines, f"{name} never read"
        readings[name] += len(lines)
        wrong += [f"{name}: {each}" for each in faults(lines, flips, served)]
    assert wrong == []
    print(
        f"{count} releases, {len(served) - count} rollbacks, {removed} removed;"
        f" {sum(readings.values())} readings: {dict(readings)}"
    )
    return readings


def python(kind: str, target: Path | None = None) -> tuple[str, list[str], dict[str, str]]:
    """A Python reader; `target` holds another version of DuckDB."""
    command = [sys.executable, str(HERE / "readers.py"), kind]
    if target is None:
        return kind, command, {}
    return f"{kind} with {target.name}", command, {"PYTHONPATH": str(target)}


def test_readers_see_no_error_and_no_mixture_during_releases_and_rollbacks(
    home: Home, tmp_path: Path, flips: list[tuple[float, float]]
) -> None:
    kinds = [python("fresh"), python("held"), python("nullpool")]
    readings = soak(home, tmp_path, flips, 22, kinds)
    assert min(readings.values()) >= 5


def test_the_check_of_the_readings_finds_what_it_is_there_for() -> None:
    flips = [(1.0, 1.1), (2.0, 2.1), (3.0, 3.1)]
    served = [1, 2, 1]

    def line(since: float, *versions: int, error: str | None = None) -> dict[str, Any]:
        return {"since": since, "until": since + 0.01, "versions": versions, "error": error}

    good = [line(1.5, 1, 1), line(2.05, 1, 1), line(2.05, 2, 2), line(2.5, 2, 2), line(4, 1, 1)]
    assert faults(good, flips, served) == []
    bad = [line(1.5, 2, 2), line(2.5, 1, 1), line(2.5, 1, 2), line(4, 2, 2), line(4, error="x")]
    assert len(faults(bad, flips, served)) == len(bad)


def fetched(cache: Path, name: str, install: Callable[[Path], list[str]]) -> Path | None:
    """A folder with something from a package registry, kept from run to run; None without one."""
    target = cache / name
    if not target.exists():
        partial = cache / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        done = subprocess.run(install(partial), capture_output=True, text=True, check=False)
        if done.returncode:
            warnings.warn(f"no readers with {name}: {done.stderr.strip()[-200:]}", stacklevel=2)
            return None
        partial.rename(target)
    return target


def pip(package: str) -> Callable[[Path], list[str]]:
    return lambda target: [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
        *("--disable-pip-version-check", "--target", str(target), package),
    ]


def all_kinds(cache: Path) -> list[tuple[str, list[str], dict[str, str]]]:
    """Sixteen readers of all kinds that this machine can run, with a warning for those it cannot.

    Older versions of DuckDB and its program come from PyPI, the Node driver from npm.
    """
    kinds = [python("held"), python("kept"), python("pool"), python("nullpool")]
    for version in ("1.2.2", "1.3.2", "1.4.5"):
        name = f"duckdb-{version}"
        if target := fetched(cache, name, pip(f"duckdb=={version}")):
            kinds += [python("fresh", target), python("held", target)]
    if target := fetched(cache, "duckdb-cli-1.5.6", pip("duckdb-cli==1.5.6")):
        found = [each for each in target.rglob("duckdb") if each.is_file()]
        command = next(each for each in found if os.access(each, os.X_OK))
        runner = [sys.executable, "-c", PROGRAM.format(here=str(HERE), command=str(command))]
        kinds += [("program", runner, {})] * 2
    if shutil.which("npm") is None or shutil.which("node") is None:
        warnings.warn("no readers with Node: install Node.js 20 with npm", stacklevel=1)
    elif target := fetched(cache, "node-api", npm):
        node = ["node", str(HERE / "readers.mjs"), str(target), CHECK]
        kinds += [("node", node, {})] * 2
    return kinds + [python("fresh")] * (16 - len(kinds))


PROGRAM = """
import sys
sys.path.insert(0, {here!r})
from readers import main
main("program", *sys.argv[1:], {command!r})
"""


def npm(target: Path) -> list[str]:
    return [
        *("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(target)),
        "@duckdb/node-api@1.5.6-r.1",
    ]


@pytest.mark.long
@pytest.mark.timeout(5400)
def test_sixteen_readers_see_no_error_during_five_hundred_releases_with_rollbacks(
    home: Home, tmp_path: Path, flips: list[tuple[float, float]], request: pytest.FixtureRequest
) -> None:
    kinds = all_kinds(request.config.cache.mkdir("readers"))
    assert len(kinds) == 16
    readings = soak(home, tmp_path, flips, 500, kinds)
    assert min(readings.values()) >= 50
