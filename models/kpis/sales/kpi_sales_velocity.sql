-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: open opportunities x win rate x average deal size per day of the sales cycle, over the three months that end with the period
with

windows as (
    select grain, period_start, closing_date, {{ add_months('period_end', -3) }} as window_start, period_end as window_end
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

open_opportunities as (
    select closing_date, count(*) as open_count
    from {{ ref('fct_open_opportunities') }}
    where is_created and {{ is_new_business() }}
    group by 1
),

-- The populations are those of win_rate, average_deal_size and sales_cycle_length.
decided as (
    select *, {{ is_new_business() }} as is_new_business from ({{ decided_opportunities() }}) as opportunities
),

components as (
    select
        windows.grain,
        windows.period_start,
        windows.closing_date,
        count(decided.opportunity_id) as decided_count,
        count(case when decided.outcome = 'won' then 1 end) as won_count,
        sum(case when decided.outcome = 'won' and decided.is_new_business then coalesce(decided.amount, 0) end) as deal_amount,
        count(case when decided.outcome = 'won' and decided.is_new_business then 1 end) as deal_count,
        sum(case when decided.is_new_business and decided.cycle_seconds >= 0 then decided.cycle_seconds end) as cycle_seconds,
        count(case when decided.is_new_business and decided.cycle_seconds >= 0 then 1 end) as cycle_count
    from windows
    left join decided
        on decided.decided_date >= windows.window_start and decided.decided_date < windows.window_end
    group by 1, 2, 3
),

sides as (
    select
        components.grain,
        components.period_start,
        components.decided_count,
        cast(coalesce(open_opportunities.open_count, 0) * components.won_count as double) / nullif(components.decided_count, 0)
        * cast(components.deal_amount as double) / nullif(components.deal_count, 0) as numerator,
        cast(components.cycle_seconds as double) / nullif(components.cycle_count, 0) / 86400 as denominator
    from components
    left join open_opportunities
        on components.closing_date = open_opportunities.closing_date
),

population as (
    select
        'sales_velocity' as kpi_id,
        grain,
        period_start,
        'all' as dim_name,
        'all' as dim_value,
        numerator,
        denominator,
        numerator / nullif(denominator, 0) as value,
        case when decided_count < {{ var('min_sample') }} then 'low_sample' else 'ok' end as status,
        decided_count as sample_size
    from sides
),

components_rows as (
    {{ rolled_up_components('population') }}
),

final as (
    {{ published('sales_velocity', ['components_rows']) }}
)

select * from final
