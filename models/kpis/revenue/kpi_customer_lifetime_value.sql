-- grain: one row per KPI id, grain, period and slice
-- contract 4.A5: gross profit per customer-month over the churn per opening customer-month, with its variants
with

components as (
    select * from {{ ref('int_lifetime_components') }}
),

variants as (
    select
        'customer_lifetime_value' as kpi_id, profit_per_month as numerator, churn as denominator,
        case when churned = 0 then 'no_churn_observed' end as rule_status, *
    from components
    union all
    select
        'clv_revenue', revenue_per_month, churn,
        case when churned = 0 then 'no_churn_observed' end, *
    from components
    union all
    select 'clv_capped', profit_per_month, case when churn < cast(1 as double) / 60 then cast(1 as double) / 60 else churn end, null, *
    from components
    union all
    -- annual margin x annual retention / (1 + discount rate - annual retention)
    select 'clv_discounted', 12 * profit_per_month * annual_retention, 1 + {{ var('annual_discount_rate') }} - annual_retention, null, *
    from components
),

population as (
    select
        variants.kpi_id, variants.grain, variants.period_start, variants.dim_name, variants.dim_value,
        variants.numerator, variants.denominator, variants.numerator / nullif(variants.denominator, 0) as value,
        coalesce(variants.rule_status, {{ status_of_sample('variants.opening_customers') }}) as status,
        variants.opening_customers as sample_size
    from variants
    inner join ({{ grains_of('customer_lifetime_value') }}) as grains
        on variants.kpi_id = grains.kpi_id and variants.grain = grains.grain
    where variants.dim_name in ('all', 'acquisition_channel', 'segment', 'segment_current', 'cohort_month')
),

-- Gross profit of the customers of a cohort to date, per customer of the cohort.
cohorts as (
    select
        'clv_historical' as kpi_id, 'month' as grain, period_start,
        profit_amount as numerator, 1 as denominator, cohort_month as cohort
    from {{ ref('fct_customer_profits') }}
),

component_rows as (
    {{ rolled_up_components('population') }}
),

cohort_rows as (
    {{ rolled_up_cohorts('customer_lifetime_value', 'cohorts', ['cohort']) }}
),

final as (
    {{ published('customer_lifetime_value', ['component_rows', 'cohort_rows']) }}
)

select * from final
