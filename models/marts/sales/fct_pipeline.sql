-- grain: one row per snapshot date and opportunity open in it; amounts, stage and owner as the snapshot has them (contract 4.D5)
with

snapshots as (
    select
        *,
        {{ add_days('snapshot_date', 1) }} as closing_date,
        {{ local_midnight(add_days('snapshot_date', 1)) }} as closing_at
    from {{ ref('int_opportunity_snapshots') }}
    where stage_category = 'open'
),

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

active_staff as (
    select distinct user_id from {{ ref('int_staff') }}
    where is_active
),

-- What no snapshot carries is taken from the current record.
described as (
    select
        snapshots.*,
        opportunities.account_id,
        opportunities.lead_id,
        opportunities.opportunity_type,
        coalesce(trim(opportunities.next_step), '') <> '' as has_next_step,
        coalesce(
            {{ local_date('opportunities.last_activity_at') }} >= {{ add_days('snapshots.snapshot_date', -var('stale_activity_days')) }}, false
        ) as is_recently_active,
        active_staff.user_id is not null as is_owner_active
    from snapshots
    inner join opportunities
        on snapshots.opportunity_id = opportunities.opportunity_id
    left join active_staff
        on snapshots.owner_id = active_staff.user_id
),

dimensioned as (
    {{ with_sales_dimensions('described', 'closing_at', closing=true, own_owner=true) }}
),

final as (
    select
        dimensioned.snapshot_date,
        dimensioned.closing_date,
        dimensioned.opportunity_id,
        dimensioned.account_id,
        dimensioned.opportunity_type,
        dimensioned.stage,
        dimensioned.close_date,
        dimensioned.currency,
        {{ in_reporting_currency('dimensioned.amount', 'dimensioned.currency') }} as amount,
        {{ in_reporting_currency('dimensioned.amount * dimensioned.probability', 'dimensioned.currency') }} as weighted_amount,
        dimensioned.probability,
        dimensioned.amount is null as is_amount_missing,
        dimensioned.has_next_step,
        dimensioned.is_recently_active,
        dimensioned.is_owner_active,
        coalesce(
            dimensioned.amount > 0
            and dimensioned.close_date >= dimensioned.snapshot_date
            and dimensioned.stage is not null
            and dimensioned.is_owner_active
            and dimensioned.has_next_step
            and dimensioned.is_recently_active,
            false
        ) as is_visible,
        dimensioned.owner,
        dimensioned.team,
        dimensioned.region,
        dimensioned.lead_source,
        dimensioned.segment
    from dimensioned
    {{ fx_join('dimensioned.currency', 'dimensioned.snapshot_date') }}
)

select * from final
