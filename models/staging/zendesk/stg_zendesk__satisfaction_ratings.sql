-- grain: one row per satisfaction rating
with

source as (
    {{ newest_rows('zendesk', 'satisfaction_ratings', typed('zendesk', 'satisfaction_ratings', 'updated_at')) }}
),

typed as (
    select
        {{ typed('zendesk', 'satisfaction_ratings', 'id') }} as rating_id,
        {{ typed('zendesk', 'satisfaction_ratings', 'ticket_id') }} as ticket_id,
        {{ typed('zendesk', 'satisfaction_ratings', 'requester_id') }} as requester_id,
        {{ typed('zendesk', 'satisfaction_ratings', 'score') }} as score_word,
        {{ typed('zendesk', 'satisfaction_ratings', 'created_at') }} as offered_at,
        coalesce({{ typed('zendesk', 'satisfaction_ratings', 'updated_at') }}, {{ typed('zendesk', 'satisfaction_ratings', 'created_at') }}) as updated_at
    from source
),

-- good and bad are the two points of the scale, also with a comment.
final as (
    select
        rating_id,
        ticket_id,
        requester_id,
        score_word,
        case
            when score_word like 'good%' then 2
            when score_word like 'bad%' then 1
        end as score,
        offered_at,
        updated_at,
        -- A changed answer may come as a new rating of the ticket; it was asked for once.
        first_value(rating_id) over (partition by ticket_id order by offered_at, rating_id) as invitation_id
    from typed
)

select * from final
