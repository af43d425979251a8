-- grain: one row per interaction, with its end: NULL while a stretch of it still runs
with

-- The first stretch says by which channel, and about which ticket. Negative stretches say nothing unless there is no other.
segments as (
    select
        *,
        row_number() over (partition by interaction_id order by is_negative, started_at, segment_id) as segment_number,
        min(case when is_negative then 1 else 0 end) over (partition by interaction_id)
        = case when is_negative then 1 else 0 end as is_telling
    from {{ ref('int_handle_segments') }}
),

interactions as (
    select
        interaction_id,
        max(case when segment_number = 1 then channel end) as channel,
        max(case when segment_number = 1 then ticket_id end) as ticket_id,
        max(case when segment_number = 1 then started_at end) as started_at,
        case when max(case when is_telling and is_running then 1 else 0 end) = 0 then max(case when is_telling then ended_at end) end as ended_at,
        max(case when is_handling then 1 else 0 end) = 1 as is_handled
    from segments
    group by 1
),

tickets as (
    select ticket_id, topic from {{ ref('int_tickets') }}
),

final as (
    select
        interactions.interaction_id,
        interactions.channel,
        interactions.ticket_id,
        tickets.topic,
        interactions.started_at,
        interactions.ended_at,
        interactions.is_handled
    from interactions
    left join tickets
        on interactions.ticket_id = tickets.ticket_id
)

select * from final
