-- V05: what is a share of its own population lies between 0 and 1; V06: NPS between -100 and 100.
select *
from {{ ref('kpi_values') }}
where
    (
        kpi_id in (
            'customer_retention_rate', 'customer_churn_rate', 'renewal_rate', 'upsell_rate', 'cross_sell_rate', 'conversion_rate',
            'lead_to_customer_rate', 'lead_to_sale_conversion_rate', 'abandonment_rate', 'cart_abandonment_rate',
            'checkout_abandonment_rate', 'form_abandonment_rate', 'first_contact_resolution', 'first_contact_resolution_gross',
            'customer_satisfaction_score', 'sales_forecast_accuracy', 'pipeline_visibility_rate', 'repeat_information_rate',
            'sla_attainment', 'win_rate', 'trial_conversion_rate', 'reopen_rate', 'bot_resolution_rate', 'survey_response_rate',
            'repeat_purchase_rate', 'referral_rate', 'handoff_rate'
        )
        and (value < 0 or value > 1.000000001)
    )
    or (kpi_id = 'net_promoter_score' and (value < -100.000000001 or value > 100.000000001))
