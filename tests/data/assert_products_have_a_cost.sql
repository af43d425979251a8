{{ config(severity='warn') }}
-- 4.A4: a sold product without a unit cost on the sale date has no cost, and its line is in no sum. Deliver product_cost rows for
-- the products and dates named here.
select product_id, cost_date as sale_date, count(*) as row_count
from {{ ref('fct_costs') }}
where not is_cost_known and product_id is not null
group by 1, 2
