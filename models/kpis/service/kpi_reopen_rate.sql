-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: of the tickets first solved in the period, the share reopened within the window
with

population as (
    select
        'reopen_rate' as kpi_id,
        first_solved_date as kpi_date,
        case when is_reopened_in_window then 1 else 0 end as numerator,
        1 as denominator,
        {{ slice_columns(d_svc()) }}
    from {{ ref('fct_ticket_contacts') }}
),

by_period as (
    {{ rolled_up_events('reopen_rate', 'population', d_svc()) }}
),

final as (
    {{ published('reopen_rate', ['by_period']) }}
)

select * from final
