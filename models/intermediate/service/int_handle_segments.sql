-- grain: one row per stretch of work of a human agent; negative stretches are kept and marked
with

segments as (
    {{ union_sources('handle_segment') }}
),

staff as (
    select user_id, is_bot from {{ ref('int_staff') }}
),

ticket_keys as (
    select * from {{ ref('int_ticket_keys') }}
),

final as (
    select
        segments.segment_id,
        segments.interaction_id,
        coalesce(ticket_keys.surviving_ticket_id, segments.ticket_id) as ticket_id,
        segments.agent_id,
        segments.channel,
        lower(segments.kind) as kind,
        segments.started_at,
        segments.ended_at,
        segments.ended_at < segments.started_at as is_negative
    from segments
    left join staff
        on segments.agent_id = staff.user_id
    left join ticket_keys
        on segments.ticket_id = ticket_keys.ticket_id
    where
        lower(segments.kind) in ('talk', 'hold', 'wrap', 'work')
        and segments.agent_id is not null
        and not coalesce(staff.is_bot, false)
        and segments.ended_at < {{ as_of() }}
)

select * from final
