-- grain: one row per KPI id, grain, period and slice
-- contract 4.E3: mean minutes from creation to the last solve, of the tickets that are solved, counted where that solve falls
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

measured as (
    select
        'average_resolution_time' as kpi_id, resolution_seconds as numerator, resolution_seconds as elapsed_seconds,
        resolved_date as done_date, segment_at_resolution as customer_segment, *
    from tickets
    union all
    select 'resolution_time_business', resolution_business_seconds, resolution_seconds, resolved_date, segment_at_resolution, * from tickets
    where resolution_business_seconds is not null or resolved_date is null
    union all
    select 'resolution_time_net', resolution_net_seconds, resolution_seconds, resolved_date, segment_at_resolution, * from tickets
    union all
    select
        'first_resolution_time' as kpi_id, first_resolution_seconds as numerator, first_resolution_seconds as elapsed_seconds,
        first_solved_date as done_date, segment_at_first_solve as customer_segment, *
    from tickets
),

-- Solved before it was created is a data error, also where no opening hour lay between.
population as (
    select
        {{ star_except('measured', 'customer_segment') }},
        case when done_date is null then segment_at_creation else customer_segment end as customer_segment,
        1 as denominator,
        coalesce(done_date, created_date) as kpi_date,
        case when done_date is null then 'censored' when elapsed_seconds < 0 then 'rejected' else 'counted' end as outcome
    from measured
),

by_period as (
    {{ rolled_up_events('average_resolution_time', 'population', d_svc(), outcomes=true) }}
),

percentiles as (
    {{ rolled_up_percentiles('average_resolution_time', 'population', d_svc(), outcomes=true) }}
),

final as (
    {{ published('average_resolution_time', ['by_period', 'percentiles']) }}
)

select * from final
