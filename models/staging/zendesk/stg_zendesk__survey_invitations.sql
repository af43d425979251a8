-- grain: one row per ticket whose requester was asked for a rating
with

ratings as (
    select * from {{ ref('stg_zendesk__satisfaction_ratings') }}
),

final as (
    select
        invitation_id,
        'zendesk_csat' as survey_id,
        offered_at as sent_at
    from ratings
    where rating_id = invitation_id and score_word <> 'unoffered'
)

select * from final
