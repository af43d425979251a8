-- grain: one row per KPI id, grain, period and slice
-- contract 4.D4: amounts won, credited to quota-carrying staff, per average quota-carrying FTE of the period
with

credits as (
    select *, won_date as kpi_date from {{ ref('fct_sales_credits') }}
),

credited as (
    select 'revenue_per_salesperson' as kpi_id, amount as numerator, 0 as denominator, * from credits
    where is_credited
),

house_deals as (
    select 'uncredited_won_amount' as kpi_id, amount as numerator, null as denominator, * from credits
    where not is_credited
),

capacity as (
    select 'revenue_per_salesperson' as kpi_id, fte_days as numerator, period_days as denominator, *
    from {{ ref('fct_sales_capacity') }}
),

credited_rows as (
    {{ rolled_up_events('revenue_per_salesperson', 'credited', ['team', 'role']) }}
),

capacity_rows as (
    {{ rolled_up_cohorts('revenue_per_salesperson', 'capacity', ['team', 'role']) }}
),

-- Every row of capacity carries the days of the period, so their mean is that number and fte_days / days the average FTE.
sides as (
    select grain, period_start, dim_name, dim_value, numerator, cast(0 as double) as fte, cast(0 as bigint) as sample_size from credited_rows
    union all
    select
        grain, period_start, dim_name, dim_value, 0,
        cast(numerator as double) * sample_size / cast(denominator as double),
        sample_size
    from capacity_rows
),

per_fte as (
    select
        'revenue_per_salesperson' as kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        sum(numerator) as numerator,
        max(fte) as denominator,
        cast(null as double) as value,
        cast(null as {{ api.Column.translate_type('string') }}) as status,
        max(sample_size) as sample_size
    from sides
    group by 1, 2, 3, 4, 5
),

per_fte_rows as (
    {{ rolled_up_components('per_fte') }}
),

house_rows as (
    {{ rolled_up_events('revenue_per_salesperson', 'house_deals') }}
),

final as (
    {{ published('revenue_per_salesperson', ['per_fte_rows', 'house_rows']) }}
)

select * from final
