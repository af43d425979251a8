{#
    Values inside JSON text, as APIs nest them. A path is written as in JSONPath: '$.price.unit_amount'.
#}

{#- The text of one value; NULL where the path leads nowhere or to a JSON null. -#}
{% macro json_text(document, path) -%}
    {{ adapter.dispatch('json_text')(document, path) }}
{%- endmacro %}

{% macro duckdb__json_text(document, path) -%}
    json_extract_string({{ document }}, '{{ path }}')
{%- endmacro %}

{#- One value, typed by the rules of macros/parse.sql. -#}
{% macro json_value(document, path, data_type) -%}
    {{ parse(json_text(document, path), data_type) }}
{%- endmacro %}

{#- The rows of a relation, once per element of a JSON array; the element, as JSON text, is in a column `element`. -#}
{% macro json_elements(relation, array) -%}
    {{ adapter.dispatch('json_elements')(relation, array) }}
{%- endmacro %}

{% macro duckdb__json_elements(relation, array) -%}
    select
        *,
        cast(unnest(from_json({{ array }}, '["json"]')) as varchar) as element
    from {{ relation }}
{%- endmacro %}
