-- grain: one row per eligible lead, with what became of it
with

leads as (
    select *, {{ local_date('created_at') }} as created_date
    from {{ ref('int_leads') }}
),

lifecycle as (
    select * from {{ ref('int_customer_lifecycle') }}
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

dimensioned as (
    {{ with_customer_dimensions('leads', 'created_at') }}
),

final as (
    select
        dimensioned.lead_id,
        dimensioned.account_id,
        dimensioned.created_at,
        dimensioned.created_date,
        dimensioned.first_touched_at,
        dimensioned.referral_id,
        lifecycle.first_paid_at,
        active_at_creation.lead_id is not null as is_from_customer,
        -- a conversion is credited to the earliest lead of the account
        dimensioned.account_id is not null and row_number() over (
            partition by dimensioned.account_id, active_at_creation.lead_id is not null
            order by dimensioned.created_at, dimensioned.lead_id
        ) = 1 as is_first_of_account,
        lifecycle.first_paid_at >= dimensioned.created_at
        and lifecycle.first_paid_at < {{ end_of_window_days('dimensioned.created_at', var('conversion_window_days')) }} as is_paid_in_window,
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
)

select * from final
