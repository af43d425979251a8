-- grain: one row per opportunity, with its outcome as of the build and the dimension values of its decision (open: of its creation)
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

accounts as (
    select * from {{ ref('int_accounts') }}
),

leads as (
    select lead_id, created_at from {{ ref('int_leads') }}
),

timed as (
    select
        opportunities.*,
        least(opportunities.created_at, leads.created_at) as prospected_at,
        {{ local_date('opportunities.decided_at') }} as decided_date,
        {{ local_date('opportunities.created_at') }} as created_date,
        coalesce(opportunities.decided_at, opportunities.created_at) as dimensions_at
    from opportunities
    left join leads
        on opportunities.lead_id = leads.lead_id
),

dimensioned as (
    {{ with_sales_dimensions('timed', 'dimensions_at') }}
),

converted as (
    select
        dimensioned.*,
        {{ in_reporting_currency('dimensioned.amount', 'dimensioned.currency') }} as reporting_amount
    from dimensioned
    {{ fx_join('dimensioned.currency', local_date('dimensioned.dimensions_at')) }}
),

final as (
    select
        converted.opportunity_id,
        converted.account_id,
        converted.lead_id,
        converted.opportunity_type,
        converted.outcome,
        converted.loss_reason,
        converted.created_at,
        converted.created_date,
        converted.prospected_at,
        converted.decided_at,
        converted.decided_date,
        converted.currency,
        converted.amount as native_amount,
        converted.reporting_amount as amount,
        case
            when converted.reporting_amount < 1000 then 'under 1000'
            when converted.reporting_amount < 10000 then '1000 to 9999'
            when converted.reporting_amount < 100000 then '10000 to 99999'
            when converted.reporting_amount >= 100000 then '100000 and more'
        end as amount_band,
        case when converted.outcome = 'won' then {{ seconds_between('converted.created_at', 'converted.decided_at') }} end as cycle_seconds,
        case when converted.outcome = 'won' then {{ seconds_between('converted.prospected_at', 'converted.decided_at') }} end as prospecting_seconds,
        converted.owner,
        converted.team,
        converted.region,
        converted.lead_source,
        converted.segment,
        accounts.industry,
        accounts.country,
        accounts.acquisition_channel
    from converted
    left join accounts
        on converted.account_id = accounts.account_id
)

select * from final
