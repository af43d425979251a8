-- grain: one row per surviving ticket that is not deleted, no test and no spam
with

tickets as (
    {{ union_sources('ticket') }}
),

survivors as (
    select ticket_id
    from {{ ref('int_ticket_keys') }}
    where ticket_id = surviving_ticket_id
),

eligible as (
    select
        tickets.ticket_id,
        tickets.requester_contact_id,
        tickets.account_id,
        tickets.created_at,
        lower(tickets.submitter_type) as submitter_type,
        tickets.channel,
        tickets.priority,
        tickets.{{ adapter.quote('group') }},
        tickets.assignee_id,
        tickets.topic,
        tickets.first_level_resolvable,
        tickets.schedule_id
    from tickets
    inner join survivors
        on tickets.ticket_id = survivors.ticket_id
    where
        not coalesce(tickets.is_deleted, false)
        and not coalesce(tickets.is_test, false)
        and not coalesce(tickets.is_spam, false)
        and tickets.created_at < {{ as_of() }}
),

final as (
    {{ of_surviving_accounts('eligible') }}
)

select * from final
