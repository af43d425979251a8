-- grain: one row per active customer and closing instant of a month, quarter or year, and of the run clock
with

closings as (
    select distinct closing_date, closing_at
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

activity as (
    select * from {{ ref('int_customer_activity') }}
),

-- Churn is announced when every paying subscription has been cancelled and still runs.
mrr as (
    select
        items.closing_date,
        items.account_id,
        sum(items.mrr_amount) as mrr_amount,
        min(case when subscriptions.cancel_requested_at < items.closing_at then 1 else 0 end) = 1 as is_churn_announced
    from {{ ref('fct_mrr_snapshots') }} as items
    inner join {{ ref('int_subscriptions') }} as subscriptions
        on items.subscription_id = subscriptions.subscription_id
    group by 1, 2
),

active as (
    select distinct
        closings.closing_date,
        closings.closing_at,
        activity.account_id
    from closings
    inner join activity
        on {{ valid_before('closings.closing_at', 'activity.valid_from', 'activity.valid_to') }}
),

-- With customer_model = transactional a subscriber may have MRR without being an active customer.
members as (
    select closing_date, closing_at, account_id, true as is_active from active
    union all
    select mrr.closing_date, closings.closing_at, mrr.account_id, false
    from mrr
    inner join closings
        on mrr.closing_date = closings.closing_date
    left join active
        on mrr.closing_date = active.closing_date and mrr.account_id = active.account_id
    where active.account_id is null
),

measured as (
    select
        members.*,
        coalesce(mrr.mrr_amount, cast(0 as decimal(18, 4))) as mrr_amount,
        coalesce(mrr.is_churn_announced, false) as is_churn_announced
    from members
    left join mrr
        on members.closing_date = mrr.closing_date and members.account_id = mrr.account_id
),

dimensioned as (
    {{ with_customer_dimensions('measured', 'closing_at', closing=true) }}
),

final as (
    select
        closing_date,
        closing_at,
        account_id,
        is_active,
        cast(mrr_amount as decimal(18, 4)) as mrr_amount,
        is_churn_announced,
        segment,
        owner,
        team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from dimensioned
)

select * from final
