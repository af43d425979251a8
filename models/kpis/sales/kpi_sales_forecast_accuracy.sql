-- grain: one row per KPI id, grain, period and slice
-- contract 4.D3: 1 less the owners' absolute errors over the amount won, against the forecast frozen before the period; never below 0
with

owners as (
    select *, won_amount - forecast_amount as shortfall_amount from {{ ref('fct_forecasts') }}
),

frozen as (
    select * from owners
    where cut_off_weeks = 0
),

population as (
    select 'sales_forecast_accuracy' as kpi_id, error_amount as numerator, won_amount as denominator, * from frozen
    union all
    select 'forecast_accuracy_week_' || cut_off_weeks, error_amount, won_amount, * from owners
    where cut_off_weeks > 0
    union all
    select 'sales_forecast_accuracy_net', shortfall_amount, won_amount, * from frozen
    union all
    select 'forecast_attainment', won_amount, forecast_amount, * from frozen
    union all
    select 'forecast_bias', -shortfall_amount, won_amount, * from frozen
),

unforecast as (
    select 'unforecast_amount' as kpi_id, won_amount as numerator, null as denominator, *
    from frozen
    where forecast_id is null
),

summed as (
    {{ rolled_up_cohorts('sales_forecast_accuracy', 'population', ['owner', 'team']) }}
),

-- Net errors offset each other before they are made absolute.
sides as (
    select
        kpi_id,
        grain,
        period_start,
        dim_name,
        dim_value,
        case when kpi_id = 'sales_forecast_accuracy_net' then abs(numerator) else numerator end as numerator,
        denominator,
        contributions as sample_size
    from summed
),

-- No value where nothing was won; accuracy is clipped at 0, attainment and bias are not.
settled as (
    select
        *,
        case
            when kpi_id = 'forecast_attainment' then cast(numerator as double) / nullif(denominator, 0)
            when denominator <= 0 then null
            when kpi_id = 'forecast_bias' then cast(numerator as double) / denominator
            else greatest(0, 1 - cast(numerator as double) / denominator)
        end as value,
        case when sample_size < {{ var('min_sample') }} then 'low_sample' else 'ok' end as status
    from sides
),

settled_rows as (
    {{ rolled_up_components('settled') }}
),

unforecast_rows as (
    {{ rolled_up_cohorts('sales_forecast_accuracy', 'unforecast', ['owner', 'team']) }}
),

final as (
    {{ published('sales_forecast_accuracy', ['settled_rows', 'unforecast_rows']) }}
)

select * from final
