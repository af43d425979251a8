-- grain: one row per message on a ticket, private notes included
with

source as (
    {{ newest_rows('zendesk', 'ticket_comments') }}
),

user_roles as (
    select * from {{ ref('stg_zendesk__user_roles') }}
),

tickets as (
    select * from {{ ref('stg_zendesk__ticket_records') }}
),

typed as (
    select
        {{ typed('zendesk', 'ticket_comments', 'id') }} as message_id,
        {{ typed('zendesk', 'ticket_comments', 'ticket_id') }} as ticket_id,
        {{ typed('zendesk', 'ticket_comments', 'author_id') }} as author_id,
        coalesce({{ typed('zendesk', 'ticket_comments', 'public') }}, false) as is_public,
        {{ typed('zendesk', 'ticket_comments', 'created_at') }} as sent_at
    from source
),

-- Who wrote follows from the role that the author had then. An author whom no list of users names is the requester of the
-- ticket or else the system, whose messages are no reply.
renamed as (
    select
        typed.message_id,
        typed.ticket_id,
        case
            when typed.author_id = '-1' then 'system'
            when user_roles.author_type is not null then user_roles.author_type
            when typed.author_id = tickets.requester_id then 'customer'
            else 'system'
        end as author_type,
        typed.author_id,
        typed.is_public,
        typed.sent_at
    from typed
    left join user_roles
        on
            typed.author_id = user_roles.user_id
            and {{ valid_at('typed.sent_at', 'user_roles.valid_from', 'user_roles.valid_to') }}
    left join tickets
        on typed.ticket_id = tickets.ticket_id
)

select * from renamed
