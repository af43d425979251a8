-- grain: one row per grain, period and slice: the sums that customer lifetime value is made of (contract 4.A5)
with

arpu as (
    select grain, period_start, period_end, dim_name, dim_value, numerator, denominator
    from {{ ref('kpi_arpu') }}
    where status <> 'no_data'
),

-- A lifetime may be asked for before there is any revenue: its periods begin with the first cost.
revenue as (
    select * from arpu
    union all
    select distinct periods.grain, periods.period_start, periods.period_end, 'all', 'all', 0, 0
    from {{ ref('int_kpi_periods') }} as periods
    left join arpu
        on periods.grain = arpu.grain and periods.period_start = arpu.period_start and arpu.dim_name = 'all'
    where periods.kpi_id in ('customer_lifetime_value', 'ltv_cac_ratio') and periods.has_data and arpu.grain is null
),

profits as (
    select * from {{ ref('kpi_gross_margin') }} where status <> 'no_data'
),

retention as (
    select * from {{ ref('kpi_customer_retention_rate') }} where grain = 'rolling_12m'
),

-- Churn is that of the months, added up: customers of each month's opening set, and those of them absent at its close.
monthly_churn as (
    select
        period_start as month_start, dim_name, dim_value,
        cast(numerator as decimal(38, 6)) as churned,
        cast(denominator as decimal(38, 6)) as opening_customers
    from {{ ref('kpi_customer_churn_rate') }}
    where grain = 'month' and dim_name <> 'churn_subtype' and status <> 'no_data'
),

churn as (
    select
        revenue.grain, revenue.period_start, revenue.dim_name, revenue.dim_value,
        sum(monthly_churn.churned) as churned,
        sum(monthly_churn.opening_customers) as opening_customers
    from revenue
    inner join monthly_churn
        on
            revenue.dim_name = monthly_churn.dim_name
            and revenue.dim_value = monthly_churn.dim_value
            and revenue.period_start <= monthly_churn.month_start
            and monthly_churn.month_start < revenue.period_end
    group by 1, 2, 3, 4
),

final as (
    select
        revenue.grain,
        revenue.period_start,
        revenue.dim_name,
        revenue.dim_value,
        revenue.numerator / nullif(revenue.denominator, 0) as revenue_per_month,
        coalesce(profits.numerator, 0) / nullif(revenue.denominator, 0) as profit_per_month,
        coalesce(churn.churned, 0) as churned,
        cast(coalesce(churn.opening_customers, 0) as bigint) as opening_customers,
        cast(churn.churned as double) / nullif(cast(churn.opening_customers as double), 0) as churn,
        retention.value as annual_retention
    from revenue
    left join profits
        on
            revenue.grain = profits.grain and revenue.period_start = profits.period_start
            and revenue.dim_name = profits.dim_name and revenue.dim_value = profits.dim_value
    left join churn
        on
            revenue.grain = churn.grain and revenue.period_start = churn.period_start
            and revenue.dim_name = churn.dim_name and revenue.dim_value = churn.dim_value
    left join retention
        on
            revenue.grain = retention.grain and revenue.period_start = retention.period_start
            and revenue.dim_name = retention.dim_name and revenue.dim_value = retention.dim_value
)

select * from final
