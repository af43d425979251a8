"""What staging makes of Zendesk's pages: overlaps, deletions, bots, merges."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest


def ticket(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "created_at": "2025-03-10T10:00:00Z",
        "updated_at": "2025-03-10T10:00:00Z",
        "subject": 'Says "no",\nthen hangs up',
        "status": "open",
        "priority": "high",
        "via": {"channel": "email"},
        "requester_id": 500,
        "submitter_id": 500,
        "organization_id": 70,
        "assignee_id": 600,
        "group_id": 80,
        "tags": [],
        "custom_fields": [
            {"id": 9001, "value": "login"},
            {"id": 9002, "value": "true"},
            {"id": 9003, "value": "berlin"},
            {"id": 9004, "value": None},
        ],
        **fields,
    }


def event(
    number: int, of: int, updater: int, via: str, *children: dict[str, Any], rel: str | None = None
) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": of,
        "timestamp": int(datetime(2025, 3, 10, 10, number, tzinfo=UTC).timestamp()),
        "updater_id": updater,
        "event_type": "Audit",
        "via": {"channel": via, "source": {"rel": rel}},
        "child_events": list(children),
    }


def change(status: str, kind: str = "Change") -> dict[str, Any]:
    return {"id": 1, "event_type": kind, "status": status, "previous_value": "open"}


def comment(
    number: int, author: int, at: str = "2025-03-10T10:05:00Z", **fields: Any
) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": 1,
        "author_id": author,
        "public": True,
        "created_at": at,
        **fields,
    }


def user(number: int, role: str, updated: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"U{number}",
        "email": f"u{number}@example.com",
        "role": role,
        "suspended": False,
        "active": True,
        "organization_id": None,
        "default_group_id": None,
        "created_at": "2020-01-01T00:00:00Z",
        "updated_at": updated,
        "user_fields": {"is_bot": False},
        **fields,
    }


def rating(number: int, of: int, score: str, at: str, updated: str) -> dict[str, Any]:
    return {
        "id": number,
        "ticket_id": of,
        "requester_id": 500,
        "score": score,
        "created_at": f"2025-03-{at}:00Z",
        "updated_at": f"2025-03-{updated}:00Z",
    }


@pytest.fixture(scope="module")
def zendesk(staged: Callable[[], Any]) -> Any:
    company = staged()

    def page(table: str, number: int, *records: dict[str, Any]) -> None:
        body = {table: records, "count": len(records), "end_of_stream": True, "end_time": 1}
        company.text(f"zendesk/{table}/page_{number}.json", json.dumps(body, indent=1))

    # The page with the earlier states is delivered last: it is the update time that counts.
    page(
        "tickets",
        2,
        ticket(1),
        ticket(2, tags=["spam", "x"]),
        ticket(3, submitter_id=600, organization_id=None),
        ticket(4, submitter_id=-1, organization_id=None, requester_id=501),
        ticket(5, custom_fields=[{"id": 9004, "value": "1"}, {"id": 1, "value": "login"}]),
    )
    page(
        "tickets",
        1,
        ticket(1, updated_at="2025-03-11T10:00:00Z", priority="low"),
        ticket(2, updated_at="2025-03-11T10:00:00Z", status="deleted", tags=["spam"]),
        ticket(6, tags=["test"], submitter_id=602),
    )
    page(
        "ticket_events",
        1,
        event(
            1,
            1,
            500,
            "email",
            change("new", "Create"),
            {"id": 2, "event_type": "Comment", "status": None},
        ),
        event(
            2, 1, 600, "web", {"id": 3, "event_type": "Change", "priority": "low"}, change("solved")
        ),
        event(3, 1, 500, "email", change("open")),
    )
    page(
        "ticket_events",
        2,
        event(3, 1, 500, "email", change("open")),
        event(4, 1, -1, "rule", change("closed")),
        event(5, 5, 600, "web", change("closed"), rel="merge"),
        event(6, 2, 600, "web", change("deleted")),
    )
    page(
        "ticket_comments",
        1,
        comment(1, 500),
        comment(2, 600),
        comment(3, 600, public=False),
        comment(4, 602),
        comment(5, -1),
        comment(6, 601, "2025-03-10T10:06:00Z"),
        comment(7, 601, "2025-08-01T00:00:00Z"),
        comment(8, 999),
        comment(2, 600),
    )
    page(
        "users",
        1,
        user(500, "end-user", "2025-01-01T00:00:00Z", organization_id=70),
        user(501, "end-user", "2025-01-01T00:00:00Z", organization_id=71),
        user(600, "agent", "2025-01-01T00:00:00Z", default_group_id=80),
        user(601, "agent", "2025-01-01T00:00:00Z"),
        user(602, "agent", "2025-01-01T00:00:00Z", user_fields={"is_bot": True}),
    )
    # She left the help desk in July: what she answered before was the answer of an agent.
    page("users", 2, user(601, "end-user", "2025-07-01T00:00:00Z"))
    page(
        "groups",
        1,
        {"id": 80, "name": "Tier 1", "deleted": False, "updated_at": "2025-01-01T00:00:00Z"},
    )
    page(
        "organizations",
        1,
        {
            "id": 70,
            "name": "A",
            "external_id": "001Ec00000GGw3hIAD",
            "updated_at": "2025-01-01T00:00:00Z",
        },
        {
            "id": 71,
            "name": "B",
            "external_id": "001Ec00000GGw3i",
            "updated_at": "2025-01-01T00:00:00Z",
        },
    )
    page(
        "satisfaction_ratings",
        2,
        rating(1, 1, "offered", "11T10:00", "11T10:00"),
        rating(2, 6, "offered", "11T10:00", "11T10:00"),
        rating(3, 3, "offered", "11T10:00", "11T10:00"),
    )
    page(
        "satisfaction_ratings",
        1,
        rating(1, 1, "bad", "11T10:00", "12T10:00"),
        rating(2, 6, "good", "11T10:00", "12T10:00"),
        rating(4, 1, "good", "13T10:00", "13T10:00"),
    )
    company.stage("zendesk")
    return company


def test_tickets_of_overlapping_pages_are_in_their_newest_state(zendesk: Any) -> None:
    rows = zendesk.rows(
        'select ticket_id, account_id, submitter_type, channel, priority, "group", topic,'
        " first_level_resolvable, schedule_id, is_spam, is_test, is_deleted, merged_into_id"
        " from stg_zendesk__tickets order by 1"
    )
    org, other = "001Ec00000GGw3hIAD", "001Ec00000GGw3iIAD"
    usual = ("email", "high", "Tier 1", "login", True, "berlin")
    assert rows == [
        (
            "1",
            org,
            "customer",
            "email",
            "low",
            "Tier 1",
            "login",
            True,
            "berlin",
            False,
            False,
            False,
            None,
        ),
        ("2", org, "customer", *usual, True, False, True, None),
        # Without an organization the requester's counts.
        ("3", org, "agent", *usual, False, False, False, None),
        ("4", other, "system", *usual, False, False, False, None),
        (
            "5",
            org,
            "customer",
            "email",
            "high",
            "Tier 1",
            None,
            None,
            None,
            False,
            False,
            False,
            "1",
        ),
        ("6", org, "system", *usual, False, True, False, None),
    ]


def test_only_changes_of_status_are_status_events_and_each_has_a_cause(zendesk: Any) -> None:
    rows = zendesk.rows(
        "select ticket_id, status, changed_at, changed_by, cause from"
        " stg_zendesk__ticket_status_events order by changed_at"
    )
    assert rows == [
        ("1", "new", datetime(2025, 3, 10, 10, 1), "500", "customer_message"),
        ("1", "solved", datetime(2025, 3, 10, 10, 2), "600", "agent"),
        ("1", "open", datetime(2025, 3, 10, 10, 3), "500", "customer_message"),
        ("1", "closed", datetime(2025, 3, 10, 10, 4), "-1", "automation"),
        ("5", "closed", datetime(2025, 3, 10, 10, 5), "600", "merge"),
    ]


def test_author_is_what_the_user_was_when_the_message_was_written(zendesk: Any) -> None:
    rows = zendesk.rows(
        "select message_id, author_type, is_public from stg_zendesk__ticket_messages order by 1"
    )
    assert rows == [
        ("1", "customer", True),
        ("2", "agent", True),
        ("3", "agent", False),
        ("4", "bot", True),
        ("5", "system", True),
        ("6", "agent", True),
        ("7", "customer", True),
        ("8", "system", True),
    ]


def test_ratings_are_a_scale_of_two_points_and_one_invitation_a_ticket(zendesk: Any) -> None:
    rows = zendesk.rows(
        "select response_id, kind, scale_min, scale_max, score, account_id, ticket_id,"
        " responded_at, is_test, invitation_id"
        " from stg_zendesk__survey_responses order by 1"
    )
    org = "001Ec00000GGw3hIAD"
    assert rows == [
        ("1", "csat", 1, 2, 1, org, "1", datetime(2025, 3, 12, 10), False, "1"),
        ("2", "csat", 1, 2, 2, org, "6", datetime(2025, 3, 12, 10), True, "2"),
        ("4", "csat", 1, 2, 2, org, "1", datetime(2025, 3, 13, 10), False, "1"),
    ]
    assert zendesk.rows(
        "select invitation_id, sent_at from stg_zendesk__survey_invitations order by 1"
    ) == [(number, datetime(2025, 3, 11, 10)) for number in ("1", "2", "3")]


def test_staff_are_all_who_ever_answered_and_bots_are_marked(zendesk: Any) -> None:
    rows = zendesk.rows(
        "select user_id, role, team, is_bot, is_active from stg_zendesk__staff order by 1"
    )
    assert rows == [
        ("600", "agent", "Tier 1", False, True),
        ("601", "agent", None, False, False),
        ("602", "agent", None, True, True),
    ]
