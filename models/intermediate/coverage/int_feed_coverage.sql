{#
    Entities that a KPI can rest on: the cleaned relation and its event, an instant or a date. Messages and status events are those of
    tickets, and only the tickets that count begin a spine.
#}
{% set feeds = [
    ('subscription', 'int_subscriptions', 'started_at', 'instant'),
    ('subscription_version', 'int_subscription_versions', 'valid_from', 'instant'),
    ('order', 'int_orders', 'ordered_at', 'instant'),
    ('invoice', 'int_invoices', 'issued_at', 'instant'),
    ('refund', 'int_refunds', 'refunded_at', 'instant'),
    ('expense', 'int_expenses', 'spent_on', 'date'),
    ('product_cost', 'int_product_costs', 'cast(null as date)', 'date'),
    ('inventory_value', 'int_inventory_values', 'snapshot_date', 'date'),
    ('purchases', 'int_purchases', 'purchase_date', 'date'),
    ('contract', 'int_contracts', 'end_date', 'date'),
    ('lead', 'int_leads', 'created_at', 'instant'),
    ('opportunity', 'int_opportunities', 'created_at', 'instant'),
    ('opportunity_stage_event', 'int_opportunity_stage_events', 'entered_at', 'instant'),
    ('ticket', 'int_tickets', 'created_at', 'instant'),
    ('ticket_message', 'int_tickets', 'created_at', 'instant'),
    ('ticket_status_event', 'int_tickets', 'created_at', 'instant'),
    ('survey_response', 'int_survey_responses', 'responded_at', 'instant'),
    ('survey_invitation', 'int_survey_invitations', 'sent_at', 'instant'),
    ('handle_segment', 'int_handle_segments', 'started_at', 'instant'),
    ('agent_time', 'fct_agent_time', 'work_date', 'date'),
    ('sla_target', 'fct_sla_targets', 'applied_at', 'instant'),
    ('attribution', 'int_attributions', 'attributed_at', 'instant'),
    ('web_event', 'int_web_events', 'occurred_at', 'instant'),
    ('referral', 'int_referrals', 'created_at', 'instant'),
    ('forecast_submission', 'int_forecast_submissions', 'submitted_at', 'instant'),
    ('opportunity_snapshot', 'int_opportunity_snapshots', 'snapshot_date', 'date'),
    ('quota', 'int_quotas', 'period_start', 'date'),
    ('staff_assignment', 'int_staff_assignments', 'cast(null as date)', 'date'),
    ('campaign', 'int_campaigns', 'cast(null as date)', 'date'),
] %}

-- grain: one row per entity that a KPI can rest on
with

deliveries as (
    select source as source_name, entity as table_name
    from {{ source('meta', 'feed_load') }}
    where status = 'loaded'
    group by 1, 2
),

raw_tables as (
    {% for entity, relation, column, kind in feeds %}{% for raw in raw_tables_of(entity) -%}
    select '{{ entity }}' as entity, '{{ raw.source }}' as source_name, '{{ raw.table }}' as table_name
    union all
    {% endfor %}{% endfor -%}
    select null, null, null
),

loaded as (
    select distinct raw_tables.entity
    from raw_tables
    inner join deliveries
        on
            raw_tables.source_name = deliveries.source_name
            and raw_tables.table_name = deliveries.table_name
),

first_events as (
    {% for entity, relation, column, kind in feeds -%}
    select
        '{{ entity }}' as entity,
        {{ local_date('min(' ~ column ~ ')') if kind == 'instant' else 'min(' ~ column ~ ')' }} as first_event_date
    from {{ ref(relation) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (
    select
        first_events.entity,
        first_events.first_event_date,
        loaded.entity is not null as is_loaded
    from first_events
    left join loaded
        on first_events.entity = loaded.entity
)

select * from final
