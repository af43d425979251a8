-- grain: one row per month and customer so far: the gross profit earned with the customer to date (contract 4.A5, clv_historical)
with

months as (
    select period_start, period_end, closing_at
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

customers as (
    select * from {{ ref('fct_new_customers') }}
),

earnings as (
    select account_id, revenue_date as earned_date, net_revenue_amount as amount from {{ ref('fct_revenue') }}
    union all
    select account_id, cost_date, -cost_amount from {{ ref('fct_costs') }}
),

final as (
    select
        months.period_start,
        customers.account_id,
        customers.cohort_month,
        coalesce(sum(earnings.amount), 0) as profit_amount
    from months
    inner join customers
        on customers.first_paid_at < months.closing_at
    left join earnings
        on customers.account_id = earnings.account_id and earnings.earned_date < months.period_end
    group by 1, 2, 3
)

select * from final
