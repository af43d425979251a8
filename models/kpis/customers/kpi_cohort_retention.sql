-- grain: one row per cohort month and number of months since
-- contract 5.1: of the customers who first paid in a month, the share active at the close of the month k months later
with

months as (
    select period_start, closing_date, is_over
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

customers as (
    select account_id, cast(date_trunc('month', first_paid_date) as date) as cohort_month
    from {{ ref('int_customer_lifecycle') }}
),

active as (
    select closing_date, account_id
    from {{ ref('fct_customer_snapshots') }}
    where is_active
),

final as (
    select
        customers.cohort_month,
        cast(
            12 * (extract(year from months.period_start) - extract(year from customers.cohort_month))
            + extract(month from months.period_start) - extract(month from customers.cohort_month) as integer
        ) as k,
        -- a month that is not over has not been observed
        case when months.is_over then count(active.account_id) end as numerator,
        count(*) as denominator,
        case when months.is_over then cast(count(active.account_id) as double) / count(*) end as {{ adapter.quote('value') }}
    from customers
    inner join months
        on customers.cohort_month <= months.period_start
    left join active
        on customers.account_id = active.account_id and months.closing_date = active.closing_date
    group by customers.cohort_month, months.period_start, months.is_over
)

select * from final
order by cohort_month, k
