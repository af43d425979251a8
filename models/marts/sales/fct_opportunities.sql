-- grain: one row per opportunity, with its outcome as of the build and the dimension values of its decision
with

opportunities as (
    select * from {{ ref('int_opportunities') }}
),

leads as (
    select lead_id, source, created_at from {{ ref('int_leads') }}
),

timed as (
    select
        opportunities.*,
        leads.source as lead_source,
        leads.created_at as lead_created_at,
        least(opportunities.created_at, leads.created_at) as prospected_at,
        {{ local_date('opportunities.decided_at') }} as decided_date,
        {{ local_date('opportunities.created_at') }} as created_date,
        coalesce(opportunities.decided_at, {{ as_of() }} - interval '1' microsecond) as dimensions_at
    from opportunities
    left join leads
        on opportunities.lead_id = leads.lead_id
),

dimensioned as (
    {{ with_customer_dimensions('timed', 'dimensions_at') }}
),

-- The owner in force at the decision is the account's by then; without a history it is the opportunity's own.
owned as (
    select
        dimensioned.*,
        coalesce(dimensioned.owner, dimensioned.owner_id) as deciding_owner_id
    from dimensioned
),

assignments as (
    select * from {{ ref('int_staff_assignments') }}
),

final as (
    select
        owned.opportunity_id,
        owned.account_id,
        owned.lead_id,
        owned.opportunity_type,
        owned.outcome,
        owned.loss_reason,
        owned.created_at,
        owned.created_date,
        owned.prospected_at,
        owned.decided_at,
        owned.decided_date,
        owned.currency,
        {{ in_reporting_currency('owned.amount', 'owned.currency') }} as amount,
        case when owned.outcome = 'won' then {{ seconds_between('owned.created_at', 'owned.decided_at') }} end as cycle_seconds,
        case when owned.outcome = 'won' then {{ seconds_between('owned.prospected_at', 'owned.decided_at') }} end as prospecting_seconds,
        owned.deciding_owner_id as owner,
        assignments.team,
        owned.region,
        owned.lead_source,
        owned.segment,
        owned.industry,
        owned.country,
        owned.acquisition_channel
    from owned
    left join assignments
        on
            owned.deciding_owner_id = assignments.user_id
            and {{ local_date('owned.dimensions_at') }} between assignments.valid_from and assignments.valid_to
    {{ fx_join('owned.currency', local_date('owned.dimensions_at')) }}
)

select * from final
