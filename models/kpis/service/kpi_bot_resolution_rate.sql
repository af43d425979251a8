-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: of the tickets first solved in the period, the share that no agent wrote on and that stayed solved
with

population as (
    select
        'bot_resolution_rate' as kpi_id,
        first_solved_date as kpi_date,
        case when agent_message_count = 0 and not is_reopened_in_window then 1 else 0 end as numerator,
        1 as denominator,
        {{ slice_columns(d_svc()) }}
    from {{ ref('fct_ticket_contacts') }}
),

by_period as (
    {{ rolled_up_events('bot_resolution_rate', 'population', d_svc()) }}
),

final as (
    {{ published('bot_resolution_rate', ['by_period']) }}
)

select * from final
