-- grain: one row per contract term
with

contracts as (
    select *
    from ({{ union_sources('contract') }}) as unioned
    where not coalesce(is_deleted, false)
),

kept as (
    {{ of_surviving_accounts('contracts') }}
),

final as (
    select
        contract_id,
        account_id,
        start_date,
        end_date,
        term_months,
        not coalesce(auto_renew_monthly, false) as is_fixed_term,
        monthly_value,
        currency,
        signed_at,
        renewed_by_contract_id,
        terminated_at
    from kept
)

select * from final
