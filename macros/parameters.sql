{#- Version of a KPI's values: its definition's, and a fingerprint of the parameters; a changed parameter is a new version (contract 9). -#}
{% macro kpi_version(definition_version) -%}
    {%- set names = [
        'reporting_timezone', 'reporting_currency', 'fiscal_year_start_month', 'customer_model', 'activity_window_days', 'dunning_days',
        'conversion_window_days', 'attribution_window_days', 'acquisition_event', 'cac_lag_months', 'abandonment_basis',
        'abandonment_window_hours', 'referral_dedupe_days', 'renewal_grace_days', 'fcr_window_days', 'reopen_window_days',
        'stale_activity_days', 'fx_max_age_days', 'min_sample', 'internal_domains', 'annual_discount_rate',
    ] -%}
    {%- set values = [] -%}
    {%- for name in names -%}
        {%- do values.append(name ~ '=' ~ var(name)) -%}
    {%- endfor -%}
    {{ definition_version }} || '-{{ local_md5(values | join(";"))[:6] }}'
{%- endmacro %}
