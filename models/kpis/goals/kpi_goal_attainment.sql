-- grain: one row per goal, in the grain of its period (contract 4.G1)
-- the way covered from the baseline to the target: (actual - baseline) / (target - baseline)
with

goals as (
    select *, {{ local_midnight('period_end') }} as end_at
    from {{ ref('fct_goals') }}
    where grain is not null
),

actuals as (
    select * from {{ ref('kpi_results') }}
),

measured as (
    select
        goals.*,
        actuals.value - cast(goals.baseline_value as double) as progress,
        cast(goals.target_value as double) - cast(goals.baseline_value as double) as distance,
        actuals.value is not null as has_actual,
        coalesce(actuals.is_complete and actuals.is_mature, false) as is_settled,
        goals.smart_defect is null as is_scored
    from goals
    left join actuals
        on
            goals.kpi_id = actuals.kpi_id
            and goals.grain = actuals.grain
            and goals.period_start = actuals.period_start
            and goals.dim_name = actuals.dim_name
            and goals.dim_value = actuals.dim_value
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
    where kpi_id = 'goal_attainment'
),

final as (
    select
        catalog.kpi_id,
        {{ kpi_version('catalog.version') }} as kpi_version,
        measured.grain,
        measured.period_start,
        measured.period_end,
        'goal' as dim_name,
        measured.goal_id as dim_value,
        case when measured.is_scored then measured.progress end as numerator,
        case when measured.is_scored then measured.distance end as denominator,
        case when measured.is_scored then measured.progress / nullif(measured.distance, 0) end as value,
        catalog.unit,
        cast(case when measured.is_scored and measured.has_actual then 1 else 0 end as bigint) as sample_size,
        cast(0 as bigint) as rejected_rows,
        cast(0 as bigint) as censored_rows,
        measured.end_at <= {{ as_of() }} as is_complete,
        measured.end_at <= {{ as_of() }} as is_mature,
        case when not measured.is_scored then 'not_scored' when measured.is_settled then 'ok' else 'provisional' end as status,
        {{ as_of() }} as as_of,
        cast('{{ var("run_id", "unset") }}' as {{ api.Column.translate_type('string') }}) as run_id
    from measured
    cross join catalog
)

select * from final
