-- grain: one row per schedule version and opening interval of a local date, as instants
with

schedules as (
    {{ opening_intervals() }}
),

holidays as (
    {{ schedule_holidays() }}
),

-- A version is the set of opening intervals in force on one date; a ticket keeps the version of its creation.
versions as (
    select schedule_id, valid_from as version_from from schedules
    union
    select schedule_id, valid_to from schedules
),

dates as (
    {{ date_series(
        "(select coalesce(min(cast(created_at as date)), date '2000-01-01') - interval '2' day from " ~ ref('int_tickets') ~ ")",
        local_date(as_of()) ~ " + interval '2' day"
    ) }}
),

intervals as (
    select
        versions.schedule_id,
        versions.version_from,
        dates.date_day as local_date,
        schedules.time_zone,
        {{ utc_instant('dates.date_day + schedules.opens', 'schedules.time_zone') }} as opens_at,
        {{ utc_instant('dates.date_day + schedules.closes', 'schedules.time_zone') }} as closes_at
    from versions
    inner join schedules
        on
            versions.schedule_id = schedules.schedule_id
            and schedules.valid_from <= versions.version_from
            and versions.version_from < schedules.valid_to
    inner join dates
        on {{ iso_weekday('dates.date_day') }} = schedules.weekday
    left join holidays
        on
            versions.schedule_id = holidays.schedule_id
            and dates.date_day = holidays.holiday_date
    where holidays.holiday_date is null
),

final as (
    select schedule_id, version_from, time_zone, local_date, opens_at, closes_at
    from intervals
    where opens_at < closes_at
)

select * from final
