-- grain: one row per survey invitation
with

invitations as (
    {{ union_sources('survey_invitation') }}
),

final as (
    select invitation_id, survey_id, sent_at
    from invitations
    where sent_at < {{ as_of() }}
)

select * from final
