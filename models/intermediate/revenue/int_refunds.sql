-- grain: one row per refund
with

refunds as (
    {{ union_sources('refund') }}
),

final as (
    select *
    from refunds
    where refunded_at < {{ as_of() }}
)

select * from final
