{# Business minutes (contract 4.E): opening hours overlapped, by day, in the schedule's own zone. #}

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
