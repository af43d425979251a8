-- grain: one row per grain, period and active customer at its opening: whether it was sold more (contract 4.B4)
with

members as (
    select * from {{ ref('fct_customer_periods') }}
    where was_active and grain <> 'rolling_12m'
),

periods as (
    select * from {{ ref('dim_periods') }}
),

changes as (
    select * from {{ ref('fct_subscription_changes') }}
    where is_upsell or is_add_on
),

held_products as (
    select distinct closing_date, account_id, product_id
    from {{ ref('fct_mrr_snapshots') }}
),

sold as (
    select
        members.grain,
        members.period_start,
        members.account_id,
        max(case when changes.is_upsell then 1 else 0 end) as has_upsell,
        max(case when changes.is_add_on and held_products.account_id is null then 1 else 0 end) as has_cross_sell
    from members
    inner join periods
        on members.grain = periods.grain and members.period_start = periods.period_start
    inner join changes
        on
            members.account_id = changes.account_id
            and periods.start_at <= changes.changed_at
            and changes.changed_at < periods.closing_at
    left join held_products
        on
            members.period_start = held_products.closing_date
            and members.account_id = held_products.account_id
            and coalesce(changes.product_id, '') = coalesce(held_products.product_id, '')
    group by 1, 2, 3
),

measured as (
    select
        *,
        is_active and opening_amount > 0 and closing_amount > opening_cc_amount as has_grown
    from members
),

final as (
    select
        members.grain,
        members.period_start,
        members.account_id,
        members.closing_amount - members.opening_cc_amount as net_expansion_amount,
        coalesce(sold.has_upsell = 1 and members.has_grown, false) as is_upsold,
        coalesce(sold.has_cross_sell = 1 and members.has_grown, false) as is_cross_sold,
        members.opening_segment as segment,
        members.industry,
        members.country,
        members.acquisition_channel,
        members.opening_owner as owner,
        members.opening_team as team,
        members.cohort_month
    from measured as members
    left join sold
        on
            members.grain = sold.grain
            and members.period_start = sold.period_start
            and members.account_id = sold.account_id
)

select * from final
