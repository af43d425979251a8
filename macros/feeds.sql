{# Which deliveries an entity rests on (contract G-13). #}

{#- Raw tables behind an entity: those that the staging models of its providers read, directly or through one another. A list of {source, table}. -#}
{% macro raw_tables_of(entity) -%}
    {%- set tables = [] -%}
    {%- set pending = [] -%}
    {%- if execute -%}
        {%- for source_name in providers_of(entity) -%}
            {%- do pending.append('model.' ~ project_name ~ '.' ~ staging_model(source_name, entity)) -%}
        {%- endfor -%}
        {#- The list grows while it is walked: Jinja has no while. -#}
        {%- for node_id in pending -%}
            {%- if node_id in graph.sources -%}
                {%- set node = graph.sources[node_id] -%}
                {%- set table = {'source': node.source_name, 'table': node.name} -%}
                {%- if table not in tables -%}{%- do tables.append(table) -%}{%- endif -%}
            {%- else -%}
                {%- for parent_id in graph.nodes[node_id].depends_on.nodes if node_id in graph.nodes -%}
                    {%- do pending.append(parent_id) -%}
                {%- endfor -%}
            {%- endif -%}
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
