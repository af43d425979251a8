-- grain: one row per target promised on a ticket, with the instant it was due and what became of it (contract 5.4)
with

targets as (
    select
        {{ hash_of(['ticket_id', 'metric', 'applied_at', 'target_minutes', 'in_business_hours']) }} as sla_target_id,
        ticket_id as reported_ticket_id,
        lower(metric) as metric,
        cast(target_minutes as decimal(18, 4)) * 60 as target_seconds,
        coalesce(in_business_hours, false) as is_in_business_hours,
        applied_at
    from ({{ union_sources('sla_target') }}) as unioned
    where applied_at < {{ as_of() }}
),

ticket_keys as (
    select * from {{ ref('int_ticket_keys') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

schedules as (
    select ticket_id, schedule_id from {{ ref('int_tickets') }}
),

messages as (
    select ticket_id, sent_at from {{ ref('int_ticket_messages') }} where is_agent and is_public
),

promised as (
    select
        targets.*,
        tickets.ticket_id,
        schedules.schedule_id,
        tickets.created_at,
        tickets.resolved_at,
        tickets.account_id,
        tickets.channel,
        tickets.priority,
        tickets.{{ adapter.quote('group') }},
        tickets.assignee,
        tickets.topic
    from targets
    left join ticket_keys
        on targets.reported_ticket_id = ticket_keys.ticket_id
    inner join tickets
        on coalesce(ticket_keys.surviving_ticket_id, targets.reported_ticket_id) = tickets.ticket_id
    left join schedules
        on tickets.ticket_id = schedules.ticket_id
),

replies as (
    select promised.sla_target_id, min(messages.sent_at) as replied_at
    from promised
    inner join messages
        on promised.ticket_id = messages.ticket_id and promised.applied_at <= messages.sent_at
    where promised.metric = 'first_response'
    group by 1
),

in_business_hours as (
    select * from promised where is_in_business_hours
),

scheduled as (
    {{ with_schedule_version('in_business_hours', 'sla_target_id') }}
),

-- Every opening with the seconds that its schedule had been open before it, and the opening that follows.
openings as (
    select
        *,
        coalesce(sum(open_seconds) over (
            partition by schedule_id, version_from order by opens_at rows between unbounded preceding and 1 preceding
        ), 0) as seconds_before,
        lead(opens_at) over (partition by schedule_id, version_from order by opens_at) as next_opens_at
    from (
        select *, {{ seconds_between('opens_at', 'closes_at') }} as open_seconds from {{ ref('int_business_days') }}
    ) as days
),

-- The open seconds of the schedule at which a target is due: those by the start of its clock, and the promised ones.
demands as (
    select
        scheduled.sla_target_id,
        scheduled.schedule_id,
        scheduled.schedule_version_from,
        scheduled.applied_at,
        scheduled.target_seconds + coalesce(
            openings.seconds_before + {{ seconds_between('openings.opens_at', 'least(scheduled.applied_at, openings.closes_at)') }}, 0
        ) as due_seconds
    from scheduled
    left join openings
        on
            scheduled.schedule_id = openings.schedule_id
            and scheduled.schedule_version_from = openings.version_from
            and openings.opens_at <= scheduled.applied_at
            and (openings.next_opens_at is null or scheduled.applied_at < openings.next_opens_at)
),

-- A promise of no time at all is due when the schedule is next open.
business_due as (
    select
        demands.sla_target_id,
        min(
            greatest(demands.applied_at, openings.opens_at + (demands.due_seconds - openings.seconds_before) * interval '1' second)
        ) as due_at
    from demands
    inner join openings
        on
            demands.schedule_id = openings.schedule_id
            and demands.schedule_version_from = openings.version_from
            and openings.seconds_before <= demands.due_seconds
            and demands.due_seconds <= openings.seconds_before + openings.open_seconds
            and demands.applied_at < openings.closes_at
    group by 1
),

due as (
    select
        promised.*,
        case
            when promised.is_in_business_hours then business_due.due_at
            else promised.applied_at + promised.target_seconds * interval '1' second
        end as due_at,
        case promised.metric when 'first_response' then replies.replied_at when 'resolution' then promised.resolved_at end as completed_at
    from promised
    left join replies
        on promised.sla_target_id = replies.sla_target_id
    left join business_due
        on promised.sla_target_id = business_due.sla_target_id
),

account_history as (
    select * from {{ ref('int_account_history') }}
),

final as (
    select
        due.sla_target_id,
        due.ticket_id,
        due.metric,
        due.target_seconds,
        due.is_in_business_hours,
        due.applied_at,
        due.due_at,
        {{ local_date('due.due_at') }} as due_date,
        due.completed_at,
        due.account_id,
        case
            when due.completed_at <= due.due_at then 'met'
            when due.due_at < {{ as_of() }} then 'breached'
            else 'not due'
        end as state,
        due.channel,
        due.priority,
        due.{{ adapter.quote('group') }},
        due.assignee,
        due.topic,
        account_history.segment as customer_segment
    from due
    left join account_history
        on
            due.account_id = account_history.account_id
            and {{ valid_at('due.due_at', 'account_history.valid_from', 'account_history.valid_to') }}
)

select * from final
