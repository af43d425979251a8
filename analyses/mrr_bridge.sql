-- How MRR moved from month to month: opening, what was gained and lost, closing.
with

movements as (
    select
        month_start,
        sum(case when movement = 'new' then amount else 0 end) as new_mrr,
        sum(case when movement = 'reactivation' then amount else 0 end) as reactivated,
        sum(case when movement = 'expansion' then amount else 0 end) as expanded,
        sum(case when movement = 'contraction' then amount else 0 end) as contracted,
        sum(case when movement = 'churn' then amount else 0 end) as churned,
        sum(case when movement = 'fx' then amount else 0 end) as currency_effect
    from marts.fct_mrr_movements
    group by month_start
),

closings as (
    select
        period_start as month_start,
        lag(value) over (order by period_start) as opening,
        value as closing
    from kpis.kpi('mrr')
)

select
    closings.month_start,
    closings.opening,
    coalesce(movements.new_mrr, 0) as new_mrr,
    coalesce(movements.reactivated, 0) as reactivated,
    coalesce(movements.expanded, 0) as expanded,
    -coalesce(movements.contracted, 0) as contracted,
    -coalesce(movements.churned, 0) as churned,
    coalesce(movements.currency_effect, 0) as currency_effect,
    closings.closing
from closings
left join movements
    on closings.month_start = movements.month_start
order by closings.month_start desc
