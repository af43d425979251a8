-- grain: one row per KPI id, grain, period and slice
-- contract 4.C3: of the accounts whose first opportunity was created in the period, the share that first paid within the window
{%- set slices = d_sales() + ['industry', 'country', 'acquisition_channel', 'cohort_month'] %}
with

population as (
    select
        'conversion_rate' as kpi_id,
        prospect_date as kpi_date,
        case when is_converted then 1 else 0 end as numerator,
        1 as denominator,
        *
    from {{ ref('fct_prospects') }}
),

by_period as (
    {{ rolled_up_events('conversion_rate', 'population', slices) }}
),

final as (
    {{ published('conversion_rate', ['by_period']) }}
)

select * from final
