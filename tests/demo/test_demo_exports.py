"""The exports hang together, contain the dirt of real life, and say what the truth says.

The KPIs here are computed from the exports alone, with queries of their own.
"""

# ruff: noqa: E501  (queries: one idea per line)
from __future__ import annotations

import duckdb
import pytest

AS_OF = "timestamp '2025-12-31 23:00:00'"
BERLIN = "'Europe/Berlin'"


def one(db: duckdb.DuckDBPyConnection, query: str) -> object:
    row = db.execute(query).fetchone()
    assert row is not None
    return row[0]


# One state per record: the latest delivery of each key.
LATEST = {
    "account": ('salesforce."Account"', '"Id"', '"SystemModstamp"'),
    "lead": ('salesforce."Lead"', '"Id"', '"SystemModstamp"'),
    "opportunity": ('salesforce."Opportunity"', '"Id"', '"SystemModstamp"'),
    "history": ('salesforce."OpportunityHistory"', '"Id"', '"SystemModstamp"'),
    "customer": ("stripe.customers", "id", "cast(metadata.exported_at as bigint)"),
    "subscription": ("stripe.subscriptions", "id", "cast(metadata.exported_at as bigint)"),
    "item": (
        "stripe.subscription_items",
        "id || metadata.version",
        "cast(metadata.exported_at as bigint)",
    ),
    "ticket": ("zendesk.tickets", "id", "updated_at"),
    "event": ("zendesk.ticket_events", "id", "timestamp"),
    "comment": ("zendesk.ticket_comments", "id", "created_at"),
    "person": ("zendesk.users", "id", "updated_at"),
    "rating": ("zendesk.satisfaction_ratings", "id", "updated_at"),
    "answer": ("contract.survey_response", "response_id", "source_updated_at"),
    "expense": ("contract.expense", "expense_id", "source_updated_at"),
}


