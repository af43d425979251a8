{# Money (contract G-14, G-16). #}

{#-
    Rounded once, at the fact row: decimal(18, 4), half away from zero. The inner rounding takes the noise of the arithmetic off
    (a twelfth of a yearly price is cut somewhere), so that an exact half is seen as one.
-#}
{% macro money(amount) -%}
    cast(round(round({{ amount }}, 8), 4) as decimal(18, 4))
{%- endmacro %}

{#- An amount in reporting currency; the rate comes from a join with int_fx_rates (see fx_join). NULL where no rate is known. -#}
{% macro in_reporting_currency(amount, currency, rates='rates') -%}
    {{ money("cast(" ~ amount ~ " as decimal(28, 10)) * case when " ~ currency_or_reporting(currency) ~ " = " ~ reporting_currency() ~ " then 1 else " ~ rates ~ ".rate end") }}
{%- endmacro %}

{% macro reporting_currency() -%}
    '{{ var("reporting_currency") | upper | replace("'", "''") }}'
{%- endmacro %}

{#- Amounts without a currency are in reporting currency. -#}
{% macro currency_or_reporting(currency) -%}
    upper(coalesce({{ currency }}, {{ reporting_currency() }}))
{%- endmacro %}

{#- Join of the rate of a local date: at most one row. -#}
{% macro fx_join(currency, date, rates='rates') -%}
    left join {{ ref('int_fx_rates') }} as {{ rates }}
        on
            {{ currency_or_reporting(currency) }} = {{ rates }}.from_currency
            and {{ date }} = {{ rates }}.rate_date
{%- endmacro %}

{#- Months that one billing interval covers (contract 4.A1): a week is 12/52 of a month, a day 12/365. -#}
{% macro months_per_interval(unit, count) -%}
    coalesce({{ count }}, 1) * case {{ unit }}
        when 'month' then cast(1 as double)
        when 'year' then cast(12 as double)
        when 'quarter' then cast(3 as double)
        when 'week' then cast(12 as double) / 52
        when 'day' then cast(12 as double) / 365
    end
{%- endmacro %}

{#- An amount that is yet to be added up: an exact decimal, so that a sum does not depend on the order of its rows. -#}
{% macro exact_amount(amount) -%}
    cast({{ amount }} as decimal(38, 10))
{%- endmacro %}
