"""What staging makes of Salesforce exports that are as untidy as real ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

# Ids of the 18-character form; the last three say which of the first fifteen are capitals.
ACCOUNT, SHELL, GONE = "001Ec00000GGw3hIAD", "001Ec00000GGw3iIAD", "001Ec00000GGw3jIAD"
LEAD_CHANGED = "2025-01-01T00:00:00.000+0000"


def opportunity(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "Id": f"006Ec00000Aie{number:02d}AAA",
        "IsDeleted": "false",
        "AccountId": ACCOUNT,
        "StageName": "Prospecting",
        "Amount": "1000",
        "CurrencyIsoCode": "USD",
        "Probability": "10",
        "CloseDate": "2025-06-30",
        "Type": "New Business",
        "IsClosed": "false",
        "IsWon": "false",
        "CreatedDate": "2025-03-01T10:00:00.000+0000",
        "Loss_Reason__c": "",
        "SystemModstamp": "2025-03-01T10:00:00.000+0000",
        **fields,
    }


def history(number: int, opportunity: int, stage: str, at: str, **fields: Any) -> dict[str, Any]:
    return {
        "Id": f"008Ec00000Aie{number:02d}AAA",
        "OpportunityId": f"006Ec00000Aie{opportunity:02d}AAA",
        "StageName": stage,
        "Probability": "33",
        "CreatedDate": f"2025-03-{at}:00.000+0000",
        "IsDeleted": "false",
        **fields,
    }


@pytest.fixture(scope="module")
def salesforce(staged: Callable[[], Any]) -> Any:
    company = staged()
    account = {
        "Id": ACCOUNT,
        "IsDeleted": "false",
        "MasterRecordId": "",
        "Name": 'Smith, "Jones"\nand Sons',
        "BillingCountry": "DE",
        "Is_Test__c": "false",
        "CreatedDate": "2024-01-22T14:49:34.000+0000",
        "SystemModstamp": "2025-01-01T00:00:00.000+0000",
    }
    company.csv(
        "salesforce/Account/Account_1.csv",
        account,
        {**account, "Id": SHELL, "IsDeleted": "true", "MasterRecordId": ACCOUNT[:15]},
        {**account, "Id": GONE, "IsDeleted": "1", "SystemModstamp": "2025-02-02T01:00:00.000+0000"},
        bom=True,
    )
    # A report of the same object: 15 characters, and newer.
    company.csv(
        "salesforce/Account/report.csv",
        {
            **account,
            "Id": ACCOUNT[:15],
            "BillingCountry": "AT",
            "SystemModstamp": "2025-01-02T00:00:00.000+0000",
        },
    )
    company.csv(
        "salesforce/Campaign/Campaign.csv",
        {"Id": "701Ec00000GJDl7IAH", "Type": "Email", "IsPaid__c": ""},
        {"Id": "701Ec00000GJDl8IAH", "Type": "Paid Search", "IsPaid__c": "1"},
    )
    company.csv(
        "salesforce/CampaignMember/CampaignMember.csv",
        {
            "Id": "00vEc000000jeIl",
            "CampaignId": "701Ec00000GJDl8",
            "LeadId": "00QEc00000BBafD",
            "CreatedDate": "2025-02-02T00:00:00.000+0000",
        },
        {
            "Id": "00vEc000000jeIq",
            "CampaignId": "701Ec00000GJDl7",
            "LeadId": "00QEc00000BBafD",
            "CreatedDate": "2025-02-01T00:00:00.000+0000",
        },
    )
    lead = {
        "Id": "00QEc00000BBafDMAT",
        "CreatedDate": "2025-03-01T10:00:00.000+0000",
        "IsConverted": "true",
        "ConvertedDate": "2025-03-30",
        "ConvertedOpportunityId": "006Ec00000Aie01AAA",
        "Campaign_Id__c": "",
        "Is_Spam__c": "",
        "SystemModstamp": LEAD_CHANGED,
    }
    company.csv(
        "salesforce/Lead/Lead.csv",
        lead,
        {
            **lead,
            "Id": "00QEc00000BBafEMAT",
            "ConvertedDate": "2025-03-01",
            "Campaign_Id__c": "701Ec00000GJDl8IAH",
            "Is_Spam__c": "1",
        },
    )
    company.csv(
        "salesforce/Opportunity/Opportunity.csv",
        opportunity(1, StageName="Closed Won", IsClosed="true", IsWon="true"),
        opportunity(
            2,
            Type="Existing Customer - Upgrade",
            StageName="Closed Lost",
            IsClosed="1",
            Loss_Reason__c="Created in Error",
        ),
        opportunity(3, Type="Barter", StageName="Pilot", Probability="40"),
        opportunity(
            4,
            Type="renewal ",
            StageName="Closed Won",
            CloseDate="2025-03-20",
            CurrencyIsoCode="",
            IsClosed="",
            IsWon="",
        ),
        opportunity(
            5, Type="", StageName="Signed", IsClosed="true", IsWon="true", CloseDate="2025-03-01"
        ),
        opportunity(6, StageName="Signed", IsClosed="true", IsWon="true"),
        opportunity(7, IsDeleted="true"),
    )
    company.csv(
        "salesforce/Opportunity/Opportunity_updates.csv",
        opportunity(
            7, IsDeleted="true", Amount="77", SystemModstamp="2025-03-02T10:00:00.000+0000"
        ),
    )
    company.csv(
        "salesforce/OpportunityHistory/OpportunityHistory.csv",
        history(1, 1, "Prospecting", "01T10:00"),
        history(2, 1, "Prospecting", "02T10:00"),
        history(3, 1, "Closed Won", "03T10:00"),
        history(4, 1, "Negotiation", "04T10:00"),
        history(5, 1, "Closed Won", "05T10:00"),
        history(6, 1, "Closed Lost", "06T10:00", IsDeleted="true"),
        history(7, 6, "Pilot", "01T10:00"),
        history(8, 6, "Signed", "02T10:00"),
    )
    company.csv(
        "salesforce/User/User.csv",
        {
            "Id": "005Ec000004oBPNIA2",
            "Name": "A",
            "UserRole": "Account Executive",
            "UserType": "Standard",
            "IsActive": "1",
        },
        {
            "Id": "005Ec000004oBPOIA2",
            "Name": "B",
            "UserRole": "Chief of Nothing",
            "UserType": "AutomatedProcess",
            "IsActive": "",
        },
    )
    company.stage("salesforce")
    return company


def test_merged_account_is_not_deleted_and_a_15_character_id_is_the_same_record(
    salesforce: Any,
) -> None:
    rows = salesforce.rows(
        "select account_id, name, country, is_deleted, deleted_at, merged_into_id"
        " from stg_salesforce__accounts order by 1"
    )
    name = 'Smith, "Jones"\nand Sons'
    assert rows == [
        (ACCOUNT, name, "AT", False, None, None),
        (SHELL, name, "DE", False, None, ACCOUNT),
        (GONE, name, "DE", True, datetime(2025, 2, 2, 1), None),
    ]


def test_lead_gets_its_first_campaign_and_a_conversion_of_the_day_it_came_is_not_before_it(
    salesforce: Any,
) -> None:
    rows = salesforce.rows(
        "select lead_id, campaign_id, converted_at, is_spam from stg_salesforce__leads order by 1"
    )
    assert rows == [
        # In Berlin 30 March, when clocks go forward, begins at 23:00 UTC of the day before.
        ("00QEc00000BBafDMAT", "701Ec00000GJDl7IAH", datetime(2025, 3, 29, 23), False),
        ("00QEc00000BBafEMAT", "701Ec00000GJDl8IAH", datetime(2025, 3, 1, 10), True),
    ]


def test_opportunities_speak_the_vocabulary_of_the_contract(salesforce: Any) -> None:
    rows = salesforce.rows(
        "select cast(substr(opportunity_id, 14, 2) as int), type, stage, stage_order, is_closed,"
        " is_won, currency, loss_reason, is_deleted, amount"
        " from stg_salesforce__opportunities order by 1"
    )
    assert rows == [
        (1, "new", "won", 100, True, True, "USD", None, False, 1000),
        (2, "expansion", "lost", 101, True, False, "USD", "created_in_error", False, 1000),
        (3, "new", "Pilot", 40, False, False, "USD", None, False, 1000),
        # Flags that are left empty: the stage decides.
        (4, "renewal", "won", 100, True, True, "EUR", None, False, 1000),
        (5, "new", "won", 10, True, True, "USD", None, False, 1000),
        (6, "new", "won", 10, True, True, "USD", None, False, 1000),
        (7, "new", "Prospecting", 10, False, False, "USD", None, True, 77),
    ]
    assert any("type_map" in name for name in salesforce.warned)


def test_probability_is_a_share_and_the_earliest_lead_began_the_opportunity(
    salesforce: Any,
) -> None:
    [(probability, lead)] = salesforce.rows(
        "select probability, lead_id from stg_salesforce__opportunities where is_won and lead_id"
        " is not null"
    )
    assert (probability, lead) == (Decimal("0.1"), "00QEc00000BBafDMAT")


def test_only_a_change_of_stage_is_an_entry_and_reopening_is_kept(salesforce: Any) -> None:
    def entries(number: int) -> list[tuple[Any, ...]]:
        return salesforce.rows(
            "select stage, stage_order, entered_at from stg_salesforce__opportunity_stage_events"
            f" where opportunity_id = '006Ec00000Aie{number:02d}AAA' order by entered_at"
        )

    def march(day: int, hour: int = 10) -> datetime:
        return datetime(2025, 3, day, hour)

    assert entries(1) == [
        ("Prospecting", 10, march(1)),
        ("won", 100, march(3)),
        ("Negotiation", 90, march(4)),
        ("won", 100, march(5)),
    ]
    # A closed stage that no map lists is known by the opportunity that is in it.
    assert entries(6) == [("Pilot", 33, march(1)), ("won", 33, march(2))]
    # Without history: open since created; closed on the close date, but not before it was created.
    assert entries(3) == [("Pilot", 40, march(1))]
    assert entries(2) == [("lost", 101, datetime(2025, 6, 29, 22))]
    assert entries(5) == [("won", 10, march(1))]


def test_users_have_roles_of_the_map_or_none(salesforce: Any) -> None:
    rows = salesforce.rows(
        "select name, role, is_bot, is_active from stg_salesforce__staff order by 1"
    )
    assert rows == [("A", "sales_rep", False, True), ("B", None, True, False)]
    assert any("role_map" in name for name in salesforce.warned)


def test_campaign_without_a_flag_is_not_said_to_be_free(salesforce: Any) -> None:
    rows = salesforce.rows("select channel, is_paid from stg_salesforce__campaigns order by 1")
    assert rows == [("Email", None), ("Paid Search", True)]
