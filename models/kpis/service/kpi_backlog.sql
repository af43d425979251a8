-- grain: one row per KPI id, grain, period and slice
-- contract 5.4: tickets neither solved nor closed just before the closing instant, and their age
with

closings as (
    select distinct closing_date, closing_at
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

standing as (
    select
        closings.closing_date,
        closings.closing_at,
        backlog.*,
        history.segment as customer_segment,
        {{ seconds_between('backlog.created_at', 'closings.closing_at') }} as age_seconds
    from closings
    inner join {{ ref('fct_ticket_backlog') }} as backlog
        on {{ valid_before('closings.closing_at', 'backlog.valid_from', 'backlog.valid_to') }}
    left join {{ ref('int_account_history') }} as history
        on
            backlog.account_id = history.account_id
            and {{ valid_before('closings.closing_at', 'history.valid_from', 'history.valid_to') }}
),

population as (
    select 'backlog' as kpi_id, 1 as numerator, null as denominator, * from standing
    union all
    select 'backlog_age', age_seconds, 1, * from standing
),

ages as (
    select * from population where kpi_id = 'backlog_age'
),

closing_rows as (
    {{ rolled_up_closings('backlog', 'population', d_svc()) }}
),

percentiles as (
    {{ rolled_up_closing_percentiles('backlog', 'ages', d_svc()) }}
),

final as (
    {{ published('backlog', ['closing_rows', 'percentiles']) }}
)

select * from final
