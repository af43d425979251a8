-- grain: one row per change of a ticket's status; a run of solved and closed states is one resolution
with

events as (
    {{ union_sources('ticket_status_event') }}
),

ticket_keys as (
    select * from {{ ref('int_ticket_keys') }}
),

staff as (
    select user_id, is_bot from {{ ref('int_staff') }}
),

-- Events of a merged shell belong to the survivor; the closing by the merge itself is dropped.
moved as (
    select
        coalesce(ticket_keys.surviving_ticket_id, events.ticket_id) as ticket_id,
        lower(events.status) as status,
        lower(events.status) in ('solved', 'closed') as is_resolved,
        events.changed_at,
        events.changed_by,
        lower(events.cause) as cause,
        coalesce(staff.is_bot, false) as is_by_bot,
        case lower(events.status)
            when 'new' then 1 when 'open' then 2 when 'pending' then 3 when 'hold' then 4 when 'solved' then 5 when 'closed' then 6
        end as status_order
    from events
    left join ticket_keys
        on events.ticket_id = ticket_keys.ticket_id
    left join staff
        on events.changed_by = staff.user_id
    where
        events.changed_at < {{ as_of() }}
        and coalesce(lower(events.cause), '') not in ('merge', 'merged')
),

compared as (
    select
        *,
        row_number() over (partition by ticket_id order by changed_at, status_order, changed_by) as event_number,
        coalesce(lag(is_resolved) over (partition by ticket_id order by changed_at, status_order, changed_by), false) as was_resolved,
        lead(changed_at) over (partition by ticket_id order by changed_at, status_order, changed_by) as left_at
    from moved
),

final as (
    select
        *,
        is_resolved and not was_resolved as is_solve,
        was_resolved and not is_resolved as is_reopening
    from compared
)

select * from final
