{# The wide table of KPIs: its columns are the headlines of the catalogue, whatever these are today. #}

{#- Headlines that the catalogue publishes as series, in the order of domain and id: rows of kpi_id, kpi_name, unit, definition. Empty while dbt parses. -#}
{% macro headline_kpis() -%}
    {%- set found = [] -%}
    {%- if execute and flags.WHICH not in ['parse', 'list'] -%}
        {%- set query -%}
            select kpi_id, kpi_name, unit, definition
            from {{ ref('kpi_catalog') }}
            where kpi_id = headline_id and coalesce(grains, '') <> ''
            order by domain, kpi_id
        {%- endset -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.append({'kpi_id': row['kpi_id'], 'kpi_name': row['kpi_name'], 'unit': row['unit'], 'definition': row['definition']}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- One row per period and slice of the rows of kpi_values given (with is_over), one column per headline with its value. -#}
{% macro kpis_side_by_side(relation) -%}
    select
        grain,
        period_start,
        period_end,
        is_over,
        dim_name,
        dim_value
        {%- for kpi in headline_kpis() %},
        max(case when kpi_id = '{{ kpi.kpi_id }}' then value end) as {{ adapter.quote(kpi.kpi_id) }}
        {%- endfor %}
    from {{ relation }}
    group by grain, period_start, period_end, is_over, dim_name, dim_value
{%- endmacro %}

{#- A comment for every column that has one, through the adapter: for a table whose columns no YAML can list. -#}
{% macro comment_headlines(relation) -%}
    {%- set columns = {} -%}
    {%- for kpi in headline_kpis() -%}
        {%- do columns.update({kpi.kpi_id: {'name': kpi.kpi_id, 'quote': true, 'description': kpi.definition ~ ' (' ~ kpi.kpi_name ~ ', in ' ~ kpi.unit ~ ')'}}) -%}
    {%- endfor -%}
    {%- if columns -%}
        {{ alter_column_comment(relation, columns) }}
    {%- endif -%}
{%- endmacro %}

{#- Value of the headline that an expression names, on a row of the wide table. -#}
{% macro value_beside(kpi_id, wide) -%}
    case {{ kpi_id }}
        {%- for kpi in headline_kpis() %}
        when '{{ kpi.kpi_id }}' then {{ wide }}.{{ adapter.quote(kpi.kpi_id) }}
        {%- endfor %}
        else null
    end
{%- endmacro %}
