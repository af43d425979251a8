-- grain: one row per stretch of an interaction; is_handling marks the work of a human agent, is_negative a data error
with

segments as (
    {{ union_sources('handle_segment') }}
),

staff as (
    select user_id, is_bot from {{ ref('int_staff') }}
),

-- Work on a ticket that counts nowhere (test, spam, deleted) counts nowhere either.
ticket_keys as (
    select
        keys.ticket_id,
        keys.surviving_ticket_id,
        tickets.ticket_id is null as is_excluded
    from {{ ref('int_ticket_keys') }} as keys
    left join {{ ref('int_tickets') }} as tickets
        on keys.surviving_ticket_id = tickets.ticket_id
),

-- A stretch that still runs takes an agent's time up to the run clock.
timed as (
    select
        {{ star_except('segments', 'ended_at') }},
        least(coalesce(ended_at, {{ as_of() }}), {{ as_of() }}) as ended_at,
        coalesce(ended_at >= {{ as_of() }}, true) as is_running,
        coalesce(ended_at < started_at, false) as is_negative
    from segments
    where started_at < {{ as_of() }}
),

final as (
    select
        timed.segment_id,
        timed.interaction_id,
        coalesce(ticket_keys.surviving_ticket_id, timed.ticket_id) as ticket_id,
        timed.agent_id,
        timed.channel,
        lower(timed.kind) as kind,
        timed.started_at,
        timed.ended_at,
        timed.is_running,
        timed.is_negative,
        -- queue and wait are no handle time, and bots handle nothing
        lower(timed.kind) in ('talk', 'hold', 'wrap', 'work')
        and timed.agent_id is not null
        and not coalesce(staff.is_bot, false)
        and not timed.is_negative as is_handling
    from timed
    left join staff
        on timed.agent_id = staff.user_id
    left join ticket_keys
        on timed.ticket_id = ticket_keys.ticket_id
    where not coalesce(ticket_keys.is_excluded, false)
)

select * from final
