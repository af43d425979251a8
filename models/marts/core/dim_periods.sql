-- grain: one row per grain and period from the first loaded event to the run clock
with

bounds as (
    select
        coalesce(min(first_event_date), {{ local_date(as_of() ~ " - interval '1' microsecond") }}) as first_date,
        {{ local_date(as_of() ~ " - interval '1' microsecond") }} as last_date
    from {{ ref('int_feed_coverage') }}
    where first_event_date < {{ as_of_date() }} or first_event_date is null
),

dates as (
    {{ date_series('(select first_date from bounds)', '(select last_date from bounds)') }}
),

grains as (
    select 'day' as grain union all
    select 'week' union all
    select 'month' union all
    select 'quarter' union all
    select 'year' union all
    select 'rolling_12m'
),

calendar_periods as (
    select distinct
        grains.grain,
        {{ period_start('grains.grain', 'dates.date_day') }} as calendar_start
    from dates
    cross join grains
),

periods as (
    select
        grain,
        case when grain = 'rolling_12m' then {{ add_months('calendar_start', -11) }} else calendar_start end as period_start,
        {{ period_end('grain', 'calendar_start') }} as period_end
    from calendar_periods
),

instants as (
    select
        *,
        {{ local_midnight('period_start') }} as start_at,
        {{ local_midnight('period_end') }} as end_at
    from periods
),

final as (
    select
        grain,
        period_start,
        period_end,
        start_at,
        end_at,
        end_at <= {{ as_of() }} as is_over,
        -- the closing state of a running period is the state at the run clock
        least(end_at, {{ as_of() }}) as closing_at,
        case when end_at <= {{ as_of() }} then period_end else {{ add_days(local_date(as_of() ~ " - interval '1' microsecond"), 1) }} end as closing_date
    from instants
    where start_at < {{ as_of() }}
)

select * from final
