{# Periods beside the periods that they grow from (contract 4.A3, G-08). #}

{#-
    The two windows of every period of a headline that a rate of growth compares: the period's own and its base's. `months_back`
    says for every id and grain how long before the base begins. Columns: kpi_id, grain, period_start; sign 1 (own) or -1 (base);
    from_date and to_date, half-open; rate_date, the period's last day; is_comparable. A running period is compared like for like:
    its whole local days so far with as many first days of the base, clipped to the base. Both sides are complete, or the base is
    and the period still runs.
-#}
{% macro growth_windows(headline_id, months_back) -%}
    {%- set windows = [('period_start', 'period_end', 1), ('base_start', 'base_end', -1)] -%}
    {%- for start, end, sign in windows %}
    select
        kpi_id, grain, period_start, rate_date, is_comparable, {{ sign }} as sign,
        {{ start }} as from_date,
        case when is_running then {{ add_days(start, 'days_elapsed') }} else {{ end }} end as to_date
    from ({{ periods_and_bases(headline_id, months_back) }}) as pairs
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro periods_and_bases(headline_id, months_back) -%}
    select
        periods.*,
        {{ period_end('periods.grain', 'periods.base_start') }} as base_end,
        least(
            {{ days_between('periods.period_start', as_of_date()) }},
            {{ days_between('periods.base_start', period_end('periods.grain', 'periods.base_start')) }}
        ) as days_elapsed,
        coalesce(bases.is_complete, false) and (periods.is_running or periods.is_complete) as is_comparable
    from (
        select
            periods.*,
            {{ add_months('periods.period_start', '-distances.months') }} as base_start,
            {{ add_days('periods.closing_date', -1) }} as rate_date,
            periods.end_at > {{ as_of() }} as is_running
        from {{ ref('int_kpi_periods') }} as periods
        inner join (
            {%- for kpi_id, months_of in months_back.items() %}{% set is_last = loop.last %}{% for grain, months in months_of.items() %}
            select '{{ kpi_id }}' as kpi_id, '{{ grain }}' as grain, {{ months }} as months
            {{ 'union all' if not (is_last and loop.last) }}
            {%- endfor %}{% endfor %}
        ) as distances
            on periods.kpi_id = distances.kpi_id and periods.grain = distances.grain
        where periods.headline_id = '{{ headline_id }}'
    ) as periods
    left join {{ ref('int_kpi_periods') }} as bases
        on
            periods.kpi_id = bases.kpi_id
            and periods.grain = bases.grain
            and periods.base_start = bases.period_start
{%- endmacro %}
