"""One refresh at a time, whatever happens to the one that holds the lock."""

import os
import signal
import subprocess
import sys

import pytest

from orchestration.home import Home
from orchestration.lock import RefreshRunning, holder, refresh_lock

HOLD = """
import sys, time
from orchestration.home import Home
from orchestration.lock import refresh_lock
with refresh_lock(Home.from_env(), "run-1"):
    print("held", flush=True)
    time.sleep(120)
"""


@pytest.fixture
def elsewhere(home: Home):  # type: ignore[no-untyped-def]
    """Another process that holds the lock of the home."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_nobody_holds_the_lock_of_a_new_home_and_asking_creates_nothing(home: Home) -> None:
    assert holder(home) is None
    assert not home.lock_file.exists()


def test_the_lock_is_free_again_afterwards(home: Home) -> None:
    with refresh_lock(home):
        held = holder(home)
        assert held is not None
        assert held.pid == os.getpid()
    assert holder(home) is None
    with refresh_lock(home):
        pass


def test_a_second_refresh_is_told_who_holds_the_lock_and_since_when(  # type: ignore[no-untyped-def]
    home: Home, elsewhere
) -> None:
    with pytest.raises(RefreshRunning) as caught, refresh_lock(home):
        pass
    assert f"process {elsewhere.pid}, since 20" in str(caught.value)
    assert "nothing was changed" in str(caught.value)
    assert elsewhere.poll() is None


def test_the_lock_of_a_killed_process_is_free(home: Home, elsewhere) -> None:  # type: ignore[no-untyped-def]
    os.kill(elsewhere.pid, signal.SIGKILL)
    elsewhere.wait()
    assert holder(home) is None
    with refresh_lock(home):
        pass


def test_two_homes_do_not_wait_for_each_other(home: Home, elsewhere) -> None:  # type: ignore[no-untyped-def]
    other = Home(home.root.parent / "other")
    with refresh_lock(other):
        assert holder(other) is not None
