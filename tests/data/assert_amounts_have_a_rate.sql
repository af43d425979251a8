-- G-16: an amount without a rate is NULL and stops the night. Deliver fx_rate rows for the currency and dates named here (a rate
-- holds for fx_max_age_days), or add them to seeds/fx_rates.csv.
select 'mrr' as fact, currency, closing_date as rate_date, count(*) as row_count
from {{ ref('int_mrr_closings') }} where mrr_amount is null group by 1, 2, 3
union all
select 'sale', coalesce(currency, ''), sold_date, count(*) from {{ ref('fct_sales') }} where net_sales_amount is null group by 1, 2, 3
union all
select 'cost', cost_id, cost_date, count(*) from {{ ref('fct_costs') }} where is_cost_known and cost_amount is null group by 1, 2, 3
union all
select 'expense', expense_id, spent_on, count(*) from {{ ref('fct_expenses') }} where amount is null group by 1, 2, 3
