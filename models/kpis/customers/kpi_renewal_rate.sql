-- grain: one row per KPI id, grain, period and slice
-- contract 4.B3: of the fixed-term contracts due in the period, the share with a successor signed in time; by count and by value
with

due as (
    select periods.grain, periods.period_start, periods.start_at, renewals.*
    from {{ ref('dim_periods') }} as periods
    inner join {{ ref('fct_renewals') }} as renewals
        on periods.period_start <= renewals.end_date and renewals.end_date < periods.period_end
    where periods.grain in ('month', 'quarter', 'year', 'rolling_12m')
),

contracts as (
    {{ with_customer_dimensions('due', 'start_at', closing=true) }}
),

population as (
    select 'renewal_rate' as kpi_id, case when is_renewed then 1 else 0 end as numerator, 1 as denominator, * from contracts
    union all
    select 'renewal_rate_value', kept_amount, expiring_amount, * from contracts
    union all
    select 'renewal_rate_value_net', renewed_amount, expiring_amount, * from contracts
),

cohorts as (
    {{ rolled_up_cohorts('renewal_rate', 'population', d_cust() + ['term_length']) }}
),

final as (
    {{ published('renewal_rate', ['cohorts']) }}
)

select * from final
