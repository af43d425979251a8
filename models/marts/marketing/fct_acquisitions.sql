-- grain: one row per acquisition event, with the campaign that is credited with it (contract 4.C2)
{%- set event = var('acquisition_event') %}
with

-- The event is a parameter: the first payment, a lead or the start of the first trial.
events as (
    {% if event == 'lead' -%}
    select lead_id as acquisition_id, account_id, created_at as acquired_at
    from {{ ref('int_leads') }}
    where account_id is not null
    {%- elif event == 'trial' -%}
    select account_id as acquisition_id, account_id, min(trial_start) as acquired_at
    from {{ ref('int_subscriptions') }}
    where trial_start < {{ as_of() }}
    group by 1, 2
    {%- else -%}
    select account_id as acquisition_id, account_id, first_paid_at as acquired_at
    from {{ ref('int_customer_lifecycle') }}
    {%- endif %}
),

campaigns as (
    select * from {{ ref('int_campaigns') }}
),

accounts as (
    select account_id, country from {{ ref('int_accounts') }}
),

-- The latest touch up to the acquisition and inside its window is credited, an unpaid one too.
touches as (
    select
        events.acquisition_id,
        attributions.campaign_id,
        attributions.attributed_at,
        row_number() over (
            partition by events.acquisition_id
            order by attributions.attributed_at desc, attributions.acquisition_id desc, attributions.campaign_id desc
        ) as recency
    from events
    inner join {{ ref('int_attributions') }} as attributions
        on
            events.account_id = attributions.account_id
            and attributions.attributed_at <= events.acquired_at
            and events.acquired_at < {{ end_of_window_days('attributions.attributed_at', var('attribution_window_days')) }}
),

final as (
    select
        events.acquisition_id,
        events.account_id,
        events.acquired_at,
        {{ local_date('events.acquired_at') }} as acquired_date,
        touches.attributed_at as touched_at,
        touches.campaign_id as campaign,
        campaigns.channel,
        coalesce(campaigns.is_paid, false) as is_paid_campaign,
        accounts.country
    from events
    left join touches
        on events.acquisition_id = touches.acquisition_id and touches.recency = 1
    left join campaigns
        on touches.campaign_id = campaigns.campaign_id
    left join accounts
        on events.account_id = accounts.account_id
)

select * from final
