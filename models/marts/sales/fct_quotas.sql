-- grain: one row per grain, period and quota of a staff member that reaches into it, with the part that falls there by days
with

periods as (
    select grain, period_start, period_end
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

quotas as (
    select * from {{ ref('int_quotas') }}
),

parts as (
    select
        periods.grain,
        periods.period_start,
        quotas.user_id as owner,
        quotas.period_start as quota_start,
        quotas.period_end as quota_end,
        quotas.amount,
        quotas.currency,
        greatest(periods.period_start, quotas.period_start) as counts_from,
        {{ shared_days('periods.period_start', 'periods.period_end', 'quotas.period_start', 'quotas.period_end') }} as shared_days,
        {{ days_between('quotas.period_start', 'quotas.period_end') }} as quota_days
    from periods
    inner join quotas
        on quotas.period_start < periods.period_end and quotas.period_end > periods.period_start
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        parts.grain,
        parts.period_start,
        parts.owner,
        assignments.team,
        teams_at_opening.team as team_at_opening,
        parts.quota_start,
        parts.quota_end,
        parts.currency,
        {{ in_reporting_currency('parts.amount * parts.shared_days / parts.quota_days', 'parts.currency') }} as quota_amount
    from parts
    left join assignments
        on parts.owner = assignments.user_id and parts.counts_from between assignments.valid_from and assignments.valid_to
    left join assignments as teams_at_opening
        on
            parts.owner = teams_at_opening.user_id
            and {{ add_days('parts.period_start', -1) }} between teams_at_opening.valid_from and teams_at_opening.valid_to
    {{ fx_join('parts.currency', 'parts.quota_start') }}
)

select * from final
