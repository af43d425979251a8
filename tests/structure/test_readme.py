"""What the README says is what the project holds."""

from orchestration.kpi_index import README, with_index


def test_the_kpi_index_of_the_readme_is_that_of_the_catalogue() -> None:
    text = README.read_text(encoding="utf-8")
    assert with_index(text) == text, "run `python -m orchestration.kpi_index`"
