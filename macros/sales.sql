{# What the sales facts share: the identity of opportunities and the dimension set D-SALES (contract G-17 to G-22). #}

{#-
    Rows of an entity moved to the surviving opportunity, without those of opportunities that do not count (deleted, of a test
    account, not yet created). is_from_shell: the row came with a merged record.
-#}
{% macro of_surviving_opportunities(relation) -%}
    select
        {{ star_except('facts', 'opportunity_id') }},
        opportunity_keys.surviving_opportunity_id as opportunity_id,
        facts.opportunity_id <> opportunity_keys.surviving_opportunity_id as is_from_shell
    from {{ relation }} as facts
    inner join {{ ref('int_opportunity_keys') }} as opportunity_keys
        on facts.opportunity_id = opportunity_keys.opportunity_id
    where not opportunity_keys.is_excluded
{%- endmacro %}

{#-
    D-SALES of rows that carry account_id, owner_id and lead_id, as of an instant: adds owner, team, region, segment and
    lead_source. The owner is the account's by its history, without one the row's own; with own_owner=true the row's own in any
    case. With closing=true the instant is a closing instant and the state just before it counts. Joins are many-to-one.
-#}
{% macro with_sales_dimensions(relation, at, closing=false, own_owner=false) -%}
    {%- set at = 'facts.' ~ at -%}
    {%- set owner = 'facts.owner_id' if own_owner else 'coalesce(history.owner_id, facts.owner_id)' -%}
    select
        facts.*,
        {{ owner }} as owner,
        assignments.team,
        history.region,
        history.segment,
        leads.source as lead_source
    from {{ relation }} as facts
    left join {{ ref('int_account_history') }} as history
        on
            facts.account_id = history.account_id
            and {{ valid_before(at, 'history.valid_from', 'history.valid_to') if closing else valid_at(at, 'history.valid_from', 'history.valid_to') }}
    left join {{ ref('int_staff_assignments') }} as assignments
        on
            {{ owner }} = assignments.user_id
            and {{ local_date(at ~ (" - interval '1' microsecond" if closing else "")) }} between assignments.valid_from and assignments.valid_to
    left join {{ ref('int_leads') }} as leads
        on facts.lead_id = leads.lead_id
{%- endmacro %}

{#- Days that two half-open stretches of dates share; 0 where they do not meet. -#}
{% macro shared_days(from_date, to_date, other_from, other_to) -%}
    greatest({{ days_between('greatest(' ~ from_date ~ ', ' ~ other_from ~ ')', 'least(' ~ to_date ~ ', ' ~ other_to ~ ')') }}, 0)
{%- endmacro %}

{#- Opportunities that a win rate counts: won, or lost for another reason than a mistake of the records; no renewals. -#}
{% macro decided_opportunities() -%}
    select * from {{ ref('fct_opportunities') }}
    where
        outcome in ('won', 'lost')
        and coalesce(opportunity_type, '') <> 'renewal'
        and (outcome = 'won' or coalesce(loss_reason, '') not in ('duplicate', 'created_in_error'))
{%- endmacro %}

{#- Whether an opportunity is new business, to a new customer or more of it to an old one (contract 12.4); unknown types are not. -#}
{% macro is_new_business() -%}
    coalesce(opportunity_type in ('new', 'expansion'), false)
{%- endmacro %}
