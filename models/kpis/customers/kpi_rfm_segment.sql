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

ranked as (
    select
        snapshot,
        account_id,
        rank() over (partition by snapshot order by last_order_date) as recency_rank,
        rank() over (partition by snapshot order by order_count) as frequency_rank,
        rank() over (partition by snapshot order by order_amount) as money_rank,
        cast(count(*) over (partition by snapshot) as double) as buyer_count
    from buyers
),

scored as (
    select
        *,
        cast(1 + floor(5 * (recency_rank - 1) / buyer_count) as integer) as r,
        cast(1 + floor(5 * (frequency_rank - 1) / buyer_count) as integer) as f,
        cast(1 + floor(5 * (money_rank - 1) / buyer_count) as integer) as m
    from ranked
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
