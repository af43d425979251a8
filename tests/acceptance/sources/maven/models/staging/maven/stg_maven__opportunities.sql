-- grain: one row per opportunity
with

source as (
    {{ newest_rows('maven', 'sales_pipeline') }}
),

typed as (
    select
        {{ typed('maven', 'sales_pipeline', 'opportunity_id') }} as opportunity_id,
        {{ typed('maven', 'sales_pipeline', 'account') }} as account_id,
        {{ typed('maven', 'sales_pipeline', 'sales_agent') }} as owner_id,
        {{ typed('maven', 'sales_pipeline', 'product') }} as product,
        {{ typed('maven', 'sales_pipeline', 'close_value') }} as amount,
        {{ typed('maven', 'sales_pipeline', 'engage_date') }} as engaged_at,
        {{ typed('maven', 'sales_pipeline', 'close_date') }} as closed_at,
        {{ typed('maven', 'sales_pipeline', 'deal_stage') }} as deal_stage
    from source
),

renamed as (
    select
        opportunity_id,
        account_id,
        owner_id,
        -- The pipeline does not tell kinds of business apart, and has no renewals.
        'new' as type,
        amount,
        'USD' as currency,
        engaged_at as created_at,
        closed_at,
        cast(closed_at as date) as close_date,
        lower(deal_stage) as stage,
        deal_stage in ('Won', 'Lost') as is_closed,
        deal_stage = 'Won' as is_won,
        -- The pipeline writes one product of the price list differently.
        case product when 'GTXPro' then 'GTX Pro' else product end as product_id
    from typed
)

select * from renamed
