-- grain: one row per opportunity key, merged shells included
with

opportunities as (
    {{ union_sources('opportunity') }}
),

account_keys as (
    select account_id, is_excluded from {{ ref('int_account_keys') }}
),

survivors as (
    {{ survivors('opportunities', 'opportunity_id') }}
),

-- What is deleted, belongs to a test account or is not yet created counts nowhere (G-01, G-18, G-19).
final as (
    select
        survivors.opportunity_id,
        survivors.surviving_opportunity_id,
        survivors.is_cycle,
        coalesce(survivor.is_deleted, false)
        or coalesce(account_keys.is_excluded, false)
        or survivor.created_at >= {{ as_of() }} as is_excluded
    from survivors
    left join opportunities as survivor
        on survivors.surviving_opportunity_id = survivor.opportunity_id
    left join account_keys
        on survivor.account_id = account_keys.account_id
)

select * from final
