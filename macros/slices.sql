{# Dimension sets of the contract, section 2. A slice is a column of the population. #}

{% macro d_cust() -%}{{ return(['segment', 'industry', 'country', 'acquisition_channel', 'owner', 'team', 'cohort_month']) }}{%- endmacro %}

{% macro d_sub() -%}{{ return(['product', 'plan', 'billing_interval', 'currency']) }}{%- endmacro %}

{% macro d_sales() -%}{{ return(['owner', 'team', 'region', 'opportunity_type', 'lead_source', 'segment']) }}{%- endmacro %}

{% macro d_svc() -%}{{ return(['channel', 'priority', 'group', 'assignee', 'topic', 'customer_segment']) }}{%- endmacro %}

{% macro d_surv() -%}{{ return(['survey', 'channel', 'segment', 'agent', 'team']) }}{%- endmacro %}

{% macro d_web() -%}{{ return(['device', 'channel', 'campaign', 'country']) }}{%- endmacro %}

{% macro active_slices(slices) -%}
    {%- set wanted = var('slices', 'all') -%}
    {{ return(slices if wanted == 'all' else slices | select('in', wanted.split()) | list) }}
{%- endmacro %}
