-- grain: one row per answered satisfaction rating
with

ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
),

tickets as (
    select * from {{ ref('stg_zendesk__tickets') }}
),

-- The ticket says whose account it is, and whether it is a test.
final as (
    select
        ratings.rating_id as response_id,
        'zendesk_csat' as survey_id,
        'csat' as kind,
        1 as scale_min,
        2 as scale_max,
        ratings.score,
        ratings.requester_id as respondent_id,
        tickets.account_id,
        ratings.ticket_id,
        ratings.updated_at as responded_at,
        coalesce(tickets.is_test, false) as is_test,
        ratings.invitation_id
    from ratings
    left join tickets
        on ratings.ticket_id = tickets.ticket_id
    where ratings.score is not null
)

select * from final
