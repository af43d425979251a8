{# Identity and population, shared by all entities (contract G-17 to G-19). #}

{#-
    Every key of an entity with the record that survives its merges, followed transitively. Columns: key, surviving key,
    is_cycle (the chain does not end; a data test fails the build).
-#}
{% macro survivors(relation, key) -%}
    with recursive chain as (
        select {{ key }}, {{ key }} as surviving_id, 0 as depth
        from {{ relation }}
        union all
        select chain.{{ key }}, merged.merged_into_id, chain.depth + 1
        from chain
        inner join {{ relation }} as merged
            on chain.surviving_id = merged.{{ key }}
        where nullif(merged.merged_into_id, '') is not null and chain.depth < 50
    ),

    last_step as (
        select {{ key }}, max(depth) as depth
        from chain
        group by 1
    )

    select
        chain.{{ key }},
        chain.surviving_id as surviving_{{ key }},
        chain.depth >= 50 as is_cycle
    from chain
    inner join last_step
        on chain.{{ key }} = last_step.{{ key }} and chain.depth = last_step.depth
{%- endmacro %}

{#- Whether an e-mail address belongs to an internal domain (G-18). -#}
{% macro is_internal_email(email) -%}
    {%- set domains = var('internal_domains') or [] -%}
    {%- if domains -%}
    coalesce(lower(split_part({{ email }}, '@', 2)) in ({% for domain in domains %}'{{ domain | lower | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor %}), false)
    {%- else -%}
    false
    {%- endif -%}
{%- endmacro %}

{#-
    Rows of an entity moved to the surviving account, without those of test accounts: one join for all entities.
    The account column of the result is account_id.
-#}
{% macro of_surviving_accounts(relation, account='account_id') -%}
    select
        {{ star_except('facts', account) }},
        coalesce(account_keys.surviving_account_id, facts.{{ account }}) as {{ account }}
    from {{ relation }} as facts
    left join {{ ref('int_account_keys') }} as account_keys
        on facts.{{ account }} = account_keys.account_id
    where not coalesce(account_keys.is_excluded, false)
{%- endmacro %}

{#-
    Dimension values of an account as of an instant (G-22): adds segment, region, owner, team, industry, country,
    acquisition_channel and cohort_month to the rows of a relation. `at` is an instant of the relation; with closing=true it is a
    closing instant and the state just before it counts. Joins are many-to-one; what is not known is NULL, the unknown member.
-#}
{% macro with_customer_dimensions(relation, at, closing=false) -%}
    {%- set at = 'facts.' ~ at -%}
    select
        facts.*,
        history.segment,
        history.region,
        history.owner_id as owner,
        assignments.team,
        accounts.industry,
        accounts.country,
        accounts.acquisition_channel,
        {{ month_label('lifecycle.first_paid_date') }} as cohort_month
    from {{ relation }} as facts
    left join {{ ref('int_account_history') }} as history
        on
            facts.account_id = history.account_id
            and {{ valid_before(at, 'history.valid_from', 'history.valid_to') if closing else valid_at(at, 'history.valid_from', 'history.valid_to') }}
    left join {{ ref('int_staff_assignments') }} as assignments
        on
            history.owner_id = assignments.user_id
            and {{ local_date(at ~ (" - interval '1' microsecond" if closing else "")) }} between assignments.valid_from and assignments.valid_to
    left join {{ ref('int_accounts') }} as accounts
        on facts.account_id = accounts.account_id
    left join {{ ref('int_customer_lifecycle') }} as lifecycle
        on facts.account_id = lifecycle.account_id
{%- endmacro %}

{#- A month as text, 2025-03. -#}
{% macro month_label(date) -%}
    substring(cast({{ date }} as {{ api.Column.translate_type('string') }}), 1, 7)
{%- endmacro %}

{#- All columns of a relation but one, or but several: 'a, b'. -#}
{% macro star_except(alias, columns) -%}
    {{ adapter.dispatch('star_except')(alias, columns) }}
{%- endmacro %}

{% macro duckdb__star_except(alias, columns) -%}
    {{ alias }}.* exclude ({{ columns }})
{%- endmacro %}

{#- A key for rows that have none of their own: the hash of their columns. -#}
{% macro hash_of(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ api.Column.translate_type('string') ~ "), '')") -%}
    {%- endfor -%}
    {{ dbt.hash(parts | join(" || '|' || ")) }}
{%- endmacro %}
