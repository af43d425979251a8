"""Declarations: read once, checked, and wrong ones named by file, line and key."""

from pathlib import Path

import pytest
from shops import PROJECT, SHOP, write_project

from orchestration.home import PROJECT_ROOT
from orchestration.ingest.declaration import DeclarationError, read_declarations


def test_the_project_s_own_declarations_are_valid() -> None:
    contract = read_declarations(PROJECT_ROOT).source("contract")
    account = contract.table("account")
    assert account.identifier == "contract__account"
    assert account.primary_key == ("account_id",)
    assert {c.name: c.data_type for c in account.columns}["created_at"] == "instant"


def test_columns_types_keys_and_zones_are_read(tmp_path: Path) -> None:
    shop = SHOP.replace("zone: null", "zone: Europe/Berlin")
    source = read_declarations(write_project(tmp_path, shop)).source("shop")
    order = source.table("order")
    assert [c.name for c in order.columns if c.required] == ["order_id", "amount"]
    assert {c.zone for c in order.columns} == {"Europe/Berlin"}
    assert source.table("page").records == "tickets"


def test_the_reporting_zone_may_be_a_column_s(tmp_path: Path) -> None:
    shop = SHOP.replace("zone: null", "zone: reporting")
    order = read_declarations(write_project(tmp_path, shop)).source("shop").table("order")
    assert {c.zone for c in order.columns} == {"UTC"}


def test_a_folder_that_is_not_in_use_is_passed_over_with_a_note(tmp_path: Path) -> None:
    root = write_project(tmp_path)
    (root / "models" / "staging" / "old").mkdir()
    declarations = read_declarations(root)
    assert [source.name for source in declarations] == ["shop"]
    assert "models/staging/old is not in use" in declarations.notes[0]


def test_a_source_in_use_without_a_declaration_is_noted(tmp_path: Path) -> None:
    root = write_project(tmp_path, project="vars: {sources: {shop: all, crm: [account]}}\n")
    assert "models/staging/crm/_crm__sources.yml does not exist" in read_declarations(root).notes[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("data_type: decimal", "data_type: money", r"line 16: shop\.order\.amount\.data_type is"),
        ("data_type: decimal, ", "", r"shop\.order\.amount\.data_type is None; allowed: string"),
        ("[order_id]", "[id]", r"line 12: shop\.order\.config\.meta\.primary_key names 'id'"),
        ("shop__order", "orders", r"line 10: shop\.order\.identifier must be shop__order"),
        ("schema: raw", "schema: main", r"line 5: shop\.schema must be raw"),
        ("name: pieces", "name: Amount", r"shop\.order\.Amount is declared twice"),
        ("name: pieces", "name: _source_file", "reserved"),
        ("zone: null", "zone: Berlin", r"'Berlin' is no IANA time zone"),
        ("required: true", "requird: true", r"line 14: .*requird has no meaning; write required"),
        ("required: true", "required: often", "'often'; true or false"),
        ("name: shop\n", "name: store\n", "declares no source named shop"),
        (
            "columns:\n",
            "columns: none\n        other:\n",
            r"line 13: shop\.order\.columns must be a list",
        ),
        ("name: order\n", "name: ../order\n", "is a folder's name"),
        ("    description: A shop.\n", "    schema: raw\n", "the key 'schema' is written twice"),
        ("sources:\n", "sources: [\n", "not valid YAML"),
    ],
)
def test_a_wrong_declaration_is_named_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    root = write_project(tmp_path, SHOP.replace(old, new, 1))
    with pytest.raises(DeclarationError, match=message) as raised:
        read_declarations(root)
    assert "models/staging/shop/_shop__sources.yml, line " in str(raised.value)


def test_forms_need_a_type_that_has_forms_and_a_zone_where_they_have_no_offset(
    tmp_path: Path,
) -> None:
    forms = "config: {meta: {formats: ['%m/%d/%Y']}}"
    text = SHOP.replace("name: note, data_type: string", f"name: note, data_type: string, {forms}")
    with pytest.raises(DeclarationError, match="for columns of type date or instant"):
        read_declarations(write_project(tmp_path, text))
    text = SHOP.replace("data_type: instant", f"data_type: instant, {forms}")
    with pytest.raises(DeclarationError, match="the source needs a zone"):
        read_declarations(write_project(tmp_path, text))
    zoned = text.replace("zone: null", "zone: UTC")
    read_declarations(write_project(tmp_path, zoned))


def test_a_project_that_uses_no_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match=r"vars\.sources must list the sources in use"):
        read_declarations(write_project(tmp_path, project=PROJECT.replace("{shop: all}", "{}")))
