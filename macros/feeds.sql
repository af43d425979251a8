{# Which deliveries an entity rests on (contract G-13). #}

{#- Raw tables behind an entity: those that the staging models of its providers read. A list of {source, table}. -#}
{% macro raw_tables_of(entity) -%}
    {%- set tables = [] -%}
    {%- if execute -%}
        {%- for source_name in providers_of(entity) -%}
            {%- set model = graph.nodes.get('model.' ~ project_name ~ '.' ~ staging_model(source_name, entity)) -%}
            {%- for node_id in (model.depends_on.nodes if model else []) if node_id in graph.sources -%}
                {%- set node = graph.sources[node_id] -%}
                {%- do tables.append({'source': node.source_name, 'table': node.name}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(tables) }}
{%- endmacro %}

{#- Parts of a delimited text as rows: the columns of the relation and `part`. -#}
{% macro split_rows(relation, column, separator) -%}
    {{ adapter.dispatch('split_rows')(relation, column, separator) }}
{%- endmacro %}

{% macro duckdb__split_rows(relation, column, separator) -%}
    select *, trim(unnest(string_split({{ column }}, '{{ separator }}'))) as part
    from {{ relation }}
{%- endmacro %}
