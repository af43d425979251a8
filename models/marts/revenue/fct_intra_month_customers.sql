-- grain: one row per month and account that joined and left inside it (contract 4.A1)
with

months as (
    select period_start, start_at, closing_at
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

members as (
    select period_start, account_id
    from {{ ref('fct_customer_periods') }}
    where grain = 'month' and (opening_amount > 0 or closing_amount > 0)
),

paying as (
    select account_id, valid_from, valid_to
    from {{ ref('fct_subscription_mrr') }}
),

passed_by as (
    select
        months.period_start as month_start,
        paying.account_id,
        max(paying.valid_to) as left_at
    from months
    inner join paying
        on months.start_at <= paying.valid_from and paying.valid_to < months.closing_at
    left join members
        on months.period_start = members.period_start and paying.account_id = members.account_id
    where members.account_id is null
    group by 1, 2
),

dimensioned as (
    {{ with_customer_dimensions('passed_by', 'left_at') }}
),

final as (
    select
        month_start,
        account_id,
        left_at,
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
