-- grain: one row per satisfaction score
with

tickets as (
    select * from {{ ref('stg_ravenstack__support_tickets') }}
),

-- A score has no date of its own: it is asked for when the ticket is closed.
final as (
    select
        ticket_id || '-score' as response_id,
        'ticket_csat' as survey_id,
        'csat' as kind,
        1 as scale_min,
        5 as scale_max,
        satisfaction_score as score,
        account_id as respondent_id,
        account_id,
        ticket_id,
        closed_at as responded_at
    from tickets
    where satisfaction_score is not null
)

select * from final
