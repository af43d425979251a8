{#
    From raw to one relation per entity. What a raw table contains is declared once, in its dbt source definition;
    these macros read that declaration, so that a name, a type or a format is written in one place.
#}

{#- Name of the staging model of an entity of the contract: stg_<source>__<entities>. -#}
{% macro staging_model(source_name, entity) -%}
    {%- set irregular = {
        'account_history': 'account_history', 'staff': 'staff', 'inventory_value': 'inventory_values', 'purchases': 'purchases',
        'opportunity': 'opportunities', 'agent_time': 'agent_time', 'quota': 'quotas', 'referral': 'referrals',
    } -%}
    {{ return('stg_' ~ source_name ~ '__' ~ irregular.get(entity, entity ~ 's')) }}
{%- endmacro %}

{#- The declaration of a raw table, or none while dbt is still parsing and in unit tests, which have no graph. -#}
{% macro source_node(source_name, table_name) -%}
    {%- if execute and graph.sources -%}
        {%- for node in graph.sources.values() if node.source_name == source_name and node.name == table_name -%}
            {{ return(node) }}
        {%- endfor -%}
        {{ exceptions.raise_compiler_error("No source table " ~ source_name ~ "." ~ table_name ~ " is declared.") }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- Typed expression of one declared column of a raw table. -#}
{% macro typed(source_name, table_name, column_name) -%}
    {%- set node = source_node(source_name, table_name) -%}
    {%- if node is none -%}
        null
    {%- elif column_name not in node.columns -%}
        {{ exceptions.raise_compiler_error("Column " ~ column_name ~ " is not declared in source table " ~ source_name ~ "." ~ table_name ~ ".") }}
    {%- else -%}
        {%- set column = node.columns[column_name] -%}
        {%- set zone = column.config.meta.get('zone') or node.source_meta.get('zone') or node.config.meta.get('zone') -%}
        {%- if zone == 'reporting' -%}
            {%- set zone = var('reporting_timezone') -%}
        {%- endif -%}
        {{ parse(adapter.quote(column_name), column.data_type, zone, column.config.meta.get('formats')) }}
    {%- endif -%}
{%- endmacro %}

{#
    The rows of a raw table that count (G-20): the newest row per primary key, by the source's own update time where it has
    one, then by delivery. `key` overrides the declared primary key with expressions. A table without a key is de-duplicated on
    the whole row, and a file delivered again under its name replaces what it held before: nothing else could take a
    wrong row of such a table back.
#}
{% macro newest_rows(source_name, table_name, updated_at=none, key=none) -%}
    {%- set node = source_node(source_name, table_name) -%}
    {%- set key = key or (node.config.meta.get('primary_key', []) | map('tojson') | list if node else []) -%}
    {%- set columns = node.columns.keys() | reject('equalto', 'source_updated_at') | map('tojson') | join(', ') if node else '*' -%}
    {%- if key -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by {% if updated_at %}{{ updated_at }} desc nulls last, {% endif -%}
                    _loaded_at desc, _source_file desc, _row_number desc
            ) as _newest
        from {{ source(source_name, table_name) }}
    ) as ranked
    where _newest = 1
    {%- else -%}
    select distinct {{ columns }}
    from {{ source(source_name, table_name) }} as records
    where exists (
        select 1
        from {{ source('meta', 'feed_load') }} as deliveries
        where
            deliveries.source_file = records._source_file
            and deliveries.file_sha256 = records._file_sha256
            and deliveries.status = 'loaded'
            and deliveries.is_current
    )
    {%- endif -%}
{%- endmacro %}

{#- Staging of a table whose names are already the contract's: newest rows, every declared column typed. -#}
{% macro stage(source_name, table_name) -%}
{%- set node = source_node(source_name, table_name) -%}
{%- set columns = node.columns.keys() if node else [] -%}
with

source as (
    {{ newest_rows(source_name, table_name,
        typed(source_name, table_name, 'source_updated_at') if 'source_updated_at' in columns else none) }}
),

renamed as (
    select
    {%- for column in columns if column != 'source_updated_at' %}
        {{ typed(source_name, table_name, column) }} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
    {%- endfor %}
    from source
)

select * from renamed
{%- endmacro %}

{#- Database type of a declared type. -#}
{% macro physical_type(data_type) -%}
    {{ return({
        'string': api.Column.translate_type('string'), 'integer': 'bigint', 'decimal': 'decimal(28, 10)', 'boolean': 'boolean',
        'date': 'date', 'instant': 'timestamp', 'epoch': 'timestamp', 'time': 'time', 'json': api.Column.translate_type('string'),
    }[data_type]) }}
{%- endmacro %}

{#- Sources that provide an entity, as configured in `vars: sources:`. -#}
{% macro providers_of(entity) -%}
    {%- set found = [] -%}
    {%- for source_name, entities in var('sources').items() if entities == 'all' or entity in entities -%}
        {%- do found.append(source_name) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#
    One relation per entity of the contract: the rows of every source that provides it, with exactly the contract's columns
    and types. A column that a source does not have is NULL; an entity that no source provides is empty and typed. In a unit test
    the columns are those of the rows given.
#}
{% macro union_sources(entity) -%}
    {%- set node = source_node('contract', entity) -%}
    {%- set columns = [] -%}
    {%- for name, column in (node.columns.items() if node else []) if name != 'source_updated_at' -%}
        {%- do columns.append({'name': adapter.quote(name), 'type': physical_type(column.data_type)}) -%}
    {%- endfor -%}
    {%- set relations = [] -%}
    {%- for source_name in providers_of(entity) -%}
        {%- do relations.append({'source': source_name, 'relation': ref(staging_model(source_name, entity))}) -%}
    {%- endfor -%}
    {{ adapter.dispatch('union_by_name')(columns, relations) }}
{%- endmacro %}

{% macro duckdb__union_by_name(columns, relations) -%}
    select
        {%- for column in columns %}
        cast({{ column.name }} as {{ column.type }}) as {{ column.name }},
        {%- else %}
        * exclude (_source),
        {%- endfor %}
        _source
    from (
        select
            {%- for column in columns %}
            cast(null as {{ column.type }}) as {{ column.name }},
            {%- endfor %}
            cast(null as varchar) as _source
        where false
        {%- for provided in relations %}
        union all by name
        select *, '{{ provided.source }}' as _source from {{ provided.relation }}
        {%- endfor %}
    ) as unioned
{%- endmacro %}
