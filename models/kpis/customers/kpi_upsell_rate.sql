-- grain: one row per KPI id, grain, period and slice
-- contract 4.B4: of the customers active at opening, the share that bought more of the same, or another product
with

customers as (
    select * from {{ ref('fct_customer_growth') }}
),

members as (
    select 'upsell_rate' as kpi_id, case when is_upsold then 1 else 0 end as numerator, 1 as denominator, * from customers
    union all
    select 'cross_sell_rate', case when is_cross_sold then 1 else 0 end, 1, * from customers
    union all
    select 'upsell_mrr', net_expansion_amount, null, * from customers
    where is_upsold
),

-- A customer belongs to every product held at opening.
products as (
    select distinct closing_date as period_start, account_id, product_id as product
    from {{ ref('fct_mrr_snapshots') }}
),

holders as (
    select members.*, products.product
    from members
    left join products
        on members.period_start = products.period_start and members.account_id = products.account_id
),

cohorts as (
    {{ rolled_up_cohorts('upsell_rate', 'members', d_cust()) }}
),

product_cohorts as (
    select * from (
        {{ rolled_up_cohorts('upsell_rate', 'holders', ['product']) }}
    ) as by_product
    where dim_name = 'product'
),

final as (
    {{ published('upsell_rate', ['cohorts', 'product_cohorts']) }}
)

select * from final
