-- grain: one row per order line, line of a restocked order and refund, or expense that is cost of goods sold (contract 4.A4)
with

orders as (
    select
        *,
        {{ local_date('ordered_at') }} as sold_date
    from {{ ref('int_orders') }}
    where is_sale
),

-- The unit cost valid at the sale stays with the line.
sold_lines as (
    select
        lines.line_id,
        lines.product_id,
        lines.quantity,
        sum(lines.quantity) over (partition by lines.order_id) as order_quantity,
        orders.order_id,
        orders.account_id,
        orders.channel,
        orders.ordered_at,
        orders.sold_date,
        costs.unit_cost,
        costs.currency as cost_currency
    from {{ ref('int_order_lines') }} as lines
    inner join orders
        on lines.order_id = orders.order_id
    left join {{ ref('int_product_costs') }} as costs
        on
            lines.product_id = costs.product_id
            and costs.valid_from <= orders.sold_date
            and orders.sold_date < costs.valid_to
),

sales as (
    select
        'sale' as cost_kind,
        line_id as cost_id,
        order_id,
        account_id,
        product_id,
        channel,
        ordered_at as cost_at,
        sold_date as rate_date,
        cast(unit_cost as double) * cast(quantity as double) as native_amount,
        cost_currency as currency
    from sold_lines
),

-- Goods back in stock reverse at the original cost and rate. A refund names the order only: its quantity is spread over the
-- lines as they were sold.
restocks as (
    select
        'restock' as cost_kind,
        refunds.refund_id || '-' || sold_lines.line_id as cost_id,
        sold_lines.order_id,
        sold_lines.account_id,
        sold_lines.product_id,
        sold_lines.channel,
        refunds.refunded_at as cost_at,
        sold_lines.sold_date as rate_date,
        -cast(sold_lines.unit_cost as double) * cast(refunds.restocked_quantity as double)
        * cast(sold_lines.quantity as double) / nullif(cast(sold_lines.order_quantity as double), 0) as native_amount,
        sold_lines.cost_currency as currency
    from {{ ref('int_refunds') }} as refunds
    inner join sold_lines
        on refunds.order_id = sold_lines.order_id
    where refunds.restocked_quantity <> 0
),

expenses as (
    select
        'expense' as cost_kind,
        expense_id as cost_id,
        cast(null as {{ api.Column.translate_type('string') }}) as order_id,
        cast(null as {{ api.Column.translate_type('string') }}) as account_id,
        cast(null as {{ api.Column.translate_type('string') }}) as product_id,
        cast(null as {{ api.Column.translate_type('string') }}) as channel,
        {{ local_midnight('spent_on') }} as cost_at,
        spent_on as rate_date,
        cast(amount as double) as native_amount,
        currency
    from {{ ref('int_expenses') }}
    where {{ adapter.quote('function') }} = 'cogs'
),

costs as (
    select * from sales
    union all
    select * from restocks
    union all
    select * from expenses
),

converted as (
    select
        costs.*,
        {{ in_reporting_currency('costs.native_amount', 'costs.currency') }} as cost_amount
    from costs
    {{ fx_join('costs.currency', 'costs.rate_date') }}
),

dimensioned as (
    {{ with_customer_dimensions('converted', 'cost_at') }}
),

final as (
    select
        cost_kind,
        cost_id,
        order_id,
        account_id,
        product_id,
        channel,
        cost_at,
        {{ local_date('cost_at') }} as cost_date,
        cost_amount,
        native_amount is not null as is_cost_known,
        segment,
        owner,
        team,
        industry,
        country,
        acquisition_channel,
        cohort_month
    from dimensioned
)

select * from final
