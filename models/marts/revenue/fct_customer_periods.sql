-- grain: one row per grain, period and account that is a customer at its opening or its closing
with

periods as (
    select * from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year', 'rolling_12m')
),

snapshots as (
    select * from {{ ref('fct_customer_snapshots') }}
),

items as (
    select closing_date, account_id, currency, monthly_amount
    from {{ ref('fct_mrr_snapshots') }}
),

openings as (
    select periods.grain, periods.period_start, snapshots.*
    from periods
    inner join snapshots
        on periods.period_start = snapshots.closing_date
),

closings as (
    select periods.grain, periods.period_start, snapshots.*
    from periods
    inner join snapshots
        on periods.closing_date = snapshots.closing_date
),

-- Opening amounts at the rate of the closing: movements never come from exchange rates (contract G-16).
constant_currency as (
    select
        periods.grain,
        periods.period_start,
        items.account_id,
        sum({{ in_reporting_currency('items.monthly_amount', 'items.currency') }}) as opening_cc_amount
    from periods
    inner join items
        on periods.period_start = items.closing_date
    {{ fx_join('items.currency', add_days('periods.closing_date', -1)) }}
    group by 1, 2, 3
),

members as (
    select grain, period_start, account_id from openings
    union
    select grain, period_start, account_id from closings
),

-- The last thing that ended before the closing says how a customer was lost.
losses as (
    select grain, period_start, account_id, end_cause
    from (
        select
            members.grain,
            members.period_start,
            members.account_id,
            activity.end_cause,
            row_number() over (
                partition by members.grain, members.period_start, members.account_id
                order by activity.valid_to desc, activity.end_cause asc
            ) as recency
        from members
        inner join periods
            on members.grain = periods.grain and members.period_start = periods.period_start
        inner join {{ ref('int_customer_activity') }} as activity
            on members.account_id = activity.account_id and activity.valid_to < periods.closing_at
    ) as ranked
    where recency = 1
),

final as (
    select
        periods.grain,
        periods.period_start,
        periods.period_end,
        periods.closing_date,
        members.account_id,
        coalesce(openings.is_active, false) as was_active,
        coalesce(closings.is_active, false) as is_active,
        coalesce(openings.mrr_amount, 0) as opening_amount,
        cast(coalesce(constant_currency.opening_cc_amount, 0) as decimal(18, 4)) as opening_cc_amount,
        coalesce(closings.mrr_amount, 0) as closing_amount,
        lifecycle.first_paid_date,
        coalesce(lifecycle.first_paid_at >= periods.start_at, true) as is_first_paid_in_period,
        case when coalesce(openings.is_active, false) and not coalesce(closings.is_active, false) then losses.end_cause end as churn_subtype,
        openings.segment as opening_segment,
        openings.owner as opening_owner,
        openings.team as opening_team,
        closings.segment as closing_segment,
        closings.owner as closing_owner,
        closings.team as closing_team,
        coalesce(openings.industry, closings.industry) as industry,
        coalesce(openings.country, closings.country) as country,
        coalesce(openings.acquisition_channel, closings.acquisition_channel) as acquisition_channel,
        coalesce(openings.cohort_month, closings.cohort_month) as cohort_month
    from members
    inner join periods
        on members.grain = periods.grain and members.period_start = periods.period_start
    left join openings
        on members.grain = openings.grain and members.period_start = openings.period_start and members.account_id = openings.account_id
    left join closings
        on members.grain = closings.grain and members.period_start = closings.period_start and members.account_id = closings.account_id
    left join constant_currency
        on
            members.grain = constant_currency.grain
            and members.period_start = constant_currency.period_start
            and members.account_id = constant_currency.account_id
    left join losses
        on members.grain = losses.grain and members.period_start = losses.period_start and members.account_id = losses.account_id
    left join {{ ref('int_customer_lifecycle') }} as lifecycle
        on members.account_id = lifecycle.account_id
)

select * from final
