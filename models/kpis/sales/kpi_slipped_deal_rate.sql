-- grain: one row per KPI id, grain, period and slice
-- contract 5.3: of the deals due in the period by the snapshot at its start, the share still open and due later by the one at its end
with

periods as (
    select grain, period_start, period_end, closing_date
    from {{ ref('dim_periods') }}
    where grain in ('month', 'quarter', 'year')
),

pipeline as (
    select * from {{ ref('fct_pipeline') }}
),

population as (
    select
        'slipped_deal_rate' as kpi_id,
        periods.grain,
        periods.period_start,
        case when at_close.close_date >= periods.period_end then 1 else 0 end as numerator,
        1 as denominator,
        due.owner, due.team, due.region, due.opportunity_type, due.lead_source, due.segment, due.account_id
    from periods
    inner join pipeline as due
        on
            periods.period_start = due.closing_date
            and due.close_date >= periods.period_start
            and due.close_date < periods.period_end
    left join pipeline as at_close
        on due.opportunity_id = at_close.opportunity_id and periods.closing_date = at_close.closing_date
),

by_period as (
    {{ rolled_up_cohorts('slipped_deal_rate', 'population', d_pipeline()) }}
),

final as (
    {{ published('slipped_deal_rate', ['by_period']) }}
)

select * from final
