-- grain: one row per ticket that was solved, with what decides whether its first contact resolved it (contract 4.E4)
with

tickets as (
    select * from {{ ref('fct_tickets') }}
),

solved as (
    select * from tickets where first_solved_at is not null
),

messages as (
    select * from {{ ref('int_ticket_messages') }} where is_agent
),

status_events as (
    select * from {{ ref('int_ticket_status_events') }}
),

agent_messages as (
    select
        solved.ticket_id,
        count(messages.message_id) as agent_message_count,
        count(distinct case when messages.is_public then coalesce(messages.author_id, 'unknown') end) as replying_agent_count,
        count(case when messages.is_public and messages.sent_at <= solved.first_solved_at then 1 end) as replies_to_first_solve
    from solved
    left join messages
        on solved.ticket_id = messages.ticket_id
    group by 1
),

solves as (
    select ticket_id, changed_at as solved_at
    from status_events
    where is_solve
),

-- A reopening by a customer's "thank you", solved again without a further public reply, does not count against the first contact.
reopenings as (
    select
        reopened.ticket_id,
        reopened.changed_at as reopened_at,
        min(solves.solved_at) as solved_again_at,
        max(case when reopened.cause = 'customer_message' then 1 else 0 end) = 1 as is_by_customer
    from status_events as reopened
    left join solves
        on reopened.ticket_id = solves.ticket_id and solves.solved_at > reopened.changed_at
    where reopened.is_reopening
    group by 1, 2
),

failing_reopenings as (
    select
        reopenings.ticket_id,
        min(reopenings.reopened_at) as first_failing_reopening_at
    from reopenings
    left join messages
        on
            reopenings.ticket_id = messages.ticket_id
            and messages.is_public
            and reopenings.reopened_at <= messages.sent_at
            and messages.sent_at <= coalesce(reopenings.solved_again_at, timestamp '9999-12-31')
    where not reopenings.is_by_customer or reopenings.solved_again_at is null or messages.message_id is not null
    group by 1
),

-- A repeat contact: the same requester and topic again, within the window of an earlier solve.
contacts as (
    select
        later.ticket_id,
        earlier.ticket_id as earlier_ticket_id,
        solves.solved_at,
        later.created_at
    from tickets as later
    inner join tickets as earlier
        on
            later.requester_contact_id = earlier.requester_contact_id
            and later.ticket_id <> earlier.ticket_id
            and (later.topic = earlier.topic or later.topic is null or earlier.topic is null)
    inner join solves
        on earlier.ticket_id = solves.ticket_id
    where
        solves.solved_at <= later.created_at
        and later.created_at < {{ end_of_window_days('solves.solved_at', var('fcr_window_days')) }}
),

repeats as (
    select distinct ticket_id from contacts
),

repeated as (
    select distinct contacts.earlier_ticket_id as ticket_id
    from contacts
    inner join solved
        on contacts.earlier_ticket_id = solved.ticket_id and contacts.solved_at = solved.first_solved_at
),

final as (
    select
        solved.ticket_id,
        solved.account_id,
        solved.first_solved_at,
        solved.first_solved_date,
        solved.resolved_date,
        solved.is_resolved,
        solved.is_customer_initiated,
        coalesce(solved.first_level_resolvable, false) as is_first_level_resolvable,
        agent_messages.agent_message_count,
        agent_messages.replying_agent_count,
        repeats.ticket_id is not null as is_repeat_contact,
        {{ end_of_window_days('solved.first_solved_at', var('fcr_window_days')) }} <= {{ as_of() }} as is_contact_window_over,
        agent_messages.replies_to_first_solve <= 1
        and repeated.ticket_id is null
        and coalesce(failing_reopenings.first_failing_reopening_at >= {{ end_of_window_days('solved.first_solved_at', var('fcr_window_days')) }}, true)
            as is_resolved_at_first_contact,
        coalesce(solved.first_reopened_at < {{ end_of_window_days('solved.first_solved_at', var('reopen_window_days')) }}, false) as is_reopened_in_window,
        solved.channel,
        solved.priority,
        solved.{{ adapter.quote('group') }},
        solved.assignee,
        solved.topic,
        solved.segment_at_first_solve as customer_segment,
        solved.segment_at_resolution
    from solved
    inner join agent_messages
        on solved.ticket_id = agent_messages.ticket_id
    left join failing_reopenings
        on solved.ticket_id = failing_reopenings.ticket_id
    left join repeats
        on solved.ticket_id = repeats.ticket_id
    left join repeated
        on solved.ticket_id = repeated.ticket_id
)

select * from final
