-- grain: one row per account
with

source as (
    {{ newest_rows('ravenstack', 'accounts') }}
),

renamed as (
    select
        {{ typed('ravenstack', 'accounts', 'account_id') }} as account_id,
        {{ typed('ravenstack', 'accounts', 'account_name') }} as name,
        {{ typed('ravenstack', 'accounts', 'signup_date') }} as created_at,
        {{ typed('ravenstack', 'accounts', 'country') }} as country,
        {{ typed('ravenstack', 'accounts', 'industry') }} as industry,
        {{ typed('ravenstack', 'accounts', 'referral_source') }} as acquisition_channel
    from source
)

select * from renamed
