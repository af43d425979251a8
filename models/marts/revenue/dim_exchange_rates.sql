-- grain: one row per currency and day on which a rate into the reporting currency is known
with

final as (
    select from_currency as currency, rate_date, rate
    from {{ ref('int_fx_rates') }}
)

select * from final
