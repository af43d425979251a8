-- grain: one row per schedule version and opening interval of a local date, as instants
with

delivered as (
    select schedule_id, time_zone, weekday, opens, closes, valid_from, valid_to
    from ({{ union_sources('business_schedule') }}) as unioned
),

schedules as (
    select
        schedule_id,
        time_zone,
        cast(weekday as integer) as weekday,
        opens,
        closes,
        coalesce(valid_from, date '1900-01-01') as valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from delivered
    union all
    select
        seeded.schedule_id,
        seeded.time_zone,
        cast(seeded.weekday as integer) as weekday,
        seeded.opens,
        seeded.closes,
        coalesce(seeded.valid_from, date '1900-01-01') as valid_from,
        coalesce(seeded.valid_to, date '9999-12-31') as valid_to
    from {{ ref('business_schedule') }} as seeded
    left join (select distinct schedule_id from delivered) as replaced
        on seeded.schedule_id = replaced.schedule_id
    where replaced.schedule_id is null
),

holidays as (
    select schedule_id, holiday_date from ({{ union_sources('schedule_holiday') }}) as unioned
    union
    select schedule_id, holiday_date from {{ ref('schedule_holidays') }}
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
        on extract(isodow from dates.date_day) = schedules.weekday
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
