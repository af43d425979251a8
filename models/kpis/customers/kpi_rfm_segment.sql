-- grain: one row per snapshot (the close of a rolling twelve months) and buyer
-- contract 5.2: recency, frequency and money of twelve months, each scored 1 to 5 by minimum rank from worst to best
with

windows as (
    select period_start, period_end, closing_date
    from {{ ref('dim_periods') }}
    where grain = 'rolling_12m'
),

buyers as (
    select
        windows.closing_date as snapshot,
        orders.buyer_id as account_id,
        max(orders.ordered_date) as last_order_date,
        count(*) as order_count,
        sum(orders.order_amount) as order_amount
    from windows
    inner join {{ ref('fct_orders') }} as orders
        on windows.period_start <= orders.ordered_date and orders.ordered_date < windows.period_end
    where orders.is_valid
    group by 1, 2
),

scored as (
    select
        snapshot,
        account_id,
        {%- for score, measure in [('r', 'last_order_date'), ('f', 'order_count'), ('m', 'order_amount')] %}
        cast(1 + floor(5 * (rank() over (partition by snapshot order by {{ measure }}) - 1) / cast(count(*) over (partition by snapshot) as double)) as integer) as {{ score }}{{ ',' if not loop.last }}
        {%- endfor %}
    from buyers
),

final as (
    select
        account_id,
        r,
        f,
        m,
        r * 100 + f * 10 + m as segment,
        snapshot
    from scored
)

select * from final
order by snapshot, account_id
