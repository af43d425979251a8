-- V01, V02: opening + new + reactivation + expansion - contraction - churn + fx (+ transfer) = closing, in total and on every
-- D-CUST slice. A row here names the month and the slice; compare marts.fct_mrr_movements with marts.fct_mrr_snapshots there.
with

kpi_values as (
    select * from {{ ref('kpi_values') }}
    where grain = 'month' and dim_name in ('all', 'segment', 'industry', 'country', 'acquisition_channel', 'owner', 'team', 'cohort_month')
),

balances as (
    select dim_name, dim_value, period_start, period_end, coalesce(value, 0) as closing_amount
    from kpi_values
    where kpi_id = 'mrr' and status <> 'no_data'
),

movements as (
    select
        dim_name,
        dim_value,
        period_start,
        sum(case when kpi_id in ('contraction_mrr', 'churned_mrr') then -value else value end) as moved_amount
    from kpi_values
    where
        kpi_id in ('new_mrr', 'reactivation_mrr', 'expansion_mrr', 'contraction_mrr', 'churned_mrr', 'fx_mrr', 'transfer_mrr')
        and status <> 'no_data'
    group by 1, 2, 3
),

months as (
    select dim_name, dim_value, period_start from balances
    union
    select dim_name, dim_value, period_end from balances
    where period_end in (select period_start from {{ ref('dim_periods') }} where grain = 'month')
    union
    select dim_name, dim_value, period_start from movements
),

compared as (
    select
        months.*,
        coalesce(opening.closing_amount, 0) as opening_amount,
        coalesce(movements.moved_amount, 0) as moved_amount,
        coalesce(closing.closing_amount, 0) as closing_amount
    from months
    left join balances as opening
        on months.dim_name = opening.dim_name and months.dim_value = opening.dim_value and months.period_start = opening.period_end
    left join balances as closing
        on months.dim_name = closing.dim_name and months.dim_value = closing.dim_value and months.period_start = closing.period_start
    left join movements
        on months.dim_name = movements.dim_name and months.dim_value = movements.dim_value and months.period_start = movements.period_start
)

select *
from compared
where abs(opening_amount + moved_amount - closing_amount) > 0.005
