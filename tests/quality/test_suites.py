"""A suite that cannot mean what it says is refused with file and line."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from night import DECLARATIONS

from orchestration.home import PROJECT_ROOT
from orchestration.suites import SuiteError, load_defaults, load_suites

GOOD = "type: expect_column_values_to_not_be_null, column: name, severity: warning, remedy: Fill it"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(PROJECT_ROOT / "expectations" / "shared.yml", tmp_path)
    (tmp_path / "contract").mkdir()
    return tmp_path


def refusal(folder: Path, text: str, name: str = "account") -> str:
    (folder / "contract" / f"{name}.yml").write_text(text)
    with pytest.raises(SuiteError) as caught:
        load_suites(folder, DECLARATIONS)
    return str(caught.value).removeprefix(f"{folder.name}/")


def entry(text: str) -> str:
    return f"description: x\nexpectations:\n  - {{{GOOD}}}\n  - {{{text}}}\n"


def test_a_good_suite_is_read(folder: Path) -> None:
    (folder / "contract" / "account.yml").write_text(entry(GOOD + ", name: other"))
    suite = load_suites(folder, DECLARATIONS)["contract", "account"]
    assert [one.name for one in suite.expectations] == [
        "column_values_to_not_be_null__name",
        "other",
    ]
    assert suite.expectations[0].remedy == "Fill it"


QUERY = "type: unexpected_rows, name: x, severity: warning, finding: x, remedy: x, query: "
REFUSED = {
    GOOD: "column_values_to_not_be_null__name is already the name",
    GOOD.replace("column: name", "column: nam"): "column nam is not declared; did you mean name?",
    GOOD.replace("warning", "fatal"): "`severity` is critical or warning",
    GOOD.replace("remedy: Fill", "remedi: Fill"): "unknown key remedi; did you mean remedy?",
    "type: expect_column_to_be_good, severity: warning": "unknown type expect_column_to_be_good",
    GOOD.replace("column: name, ", ""): "`column` is missing",
    "use: merge_circle, column: name": "merge_circle is not in shared.yml; did you mean",
    "use: merge_cycle, column: merged_into_id": "`key` is missing; merge_cycle needs column, key",
    "use: reference, column: owner_id, to: contract.staf.user_id": "contract.staf is not declared",
    "use: reference, column: owner_id, to: staff": "`to` is source.table.column",
    "use: negative, column: 'name\" or true --'": 'column name" or true -- is not declared',
    QUERY + "select 1": "`query` reads the table's rows as {batch}",
    QUERY + "'from {batch}, {raw:contract.x}'": "contract.x is not declared",
    QUERY + "'from {batch} where {y}'": "{y} is none of {batch}",
    QUERY + "'from {batch}, {seed:nothing}'": "there is no seeds/nothing.csv",
    QUERY + "'from {batch}', max_share: 2": "`max_share` is a number from 0 to below 1",
    QUERY + "'from {batch}', critical_above: -1": "`critical_above` is a number from 0 to below 1",
    "type: expect_column_max_to_be_between, column: created_at, severity: warning, remedy: x,"
    " min_value: as_of minus 3 days": "'as_of minus 3 days': write `as_of - 7 days`",
}


@pytest.mark.parametrize(("text", "said"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_wrong_is_refused(folder: Path, text: str, said: str) -> None:
    assert refusal(folder, entry(text)).startswith(f"contract/account.yml, line 4: {said}")


def test_a_suite_of_an_undeclared_table_is_refused(folder: Path) -> None:
    said = refusal(folder, "description: x\n", "acount")
    assert said == (
        "contract/acount.yml, line 1: contract.acount is not declared in the sources;"
        " did you mean account?"
    )


def test_a_suite_that_is_no_yaml_is_refused_with_its_line(folder: Path) -> None:
    assert refusal(folder, "description: x\nexpectations: [\n").startswith(
        "contract/account.yml, line 3: not valid YAML"
    )


def test_a_source_out_of_use_keeps_its_suites(folder: Path) -> None:
    (folder / "stripe").mkdir()
    (folder / "stripe" / "customers.yml").write_text("description: x\n")
    without = replace(DECLARATIONS, sources=(DECLARATIONS.source("contract"),))
    assert load_suites(folder, without) == {}


def test_defaults_miss_nothing_silently(tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "expectations" / "defaults.yml").read_text()
    (tmp_path / "defaults.yml").write_text(text.replace("max_share: 0.05", "max_share: many"))
    with pytest.raises(SuiteError, match=r"line \d+: rejected_rows_share.max_share is 'many'"):
        load_defaults(tmp_path)