@pytest.fixture(scope="module")
def latest(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    for name, (table, key, order) in LATEST.items():
        db.execute(
            f"""
            create or replace temp table {name} as
            select * exclude (place) from (
                select *, row_number() over (partition by {key} order by {order} desc) as place from {table}
            ) where place = 1
            """
        )
    # Every account id leads to its survivor; test accounts are known by the survivor's flag.
    db.execute(
        """
        create or replace temp table survivor as
        with recursive walk (id, top) as (
            select "Id", "Id" from account
            union all
            select walk.id, account."MasterRecordId" from walk join account on account."Id" = walk.top
            where account."MasterRecordId" is not null
        )

        select walk.id, walk.top, account."Is_Test__c" = 'true' as is_test
        from walk join account on account."Id" = walk.top where account."MasterRecordId" is null
        """
    )
    return db


# ---------------------------------------------------------------- links


def test_salesforce_ids_have_eighteen_characters_and_a_correct_checksum(
    db: duckdb.DuckDBPyConnection,
) -> None:
    def checksum(identifier: str) -> str:
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
        chunks = (identifier[i : i + 5] for i in (0, 5, 10))
        return "".join(
            letters[sum(1 << place for place, char in enumerate(chunk) if "A" <= char <= "Z")]
            for chunk in chunks
        )

    for table, prefix in {
        "Account": "001",
        "Contact": "003",
        "Lead": "00Q",
        "Opportunity": "006",
        "User": "005",
        "Campaign": "701",
        "Task": "00T",
        "Case": "500",
    }.items():
        ids = [
            row[0]
            for row in db.execute(f'select distinct "Id" from salesforce."{table}"').fetchall()
        ]
        assert ids
        for identifier in ids:
            assert len(identifier) == 18
            assert identifier.startswith(prefix)
            assert identifier[15:] == checksum(identifier[:15])
        # Many tools compare without case: no two may be equal then.
        assert len({identifier.lower() for identifier in ids}) == len(ids)


LINKS = [
    ('salesforce."Opportunity"', '"AccountId"', 'salesforce."Account"', '"Id"'),
    ('salesforce."Opportunity"', '"OwnerId"', 'salesforce."User"', '"Id"'),
    ('salesforce."Opportunity"', '"CampaignId"', 'salesforce."Campaign"', '"Id"'),
    ('salesforce."OpportunityHistory"', '"OpportunityId"', 'salesforce."Opportunity"', '"Id"'),
    ('salesforce."Account"', '"MasterRecordId"', 'salesforce."Account"', '"Id"'),
    ('salesforce."Account"', '"OwnerId"', 'salesforce."User"', '"Id"'),
    ('salesforce."Contact"', '"AccountId"', 'salesforce."Account"', '"Id"'),
    ('salesforce."Lead"', '"MasterRecordId"', 'salesforce."Lead"', '"Id"'),
    ('salesforce."Lead"', '"OwnerId"', 'salesforce."User"', '"Id"'),
    ('salesforce."Lead"', '"ConvertedAccountId"', 'salesforce."Account"', '"Id"'),
    ('salesforce."Lead"', '"ConvertedContactId"', 'salesforce."Contact"', '"Id"'),
    ('salesforce."Lead"', '"ConvertedOpportunityId"', 'salesforce."Opportunity"', '"Id"'),
    ('salesforce."Lead"', '"Campaign_Id__c"', 'salesforce."Campaign"', '"Id"'),
    ('salesforce."Lead"', '"Referral_Id__c"', "contract.referral", "referral_id"),
    ('salesforce."CampaignMember"', '"LeadId"', 'salesforce."Lead"', '"Id"'),
    ('salesforce."CampaignMember"', '"CampaignId"', 'salesforce."Campaign"', '"Id"'),
    ('salesforce."Task"', '"WhatId"', 'salesforce."Opportunity"', '"Id"'),
    ('salesforce."Case"', '"AccountId"', 'salesforce."Account"', '"Id"'),
    ("stripe.customers", "metadata.crm_account_id", 'salesforce."Account"', '"Id"'),
    ("stripe.subscriptions", "customer", "stripe.customers", "id"),
    ("stripe.subscription_items", "subscription", "stripe.subscriptions", "id"),
    ("stripe.subscription_items", "price.id", "stripe.prices", "id"),
    ("stripe.subscription_items", "price.product", "stripe.products", "id"),
    ("stripe.invoices", "subscription", "stripe.subscriptions", "id"),
    ("stripe.invoices", "customer", "stripe.customers", "id"),
    ("stripe.invoice_lines", "invoice", "stripe.invoices", "id"),
    ("stripe.invoice_lines", "subscription_item", "stripe.subscription_items", "id"),
    ("stripe.refunds", "invoice", "stripe.invoices", "id"),
    ("zendesk.organizations", "external_id", 'salesforce."Account"', '"Id"'),
    ("zendesk.users", "organization_id", "zendesk.organizations", "id"),
    ("zendesk.tickets", "requester_id", "zendesk.users", "id"),
    ("zendesk.tickets", "assignee_id", "zendesk.users", "id"),
    ("zendesk.tickets", "nullif(submitter_id, -1)", "zendesk.users", "id"),
    ("zendesk.tickets", "organization_id", "zendesk.organizations", "id"),
    ("zendesk.tickets", "group_id", "zendesk.groups", "id"),
    ("zendesk.tickets", "cast(custom_fields[4].value as bigint)", "zendesk.tickets", "id"),
    ("zendesk.tickets", "custom_fields[3].value", "contract.business_schedule", "schedule_id"),
    ("zendesk.ticket_events", "ticket_id", "zendesk.tickets", "id"),
    ("zendesk.ticket_comments", "ticket_id", "zendesk.tickets", "id"),
    ("zendesk.ticket_comments", "nullif(author_id, -1)", "zendesk.users", "id"),
    ("zendesk.satisfaction_ratings", "ticket_id", "zendesk.tickets", "id"),
    ("contract.account_history", "account_id", 'salesforce."Account"', '"Id"'),
    ("contract.account_history", "owner_id", 'salesforce."User"', '"Id"'),
    ('contract."order"', "account_id", 'salesforce."Account"', '"Id"'),
    ('contract."order"', "exchange_of_order_id", 'contract."order"', "order_id"),
    ("contract.order_line", "order_id", 'contract."order"', "order_id"),
    ("contract.order_line", "product_id", "contract.product_cost", "product_id"),
    ("contract.refund", "order_id", 'contract."order"', "order_id"),
    ("contract.survey_response", "account_id", 'salesforce."Account"', '"Id"'),
    ("contract.survey_response", "respondent_id", 'salesforce."Contact"', '"Id"'),
    ("contract.survey_response", "invitation_id", "contract.survey_invitation", "invitation_id"),
    ("contract.survey_response", "cast(ticket_id as bigint)", "zendesk.tickets", "id"),
    ("contract.referral", "lead_id", 'salesforce."Lead"', '"Id"'),
    ("contract.referral", "referrer_account_id", 'salesforce."Account"', '"Id"'),
    ("contract.referral", "referrer_user_id", 'salesforce."User"', '"Id"'),
    ("contract.expense", "campaign_id", 'salesforce."Campaign"', '"Id"'),
    ("contract.attribution", "account_id", 'salesforce."Account"', '"Id"'),
    ("contract.agent_time", "cast(agent_id as bigint)", "zendesk.users", "id"),
    ("contract.handle_segment", "cast(ticket_id as bigint)", "zendesk.tickets", "id"),
    ("contract.opportunity_snapshot", "opportunity_id", 'salesforce."Opportunity"', '"Id"'),
    ("contract.opportunity_split", "opportunity_id", 'salesforce."Opportunity"', '"Id"'),
    ("contract.quota", "user_id", "contract.staff_assignment", "user_id"),
    ("contract.forecast_submission", "owner_id", 'salesforce."User"', '"Id"'),
    ("contract.contract", "account_id", 'salesforce."Account"', '"Id"'),
    ("contract.contract", "renewed_by_contract_id", "contract.contract", "contract_id"),
    ("contract.sla_target", "cast(ticket_id as bigint)", "zendesk.tickets", "id"),
    ("contract.goal", "owner_id", 'salesforce."User"', '"Id"'),
]


@pytest.mark.parametrize(
    ("table", "column", "parent", "key"), LINKS, ids=[f"{a}.{b}" for a, b, _, _ in LINKS]
)
def test_every_reference_leads_somewhere(
    db: duckdb.DuckDBPyConnection, table: str, column: str, parent: str, key: str
) -> None:
    filled = one(db, f"select count(*) from {table} where {column} is not null")
    orphans = db.execute(
        f"select distinct {column} from {table} where {column} is not null "
        f"and {column} not in (select {key} from {parent}) limit 5"
    ).fetchall()
    assert filled
    assert orphans == []


def test_nothing_happened_after_the_end(db: duckdb.DuckDBPyConnection) -> None:
    # What may lie ahead: ends of trials, discounts, cancellations and terms.
    ahead = {
        "trial_end",
        "cancel_at",
        "end_date",
        "period_end",
        "valid_to",
        "CloseDate",
        "close_date",
        "EndDate",
    }
    tables = db.execute(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema in ('salesforce', 'contract', 'zendesk') and table_catalog <> 'temp'"
    ).fetchall()
    checked = 0
    for schema, table, column in tables:
        if column in ahead or not (
            column.endswith(("_at", "_on", "_date", "Date", "stamp", "_from", "__c"))
            or column == "created_at"
        ):
            continue
        latest_instant = one(
            db, f'select max(try_cast("{column}"::varchar as timestamptz)) from {schema}."{table}"'
        )
        if latest_instant is None or (schema == "contract" and table == "schedule_holiday"):
            continue
        checked += 1
        late = one(
            db,
            f"select timestamptz '{latest_instant}' >= {AS_OF} at time zone 'UTC'",
        )
        assert not late, f"{schema}.{table}.{column}: {latest_instant}"
    assert checked > 60
    assert one(db, f"select max(created) < epoch({AS_OF}) from stripe.subscriptions")
    assert one(db, f"select max(coalesce(ended_at, 0)) < epoch({AS_OF}) from stripe.subscriptions")
    assert one(db, f"select max(created) < epoch({AS_OF}) from stripe.invoices")
    assert one(db, f"select max(timestamp) < epoch({AS_OF}) from zendesk.ticket_events")


def test_validity_intervals_of_one_key_neither_overlap_nor_leave_gaps(
    db: duckdb.DuckDBPyConnection,
) -> None:
    for table, key, start in [
        ("contract.account_history", "account_id", "valid_from"),
        ("contract.product_cost", "product_id", "valid_from"),
    ]:
        broken = one(
            db,
            f"""
            select count(*) from (
                select valid_to, lead({start}) over (partition by {key} order by {start}) as following from {table}
            ) where valid_to is distinct from following
            """,
        )
        assert broken == 0
    twice = one(
        db,
        """
        select count(*) from (
            select metadata.valid_to as valid_to, lead(metadata.valid_from) over (partition by id order by metadata.version) as following
            from (select distinct on (id, metadata.version) * from stripe.subscription_items order by metadata.exported_at desc)
        ) where following is not null and valid_to is distinct from following
        """,
    )
    assert twice == 0


def test_rates_are_never_older_than_three_days(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, "select count(distinct from_currency) from contract.fx_rate") == 3
    gap = one(
        db,
        "select max(gap) from (select cast(rate_date as date) - lag(cast(rate_date as date)) "
        "over (partition by from_currency order by rate_date) as gap from contract.fx_rate)",
    )
    assert gap == 3


# ---------------------------------------------------------------- dirt


DIRT = {
    "leads delivered twice": 'select count(*) - count(distinct ("Id", "SystemModstamp")) from salesforce."Lead"',
    "leads in several states": 'select count(distinct ("Id", "SystemModstamp")) - count(distinct "Id") from salesforce."Lead"',
    "accounts merged in a chain": 'select count(*) from account a join account b on a."MasterRecordId" = b."Id" where b."MasterRecordId" is not null',
    "leads merged in a chain": 'select count(*) from lead a join lead b on a."MasterRecordId" = b."Id" where b."MasterRecordId" is not null',
    "tickets merged": "select count(*) from ticket where custom_fields[4].value is not null",
    "facts on merged accounts": 'select count(*) from customer c join account a on a."Id" = c.metadata.crm_account_id where a."MasterRecordId" is not null',
    "leads deleted": """select count(*) from lead where "IsDeleted" = 'true' and "MasterRecordId" is null""",
    "test leads of our own domain": """select count(*) from lead where "Is_Test__c" = 'true' and "Email" like '%@lindenhof.example'""",
    "test accounts with subscriptions": "select count(*) from survivor s join customer c on c.metadata.crm_account_id = s.id where is_test",
    "deleted tickets": "select count(*) from ticket where status = 'deleted'",
    "spam": "select count(*) from ticket where list_contains(tags, 'spam')",
    "notes": "select count(*) from comment where not public",
    "bots": "select count(*) from comment where author_id = 900000000",
    "tickets by agents": "select count(*) from ticket where submitter_id not in (requester_id, -1)",
    "reopened tickets": "select count(*) from event where child_events[1].status = 'open' and child_events[1].previous_value = 'solved'",
    "pauses": "select count(*) from subscription where metadata.paused_at is not null",
    "resumed": "select count(*) from subscription where metadata.resumed_at is not null",
    "trials lost": "select count(*) from subscription where ended_at = trial_end",
    "unpaid": "select count(*) from subscription where metadata.unpaid_at is not null",
    "overdue": "select count(*) from subscription where metadata.past_due_since is not null",
    "ended at local midnight": f"select count(*) from subscription where hour(to_timestamp(ended_at) at time zone {BERLIN}) = 0 and ended_at % 3600 = 0",
    "ended at the turn of a month": f"select count(*) from subscription where day(to_timestamp(ended_at) at time zone {BERLIN}) = 1 and hour(to_timestamp(ended_at) at time zone {BERLIN}) = 0 and ended_at % 3600 = 0",
    "yen": "select count(*) from item where price.currency = 'jpy'",
    "partial refunds": "select count(*) from stripe.refunds r join (select distinct id, total from stripe.invoices) i on i.id = r.invoice where r.amount < i.total",
    "full refunds": "select count(*) from stripe.refunds r join (select distinct id, total from stripe.invoices) i on i.id = r.invoice where r.amount = i.total",
    "deals reopened": """select count(*) from history a where "StageName" = 'Negotiation' and exists (select 1 from history b where b."OpportunityId" = a."OpportunityId" and b."StageName" like 'Closed%' and b."CreatedDate" < a."CreatedDate")""",
    "invalid scores": "select count(*) from answer where kind = 'nps' and score = '11'",
    "answers given again": "select count(*) - count(distinct (respondent_id, left(responded_at, 7))) from answer where kind = 'nps'",
    "answers corrected": "select count(*) - count(distinct response_id) from contract.survey_response",
    "expenses corrected": "select count(*) - count(distinct (expense_id)) from contract.expense",
    "lines for the quarantine": "select count(*) from contract.survey_response where try_cast(responded_at as timestamptz) is null or (score is not null and try_cast(score as integer) is null)",
    "line breaks in fields": """select count(*) from lead where contains("Description", chr(10))""",
    "summer and winter offsets": "select count(distinct right(responded_at, 6)) - 1 from contract.survey_response",
}


@pytest.mark.parametrize("what", DIRT)
def test_the_dirt_of_real_life_is_there(latest: duckdb.DuckDBPyConnection, what: str) -> None:
    found = one(latest, DIRT[what])
    assert isinstance(found, int)
    assert found > 0


def test_some_files_start_with_a_byte_order_mark_and_some_quote_every_field(
    company: object,
) -> None:
    starts = [
        path.read_bytes()[:4] for path in sorted((company.landing / "salesforce/Lead").iterdir())
    ]  # type: ignore[attr-defined]
    assert any(start.startswith(b"\xef\xbb\xbf") for start in starts)
    assert any(start.startswith(b'"Id"') for start in starts)


# ---------------------------------------------------------------- the exports say what the truth says


def compare(
    db: duckdb.DuckDBPyConnection, kpi_id: str, query: str, tolerance: float = 1e-6
) -> None:
    """`query` gives (month, numerator, denominator); months without a row are 0."""
    rows = db.execute(
        f"""
        select period_start, t.numerator, coalesce(q.numerator, 0), t.denominator, coalesce(q.denominator, 0)
        from truth as t left join ({query}) as q (month, numerator, denominator)
            on cast(q.month as date) = t.period_start
        where kpi_id = ? order by period_start
        """,
        [kpi_id],
    ).fetchall()
    assert len(rows) == 36
    assert sum(abs(row[1]) for row in rows) > 0
    for month, numerator, found_numerator, denominator, found_denominator in rows:
        assert float(found_numerator) == pytest.approx(float(numerator), abs=tolerance), month
        if denominator is not None:
            assert float(found_denominator) == pytest.approx(float(denominator), abs=tolerance), (
                month
            )


def month_of(instant: str) -> str:
    """Local month of a naive UTC expression."""
    return f"date_trunc('month', ({instant} at time zone 'UTC') at time zone {BERLIN})"


def utc(text: str) -> str:
    return f"(cast({text} as timestamptz) at time zone 'UTC')"


@pytest.fixture(scope="module")
def closings(latest: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """closing_version: the items that are paid for at each month's closing, in EUR."""
    latest.execute(
        f"""
        create or replace temp table closing_version as
        with closings as (
            select unnest(generate_series(date '2023-02-01', date '2026-01-01', interval 1 month)) as c
        ),

        sub as (
            select
                s.id, survivor.top as account, discounts, start_date as starts, coalesce(trial_end, start_date) as paid_from,
                least(
                    ended_at, cast(s.metadata.unpaid_at as bigint),
                    epoch((((to_timestamp(cast(s.metadata.past_due_since as bigint)) at time zone {BERLIN}) + interval 30 day) at time zone {BERLIN}))
                ) as stops,
                cast(s.metadata.paused_at as bigint) as paused, cast(s.metadata.resumed_at as bigint) as resumed
            from subscription as s join customer on customer.id = s.customer join survivor on survivor.id = customer.metadata.crm_account_id
            where not survivor.is_test
        ),

        priced as (
            select
                c, epoch(cast(c as timestamp) at time zone {BERLIN}) as closing, sub.*, item.id as item, upper(price.currency) as currency,
                quantity * price.unit_amount / case when price.currency = 'jpy' then 1 else 100 end
                / case price.recurring.interval when 'month' then price.recurring.interval_count when 'year' then 12 * price.recurring.interval_count
                    when 'week' then price.recurring.interval_count * 12 / 52 else price.recurring.interval_count * 12 / 365 end as gross,
                case price.recurring.interval when 'month' then price.recurring.interval_count when 'year' then 12 * price.recurring.interval_count
                    when 'week' then price.recurring.interval_count * 12 / 52 else price.recurring.interval_count * 12 / 365 end as months,
                cast(item.metadata.valid_from as bigint) as vf, cast(item.metadata.valid_to as bigint) as vt
            from closings cross join sub join item on item.subscription = sub.id
            where price.type = 'recurring' and price.recurring.usage_type = 'licensed' and price.unit_amount > 0
        ),

        active as (
            select *, sum(gross) over (partition by c, id) as whole
            from priced
            where starts < closing and paid_from < closing and (stops is null or stops >= closing) and vf < closing and (vt is null or vt >= closing)
                and not (paused is not null and paused < closing and (resumed is null or closing <= resumed))
        ),

        discounted as (
            select *, gross - least(gross, coalesce(list_sum(list_transform(
                list_filter(discounts, lambda d: d.coupon.duration <> 'once' and d.start < closing and (d."end" is null or d."end" >= closing)),
                lambda d: coalesce(gross * d.coupon.percent_off / 100,
                    d.coupon.amount_off / case when currency = 'JPY' then 1 else 100 end / months * gross / whole)
            )), 0)) as net
            from active
        )

        select c, account, item, round(net * coalesce(r.rate, 1), 4) as amount
        from discounted asof left join (
            select from_currency, cast(rate_date as date) as rate_date, cast(rate as double) as rate from contract.fx_rate
        ) as r on r.from_currency = discounted.currency and r.rate_date < discounted.c
        """
    )
    return latest


def test_monthly_recurring_revenue(closings: duckdb.DuckDBPyConnection) -> None:
    compare(
        closings,
        "mrr",
        "select c - interval 1 month, sum(amount), null from closing_version group by 1",
        0.005,
    )
    compare(
        closings,
        "arpa",
        "select c - interval 1 month, sum(amount), count(distinct account) from closing_version where amount > 0 group by 1",
        0.005,
    )


def test_won_and_lost_deals_and_their_cycle(latest: duckdb.DuckDBPyConnection) -> None:
    latest.execute(
        """
        create or replace temp table closed as
        with entries as (
            select *, lag("StageName") over (partition by "OpportunityId" order by "CreatedDate") as before from history
        ),

        closed_at as (
            select "OpportunityId", "StageName", max(cast("CreatedDate" as timestamptz) at time zone 'UTC') as closed_at
            from entries
            where "StageName" like 'Closed%' and "StageName" is distinct from before
            group by all
        )

        select o.*, closed_at, epoch(closed_at) - epoch(cast("CreatedDate" as timestamptz) at time zone 'UTC') as seconds
        from opportunity as o join closed_at on closed_at."OpportunityId" = o."Id" and closed_at."StageName" = o."StageName"
        join survivor on survivor.id = o."AccountId"
        where "IsDeleted" = 'false' and not is_test and "Type" <> 'Renewal'
        """
    )
    month = month_of("closed_at")
    compare(
        latest,
        "win_rate",
        f"""select {month}, count(*) filter (where "IsWon" = 'true'),
            count(*) filter (where coalesce("Loss_Reason__c", '') not in ('Duplicate', 'Created in Error')) from closed group by 1""",
    )
    compare(
        latest,
        "sales_cycle_length",
        f"""select {month}, sum(seconds) / 86400, count(*) from closed where "IsWon" = 'true' and seconds >= 0 group by 1""",
    )


def test_first_responses_and_resolutions(latest: duckdb.DuckDBPyConnection) -> None:
    latest.execute(
        """
        create or replace temp table clean_ticket as
        select t.id, requester_id = submitter_id as by_customer, cast(t.created_at as timestamptz) at time zone 'UTC' as created_at
        from ticket as t join zendesk.organizations as o on o.id = t.organization_id join survivor on survivor.id = o.external_id
        where t.status <> 'deleted' and not list_contains(tags, 'spam') and not list_contains(tags, 'test')
            and custom_fields[4].value is null and not is_test
        """
    )
    latest.execute(
        """
        create or replace temp table replied as
        select t.created_at, min(cast(c.created_at as timestamptz) at time zone 'UTC') as replied_at
        from clean_ticket as t join comment as c on c.ticket_id = t.id and c.public
        join person on person.id = c.author_id and person.role = 'agent' and not person.user_fields.is_bot
        where by_customer
        group by t.id, t.created_at
        """
    )
    compare(
        latest,
        "first_response_time",
        f"select {month_of('replied_at')}, sum(epoch(replied_at) - epoch(created_at)) / 60, count(*) from replied group by 1",
    )
    latest.execute(
        """
        create or replace temp table resolved as
        with states as (
            select ticket_id, child_events[1].status as status, timestamp, id,
                lag(child_events[1].status) over (partition by ticket_id order by timestamp, id) as before
            from event
        )

        select t.created_at, to_timestamp(max(timestamp) filter (
            where status in ('solved', 'closed') and coalesce(before, '') not in ('solved', 'closed'))) at time zone 'UTC' as resolved_at
        from clean_ticket as t join states on states.ticket_id = t.id
        group by t.id, t.created_at
        having arg_max(status, (timestamp, states.id)) in ('solved', 'closed')
        """
    )
    compare(
        latest,
        "average_resolution_time",
        f"select {month_of('resolved_at')}, sum(epoch(resolved_at) - epoch(created_at)) / 60, count(*) from resolved group by 1",
    )


def test_survey_scores(latest: duckdb.DuckDBPyConnection) -> None:
    instant = utc("responded_at")
    latest.execute(
        f"""
        create or replace temp table heard as
        with answers as (
            select kind, cast(score as integer) as score, respondent_id as voice, {instant} as at_
            from (select * from answer where try_cast(score as integer) is not null and try_cast(responded_at as timestamptz) is not null)
            where is_test = 'false' and is_deleted = 'false' and cast(score as integer) between cast(scale_min as integer) and cast(scale_max as integer)
            union all
            select 'csat', case score when 'good' then 5 else 1 end, cast(ticket_id as varchar), {utc("updated_at")}
            from rating where score in ('good', 'bad')
        )

        select *, {month_of("at_")} as month,
            row_number() over (partition by kind, voice, {month_of("at_")} order by at_ desc) as place
        from answers
        """
    )
    latest.execute("delete from heard where place > 1")
    compare(
        latest,
        "net_promoter_score",
        "select month, count(*) filter (where score >= 9) - count(*) filter (where score <= 6), count(*) from heard where kind = 'nps' group by 1",
    )
    compare(
        latest,
        "customer_satisfaction_score",
        "select month, count(*) filter (where score >= 4), count(*) from heard where kind = 'csat' group by 1",
    )


def test_acquisition_cost(latest: duckdb.DuckDBPyConnection) -> None:
    found = latest.execute(
        """
        select t.period_start, t.numerator, coalesce(sum(round(cast(amount as double) * cast(acquisition_share as double) * coalesce(rate, 1), 4)), 0)
        from truth as t left join (
            select e.*, cast(r.rate as double) as rate
            from (select *, cast(spent_on as date) as day from expense where try_cast(amount as decimal(18, 2)) is not null and function in ('sales', 'marketing')) as e
            asof left join (select from_currency, cast(rate_date as date) as rate_date, rate from contract.fx_rate) as r
                on r.from_currency = e.currency and r.rate_date <= e.day
        ) as e on date_trunc('month', e.day) = t.period_start
        where kpi_id = 'customer_acquisition_cost' group by all
        """
    ).fetchall()
    assert len(found) == 36
    for month, numerator, cost in found:
        assert cost == pytest.approx(float(numerator), abs=0.005), month
        assert cost > 0


def test_eligible_leads(latest: duckdb.DuckDBPyConnection) -> None:
    """Without those of customers (a handful), which need the whole customer history."""
    rows = latest.execute(
        f"""
        with eligible as (
            select {month_of(utc('"CreatedDate"'))} as month, count(*) as leads
            from lead left join survivor on survivor.id = lead."ConvertedAccountId"
            where "IsDeleted" = 'false' and "Is_Test__c" = 'false' and "Is_Spam__c" = 'false' and "MasterRecordId" is null
            group by 1
        )

        select sum(leads), sum(denominator) from eligible join truth on kpi_id = 'lead_to_customer_rate' and period_start = cast(month as date)
        """
    ).fetchall()
    ((leads, truth),) = rows
    assert 0 <= leads - truth <= 0.03 * float(truth)


def test_active_customers(closings: duckdb.DuckDBPyConnection) -> None:
    """Paying at the closing, or with a valid order in the 365 days before it."""
    closings.execute(
        f"""
        create or replace temp table active_customer as
        with valid_order as (
            select top as account, {utc("ordered_at")} as ordered_at
            from (select distinct on (order_id) * from contract."order" order by source_updated_at desc) as o
            join survivor on survivor.id = o.account_id
            join (select order_id, sum(cast(quantity as int) * cast(unit_price as decimal(18, 2)) - cast(discount as decimal(18, 2))) as net
                from contract.order_line group by 1) using (order_id)
            left join (select order_id, sum(cast(amount_ex_tax as decimal(18, 2))) as refunded
                from (select distinct refund_id, order_id, amount_ex_tax from contract.refund) group by 1) using (order_id)
            where status in ('paid', 'fulfilled') and net > 0 and coalesce(refunded, 0) < net and not is_test
        )

        select c, account from closing_version where amount > 0
        union
        select c, account from (select distinct c from closing_version) join valid_order
            on ordered_at < (cast(c as timestamp) at time zone {BERLIN}) at time zone 'UTC'
            and ordered_at >= (cast(c as timestamp) at time zone {BERLIN}) at time zone 'UTC' - interval 365 day
        """
    )
    compare(
        closings,
        "active_customers",
        "select c - interval 1 month, count(*), null from active_customer group by 1",
    )
    compare(
        closings,
        "customer_churn_rate",
        """
        select o.c, count(*) filter (where e.account is null), count(*)
        from active_customer as o left join active_customer as e on e.account = o.account and e.c = o.c + interval 1 month
        group by 1
        """,
    )


def test_net_revenue(latest: duckdb.DuckDBPyConnection) -> None:
    """Invoice lines spread over their service days, orders on their day, less refunds on theirs."""
    local = "(to_timestamp({}) at time zone 'Europe/Berlin')::date"
    latest.execute(
        f"""
        create or replace temp table flow as
        with invoice as (
            select distinct on (id) i.id, i.status, upper(i.currency) as currency, {local.format("i.status_transitions.finalized_at")} as issued_on, top
            from stripe.invoices as i join customer on customer.id = i.customer join survivor on survivor.id = customer.metadata.crm_account_id
            where not is_test
            order by i.metadata.exported_at desc
        ),

        line as (
            select distinct on (l.id) l.id, invoice, invoice.currency, issued_on,
                (l.amount - coalesce(list_sum(list_transform(l.discount_amounts, lambda d: d.amount)), 0)) / case invoice.currency when 'JPY' then 1 else 100 end as net,
                {local.format("l.period.start")} as starts, {local.format('l.period."end"')} as ends
            from stripe.invoice_lines as l join invoice on invoice.id = l.invoice
            where status in ('paid', 'open')
        ),

        by_day as (
            -- One row per service day, where there are any: slow and plain.
            select unnest(generate_series(starts, ends - 1, interval 1 day)) as day, issued_on as rate_on, currency, net / (ends - starts) as amount
            from line where ends > starts
            union all
            select issued_on, issued_on, currency, net from line where ends <= starts
            union all
            select {utc("ordered_at")} at time zone 'UTC' at time zone {BERLIN}, ({utc("ordered_at")} at time zone 'UTC' at time zone {BERLIN})::date, currency,
                cast(quantity as int) * cast(unit_price as decimal(18, 2)) - cast(discount as decimal(18, 2))
            from (select distinct on (order_id) * from contract."order" order by source_updated_at desc) as o
            join contract.order_line using (order_id) join survivor on survivor.id = o.account_id
            where status in ('paid', 'fulfilled') and not is_test
            union all
            select {utc("refunded_at")} at time zone 'UTC' at time zone {BERLIN}, ({utc("refunded_at")} at time zone 'UTC' at time zone {BERLIN})::date, r.currency, -cast(amount_ex_tax as decimal(18, 2))
            from (select distinct on (refund_id) * from contract.refund) as r
            join (select distinct order_id, account_id from contract."order") using (order_id) join survivor on survivor.id = account_id
            where not is_test
            union all
            select to_timestamp(r.created) at time zone {BERLIN}, {local.format("r.created")}, upper(r.currency),
                -cast(r.metadata.amount_excluding_tax as bigint) / case r.currency when 'jpy' then 1 else 100 end
            from stripe.refunds as r join invoice on invoice.id = r.invoice
            where r.status = 'succeeded'
        )

        select date_trunc('month', day) as month, amount * coalesce(rate, 1) as amount
        from by_day asof left join (
            select from_currency, cast(rate_date as date) as rate_date, cast(rate as double) as rate from contract.fx_rate
        ) as r on r.from_currency = by_day.currency and r.rate_date <= by_day.rate_on
        """
    )
    found = latest.execute(
        "select period_start, numerator, (select sum(amount) from flow where month = period_start) from truth where kpi_id = 'arpu'"
    ).fetchall()
    assert len(found) == 36
    for month, numerator, amount in found:
        # Here nothing is rounded in between.
        assert amount == pytest.approx(float(numerator), abs=0.05), month
