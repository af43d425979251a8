{#
    Dimension sets of the contract, section 2. A slice is a column of the population. `<slice>_current` is its twin by today's value
    (G-22), found by the account_id of the population and published apart, in kpi_values_current: for what an account's history
    says, and the team of the account's owner.
#}

{% macro d_cust() -%}
    {{ return(['segment', 'industry', 'country', 'acquisition_channel', 'owner', 'team', 'cohort_month'] + twins(['segment', 'owner', 'team'])) }}
{%- endmacro %}

{% macro d_sub() -%}{{ return(['product', 'plan', 'billing_interval', 'currency']) }}{%- endmacro %}

{% macro d_sales() -%}
    {{ return(['owner', 'team', 'region', 'opportunity_type', 'lead_source', 'segment'] + twins(['owner', 'team', 'region', 'segment'])) }}
{%- endmacro %}

{#- D-SALES of snapshots: their owner is the opportunity's own, which no history follows. -#}
{% macro d_pipeline() -%}{{ return(d_sales() | reject('in', twins(['owner', 'team'])) | list) }}{%- endmacro %}

{% macro d_svc() -%}
    {{ return(['channel', 'priority', 'group', 'assignee', 'topic', 'customer_segment'] + twins(['customer_segment'])) }}
{%- endmacro %}

{% macro d_surv() -%}{{ return(['survey', 'channel', 'segment', 'agent', 'team'] + twins(['segment'])) }}{%- endmacro %}

{% macro d_web() -%}{{ return(['device', 'channel', 'campaign', 'country']) }}{%- endmacro %}

{#- The slices by today's value that go with slices. -#}
{% macro twins(slices) -%}
    {%- set names = [] -%}
    {%- for slice in slices -%}{%- do names.append(slice ~ '_current') -%}{%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{% macro is_twin(slice) -%}{{ return(slice.endswith('_current')) }}{%- endmacro %}

{#- SQL: whether a published slice is one by today's value, and the name that it shares with its twin. -#}
{% macro is_current_slice(dim_name) -%}
    {{ dbt.right(dim_name, 8) }} = '_current'
{%- endmacro %}

{% macro current_slice_name(dim_name) -%}
    substring({{ dim_name }}, 1, {{ dbt.length(dim_name) }} - 8)
{%- endmacro %}

{% macro active_slices(slices) -%}
    {%- set wanted = var('slices', 'all') -%}
    {{ return(slices if wanted == 'all' else slices | select('in', wanted.split()) | list) }}
{%- endmacro %}

{#- The columns that a population needs for its slices. -#}
{% macro slice_columns(slices) -%}
    {%- set names = [] -%}
    {%- for slice in slices if not is_twin(slice) -%}{%- do names.append(adapter.quote(slice)) -%}{%- endfor -%}
    {%- if names | length < slices | length -%}{%- do names.append('account_id') -%}{%- endif -%}
    {{ names | join(', ') }}
{%- endmacro %}

{#- Member of a slice that a row belongs to; rows and `today` come from with_today. -#}
{% macro slice_member(slice) -%}
    coalesce(nullif(cast({{ todays_value(slice) if is_twin(slice) else adapter.quote(slice) }} as {{ api.Column.translate_type('string') }}), ''), 'unknown')
{%- endmacro %}

{#- What the account's history says of the run clock; where there is none, the row's own value, or else the account record's. -#}
{% macro todays_value(slice) -%}
    {%- set own = slice[:-8] -%}
    {%- set current = 'today.current_' ~ own | replace('customer_segment', 'segment') -%}
    case when today.is_in_history then {{ current }} else coalesce({{ adapter.quote(own) }}, {{ current }}) end
{%- endmacro %}

{#- The rows of a population, as facts, beside their accounts of today where a slice asks for them. -#}
{% macro with_today(population, slices) -%}
    {{ population }} as facts
    {%- if slices | select('in', twins(['segment', 'customer_segment', 'region', 'owner', 'team'])) | list %}
    left join {{ ref('int_current_dimensions') }} as today
        on facts.account_id = today.account_id
    {%- endif %}
{%- endmacro %}

{#- Customers of a period, sliced by what they were at its opening, for numerator and denominator (G-22). -#}
{% macro customers_at_opening() -%}
    select *, opening_segment as segment, opening_owner as owner, opening_team as team
    from {{ ref('fct_customer_periods') }}
{%- endmacro %}
