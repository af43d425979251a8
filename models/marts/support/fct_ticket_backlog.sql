-- grain: one row per ticket and interval (valid_from, valid_to] in which it was neither solved nor closed
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

status_events as (
    select * from {{ ref('int_ticket_status_events') }}
),

turns as (
    select ticket_id, created_at as changed_at, 0 as event_number, true as is_opening from tickets
    union all
    select ticket_id, changed_at, event_number, is_reopening
    from status_events
    where is_solve or is_reopening
),

spans as (
    select
        ticket_id,
        is_opening,
        changed_at as valid_from,
        lead(changed_at) over (partition by ticket_id order by event_number, changed_at) as valid_to
    from turns
),

final as (
    select
        tickets.ticket_id,
        tickets.account_id,
        tickets.created_at,
        -- what a merged ticket went through before its survivor was created is no wait of the survivor's
        greatest(spans.valid_from, tickets.created_at) as valid_from,
        spans.valid_to,
        tickets.channel,
        tickets.priority,
        tickets.{{ adapter.quote('group') }},
        tickets.assignee,
        tickets.topic
    from spans
    inner join tickets
        on spans.ticket_id = tickets.ticket_id
    where spans.is_opening and (spans.valid_to is null or spans.valid_to >= tickets.created_at)
)

select * from final
