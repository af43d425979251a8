-- grain: one row per stretch of an interaction; is_handling marks the work of a human agent, is_negative a data error
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
        -- an interaction arrived by the channel of its first stretch
        first_value(segments.channel) over (partition by segments.interaction_id order by segments.started_at, segments.segment_id) as channel,
        lower(segments.kind) as kind,
        segments.started_at,
        segments.ended_at,
        segments.ended_at < segments.started_at as is_negative,
        -- queue and wait are no handle time, and bots handle nothing
        lower(segments.kind) in ('talk', 'hold', 'wrap', 'work')
        and segments.agent_id is not null
        and not coalesce(staff.is_bot, false)
        and segments.ended_at >= segments.started_at as is_handling
    from segments
    left join staff
        on segments.agent_id = staff.user_id
    left join ticket_keys
        on segments.ticket_id = ticket_keys.ticket_id
    where segments.ended_at < {{ as_of() }} and segments.started_at < {{ as_of() }}
)

select * from final
