-- grain: one row per change of a ticket's status
with

source as (
    {{ newest_rows('zendesk', 'ticket_events') }}
),

tickets as (
    select * from {{ ref('stg_zendesk__ticket_records') }}
),

typed as (
    select
        {{ typed('zendesk', 'ticket_events', 'id') }} as event_id,
        {{ typed('zendesk', 'ticket_events', 'ticket_id') }} as ticket_id,
        {{ typed('zendesk', 'ticket_events', 'timestamp') }} as changed_at,
        {{ typed('zendesk', 'ticket_events', 'updater_id') }} as changed_by,
        {{ json_text(typed('zendesk', 'ticket_events', 'via'), '$.channel') }} as channel,
        {{ json_text(typed('zendesk', 'ticket_events', 'via'), '$.source.rel') }} as relation,
        {{ typed('zendesk', 'ticket_events', 'child_events') }} as child_events
    from source
),

changes as (
    {{ json_elements('typed', 'child_events') }}
),

statuses as (
    select
        event_id,
        ticket_id,
        changed_at,
        changed_by,
        channel,
        relation,
        {{ json_text('element', '$.status') }} as status
    from changes
    where {{ json_text('element', '$.event_type') }} in ('Create', 'Change')
),

-- Who asked is needed to tell a customer's own reopening from the work of an agent.
renamed as (
    select
        statuses.event_id,
        statuses.ticket_id,
        statuses.status,
        statuses.changed_at,
        statuses.changed_by,
        case
            when statuses.relation = 'merge' then 'merge'
            when statuses.channel = 'rule' or statuses.changed_by = '-1' then 'automation'
            when statuses.changed_by = tickets.requester_id then 'customer_message'
            else 'agent'
        end as cause
    from statuses
    left join tickets
        on statuses.ticket_id = tickets.ticket_id
    where statuses.status in ('new', 'open', 'pending', 'hold', 'solved', 'closed')
)

select * from renamed
