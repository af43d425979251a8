-- grain: one row per interaction and agent who took part in it, with the agent's own share of the time (contract 4.E2)
with

segments as (
    select * from {{ ref('int_handle_segments') }}
    where is_handling
),

days as (
    select period_start as work_date, start_at, end_at
    from {{ ref('dim_periods') }}
    where grain = 'day'
),

-- Work is cut at midnight, so that stretches are compared within a day only.
pieces as (
    select
        segments.interaction_id,
        segments.agent_id,
        days.work_date,
        greatest(segments.started_at, days.start_at) as started_at,
        least(segments.ended_at, days.end_at) as ended_at
    from segments
    inner join days
        on segments.started_at < days.end_at and days.start_at <= segments.ended_at
),

boundaries as (
    select agent_id, work_date, started_at as boundary_at from pieces
    union
    select agent_id, work_date, ended_at from pieces
),

stretches as (
    select
        agent_id,
        work_date,
        boundary_at as started_at,
        lead(boundary_at) over (partition by agent_id, work_date order by boundary_at) as ended_at
    from boundaries
),

-- At every instant an agent's time is shared equally by the interactions under way.
worked as (
    select distinct
        stretches.agent_id,
        stretches.started_at,
        stretches.ended_at,
        pieces.interaction_id
    from stretches
    inner join pieces
        on
            stretches.agent_id = pieces.agent_id
            and stretches.work_date = pieces.work_date
            and pieces.started_at <= stretches.started_at
            and stretches.ended_at <= pieces.ended_at
    where stretches.ended_at is not null
),

shared as (
    select
        *,
        count(*) over (partition by agent_id, started_at, ended_at) as interaction_count
    from worked
),

seconds as (
    select
        interaction_id,
        agent_id,
        sum(cast({{ seconds_between('started_at', 'ended_at') }} / interaction_count as decimal(24, 6))) as handle_seconds
    from shared
    group by 1, 2
),

-- An interaction counts when it has ended.
interactions as (
    select * from {{ ref('int_interactions') }}
    where ended_at is not null
),

agents as (
    select distinct interaction_id, agent_id from segments
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        agents.interaction_id,
        agents.agent_id,
        interactions.ticket_id,
        interactions.ended_at,
        {{ local_date('interactions.ended_at') }} as ended_date,
        coalesce(seconds.handle_seconds, 0) as handle_seconds,
        interactions.channel,
        interactions.topic,
        assignments.team
    from agents
    inner join interactions
        on agents.interaction_id = interactions.interaction_id
    left join seconds
        on agents.interaction_id = seconds.interaction_id and agents.agent_id = seconds.agent_id
    left join assignments
        on
            agents.agent_id = assignments.user_id
            and {{ local_date('interactions.ended_at') }} between assignments.valid_from and assignments.valid_to
)

select * from final
