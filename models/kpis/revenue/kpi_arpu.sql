-- grain: one row per KPI id, grain, period and slice
-- contract 4.A2: net revenue of the period over customer-months, half of each month's opening and half of its closing customers
with

months as (
    select period_start, closing_date
    from {{ ref('dim_periods') }}
    where grain = 'month'
),

customers as (
    select * from {{ ref('fct_customer_snapshots') }} where is_active
),

half_months as (
    select months.period_start as kpi_date, customers.*
    from months
    inner join customers
        on months.period_start = customers.closing_date
    union all
    select months.period_start, customers.*
    from months
    inner join customers
        on months.closing_date = customers.closing_date
),

population as (
    select
        'arpu' as kpi_id, revenue_date as kpi_date, net_revenue_amount as numerator, cast(0 as decimal(3, 1)) as denominator,
        segment, industry, country, acquisition_channel, owner, team, cohort_month
    from {{ ref('fct_revenue') }}
    union all
    select
        'arpu', kpi_date, 0, 0.5,
        segment, industry, country, acquisition_channel, owner, team, cohort_month
    from half_months
),

by_period as (
    {{ rolled_up_events('arpu', 'population', d_cust()) }}
),

final as (
    {{ published('arpu', ['by_period']) }}
)

select * from final
