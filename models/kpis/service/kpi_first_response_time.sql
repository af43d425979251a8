-- grain: one row per KPI id, grain, period and slice
-- contract 4.E1: mean minutes from a customer's ticket to the first public reply of an agent, counted where the reply falls
with

tickets as (
    select
        *,
        segment_at_reply as customer_segment,
        case
            when first_reply_at is null and is_resolved then 'unanswered'
            when first_reply_at is null then 'censored'
            when first_response_seconds < 0 then 'rejected'
            else 'counted'
        end as outcome,
        coalesce(first_reply_date, created_date) as kpi_date
    from {{ ref('fct_tickets') }}
    where is_customer_initiated
),

population as (
    select 'first_response_time' as kpi_id, first_response_seconds as numerator, 1 as denominator, * from tickets
    union all
    select 'first_response_time_business', first_response_business_seconds, 1, * from tickets
    where first_response_business_seconds is not null or first_reply_at is null
),

by_period as (
    {{ rolled_up_events('first_response_time', 'population', d_svc(), outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('first_response_time', 'population', d_svc(), outcomes=true) }}
),

final as (
    {{ published('first_response_time', ['by_period', 'percentiles']) }}
)

select * from final
