-- grain: one row per recurring discount of a subscription; one-off discounts do not reduce MRR (contract 4.A1)
with

discounts as (
    {{ union_sources('subscription_discount') }}
),

final as (
    select
        subscription_id,
        percent_off,
        amount_off,
        starts_at,
        ends_at
    from discounts
    where duration in ('repeating', 'forever')
)

select * from final
