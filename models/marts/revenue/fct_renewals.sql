-- grain: one row per fixed-term contract and whether a successor was signed in time (contract 4.B3)
with

contracts as (
    select * from {{ ref('int_contracts') }}
),

-- Monthly values in reporting currency at the date a contract ends, or at the run clock if that comes first.
expiring as (
    select
        contracts.*,
        {{ in_reporting_currency('contracts.monthly_value', 'contracts.currency') }} as expiring_amount,
        least(contracts.end_date, {{ local_date(as_of() ~ " - interval '1' microsecond") }}) as rate_date
    from contracts
    {{ fx_join('contracts.currency', "least(contracts.end_date, " ~ local_date(as_of() ~ " - interval '1' microsecond") ~ ")") }}
),

-- One successor may renew several contracts: its value is split by what each of them was worth.
shared as (
    select
        *,
        case
            when sum(expiring_amount) over (partition by renewed_by_contract_id) > 0
                then cast(coalesce(expiring_amount, 0) as double) / cast(sum(expiring_amount) over (partition by renewed_by_contract_id) as double)
            else cast(1 as double) / count(*) over (partition by renewed_by_contract_id)
        end as successor_share
    from expiring
),

renewed as (
    select
        shared.*,
        coalesce(
            successors.signed_at < {{ as_of() }}
            and {{ local_date('successors.signed_at') }} <= {{ add_days('shared.end_date', var('renewal_grace_days')) }},
            false
        ) as is_renewed,
        {{ in_reporting_currency('successors.monthly_value * shared.successor_share', 'successors.currency') }} as successor_amount
    from shared
    left join contracts as successors
        on shared.renewed_by_contract_id = successors.contract_id
    {{ fx_join('successors.currency', 'shared.rate_date') }}
),

final as (
    select
        contract_id,
        account_id,
        end_date,
        cast(term_months as {{ api.Column.translate_type('string') }}) as term_length,
        renewed_by_contract_id,
        is_renewed,
        expiring_amount,
        case when is_renewed then coalesce(successor_amount, 0) else cast(0 as decimal(18, 4)) end as renewed_amount,
        case when is_renewed then least(coalesce(successor_amount, 0), coalesce(expiring_amount, 0)) else cast(0 as decimal(18, 4)) end as kept_amount
    from renewed
    where is_fixed_term
)

select * from final
