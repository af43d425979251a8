-- grain: one row per goal, with what keeps it from being SMART (contract 4.G1)
with

delivered as (
    {{ union_sources('goal') }}
),

-- A delivered row wins over a seed row of the same key.
goals as (
    select
        goal_id, kpi_id, dim_name, dim_value, owner_id, objective, baseline_value, target_value, period_start, period_end, set_at
    from delivered
    union all
    select
        seeded.goal_id, seeded.kpi_id, seeded.dim_name, seeded.dim_value, seeded.owner_id, seeded.objective, seeded.baseline_value,
        seeded.target_value, seeded.period_start, seeded.period_end, seeded.set_at
    from {{ ref('goals') }} as seeded
    left join delivered
        on seeded.goal_id = delivered.goal_id
    where delivered.goal_id is null
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

staff as (
    select * from {{ ref('int_staff') }}
),

described as (
    select
        goals.goal_id,
        goals.kpi_id,
        coalesce(goals.dim_name, 'all') as dim_name,
        coalesce(goals.dim_value, 'all') as dim_value,
        goals.owner_id,
        goals.target_value,
        -- a KPI that adds up starts at nothing, where the goal names no baseline
        case
            when goals.baseline_value is null and catalog.class in ('flow', 'balance') then 0
            else goals.baseline_value
        end as baseline_value,
        goals.period_start,
        goals.period_end,
        goals.set_at,
        catalog.kpi_id is not null
        and (coalesce(goals.dim_name, 'all') = 'all' or ' ' || catalog.slices || ' ' like '% ' || goals.dim_name || ' %') as is_specific,
        coalesce(staff.is_active, false) as has_active_owner,
        coalesce(trim(goals.objective), '') <> '' as has_objective,
        coalesce(catalog.direction, 'neutral') as direction,
        coalesce(catalog.grains, '') as kpi_grains,
        catalog.class
    from goals
    left join catalog
        on goals.kpi_id = catalog.kpi_id
    left join staff
        on goals.owner_id = staff.user_id
    where goals.set_at is null or goals.set_at < {{ as_of() }}
),

judged as (
    select
        *,
        baseline_value is not null and target_value is not null as is_measurable,
        has_active_owner
        and coalesce(target_value <> baseline_value, true)
        and coalesce(not (direction = 'higher' and target_value < baseline_value), true)
        and coalesce(not (direction = 'lower' and target_value > baseline_value), true) as is_attainable,
        coalesce(period_start < period_end and set_at <= {{ local_midnight('period_start') }}, false) as is_time_bound
    from described
),

grains as (
    select 1 as priority, 'day' as grain union all
    select 2, 'week' union all
    select 3, 'month' union all
    select 4, 'quarter' union all
    select 5, 'year' union all
    select 6, 'rolling_12m'
),

-- The grain whose calendar has a period with the goal's dates, one of the KPI's own first.
fitting as (
    select
        judged.goal_id,
        grains.grain,
        row_number() over (
            partition by judged.goal_id
            order by case when ' ' || judged.kpi_grains || ' ' like '% ' || grains.grain || ' %' then 0 else 1 end, grains.priority
        ) as choice
    from judged
    inner join grains
        on
            {{ offset_period_start('grains.grain', '0', add_days('judged.period_end', -1)) }} = judged.period_start
            and {{ period_end('grains.grain', period_start('grains.grain', add_days('judged.period_end', -1))) }} = judged.period_end
),

final as (
    select
        judged.goal_id,
        judged.kpi_id,
        judged.dim_name,
        judged.dim_value,
        judged.owner_id,
        judged.baseline_value,
        judged.target_value,
        judged.period_start,
        judged.period_end,
        judged.set_at,
        fitting.grain,
        nullif(concat_ws(
            ', ',
            case when not judged.is_specific then 'specific' end,
            case when not judged.is_measurable then 'measurable' end,
            case when not judged.is_attainable then 'attainable' end,
            case when not judged.has_objective then 'relevant' end,
            case when not judged.is_time_bound then 'time_bound' end
        ), '') as smart_defect,
        -- share of the period that has passed; only for what adds up over it
        case
            when judged.class = 'flow'
                then least(1, greatest(
                    0,
                    cast({{ days_between('judged.period_start', as_of_date()) }} as double)
                    / nullif({{ days_between('judged.period_start', 'judged.period_end') }}, 0)
                ))
        end as expected_progress
    from judged
    left join fitting
        on judged.goal_id = fitting.goal_id and fitting.choice = 1
)

select * from final
