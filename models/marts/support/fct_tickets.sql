-- grain: one row per ticket, with its clocks (contract 4.E); minutes are kept as exact seconds
with

tickets as (
    select * from {{ ref('int_tickets') }}
),

messages as (
    select * from {{ ref('int_ticket_messages') }}
),

status_events as (
    select * from {{ ref('int_ticket_status_events') }}
),

-- The first public message by an agent stops the clock of the first response.
first_replies as (
    select ticket_id, min(sent_at) as first_reply_at
    from messages
    where is_agent and is_public
    group by 1
),

solves as (
    select
        ticket_id,
        min(changed_at) as first_solved_at,
        max(changed_at) as last_solved_at
    from status_events
    where is_solve
    group by 1
),

reopenings as (
    select ticket_id, min(changed_at) as first_reopened_at, count(*) as reopening_count
    from status_events
    where is_reopening
    group by 1
),

current_status as (
    select ticket_id, status, is_resolved
    from (
        select
            ticket_id,
            status,
            is_resolved,
            row_number() over (partition by ticket_id order by event_number desc) as recency
        from status_events
    ) as ranked
    where recency = 1
),

last_solver as (
    select ticket_id, solved_by, is_solved_by_bot
    from (
        select
            ticket_id,
            changed_by as solved_by,
            is_by_bot as is_solved_by_bot,
            row_number() over (partition by ticket_id order by event_number desc) as recency
        from status_events
        where is_solve
    ) as ranked
    where recency = 1
),

clocks as (
    select
        tickets.*,
        first_replies.first_reply_at,
        solves.first_solved_at,
        case when current_status.is_resolved then solves.last_solved_at end as resolved_at,
        reopenings.first_reopened_at,
        coalesce(reopenings.reopening_count, 0) as reopening_count,
        coalesce(current_status.status, 'new') as status,
        last_solver.solved_by,
        last_solver.is_solved_by_bot
    from tickets
    left join first_replies
        on tickets.ticket_id = first_replies.ticket_id
    left join solves
        on tickets.ticket_id = solves.ticket_id
    left join reopenings
        on tickets.ticket_id = reopenings.ticket_id
    left join current_status
        on tickets.ticket_id = current_status.ticket_id
    left join last_solver
        on tickets.ticket_id = last_solver.ticket_id
),

-- The schedule, in the version of the ticket's creation, stays with the ticket.
scheduled as (
    {{ with_schedule_version('clocks', 'ticket_id') }}
),

open_until_reply as (
    {{ business_seconds_until('scheduled', 'first_reply_at') }}
),

open_until_resolution as (
    {{ business_seconds_until('scheduled', 'resolved_at') }}
),

-- Time in pending is time spent waiting for the customer.
waits as (
    select
        clocks.ticket_id,
        sum({{ seconds_between(
            'greatest(status_events.changed_at, clocks.created_at)', 'least(status_events.left_at, clocks.resolved_at)'
        ) }}) as pending_seconds
    from clocks
    inner join status_events
        on clocks.ticket_id = status_events.ticket_id
    where
        status_events.status = 'pending'
        and status_events.left_at > clocks.created_at
        and status_events.changed_at < clocks.resolved_at
        and clocks.created_at < clocks.resolved_at
    group by 1
),

measured as (
    select
        clocks.*,
        {{ seconds_between('clocks.created_at', 'clocks.first_reply_at') }} as first_response_seconds,
        case
            when scheduled.ticket_id is not null and clocks.first_reply_at is not null
                then coalesce(open_until_reply.open_seconds, 0)
        end as first_response_business_seconds,
        {{ seconds_between('clocks.created_at', 'clocks.first_solved_at') }} as first_resolution_seconds,
        {{ seconds_between('clocks.created_at', 'clocks.resolved_at') }} as resolution_seconds,
        case
            when scheduled.ticket_id is not null and clocks.resolved_at is not null
                then coalesce(open_until_resolution.open_seconds, 0)
        end as resolution_business_seconds,
        {{ seconds_between('clocks.created_at', 'clocks.resolved_at') }} - coalesce(waits.pending_seconds, 0) as resolution_net_seconds
    from clocks
    left join scheduled
        on clocks.ticket_id = scheduled.ticket_id
    left join open_until_reply
        on clocks.ticket_id = open_until_reply.ticket_id
    left join open_until_resolution
        on clocks.ticket_id = open_until_resolution.ticket_id
    left join waits
        on clocks.ticket_id = waits.ticket_id
),

account_history as (
    select * from {{ ref('int_account_history') }}
),

final as (
    select
        measured.ticket_id,
        measured.requester_contact_id,
        measured.account_id,
        measured.submitter_type,
        measured.status,
        measured.status in ('solved', 'closed') as is_resolved,
        coalesce(measured.submitter_type, 'customer') = 'customer' as is_customer_initiated,
        measured.first_level_resolvable,
        measured.created_at,
        {{ local_date('measured.created_at') }} as created_date,
        measured.first_reply_at,
        {{ local_date('measured.first_reply_at') }} as first_reply_date,
        measured.first_solved_at,
        {{ local_date('measured.first_solved_at') }} as first_solved_date,
        measured.resolved_at,
        {{ local_date('measured.resolved_at') }} as resolved_date,
        measured.solved_by,
        measured.is_solved_by_bot,
        measured.first_reopened_at,
        measured.reopening_count,
        measured.first_response_seconds,
        measured.first_response_business_seconds,
        measured.first_resolution_seconds,
        measured.resolution_seconds,
        measured.resolution_business_seconds,
        measured.resolution_net_seconds,
        measured.channel,
        measured.priority,
        measured.{{ adapter.quote('group') }},
        measured.assignee_id as assignee,
        measured.topic,
        segments_at_creation.segment as segment_at_creation,
        segments_at_reply.segment as segment_at_reply,
        segments_at_first_solve.segment as segment_at_first_solve,
        segments_at_resolution.segment as segment_at_resolution
    from measured
    left join account_history as segments_at_creation
        on
            measured.account_id = segments_at_creation.account_id
            and {{ valid_at('measured.created_at', 'segments_at_creation.valid_from', 'segments_at_creation.valid_to') }}
    left join account_history as segments_at_reply
        on
            measured.account_id = segments_at_reply.account_id
            and {{ valid_at('measured.first_reply_at', 'segments_at_reply.valid_from', 'segments_at_reply.valid_to') }}
    left join account_history as segments_at_first_solve
        on
            measured.account_id = segments_at_first_solve.account_id
            and {{ valid_at('measured.first_solved_at', 'segments_at_first_solve.valid_from', 'segments_at_first_solve.valid_to') }}
    left join account_history as segments_at_resolution
        on
            measured.account_id = segments_at_resolution.account_id
            and {{ valid_at('measured.resolved_at', 'segments_at_resolution.valid_from', 'segments_at_resolution.valid_to') }}
)

select * from final
