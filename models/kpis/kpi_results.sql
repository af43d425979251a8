{# Every KPI file stands here once, by its headline id; a data test holds the list against the catalogue. #}
{%- set kpis = [
    'mrr',
    'arpu',
    'customer_retention_rate',
    'customer_churn_rate',
    'sales_growth_rate',
    'cogs',
    'customer_lifetime_value',
    'renewal_rate',
    'upsell_rate',
    'purchase_frequency',
    'net_revenue_retention',
    'gross_revenue_retention',
    'quick_ratio',
    'gross_margin',
    'cac_payback_months',
    'ltv_cac_ratio',
    'trial_conversion_rate',
    'average_order_value',
    'repeat_purchase_rate',
    'refund_rate',
    'contact_rate',
    'customer_acquisition_cost',
    'lead_to_customer_rate',
    'sales_cycle_length',
    'win_rate',
    'first_response_time',
    'average_resolution_time',
    'net_promoter_score',
    'customer_satisfaction_score',
    'average_handle_time',
    'first_contact_resolution',
    'agent_productivity',
    'backlog',
    'reopen_rate',
    'sla_attainment',
    'bot_resolution_rate',
    'customer_effort_score',
    'repeat_information_rate',
    'survey_response_rate',
    'cost_per_acquisition',
    'conversion_rate',
    'lead_to_sale_conversion_rate',
    'abandonment_rate',
    'referral_count',
    'referral_rate',
    'sales_team_referral_share',
    'speed_to_lead',
    'sales_cycle_duration',
    'stage_velocity',
    'sales_forecast_accuracy',
    'revenue_per_salesperson',
    'quota_attainment',
    'pipeline_visibility_rate',
    'pipeline_coverage',
    'average_deal_size',
    'sales_velocity',
    'slipped_deal_rate',
] -%}

{{ config(materialized='ephemeral', contract={'enforced': false}) }}

-- grain: one row per KPI id, grain, period and slice of every KPI but goal attainment, which is made from these
with

final as (
    {% for kpi in kpis -%}
    select * from {{ ref('kpi_' ~ kpi) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from final
