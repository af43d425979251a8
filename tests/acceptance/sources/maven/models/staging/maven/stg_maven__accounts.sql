-- grain: one row per company
with

source as (
    {{ newest_rows('maven', 'accounts') }}
),

renamed as (
    select
        {{ typed('maven', 'accounts', 'account') }} as account_id,
        {{ typed('maven', 'accounts', 'account') }} as name,
        {{ typed('maven', 'accounts', 'office_location') }} as country,
        -- A slip of the pen in the source.
        case {{ typed('maven', 'accounts', 'sector') }}
            when 'technolgy' then 'technology'
            else {{ typed('maven', 'accounts', 'sector') }}
        end as industry
    from source
)

select * from renamed
