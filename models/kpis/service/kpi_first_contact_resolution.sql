-- grain: one row per KPI id, grain, period and slice
-- contract 4.E4: of the customer tickets first solved in the period, the share that one contact resolved
with

contacts as (
    select *, first_solved_date as kpi_date, case when is_resolved_at_first_contact then 1 else 0 end as numerator, 1 as denominator
    from {{ ref('fct_ticket_contacts') }}
    where is_customer_initiated and not is_repeat_contact and is_contact_window_over and agent_message_count > 0
),

population as (
    select 'first_contact_resolution' as kpi_id, * from contacts where is_first_level_resolvable
    union all
    select 'first_contact_resolution_gross', * from contacts
),

answers as (
    select
        'fcr_survey' as kpi_id,
        responded_date as kpi_date,
        coalesce(ticket_id, respondent_id, response_id) as unit_id,
        case when score = scale_max then 1 else 0 end as numerator,
        1 as denominator,
        case when is_valid_score then 'counted' else 'rejected' end as outcome,
        *
    from {{ ref('fct_survey_responses') }}
    where kind = 'fcr' and has_score
),

by_period as (
    {{ rolled_up_events('first_contact_resolution', 'population', d_svc()) }}
),

surveyed as (
    {{ rolled_up_latest('first_contact_resolution', 'answers', d_surv()) }}
),

final as (
    {{ published('first_contact_resolution', ['by_period', 'surveyed']) }}
)

select * from final
