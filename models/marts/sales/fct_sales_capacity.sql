-- grain: one row per grain, period and assignment of quota-carrying staff in it (contract 4.D4); both dates inclusive
with

periods as (
    select grain, period_start, period_end, {{ days_between('period_start', 'period_end') }} as period_days
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

assignments as (
    select *, case when valid_to < date '9999-12-31' then {{ add_days('valid_to', 1) }} else valid_to end as assigned_until
    from {{ ref('int_staff_assignments') }}
    where is_quota_carrying and role not in ('sdr', 'sales_manager')
),

final as (
    select
        periods.grain,
        periods.period_start,
        assignments.user_id,
        assignments.valid_from,
        assignments.fte,
        periods.period_days,
        {{ shared_days('periods.period_start', 'periods.period_end', 'assignments.valid_from', 'assignments.assigned_until') }} as assigned_days,
        cast(
            assignments.fte
            * {{ shared_days('periods.period_start', 'periods.period_end', 'assignments.valid_from', 'assignments.assigned_until') }}
            as decimal(18, 6)
        ) as fte_days,
        assignments.team,
        assignments.role
    from periods
    inner join assignments
        on assignments.valid_from < periods.period_end and assignments.assigned_until > periods.period_start
)

select * from final
