-- grain: one row per target promised on a ticket, with the instant it was due and what became of it (contract 5.4)
with

targets as (
    select
        {{ dbt.hash("concat_ws('|', ticket_id, metric, cast(applied_at as varchar), cast(target_minutes as varchar))") }} as sla_target_id,
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
        tickets."group",
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

versions as (
    select sla_target_id, version_from
    from (
        select
            promised.sla_target_id,
            days.version_from,
            row_number() over (partition by promised.sla_target_id order by days.version_from desc) as recency
        from promised
        inner join (select distinct schedule_id, version_from, time_zone from {{ ref('int_business_days') }}) as days
            on
                promised.schedule_id = days.schedule_id
                and days.version_from <= {{ local_date('promised.created_at', 'days.time_zone') }}
        where promised.is_in_business_hours
    ) as ranked
    where recency = 1
),

-- The opening hours after the clock starts, with what was open before each.
openings as (
    select
        promised.sla_target_id,
        promised.target_seconds,
        greatest(days.opens_at, promised.applied_at) as opens_at,
        {{ seconds_between('greatest(days.opens_at, promised.applied_at)', 'days.closes_at') }} as open_seconds,
        sum({{ seconds_between('greatest(days.opens_at, promised.applied_at)', 'days.closes_at') }}) over (
            partition by promised.sla_target_id order by days.opens_at
            rows between unbounded preceding and current row
        ) as open_seconds_through
    from promised
    inner join versions
        on promised.sla_target_id = versions.sla_target_id
    inner join {{ ref('int_business_days') }} as days
        on
            promised.schedule_id = days.schedule_id
            and versions.version_from = days.version_from
            and promised.applied_at < days.closes_at
            and days.opens_at < promised.applied_at + interval '400' day
),

business_due as (
    select
        sla_target_id,
        min(opens_at + (target_seconds - (open_seconds_through - open_seconds)) * interval '1' second) as due_at
    from openings
    where target_seconds <= open_seconds_through
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
        due."group",
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
