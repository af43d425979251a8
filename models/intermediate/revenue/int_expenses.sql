-- grain: one row per expense of the ledger
with

expenses as (
    {{ union_sources('expense') }}
),

final as (
    select
        expense_id,
        spent_on,
        amount,
        currency,
        lower({{ adapter.quote('function') }}) as {{ adapter.quote('function') }},
        lower(category) as category,
        acquisition_share,
        campaign_id
    from expenses
    where {{ local_midnight('spent_on') }} < {{ as_of() }}
)

select * from final
