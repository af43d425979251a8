-- grain: one row per KPI id, grain, period and slice
-- contract 5.1: of the trials that ended in the period, the share whose subscription paid within seven days
with

population as (
    select
        'trial_conversion_rate' as kpi_id,
        counted_date as kpi_date,
        case when is_converted then 1 else 0 end as numerator,
        1 as denominator,
        case when is_over then 'counted' else 'censored' end as outcome,
        *
    from {{ ref('fct_trials') }}
),

by_period as (
    {{ rolled_up_events('trial_conversion_rate', 'population', d_cust(), outcomes=true) }}
),

final as (
    {{ published('trial_conversion_rate', ['by_period']) }}
)

select * from final
