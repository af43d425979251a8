-- grain: one row per agent and local work date
with

agent_time as (
    {{ union_sources('agent_time') }}
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

-- Several stretches of one day add up.
days as (
    select
        agent_id,
        work_date,
        sum(logged_in_minutes) as logged_in_minutes,
        sum(available_minutes) as available_minutes
    from agent_time
    where {{ local_midnight('work_date') }} < {{ as_of() }}
    group by 1, 2
),

final as (
    select
        days.agent_id,
        days.work_date,
        cast(days.logged_in_minutes as decimal(18, 4)) as logged_in_minutes,
        cast(days.available_minutes as decimal(18, 4)) as available_minutes,
        assignments.team
    from days
    left join assignments
        on
            days.agent_id = assignments.user_id
            and days.work_date between assignments.valid_from and assignments.valid_to
)

select * from final
