-- The customers behind last month's churned MRR, largest first: keys only, look up the names in the CRM.
with

newest as (
    select max(period_start) as month_start
    from kpis.kpi_values
    where kpi_id = 'churned_mrr' and grain = 'month' and dim_name = 'all' and is_complete
)

select
    movements.account_id,
    movements.segment,
    movements.owner,
    movements.amount as mrr_lost
from marts.fct_mrr_movements as movements
inner join newest
    on movements.month_start = newest.month_start
where movements.movement = 'churn'
order by movements.amount desc, movements.account_id asc
