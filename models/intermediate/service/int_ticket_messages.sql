-- grain: one row per message; messages of a merged shell belong to the survivor
with

messages as (
    {{ union_sources('ticket_message') }}
),

ticket_keys as (
    select * from {{ ref('int_ticket_keys') }}
),

staff as (
    select user_id, is_bot from {{ ref('int_staff') }}
),

final as (
    select
        messages.message_id,
        coalesce(ticket_keys.surviving_ticket_id, messages.ticket_id) as ticket_id,
        messages.author_id,
        lower(messages.author_type) as author_type,
        coalesce(messages.is_public, false) as is_public,
        messages.sent_at,
        -- an agent is a human: bots, triggers and auto-responders never are (contract 4.E)
        lower(messages.author_type) = 'agent' and not coalesce(staff.is_bot, false) as is_agent
    from messages
    left join ticket_keys
        on messages.ticket_id = ticket_keys.ticket_id
    left join staff
        on messages.author_id = staff.user_id
    where messages.sent_at < {{ as_of() }}
)

select * from final
