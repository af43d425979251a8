-- grain: one row per account key of any source, merged shells included
with

accounts as (
    {{ union_sources('account') }}
),

survivors as (
    {{ survivors('accounts', 'account_id') }}
),

final as (
    select
        survivors.account_id,
        survivors.surviving_account_id,
        survivors.is_cycle,
        coalesce(survivor.is_test, false) as is_excluded
    from survivors
    left join accounts as survivor
        on survivors.surviving_account_id = survivor.account_id
)

select * from final
