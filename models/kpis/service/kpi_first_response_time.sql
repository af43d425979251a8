-- grain: one row per KPI id, grain, period and slice
-- contract 4.E1: mean minutes from a customer's ticket to the first public reply of an agent, counted where the reply falls
with

tickets as (
    select
        *,
        case when first_reply_at is null then segment_at_creation else segment_at_reply end as customer_segment,
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

-- Companions: what still waits at the run clock, and what was solved without a word.
awaiting as (
    select 'awaiting_first_response_count' as kpi_id, closings.closing_date, 1 as numerator, null as denominator, waiting.*
    from tickets as waiting
    inner join (select distinct closing_date, closing_at from {{ ref('dim_periods') }} where grain <> 'rolling_12m') as closings
        on waiting.created_at < closings.closing_at
    where waiting.outcome = 'censored'
),

unanswered as (
    select
        'solved_without_reply_count' as kpi_id, resolved_date as kpi_date, 1 as numerator, null as denominator,
        channel, priority, {{ adapter.quote('group') }}, assignee, topic, segment_at_resolution as customer_segment,
        account_id
    from tickets
    where outcome = 'unanswered'
),

by_period as (
    {{ rolled_up_events('first_response_time', 'population', d_svc(), outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('first_response_time', 'population', d_svc(), outcomes=true) }}
),

awaiting_rows as (
    {{ rolled_up_closings('first_response_time', 'awaiting', d_svc()) }}
),

unanswered_rows as (
    {{ rolled_up_events('first_response_time', 'unanswered', d_svc()) }}
),

final as (
    {{ published('first_response_time', ['by_period', 'percentiles', 'awaiting_rows', 'unanswered_rows']) }}
)

select * from final
