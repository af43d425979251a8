-- grain: one row per sales agent
with

source as (
    {{ newest_rows('maven', 'sales_teams') }}
),

renamed as (
    select
        {{ typed('maven', 'sales_teams', 'sales_agent') }} as user_id,
        {{ typed('maven', 'sales_teams', 'sales_agent') }} as name,
        'sales_rep' as role,
        {{ typed('maven', 'sales_teams', 'regional_office') }} as team,
        false as is_bot,
        true as is_active
    from source
)

select * from renamed
