{# Business minutes (contract 4.E): opening hours overlapped, by day, in the schedule's own zone. #}

{#-
    Rows with schedule_id and created_at and the version of their schedule in force at their creation, which stays with them: adds
    schedule_version_from. Rows without one are left out.
-#}
{% macro with_schedule_version(relation, key) -%}
    select * from (
        select
            facts.*,
            versions.version_from as schedule_version_from,
            row_number() over (partition by facts.{{ key }} order by versions.version_from desc) as version_recency
        from {{ relation }} as facts
        inner join (select distinct schedule_id, version_from, time_zone from {{ ref('int_business_days') }}) as versions
            on
                facts.schedule_id = versions.schedule_id
                and versions.version_from <= {{ local_date('facts.created_at', 'versions.time_zone') }}
    ) as ranked
    where version_recency = 1
{%- endmacro %}

{#-
    Seconds that a ticket's schedule was open between its creation and an instant: the overlap with the opening intervals of
    the version of the schedule that the ticket was created under. No row where nothing was open. Columns: ticket_id, open_seconds.
-#}
{% macro business_seconds_until(relation, instant) -%}
    select
        tickets.ticket_id,
        sum({{ seconds_between('greatest(tickets.created_at, days.opens_at)', 'least(tickets.' ~ instant ~ ', days.closes_at)') }}) as open_seconds
    from {{ relation }} as tickets
    inner join {{ ref('int_business_days') }} as days
        on
            tickets.schedule_id = days.schedule_id
            and tickets.schedule_version_from = days.version_from
            and days.opens_at < tickets.{{ instant }}
            and days.closes_at > tickets.created_at
    group by 1
{%- endmacro %}

{#- Opening intervals of every schedule, delivered or else kept in seeds; dates half-open, open ends filled in. -#}
{% macro opening_intervals() -%}
    select
        delivered.schedule_id,
        delivered.time_zone,
        cast(delivered.weekday as integer) as weekday,
        delivered.opens,
        delivered.closes,
        coalesce(delivered.valid_from, date '1900-01-01') as valid_from,
        coalesce(delivered.valid_to, date '9999-12-31') as valid_to
    from ({{ union_sources('business_schedule') }}) as delivered
    union all
    select
        seeded.schedule_id,
        seeded.time_zone,
        cast(seeded.weekday as integer),
        seeded.opens,
        seeded.closes,
        coalesce(seeded.valid_from, date '1900-01-01'),
        coalesce(seeded.valid_to, date '9999-12-31')
    from {{ ref('business_schedule') }} as seeded
    left join (select distinct schedule_id from ({{ union_sources('business_schedule') }}) as delivered) as replaced
        on seeded.schedule_id = replaced.schedule_id
    where replaced.schedule_id is null
{%- endmacro %}

{#- Holidays of every schedule, delivered and kept in seeds. -#}
{% macro schedule_holidays() -%}
    select schedule_id, holiday_date from ({{ union_sources('schedule_holiday') }}) as delivered
    union
    select schedule_id, holiday_date from {{ ref('schedule_holidays') }}
{%- endmacro %}
