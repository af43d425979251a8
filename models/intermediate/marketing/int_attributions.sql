-- grain: one row per touch of a campaign by an account
with

attributions as (
    {{ union_sources('attribution') }}
),

visible as (
    select
        acquisition_id,
        account_id,
        campaign_id,
        attributed_at
    from attributions
    where attributed_at < {{ as_of() }} and coalesce(lower(model), 'last_touch') = 'last_touch'
),

final as (
    {{ of_surviving_accounts('visible') }}
)

select * from final
