"""The mutants: small replacements in a model or macro, each one a bug of contract section 7.

A replacement is (file, old, new); `old` stands exactly once in the file.
"""

from __future__ import annotations

from typing import NamedTuple

KPI = "macros/kpi.sql"
TIME = "macros/time.sql"
MONEY = "macros/money.sql"
IDENTITY = "macros/identity.sql"
SOURCES = "macros/sources.sql"
INTERMEDIATE = "models/intermediate"
MARTS = "models/marts"
KPIS = "models/kpis"


class Mutant(NamedTuple):
    """A bug by its number in the contract (or the section of its KPI), and how to put it in."""

    name: str
    bug: str
    changes: tuple[tuple[str, str, str], ...]
    bounded: bool = False


def mutant(name: str, bug: str, file: str, old: str, new: str, bounded: bool = False) -> Mutant:
    return Mutant(name, bug, ((file, old, new),), bounded)


MUTANTS = [
    mutant(
        "a roll-up averages the ratios of the days",
        "B01",
        KPI,
        "cast(sum(daily.numerator) as decimal(38, 12)) as numerator,",
        "cast(case when max(daily.denominator) is null then sum(daily.numerator)"
        " else avg(daily.numerator / nullif(daily.denominator, 0)) * sum(daily.denominator) end"
        " as decimal(38, 12)) as numerator,",
    ),
    mutant(
        "the buyers of a quarter are those of its months, added up",
        "B02",
        KPI,
        "group by 1, 2, 3, 4, 5, 6\n    ) as units",
        "group by 1, 2, 3, 4, 5, 6, date_trunc('month', kpi_date)\n    ) as units",
    ),
    Mutant(
        "MRR of a month is the sum of its days",
        "B03",
        (
            (
                f"{KPIS}/revenue/kpi_mrr.sql",
                "select 'mrr' as kpi_id, mrr_amount as numerator, null as denominator, *",
                "select 'mrr' as kpi_id, mrr_amount as numerator, null as denominator,"
                " closing_date - 1 as kpi_date, *",
            ),
            (
                f"{KPIS}/revenue/kpi_mrr.sql",
                "select 'arr' as kpi_id, mrr_amount * 12 as numerator, null as denominator, *",
                "select 'arr' as kpi_id, mrr_amount * 12 as numerator, null as denominator,"
                " closing_date - 1 as kpi_date, *",
            ),
            (
                f"{KPIS}/revenue/kpi_mrr.sql",
                "{{ rolled_up_closings('mrr', 'standing', d_cust() + d_sub()) }}",
                "{{ rolled_up_events('mrr', 'standing', d_cust() + d_sub()) }}",
            ),
        ),
    ),
    mutant(
        "an amount is joined to the rates of all days",
        "B04",
        MONEY,
        "            and {{ date }} = {{ rates }}.rate_date\n",
        "            and {{ date }} >= {{ rates }}.rate_date\n"
        "            and {{ date }} - 2 <= {{ rates }}.rate_date\n",
    ),
    mutant(
        "an order is joined to its refunds before it is counted",
        "B04",
        f"{INTERMEDIATE}/revenue/int_orders.sql",
        "select order_id, sum({{ exact_amount('amount_ex_tax') }}) as refunded_amount\n"
        "    from {{ ref('int_refunds') }}\n    where order_id is not null\n    group by 1",
        "select order_id, {{ exact_amount('amount_ex_tax') }} as refunded_amount\n"
        "    from {{ ref('int_refunds') }}\n    where order_id is not null",
    ),
    mutant(
        "days are those of UTC",
        "B05",
        TIME,
        "    cast({{ local_time(instant, zone) }} as date)",
        "    cast({{ instant }} as date)",
        bounded=True,
    ),
    mutant(
        "a local midnight is taken for one of UTC",
        "B05",
        TIME,
        "    {{ utc_instant('cast(' ~ date ~ ' as timestamp)') }}",
        "    cast({{ date }} as timestamp)",
    ),
    mutant(
        "a running month is compared with a whole one",
        "B06",
        "macros/growth.sql",
        "case when is_running then {{ add_days(start, 'days_elapsed') }} else {{ end }} end",
        "{{ end }}",
    ),
    mutant(
        "nothing over nothing is zero",
        "B07",
        KPI,
        "else scale * numerator / nullif(denominator, 0)",
        "else coalesce(scale * numerator / nullif(denominator, 0), 0)",
    ),
    mutant(
        "a feed that never came counts as empty",
        "B07",
        f"{INTERMEDIATE}/coverage/int_kpi_periods.sql",
        "kpi_periods.covered > 0 as has_data",
        "true as has_data",
    ),
    mutant(
        "a forecast made after the period began leaks the answer",
        "B08",
        f"{MARTS}/sales/fct_forecasts.sql",
        "'7 * cut_offs.cut_off_weeks'",
        "'7 * cut_offs.cut_off_weeks + 24'",
    ),
    mutant(
        "the pipeline has the owner of today",
        "B08",
        f"{MARTS}/sales/fct_pipeline.sql",
        ", closing=true, own_owner=true)",
        ", closing=true)",
    ),
    mutant(
        "an instant at which one version ends and another begins is in both",
        "B09",
        TIME,
        "or {{ instant }} < {{ valid_to }}))",
        "or {{ instant }} <= {{ valid_to }}))",
    ),
    mutant(
        "customers have the segment and owner of today",
        "B09",
        IDENTITY,
        "and {{ valid_before(at, 'history.valid_from', 'history.valid_to') if closing"
        " else valid_at(at, 'history.valid_from', 'history.valid_to') }}",
        "and history.valid_to is null",
    ),
    mutant(
        "the current view has the owner of then",
        "B09",
        "macros/slices.sql",
        "case when today.is_in_history then {{ current }} else",
        "case when false then {{ current }} else",
    ),
    mutant(
        "the owner of today is one who had it before",
        "B09",
        f"{INTERMEDIATE}/identity/int_current_dimensions.sql",
        "where {{ valid_before(as_of(), 'valid_from', 'valid_to') }}",
        "where valid_to is not null",
    ),
    mutant(
        "slices by today's value are mixed into history",
        "B09",
        f"{KPIS}/kpi_values.sql",
        "    where not {{ is_current_slice('dim_name') }}\n",
        "",
    ),
    mutant(
        "test accounts count",
        "B10",
        IDENTITY,
        "where not coalesce(account_keys.is_excluded, false)",
        "where 1 = 1",
        bounded=True,
    ),
    mutant(
        "rows of a merged account stay with the shell",
        "B10",
        IDENTITY,
        "coalesce(account_keys.surviving_account_id, facts.{{ account }}) as {{ account }}",
        "facts.{{ account }} as {{ account }}",
    ),
    mutant(
        "a record delivered twice counts twice",
        "B10",
        SOURCES,
        "where _newest = 1",
        "where _newest >= 1",
    ),
    mutant(
        "a deleted subscription vanishes instead of ending",
        "B11",
        f"{INTERMEDIATE}/revenue/int_subscriptions.sql",
        "then coalesce(deleted_at, started_at) end as removed_at",
        "then started_at end as removed_at",
    ),
    mutant(
        "a customer who returns is new",
        "B11",
        f"{MARTS}/revenue/fct_mrr_movements.sql",
        "closing_amount > 0 and is_first_paid_in_period then 'new'",
        "closing_amount > 0 then 'new'",
    ),
    mutant(
        "a subscription past due never ends",
        "B11",
        f"{INTERMEDIATE}/revenue/int_subscriptions.sql",
        "least(ended_at, unpaid_at, removed_at, dunned_at) as ended_at",
        "least(ended_at, unpaid_at, removed_at) as ended_at",
    ),
    mutant(
        "a month has four weeks",
        "B12",
        MONEY,
        "when 'week' then cast(12 as double) / 52",
        "when 'week' then cast(1 as double) / 4",
    ),
    mutant(
        "an annual price is the price of a month",
        "B12",
        MONEY,
        "when 'year' then cast(12 as double)",
        "when 'year' then cast(1 as double)",
    ),
    mutant(
        "a better exchange rate is expansion",
        "B12",
        f"{MARTS}/revenue/fct_mrr_movements.sql",
        "closing_amount - opening_cc_amount as change_amount",
        "closing_amount - opening_amount as change_amount",
    ),
    mutant(
        "a bot stops the clock",
        "B13",
        f"{INTERMEDIATE}/service/int_ticket_messages.sql",
        "lower(messages.author_type) = 'agent' and not coalesce(staff.is_bot, false) as is_agent",
        "lower(messages.author_type) in ('agent', 'bot') as is_agent",
    ),
    mutant(
        "a private note stops the clock",
        "B13",
        f"{INTERMEDIATE}/service/int_ticket_messages.sql",
        "coalesce(messages.is_public, false) as is_public",
        "true as is_public",
    ),
    mutant(
        "tickets that agents opened wait for an answer",
        "B13",
        f"{MARTS}/support/fct_tickets.sql",
        "coalesce(measured.submitter_type, 'customer') = 'customer' as is_customer_initiated",
        "true as is_customer_initiated",
    ),
    mutant(
        "minutes are counted by their boundaries",
        "B13",
        TIME,
        "cast((epoch_us({{ to_instant }}) - epoch_us({{ from_instant }})) as decimal(24, 0))"
        " * cast(0.000001 as decimal(7, 6))",
        "cast(60 * date_diff('minute', {{ from_instant }}, {{ to_instant }}) as decimal(24, 6))",
    ),
    mutant(
        "holidays are working days",
        "B13",
        f"{INTERMEDIATE}/service/int_business_days.sql",
        "    where holidays.holiday_date is null\n",
        "",
    ),
    mutant(
        "a young cohort is mature",
        "B14",
        f"{INTERMEDIATE}/coverage/int_kpi_periods.sql",
        "then {{ local_midnight(add_days('periods.period_end', var(window))) }} <= {{ as_of() }}",
        "then true",
    ),
    mutant(
        "what is unfinished is not counted anywhere",
        "B14",
        KPI,
        '        {{ "count(case when outcome = \'censored\' then 1 end)" if outcomes else "0" }}'
        " as censored_starts\n{%- endmacro %}",
        "        0 as censored_starts\n{%- endmacro %}",
    ),
    mutant(
        "a respondent's first answer counts",
        "B15",
        KPI,
        "order by responded_at desc, response_id desc",
        "order by responded_at, response_id desc",
    ),
    mutant(
        "a model reads the clock on the wall",
        "B15",
        f"{INTERMEDIATE}/revenue/int_orders.sql",
        "        and ordered_at < {{ as_of() }}\n),\n\nkept as",
        "        and ordered_at < now()\n),\n\nkept as",
    ),
    # -- one rule of every family
    mutant(
        "a discount once and for all reduces MRR",
        "4.A1",
        f"{INTERMEDIATE}/revenue/int_subscription_discounts.sql",
        "where duration in ('repeating', 'forever')",
        "where duration in ('repeating', 'forever', 'once')",
    ),
    mutant(
        "goods that come back reverse at a sale's cost although they were scrapped",
        "4.A4",
        f"{MARTS}/revenue/fct_costs.sql",
        "where refunds.restocked_quantity <> 0",
        "where refunds.restocked_quantity > 1",
    ),
    mutant(
        "a capped lifetime lasts three years",
        "4.A5",
        f"{KPIS}/revenue/kpi_customer_lifetime_value.sql",
        "case when churn < cast(1 as double) / 60 then cast(1 as double) / 60 else churn end",
        "case when churn < cast(1 as double) / 36 then cast(1 as double) / 36 else churn end",
    ),
    mutant(
        "a successor signed after the grace days renews",
        "4.B3",
        f"{MARTS}/revenue/fct_renewals.sql",
        "add_days('shared.end_date', var('renewal_grace_days'))",
        "add_days('shared.end_date', 3650)",
    ),
    mutant(
        "an exchanged order is a purchase",
        "4.B5",
        f"{INTERMEDIATE}/revenue/int_orders.sql",
        "        and kept.exchange_of_order_id is null\n",
        "",
    ),
    mutant(
        "salaries are part of what a campaign cost",
        "4.C2",
        f"{KPIS}/acquisition/kpi_cost_per_acquisition.sql",
        " and coalesce(category, '') not in ('salary', 'salaries', 'commission')",
        "",
    ),
    mutant(
        "every lead of an account is credited with its conversion",
        "4.C4",
        f"{MARTS}/marketing/fct_leads.sql",
        "            order by dimensioned.created_at, dimensioned.lead_id\n"
        "        ) = 1 as is_first_of_account",
        "            order by dimensioned.created_at, dimensioned.lead_id\n"
        "        ) >= 1 as is_first_of_account",
    ),
    mutant(
        "a purchase long after the first add completes a cart",
        "4.C6",
        f"{MARTS}/marketing/fct_carts.sql",
        "interval '{{ var(\"abandonment_window_hours\") }}' hour",
        "interval '1000' hour",
    ),
    mutant(
        "somebody may refer themselves",
        "4.C7",
        f"{INTERMEDIATE}/marketing/int_valid_referrals.sql",
        "where not resolved.is_self_referral and from_customers.referral_id is null",
        "where from_customers.referral_id is null",
    ),
    mutant(
        "the prospecting begins with the opportunity",
        "4.D1",
        f"{MARTS}/sales/fct_opportunities.sql",
        "least(opportunities.created_at, leads.created_at) as prospected_at",
        "opportunities.created_at as prospected_at",
    ),
    mutant(
        "managers and SDRs carry the quota",
        "4.D4",
        f"{MARTS}/sales/fct_sales_capacity.sql",
        "where is_quota_carrying and role not in ('sdr', 'sales_manager')",
        "where is_quota_carrying",
    ),
    mutant(
        "duplicates are lost deals",
        "5.3",
        "macros/sales.sql",
        "not in ('duplicate', 'created_in_error')",
        "not in ('created_in_error')",
    ),
    mutant(
        "an agent of two chats works twice",
        "4.E2",
        f"{MARTS}/support/fct_interaction_agents.sql",
        "{{ seconds_between('started_at', 'ended_at') }} / interaction_count as",
        "{{ seconds_between('started_at', 'ended_at') }} as",
    ),
    mutant(
        "time in pending is net resolution time",
        "4.E3",
        f"{MARTS}/support/fct_tickets.sql",
        " - coalesce(waits.pending_seconds, 0) as resolution_net_seconds",
        " as resolution_net_seconds",
    ),
    mutant(
        "any customer message excuses a reopening",
        "4.E4",
        f"{MARTS}/support/fct_ticket_contacts.sql",
        "where not reopenings.is_by_customer or reopenings.solved_again_at is null"
        " or messages.message_id is not null",
        "where not reopenings.is_by_customer or messages.message_id is not null",
    ),
    mutant(
        "an eight is a promoter",
        "4.F1",
        f"{KPIS}/feedback/kpi_net_promoter_score.sql",
        "select 'net_promoter_score' as kpi_id, case when score >= 9",
        "select 'net_promoter_score' as kpi_id, case when score >= 8",
        bounded=True,
    ),
    mutant(
        "neutral is satisfied",
        "4.F2",
        f"{KPIS}/feedback/kpi_customer_satisfaction_score.sql",
        "<= 2 then 1 else 2 end as is_satisfied",
        "<= 2 then 1 else 3 end as is_satisfied",
    ),
    mutant(
        "percentiles are values that occur",
        "G-15",
        KPI,
        "    quantile_cont(",
        "    quantile_disc(",
    ),
    mutant(
        "a goal is scored although its period had begun",
        "4.G1",
        f"{MARTS}/core/fct_goals.sql",
        "period_start < period_end and set_at <= {{ local_midnight('period_start') }}",
        "period_start < period_end",
    ),
]
