-- grain: one row per lead that counts, with what became of it
with

leads as (
    select *, {{ local_date('created_at') }} as created_date
    from {{ ref('int_leads') }}
),

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
),

opportunities as (
    select opportunity_id, lead_id, opportunity_type, created_at, outcome, decided_at
    from {{ ref('int_opportunities') }}
),

-- The account was a customer if something made it active at that instant.
active_at_creation as (
    select distinct leads.lead_id
    from leads
    inner join {{ ref('int_customer_activity') }} as activity
        on
            leads.account_id = activity.account_id
            and {{ valid_before('leads.created_at', 'activity.valid_from', 'activity.valid_to') }}
),

-- A lead and an opportunity may be linked from either side.
linked as (
    select leads.lead_id, leads.created_at as lead_created_at, opportunities.*
    from leads
    inner join opportunities
        on leads.lead_id = opportunities.lead_id
    union all
    select leads.lead_id, leads.created_at, opportunities.*
    from leads
    inner join opportunities
        on leads.converted_opportunity_id = opportunities.opportunity_id
    where opportunities.lead_id is null or opportunities.lead_id <> leads.lead_id
),

ranked as (
    select
        lead_id,
        opportunity_type,
        outcome = 'won'
        and decided_at >= lead_created_at
        and decided_at < {{ end_of_window_days('lead_created_at', var('conversion_window_days')) }} as is_won_in_window,
        row_number() over (partition by lead_id order by created_at, opportunity_id) as linked_number
    from linked
),

sales as (
    select
        lead_id,
        max(case when is_won_in_window then 1 else 0 end) as won_in_window,
        max(case when linked_number = 1 then opportunity_type end) as opportunity_type
    from ranked
    group by 1
),

dimensioned as (
    {{ with_customer_dimensions('leads', 'created_at') }}
),

final as (
    select
        dimensioned.lead_id,
        dimensioned.account_id,
        dimensioned.created_at,
        dimensioned.created_date,
        case when dimensioned.first_touched_at < {{ as_of() }} then dimensioned.first_touched_at end as first_touched_at,
        case when dimensioned.first_touched_at < {{ as_of() }} then {{ local_date('dimensioned.first_touched_at') }} end as first_touched_date,
        case
            when dimensioned.first_touched_at < {{ as_of() }}
                then {{ seconds_between('dimensioned.created_at', 'dimensioned.first_touched_at') }}
        end as first_touch_seconds,
        dimensioned.referral_id,
        lifecycle.first_paid_at,
        active_at_creation.lead_id is not null as is_from_customer,
        -- a conversion is credited to the earliest lead of the account
        dimensioned.account_id is not null and row_number() over (
            partition by dimensioned.account_id, active_at_creation.lead_id is not null
            order by dimensioned.created_at, dimensioned.lead_id
        ) = 1 as is_first_of_account,
        case
            when dimensioned.account_id is not null
                then row_number() over (partition by dimensioned.account_id order by dimensioned.created_at, dimensioned.lead_id)
        end as lead_number_of_account,
        coalesce(
            lifecycle.first_paid_at >= dimensioned.created_at
            and lifecycle.first_paid_at < {{ end_of_window_days('dimensioned.created_at', var('conversion_window_days')) }},
            false
        ) as is_paid_in_window,
        coalesce(sales.won_in_window, 0) = 1 as is_won_in_window,
        sales.opportunity_type,
        dimensioned.source as lead_source,
        dimensioned.campaign_id as campaign,
        dimensioned.owner_id as owner,
        dimensioned.segment,
        dimensioned.country,
        dimensioned.region
    from dimensioned
    left join lifecycle
        on dimensioned.account_id = lifecycle.account_id
    left join active_at_creation
        on dimensioned.lead_id = active_at_creation.lead_id
    left join sales
        on dimensioned.lead_id = sales.lead_id
)

select * from final
