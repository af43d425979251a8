"""Serving, rolling back, retention and leftovers."""

import os
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from building import released

from orchestration.home import Home, Retention
from orchestration.releases import (
    ReleaseError,
    apply_retention,
    clean_leftovers,
    journal,
    releases,
    rollback,
    served_id,
    verify,
)

LATER = datetime.now(UTC) + timedelta(days=30)


def version(home: Home) -> int:
    with duckdb.connect(str(home.published), read_only=True) as connection:
        return connection.execute("select max(version) from marts.dim_accounts").fetchone()[0]


def test_rollback_serves_the_release_before_and_a_refresh_goes_on(home: Home) -> None:
    released(home, 1)
    released(home, 2)
    assert version(home) == 2
    rollback(home)
    assert version(home) == 1
    assert [(each["action"]) for each in journal(home)] == ["publish", "publish", "rollback"]
    released(home, 3)
    assert version(home) == 3


def test_rollback_takes_the_beginning_of_an_id(home: Home) -> None:
    first = released(home, 1)
    for number in (2, 3):
        released(home, number)
    rollback(home, first.release_id)
    assert version(home) == 1
    with pytest.raises(ReleaseError, match="matches several releases"):
        rollback(home, "2")
    with pytest.raises(ReleaseError, match="is not a release"):
        rollback(home, "nonsense")
    with pytest.raises(ReleaseError, match="already the one served"):
        rollback(home, first.release_id)
    with pytest.raises(ReleaseError, match="no release before"):
        rollback(home)


def test_rollback_without_any_release_says_what_to_do(home: Home) -> None:
    with pytest.raises(ReleaseError, match="warehouse refresh"):
        rollback(home)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "gone"])
def test_a_damaged_release_is_never_served(home: Home, damage: str) -> None:
    first = released(home, 1)
    second = released(home, 2)
    first.database.chmod(0o644)
    content = bytearray(first.database.read_bytes())
    if damage == "truncated":
        first.database.write_bytes(content[: len(content) * 999 // 1000])
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
        first.database.write_bytes(content)
    else:
        first.database.unlink()
    with pytest.raises(ReleaseError, match=first.release_id):
        rollback(home)
    assert served_id(home) == second.release_id
    verify(second)


def test_retention_keeps_the_number_asked_for(home: Home) -> None:
    ids = [released(home, number).release_id for number in range(1, 7)]
    removed = apply_retention(home, Retention(keep_releases=3, minimum_age_hours=1), LATER)
    assert sorted(removed) == sorted(ids[:3])
    assert [each.release_id for each in releases(home)] == ids[:2:-1]
    assert version(home) == 6


def test_retention_keeps_young_releases_whatever_their_number(home: Home) -> None:
    for number in range(1, 6):
        released(home, number)
    soon = datetime.now(UTC) + timedelta(minutes=59)
    assert apply_retention(home, Retention(keep_releases=3, minimum_age_hours=1), soon) == []
    assert len(releases(home)) == 5


def test_retention_never_removes_the_served_release(home: Home) -> None:
    first = released(home, 1)
    for number in range(2, 6):
        released(home, number)
    rollback(home, first.release_id)
    apply_retention(home, Retention(keep_releases=3, minimum_age_hours=1), LATER)
    assert served_id(home) == first.release_id
    assert version(home) == 1


def test_age_counts_from_the_last_instant_at_which_a_release_was_served(home: Home) -> None:
    first = released(home, 1)
    for number in range(2, 6):
        released(home, number)
    rollback(home, first.release_id)
    newest = releases(home)[0]
    rollback(home, newest.release_id)
    # Publication lies 90 minutes back for all; only the first one was served until just now.
    for entry in home.releases.glob("*/manifest.json"):
        text = entry.read_text()
        hour = next(each for each in releases(home) if each.folder == entry.parent).published_at
        early = (hour - timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry.chmod(0o644)
        entry.write_text(text.replace(hour.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), early))
    now = datetime.now(UTC)
    lines = (home.releases / "journal.jsonl").read_text().splitlines()
    early = (now - timedelta(minutes=80)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    aged = [line.replace(line[8:35], early) for line in lines[:-1]]
    (home.releases / "journal.jsonl").write_text("\n".join([*aged, lines[-1]]) + "\n")
    removed = apply_retention(home, Retention(keep_releases=3, minimum_age_hours=1), now)
    assert first.release_id not in removed
    assert len(removed) == 1


def test_leftovers_of_killed_runs_are_cleaned_and_no_release_is_touched(home: Home) -> None:
    first = released(home, 1)
    (home.releases / ".20250101T000000Z-abcdef.partial").mkdir()
    (home.releases / ".20250101T000000Z-abcdef.partial" / "warehouse.duckdb").write_bytes(b"x")
    (home.releases / ".20240101T000000Z-abcdef.removed").mkdir()
    os.symlink("releases/nowhere", home.root / ".warehouse.duckdb.1.link")
    assert len(clean_leftovers(home)) == 3
    assert [each.release_id for each in releases(home)] == [first.release_id]
    assert version(home) == 1


def test_a_file_in_place_of_the_link_is_not_overwritten(home: Home) -> None:
    home.published.write_text("mine")
    with pytest.raises(ReleaseError, match="move it away"):
        released(home, 1)
    assert home.published.read_text() == "mine"


def test_a_line_of_the_journal_cut_short_by_a_crash_is_passed_over(home: Home) -> None:
    released(home, 1)
    with (home.releases / "journal.jsonl").open("a") as file:
        file.write('{"at": "2025')
    assert len(journal(home)) == 1


def test_a_line_after_one_cut_short_is_a_line_of_its_own(home: Home) -> None:
    first = released(home, 1)
    with (home.releases / "journal.jsonl").open("a") as file:
        file.write('{"at": "2025')
    second = released(home, 2)
    assert [each["release_id"] for each in journal(home)] == [first.release_id, second.release_id]
