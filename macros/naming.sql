{# Schemas are named as configured: staging, intermediate, marts, kpis, seeds; no target prefix, because a home is one environment. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
