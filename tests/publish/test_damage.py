"""A released file or its link that is damaged: every verb says so, and the next release heals."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from building import released

from orchestration.cli import _main
from orchestration.home import Home
from orchestration.releases import (
    ReleaseError,
    releases,
    rollback,
    served_fault,
    served_id,
    verify,
)


def changed(change: Callable[[bytearray], bytes | bytearray | None]) -> Callable[[Home], None]:
    """Damage of the content of the served file."""

    def damage(home: Home) -> None:
        file = home.published.resolve()
        content = bytearray(file.read_bytes())
        made = change(content)
        file.chmod(0o644)
        file.write_bytes(content if made is None else made)

    return damage


def flip(place: float) -> Callable[[Home], None]:
    """One bit of one byte, at a share of the length of the file."""

    def change(content: bytearray) -> None:
        content[int(place * (len(content) - 1))] ^= 1

    return changed(change)


def link(target: str) -> Callable[[Home], None]:
    def damage(home: Home) -> None:
        home.published.unlink()
        home.published.symlink_to(target)

    return damage


FILES = {
    "cut short": changed(lambda content: content[: len(content) * 999 // 1000]),
    "cut in half": changed(lambda content: content[: len(content) // 2]),
    "emptied": changed(lambda _: b""),
    "a flipped bit in the header": flip(0.001),
    "a flipped bit at the beginning": flip(0.0),
    "a flipped bit in the middle": flip(0.5),
    "a flipped bit at the end": flip(1.0),
    "replaced by another release": lambda home: changed(
        lambda _: releases(home)[1].database.read_bytes()
    )(home),
    "removed": lambda home: home.published.resolve().unlink(),
}
LINKS = {
    "a dangling link": link("releases/20200101T000000Z-abcdef/warehouse.duckdb"),
    "a link out of the home": link("/etc/hostname"),
    "a link to a like-named folder elsewhere": link("../releases/x/warehouse.duckdb"),
    "no link": lambda home: home.published.unlink(),
}


def say(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code of a verb, and all that it printed on one line."""
    capsys.readouterr()
    code = _main(list(arguments))
    printed = capsys.readouterr()
    return code, " ".join((printed.out + printed.err).split())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two releases, the second one served; every test gets a copy."""
    root = tmp_path_factory.mktemp("prepared") / "home"
    root.mkdir()
    released(Home(root), 1)
    released(Home(root), 2)
    return root


@pytest.fixture
def two(home: Home, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of the test's own with two releases, the second one served."""
    monkeypatch.setenv("COLUMNS", "400")
    shutil.copytree(prepared, home.root, symlinks=True, dirs_exist_ok=True)
    return home


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_said_by_every_verb_refused_by_rollback_and_healed_by_a_new_release(
    two: Home, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    sound, damaged = releases(two)[1], releases(two)[0]
    FILES[name](two)
    fault = served_fault(two)
    assert fault is not None
    assert damaged.release_id in fault
    code, said = say(capsys, "status")
    assert code == 0
    assert "Damaged" in said
    assert damaged.release_id in said
    assert "`warehouse refresh` makes a new one" in said
    code, said = say(capsys, "releases")
    assert code == 0
    assert "damaged" in said
    rollback(two)
    assert served_id(two) == sound.release_id
    assert served_fault(two) is None
    code, said = say(capsys, "rollback", damaged.release_id)
    assert code == 1
    assert "is damaged and will not be served" in said
    assert served_id(two) == sound.release_id
    released(two, 3)
    assert served_fault(two) is None
    with duckdb.connect(str(two.published), read_only=True) as connection:
        assert connection.execute("select max(version) from marts.dim_accounts").fetchone() == (3,)


@pytest.mark.parametrize("name", [*FILES, *LINKS])
def test_a_query_on_what_is_damaged_gives_the_right_rows_or_says_what_is_wrong(
    two: Home, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    right = [
        say(capsys, "sql", "--csv", f"from {table} order by all")
        for table in ("marts.dim_accounts", "kpis.kpi_values")
    ]
    {**FILES, **LINKS}[name](two)
    for table, before in zip(("marts.dim_accounts", "kpis.kpi_values"), right, strict=True):
        code, said = say(capsys, "sql", "--csv", f"from {table} order by all")
        if name == "replaced by another release":
            assert code == 0  # a sound file, of the night before; `status` says that it is wrong
        elif code == 0:
            assert (code, said) == before
        else:
            assert "`warehouse rollback` serves an earlier release" in said, said


@pytest.mark.parametrize("name", LINKS)
def test_a_wrong_link_is_said_and_both_rollback_and_a_new_release_set_it_right(
    two: Home, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    newest = releases(two)[0].release_id
    LINKS[name](two)
    fault = served_fault(two)
    assert fault is not None
    for verb, expected in (("status", 0), ("releases", 0), ("sql", 1)):
        code, said = say(capsys, verb, *(["select 1"] if verb == "sql" else []))
        assert code == expected
        assert fault in said
    rollback(two)
    assert served_fault(two) is None
    assert served_id(two) == newest
    LINKS[name](two)
    made = released(two, 3)
    assert served_id(two) == made.release_id
    assert served_fault(two) is None


def test_a_release_whose_manifest_is_damaged_is_neither_listed_nor_served_again(two: Home) -> None:
    first, second = releases(two)[1], releases(two)[0]
    manifest = second.folder / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text()[:100])
    assert served_fault(two) == f"release {second.release_id} has no readable manifest"
    assert [each.release_id for each in releases(two)] == [first.release_id]
    rollback(two)
    assert served_id(two) == first.release_id
    with pytest.raises(ReleaseError, match="is not a release"):
        rollback(two, second.release_id)
    verify(released(two, 3))


def test_the_history_of_published_values_is_not_taken_from_a_damaged_release(two: Home) -> None:
    flip(0.5)(two)
    made = released(two, 3)
    with duckdb.connect(str(made.database), read_only=True) as connection:
        values = connection.execute(
            "select list(distinct value order by value) from kpis.kpi_snapshot"
        ).fetchone()
    assert values == ([1.0, 3.0],)


def test_a_release_removed_while_it_is_chosen_is_not_served(two: Home) -> None:
    from orchestration.releases import serve

    first = releases(two)[1]
    os.replace(first.folder, Path(f"{first.folder}.gone"))
    before = served_id(two)
    with pytest.raises(ReleaseError, match="is gone"):
        serve(two, first, "rollback")
    assert served_id(two) == before
    assert served_fault(two) is None
