-- dim_date tells the same periods as dim_periods: where each week, month, quarter and year begins, which one is the newest that is over, and
-- which one the last known date lies in.
with

periods as (
    select * from {{ ref('dim_periods') }}
),

starts as (
    select 'day' as grain, date_day as period_start, is_known, false as is_last_complete from {{ ref('dim_date') }}
    union all
    select 'week', week_start, is_known, null from {{ ref('dim_date') }}
    union all
    select 'month', month_start, is_known, is_last_complete_month from {{ ref('dim_date') }}
    union all
    select 'quarter', quarter_start, is_known, is_last_complete_quarter from {{ ref('dim_date') }}
    union all
    select 'year', fiscal_year_start, is_known, is_last_complete_fiscal_year from {{ ref('dim_date') }}
),

dated as (
    select
        grain,
        period_start,
        max(case when is_last_complete then 1 else 0 end) = 1 as is_last_complete
    from starts
    where is_known
    group by 1, 2
),

newest as (
    select grain, max(period_start) as period_start
    from periods
    where is_over
    group by 1
)

select
    periods.grain,
    periods.period_start,
    dated.is_last_complete
from periods
left join dated
    on periods.grain = dated.grain and periods.period_start = dated.period_start
left join newest
    on periods.grain = newest.grain and periods.period_start = newest.period_start
where
    periods.grain <> 'rolling_12m'
    and (
        dated.grain is null
        or (periods.grain in ('month', 'quarter', 'year') and dated.is_last_complete <> (newest.grain is not null))
    )
