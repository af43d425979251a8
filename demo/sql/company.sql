-- The company itself: what really happened, one table per kind of thing. Every statement is set-wise; every choice is a hash of
-- (key, salt, seed). Constants come as macros: seed(), t0() and t1() (first and last instant, UTC), d0() and d1() (the same as
-- local dates), n_accounts(), n_leads(), n_tickets(), n_sessions(), n_responses(), n_reps(), n_agents(), n_campaigns().
-- Instants are naive UTC timestamps at whole seconds.

-- step: tools
create macro u(k, salt) as (hash(hash(k, salt, seed())) >> 11) / 9007199254740992.0;
create macro z(k, salt) as (u(k, salt || '1') + u(k, salt || '2') + u(k, salt || '3') - 1.5) * 2;
create macro pick(l, x) as l[1 + cast(floor(x * len(l)) as bigint)];
create macro secs(x) as to_seconds(cast(floor(x) as bigint));
create macro days_of(x) as to_seconds(cast(floor((x) * 86400.0) as bigint));
create macro local_of(ts) as (ts at time zone 'UTC') at time zone 'Europe/Berlin';
create macro utc_of(wall) as (cast(wall as timestamp) at time zone 'Europe/Berlin') at time zone 'UTC';
create macro local_day(ts) as cast(local_of(ts) as date);
create macro span() as epoch(t1()) - epoch(t0());
-- Moves an instant into the working day (07:00 to 20:00 local) of its own UTC day.
create macro at_work(ts, x) as date_trunc('day', ts) + secs(6 * 3600 + x * 43200);
create macro arrival(x) as t0() + secs(86400 + (span() - 2 * 86400) * pow(x, 0.75));

create macro digit62(n, weight) as substr(
    '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 1 + cast((n // weight) % 62 as integer), 1
);
create macro base62(n) as
    digit62(n, 218340105584896) || digit62(n, 3521614606208) || digit62(n, 56800235584) || digit62(n, 916132832)
    || digit62(n, 14776336) || digit62(n, 238328) || digit62(n, 3844) || digit62(n, 62) || digit62(n, 1);
create macro is_upper(c) as case when c >= 'A' and c <= 'Z' then 1 else 0 end;
create macro checksum(id, first) as substr(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
    1 + is_upper(substr(id, first, 1)) + 2 * is_upper(substr(id, first + 1, 1)) + 4 * is_upper(substr(id, first + 2, 1))
    + 8 * is_upper(substr(id, first + 3, 1)) + 16 * is_upper(substr(id, first + 4, 1)),
    1
);
-- 18 characters: prefix, instance, number, and the checksum of the upper case letters. 48271 is coprime to 62: still unique.
create macro salesforce_id(prefix, n) as list_transform(
    [prefix || '5i0' || base62(cast(n as bigint) * 48271 + 97)],
    lambda id: id || checksum(id, 1) || checksum(id, 6) || checksum(id, 11)
)[1];

create macro first_name(x) as pick([
    'Anna', 'Ben', 'Chiara', 'David', 'Elif', 'Felix', 'Greta', 'Hannah', 'Ivan', 'Jonas', 'Karin', 'Lukas', 'Mia', 'Noah',
    'Olga', 'Paul', 'Quentin', 'Rosa', 'Sven', 'Tessa', 'Ugo', 'Vera', 'Wim', 'Yuki', 'Zoë', 'René', 'Søren', 'Akiko'
], x);
create macro last_name(x) as pick([
    'Adler', 'Bauer', 'Conrad', 'Dietrich', 'Engel', 'Fuchs', 'Graf', 'Huber', 'Ito', 'Jansen', 'Keller', 'Lang', 'Müller',
    'Neumann', 'O''Brien', 'Peters', 'Quast', 'Richter', 'Schäfer', 'Tanaka', 'Ulrich', 'Vogel', 'Weiß', 'Young', 'Zimmer'
], x);
create macro company_name(k) as
    pick(['Alpen', 'Berg', 'Dorn', 'Eichen', 'Fjord', 'Garten', 'Hafen', 'Insel', 'Kranich', 'Luchs', 'Mond', 'Nord', 'Ost',
          'Perle', 'Quell', 'Rhein', 'Sonnen', 'Tannen', 'Ufer', 'Wald'], u(k, 'name1'))
    || pick(['bau', 'data', 'druck', 'energie', 'handel', 'kraft', 'labor', 'logistik', 'medien', 'pharma', 'reisen', 'technik',
             'werk', 'wind'], u(k, 'name2'))
    || ' ' || pick(['GmbH', 'AG', 'Ltd', 'Inc.', 'BV', 'SARL', 'KG', '& Co. KG'], u(k, 'name3')) || ' ' || k;
create macro ascii_of(name) as lower(replace(strip_accents(replace(replace(name, 'ß', 'ss'), 'ø', 'o')), '''', ''));
create macro decimals(currency) as case when currency = 'JPY' then 0 else 2 end;
create macro minor(amount, currency) as cast(round(amount * case when currency = 'JPY' then 1 else 100 end) as bigint);

-- How systems write an instant.
create macro epoch_of(ts) as cast(epoch(ts) as bigint);
create macro salesforce_at(ts) as strftime(ts, '%Y-%m-%dT%H:%M:%S.000+0000');
create macro iso_utc(ts) as strftime(ts, '%Y-%m-%dT%H:%M:%SZ');
create macro iso_berlin(ts) as
    strftime(local_of(ts), '%Y-%m-%dT%H:%M:%S') || case epoch(local_of(ts)) - epoch(ts) when 7200 then '+02:00' else '+01:00' end;
create macro before_end(ts) as least(ts, t1() - to_seconds(1));
create macro half_of(ts) as year(ts) || '-H' || (1 + (month(ts) - 1) // 6);
create macro month_of(ts) as strftime(ts, '%Y-%m');

-- Copies of one record: 1 the only state; 2 the same again; 0 an early state, followed by 3, the update (`updated`, `twice`: shares).
create macro is_delivered(copy, roll, updated, twice) as
    case copy when 1 then roll >= updated when 2 then roll >= 1 - twice else roll < updated end;
create macro probability_of(stage) as
    case stage when 'Prospecting' then 10 when 'Qualification' then 20 when 'Proposal' then 50 when 'Negotiation' then 75
        when 'Closed Won' then 100 else 0 end;
create macro forecast_of(stage) as
    case stage when 'Prospecting' then 'Pipeline' when 'Qualification' then 'Pipeline' when 'Proposal' then 'BestCase'
        when 'Negotiation' then 'Commit' when 'Closed Won' then 'Closed' else 'Omitted' end;
create macro stripe_id(prefix, kind, key, length) as prefix || substr(md5(kind || key || '/' || seed()), 1, length);
create macro customer_id(customer_no) as stripe_id('cus_', 'customer', customer_no, 14);
create macro price_id(product, billing, currency, unit_price) as
    'price_' || substr(md5(product || billing || currency || unit_price), 1, 16);
create macro exported_at(copy) as cast(epoch_of(t1()) - case copy when 0 then 3456000 else 3600 end as varchar);

-- step: calendar and rates
create table months as
select
    m,
    cast(d0() + to_months(cast(m as integer)) as date) as month_start,
    cast(d0() + to_months(cast(m + 1 as integer)) as date) as month_end,
    utc_of(cast(d0() + to_months(cast(m as integer)) as date)) as start_at,
    utc_of(cast(d0() + to_months(cast(m + 1 as integer)) as date)) as end_at
from range(0, 37) as series (m)
where cast(d0() + to_months(cast(m as integer)) as date) < d1();

create table calendar as
select cast(d0() - 21 + to_days(cast(n as integer)) as date) as day
from range(0, cast(date_diff('day', d0() - 21, d1()) as bigint)) as series (n);

-- Rates exist from Monday to Friday; at a week-end Friday's holds.
create table fx as
select
    currency,
    day,
    cast(day - cast(greatest(0, isodow(day) - 5) as integer) as date) as rate_day,
    cast(round(case currency when 'EUR' then 1 else
        base * (
            1 + 0.05 * sin(epoch(cast(day - cast(greatest(0, isodow(day) - 5) as integer) as date)) / 86400 / 80 + phase)
            + 0.006 * (u(epoch(cast(day - cast(greatest(0, isodow(day) - 5) as integer) as date)), currency) - 0.5)
        )
    end, 8) as decimal(18, 8)) as rate
from calendar,
    (values ('EUR', 1.0, 0.0), ('USD', 0.92, 0.5), ('GBP', 1.16, 2.0), ('JPY', 0.0063, 4.0)) as c (currency, base, phase);

-- step: business hours
create table schedule as
from (values ('standard', 'Europe/Berlin', '09:00', '17:00'), ('us_support', 'America/New_York', '08:30', '18:00')) as schedules (schedule_id, time_zone, opens, closes);

create table holiday as
with easter (day) as (
    values (date '2020-04-12'), (date '2021-04-04'), (date '2022-04-17'), (date '2023-04-09'), (date '2024-03-31'),
    (date '2025-04-20'), (date '2026-04-05'),
        (date '2027-03-28'), (date '2028-04-16'), (date '2029-04-01'), (date '2030-04-21')
)

select 'standard' as schedule_id, cast(day + shift as date) as holiday_date from easter,
    (values (-2), (1), (39), (50)) as moves (shift)
union
select 'standard', make_date(year(day), month_no, day_no) from easter,
    (values (1, 1), (5, 1), (10, 3), (12, 25), (12, 26)) as fixed (month_no, day_no)
union
select 'us_support', make_date(year(day), month_no, day_no) from easter,
    (values (1, 1), (7, 4), (12, 25)) as fixed (month_no, day_no);

-- step: staff
create table sales_staff as
with people as (
    select i, case
        when i <= n_reps() then 'Account Executive'
        when i <= n_reps() + greatest(1, n_reps() // 2) then 'Sales Development Rep'
        when i <= n_reps() + greatest(1, n_reps() // 2) + greatest(1, n_reps() // 4) then 'Sales Manager'
        when i <= n_reps() + greatest(1, n_reps() // 2) + greatest(1, n_reps() // 4) + 2 then 'Marketing Manager'
        else 'Integration' end as user_role
    from range(1, n_reps() + greatest(1, n_reps() // 2) + greatest(1, n_reps() // 4) + 4) as series (i)
)

select
    i,
    salesforce_id('005', 100 + i) as user_id,
    user_role,
    case user_role when 'Integration' then 'Integration User'
        else first_name(u(i, 'staff first')) || ' ' || last_name(u(i, 'staff last')) end as name,
    case user_role when 'Integration' then 'integration@lindenhof.example'
        else ascii_of(first_name(u(i, 'staff first'))) || '.' || ascii_of(last_name(u(i, 'staff last'))) || i || '@lindenhof.example'
    end as email,
    pick(['DACH', 'Western Europe', 'International'], u(i, 'team')) as team,
    -- The first of each role stays; one in eight of the others leaves.
    case when user_role = 'Account Executive' and i > 2 and u(i, 'leaves') < 0.125
        then cast(d0() + 400 + to_days(cast(floor(u(i, 'left') * 600) as integer)) as date) end as left_on,
    case when i <= 2 then d0() else cast(d0() + to_days(cast(floor(u(i, 'joined') * 300) as integer)) as date) end as joined_on,
    case when u(i, 'fte') < 0.15 then 0.5 else 1.0 end as fte
from people;

create table agent as
select
    i,
    case when i = 0 then 900000000 else 900000000 + i end as agent_id,
    i = 0 as is_bot,
    case when i = 0 then 'Lindi (auto-responder)'
        else first_name(u(i, 'agent first')) || ' ' || last_name(u(i, 'agent last')) end as name,
    case when i = 0 then 'lindi@lindenhof.example'
        else 'support' || i || '@lindenhof.example' end as email,
    1 + i % 4 as group_no,
    case when i > 2 and u(i, 'agent leaves') < 0.15
        then cast(d0() + 300 + to_days(cast(floor(u(i, 'agent left') * 600) as integer)) as date) end as left_on
from range(0, n_agents() + 1) as series (i);

create macro rep_id(k, salt) as salesforce_id('005', 101 + cast(floor(u(k, salt) * n_reps()) as bigint));

-- step: campaigns
create table campaign as
with base as (
    select
        c,
        pick(['Paid Search', 'Social Ads', 'Display', 'Email', 'Webinar', 'Trade Show', 'Partner'], u(c, 'channel')) as channel,
        cast(d0() + to_days(cast(floor(pow(u(c, 'start'), 0.9) * date_diff('day', d0(), d1()) * 0.95) as integer)) as date) as start_date
    from range(1, n_campaigns() + 1) as series (c)
)

select
    c,
    salesforce_id('701', 100 + c) as campaign_id,
    channel,
    channel not in ('Email', 'Partner') as is_paid,
    start_date,
    least(cast(start_date + to_days(cast(floor(60 + u(c, 'length') * 240) as integer)) as date), cast(d1() - 1 as date)) as end_date
from base;

-- step: accounts
create table account_plan as
with base as (
    select
        k,
        k <= cast(ceil(n_accounts() * 0.3) as bigint) as is_initial,
        case when k <= cast(ceil(n_accounts() * 0.3) as bigint) then null
            else at_work(arrival(u(k, 'lead at')), u(k, 'lead hour')) end as lead_at,
        pick(['SMB', 'SMB', 'SMB', 'SMB', 'SMB', 'SMB', 'Mid-Market', 'Mid-Market', 'Mid-Market', 'Enterprise'], u(k, 'segment')) as segment,
        pick(['DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'DE', 'AT', 'AT', 'FR', 'FR', 'NL', 'NL', 'US', 'US', 'US', 'GB', 'GB', 'JP'],
            u(k, 'country')) as country,
        pick(['Manufacturing', 'Retail', 'Healthcare', 'Software', 'Logistics', 'Education', 'Media', null], u(k, 'industry')) as industry,
        pick(['Organic Search', 'Organic Search', 'Paid Search', 'Paid Search', 'Social', 'Referral', 'Partner', 'Outbound'],
            u(k, 'channel')) as channel,
        pick(['subscription', 'subscription', 'subscription', 'subscription', 'subscription', 'subscription', 'subscription',
              'order', 'both', 'subscription'], u(k, 'buys')) as buys,
        k % 50 = 7 as is_test
    from range(1, n_accounts() + 1) as series (k)
)

select
    *,
    case country when 'US' then 'USD' when 'GB' then 'GBP' when 'JP' then 'JPY' else 'EUR' end as currency,
    case when is_initial then at_work(t0() + days_of(1.5 + 75 * u(k, 'created')), u(k, 'created hour'))
        else lead_at + days_of(0.05 + 20 * pow(u(k, 'converts after'), 2)) end as created_at,
    -- Duplicates that were merged into it since: 0, 1 or 2 (a chain).
    case when lead_at + to_days(25) >= t1() then 0 when k % 100 = 3 then 2 when k % 25 = 3 then 1 else 0 end as shells
from base;

create table account as
select
    *,
    row_number() over (order by k) as n,
    salesforce_id('001', 1000 + k) as account_id,
    -- Ids under which other systems know this account: its own and those of the shells merged into it.
    [salesforce_id('001', 1000 + k)]
    || case when shells >= 1 then [salesforce_id('001', 2000000000 + k * 10 + 1)] else [] end
    || case when shells >= 2 then [salesforce_id('001', 2000000000 + k * 10 + 2)] else [] end as known_as,
    rep_id(k, 'owner') as owner_id,
    not is_test and u(k, 'deleted account') < 0.012 as is_deleted
from account_plan
where created_at < t1();

create macro known_id(ids, k, salt) as pick(ids, u(k, salt));

-- step: new business
create macro cycle_days(o, segment) as
    greatest(2, exp(3.25 + 0.55 * z(o, 'cycle')) * case segment when 'SMB' then 0.8 when 'Mid-Market' then 1.2 else 2.0 end);

create table new_business as
with first_deal as (
    select k, k * 100 as o, segment, created_at
    from account
    where not is_initial and u(k, 'has deal') < 0.95
),

second_deal as (
    select k, k * 100 + 1 as o, segment,
        created_at + days_of(cycle_days(o, segment) + 15 + 120 * u(k, 'second deal after')) as created_at
    from first_deal
    where u(k, 'second deal') < 0.12
),

deals as (
    select * from first_deal
    union all
    select * from second_deal where created_at < t1()
)

select
    *,
    created_at + days_of(cycle_days(o, segment)) as closes_at,
    case when u(o, 'outcome') < 0.46 then 'won' when u(o, 'outcome') < 0.93 then 'lost' else 'open' end as outcome
from deals;

-- step: subscriptions
-- Who pays, and from when: old customers at once, the others soon after their first deal is won.
create table payer as
select k, created_at + days_of(0.2 + 18 * u(k, 'pays after')) as pays_at
from account
where is_initial
union all
select k, min(closes_at) + days_of(0.1 + 8 * u(k, 'pays after')) as pays_at
from new_business
where outcome = 'won' and closes_at < t1()
group by k
having min(closes_at) + days_of(0.1 + 8 * u(k, 'pays after')) < t1();

-- From (q, k, s, start_at, trial_days, converts): how each subscription runs and ends.
create macro subscription_terms(source) as table
with paid as (
    select
        *,
        start_at + to_days(cast(trial_days as integer)) as trial_end,
        case when trial_days is null then start_at when converts then start_at + to_days(cast(trial_days as integer)) end as paid_from
    from query_table(source)
),

ends as (
    select
        *,
        paid_from + days_of(30 - 900 * ln(1 - u(q, 'life'))) as raw_end,
        case when u(q, 'end kind') < 0.76 then 'cancel' when u(q, 'end kind') < 0.88 then 'unpaid' else 'past_due' end as end_kind
    from paid
),

snapped as (
    select
        *,
        case
            when u(q, 'snap') < 0.25 then utc_of(date_trunc('month', local_of(raw_end)) + to_months(1))
            when u(q, 'snap') < 0.35 then utc_of(date_trunc('day', local_of(raw_end)) + to_days(1))
            else raw_end
        end as cancel_end,
        -- The thirtieth day never is the last of a month: dunning may end at the minute or at the midnight, the month is the same.
        raw_end - case when local_day(raw_end) + 30 = last_day(cast(local_day(raw_end) + 30 as date)) then to_days(1) else to_days(0) end as overdue_from
    from ends
),

events as (
    select
        *,
        case when end_kind = 'unpaid' and raw_end < t1() then raw_end end as unpaid_at,
        case when end_kind = 'past_due' and overdue_from < t1() then overdue_from end as past_due_since,
        case when end_kind = 'past_due' and overdue_from < t1() then utc_of(local_of(overdue_from) + to_days(30)) end as dunning_end,
        case when end_kind = 'cancel' then cancel_end - days_of(20 * u(q, 'asked before')) end as asked_at
    from snapped
),

final as (
    select
        * exclude (asked_at),
        case when asked_at < t1() then asked_at end as canceled_at,
        case when asked_at < t1() and cancel_end >= t1() then cancel_end end as cancel_at,
        case
            when paid_from is null and trial_end < t1() then trial_end
            when end_kind = 'cancel' and cancel_end < t1() then cancel_end
            when end_kind = 'unpaid' and unpaid_at + to_days(20) < t1() then unpaid_at + to_days(20)
            when end_kind = 'past_due' and dunning_end + to_days(10) < t1() then dunning_end + to_days(10)
        end as ended_at
    from events
)

select
    q, k, s, start_at, trial_end, paid_from, ended_at, canceled_at, cancel_at, unpaid_at, past_due_since, dunning_end, end_kind,
    least(ended_at, unpaid_at, dunning_end) as stops_at
from final;

create table first_start as
select
    k * 10 + 1 as q, k, 1 as s, pays_at as start_at,
    case when u(k, 'trial') < 0.3 then pick([14, 30], u(k, 'trial days')) end as trial_days,
    u(k, 'trial converts') < 0.82 as converts
from payer join account using (k)
where buys in ('subscription', 'both')
union all
-- Self-service trials of accounts that never buy.
select k * 10 + 1, k, 1, created_at + days_of(1 + 15 * u(k, 'trial start')), 14, false
from account
where not is_test and k not in (select k from payer) and u(k, 'trial only') < 0.15
    and created_at + days_of(1 + 15 * u(k, 'trial start')) < t1();

create table first_subscription as
from subscription_terms(first_start);

create table later_start as
-- A second subscription beside the first, and the return of lost customers.
select k * 10 + 2 as q, k, 2 as s, paid_from + days_of(40 + 300 * u(k, 'second sub at')) as start_at,
    cast(null as bigint) as trial_days, true as converts
from first_subscription
where u(k, 'second sub') < 0.09 and paid_from + days_of(40 + 300 * u(k, 'second sub at')) < t1()
union all
select k * 10 + 3, k, 3, stops_at + days_of(15 + 200 * u(k, 'returns after')), null, true
from first_subscription
where u(k, 'returns') < 0.4 and stops_at + days_of(15 + 200 * u(k, 'returns after')) < t1() and paid_from is not null;

create table subscription as
with runs as (
    from first_subscription
    union all
    from subscription_terms(later_start)
),

paused as (
    select
        *,
        case when s = 1 and u(q, 'pauses') < 0.07 and paid_from + days_of(40 + 500 * u(q, 'pause at')) < least(coalesce(stops_at, t1()), t1())
            then paid_from + days_of(40 + 500 * u(q, 'pause at')) end as paused_at,
        15 + 120 * u(q, 'pause length') as pause_days
    from runs
)

select
    * exclude (pause_days),
    stripe_id('sub_', 'subscription', q, 24) as subscription_id,
    case when u(q, 'resumes') < 0.75 and paused_at + days_of(pause_days) < least(coalesce(stops_at, t1()), t1())
        then paused_at + days_of(pause_days) end as resumed_at,
    -- One account may be two customers of the billing system.
    k * 10 + case when s = 2 then 2 else 1 end as customer_no,
    case
        when u(q, 'interval') < 0.60 then 'month' when u(q, 'interval') < 0.66 then 'quarter' when u(q, 'interval') < 0.94 then 'year'
        when u(q, 'interval') < 0.96 then 'two years' when u(q, 'interval') < 0.985 then 'week' else 'thirty days'
    end as billing
from paused;

create macro interval_unit(billing) as
    case billing when 'month' then 'month' when 'quarter' then 'month' when 'week' then 'week' when 'thirty days' then 'day' else 'year' end;
create macro interval_count(billing) as case billing when 'quarter' then 3 when 'two years' then 2 when 'thirty days' then 30 else 1 end;
create macro interval_months(billing) as
    case billing when 'month' then 1.0 when 'quarter' then 3.0 when 'year' then 12.0 when 'two years' then 24.0 when 'week' then 12.0 / 52
        else 30 * 12.0 / 365 end;
-- List price of one seat for one billing interval, in the customer's currency.
create macro list_price(monthly_eur, billing, currency) as cast(round(
    cast(monthly_eur as double) * case currency when 'USD' then 1.1 when 'GBP' then 0.87 when 'JPY' then 160 else 1 end
    * case billing when 'month' then 1 when 'quarter' then 3 when 'year' then 10.8 when 'two years' then 20.4 when 'week' then 0.25 else 1 end,
    decimals(currency)) as decimal(18, 2));
create macro tier_price(tier) as case tier when 0 then 0 when 1 then 19 when 2 then 39 when 3 then 79 else 149 end;

create table plan_history as
with chosen as (
    select
        q, s, sub.k, currency, segment, billing, start_at, paid_from, stops_at,
        case when u(q, 'free') < 0.05 and trial_end is null and billing = 'month' then 0
            when segment = 'SMB' then pick([1, 1, 2], u(q, 'tier')) when segment = 'Mid-Market' then pick([2, 2, 3], u(q, 'tier'))
            else pick([3, 4], u(q, 'tier')) end as tier1,
        case segment when 'SMB' then 1 + cast(floor(8 * u(q, 'seats')) as integer)
            when 'Mid-Market' then 8 + cast(floor(30 * u(q, 'seats')) as integer)
            else 40 + cast(floor(120 * u(q, 'seats')) as integer) end as seats1,
        paid_from + days_of(30 + 420 * pow(u(q, 'change 1 at'), 1.5)) as change1_at,
        u(q, 'change 1') as roll1,
        u(q, 'change 2') as roll2,
        u(q, 'price rise') as roll3
    from subscription as sub join account using (k)
),

changed as (
    select
        * exclude (change1_at),
        case when (tier1 = 0 or u(q, 'changes') < 0.5) and change1_at < least(coalesce(stops_at, t1()), t1()) then change1_at end as change1_at
    from chosen
),

second as (
    select
        *,
        case when u(q, 'changes again') < 0.45 and change1_at + days_of(30 + 300 * u(q, 'change 2 at')) < least(coalesce(stops_at, t1()), t1())
            then change1_at + days_of(30 + 300 * u(q, 'change 2 at')) end as change2_at,
        case when tier1 = 0 or (roll1 < 0.32 and tier1 < 4) then 'upgrade' when roll1 < 0.62 then 'seats'
            when roll1 < 0.78 and tier1 > 1 then 'downgrade' when roll1 < 0.88 and seats1 > 2 then 'fewer' when roll1 < 0.94 then 'price_increase'
            else 'seats' end as kind1
    from changed
),

first_result as (
    select
        *,
        case kind1 when 'upgrade' then tier1 + 1 when 'downgrade' then tier1 - 1 else tier1 end as tier2,
        case kind1 when 'seats' then cast(ceil(seats1 * (1.15 + u(q, 'more')) + 0.5) as integer) when 'fewer' then greatest(1, seats1 * 2 // 3) else seats1 end as seats2,
        case kind1 when 'price_increase' then 1.06 else 1.0 end as factor2
    from second
),

second_kind as (
    select
        *,
        case when roll2 < 0.3 and tier2 < 4 then 'upgrade' when roll2 < 0.55 then 'seats' when roll2 < 0.75 and tier2 > 1 then 'downgrade'
            when roll2 < 0.88 and seats2 > 2 then 'fewer' else 'price_increase' end as kind2
    from first_result
),

all_versions as (
    select
        *,
        case kind2 when 'upgrade' then tier2 + 1 when 'downgrade' then tier2 - 1 else tier2 end as tier3,
        case kind2 when 'seats' then cast(ceil(seats2 * 1.3) as integer) + 1 when 'fewer' then greatest(1, seats2 * 2 // 3) else seats2 end as seats3,
        factor2 * case kind2 when 'price_increase' then 1.05 else 1.0 end as factor3
    from second_kind
)

select q, k, s, currency, billing, 1 as version, tier1 as tier, seats1 as seats, 1.0 as factor, 'new' as change_reason,
    start_at as valid_from, change1_at as valid_to
from all_versions
union all
select q, k, s, currency, billing, 2, tier2, seats2, factor2, case kind1 when 'fewer' then 'downgrade' else kind1 end, change1_at,
    change2_at
from all_versions where change1_at is not null
union all
select q, k, s, currency, billing, 3, tier3, seats3, factor3, case kind2 when 'fewer' then 'downgrade' else kind2 end, change2_at,
    null
from all_versions where change2_at is not null;

create table item_version as
with plans as (
    select
        q, k, currency, billing, 1 as item, version,
        pick(['prod_free', 'prod_starter', 'prod_team', 'prod_business', 'prod_enterprise'], tier / 5.0 + 0.01) as product,
        'recurring' as price_type, seats as quantity, list_price(tier_price(tier) * factor, billing, currency) as unit_price,
        change_reason, valid_from, valid_to
    from plan_history
),

addons as (
    select
        q, sub.k, currency, billing, 2 as item, 1 as version,
        pick(['prod_addon_analytics', 'prod_addon_api'], u(q, 'addon')) as product, 'recurring' as price_type,
        1 + cast(floor(3 * u(q, 'addon quantity')) as integer) as quantity, list_price(25, billing, currency) as unit_price,
        'add_on' as change_reason, paid_from + days_of(20 + 350 * u(q, 'addon at')) as valid_from,
        case when u(q, 'addon ends') < 0.3 then paid_from + days_of(20 + 350 * u(q, 'addon at') + 60 + 200 * u(q, 'addon length')) end as valid_to
    from subscription as sub join account using (k)
    where u(q, 'has addon') < 0.16 and paid_from + days_of(20 + 350 * u(q, 'addon at')) < least(coalesce(stops_at, t1()), t1())
),

others as (
    select
        q, sub.k, currency, billing, case kind when 'usage' then 3 else 4 end as item, 1 as version,
        case kind when 'usage' then 'prod_usage' else 'prod_setup' end as product, kind as price_type, 1 as quantity,
        list_price(case kind when 'usage' then 15 else 400 end, 'month', currency) as unit_price, 'new' as change_reason,
        start_at as valid_from, cast(null as timestamp) as valid_to
    from subscription as sub join account using (k), (values ('usage'), ('one_time')) as kinds (kind)
    -- Never beside a fixed discount, so that nothing has to be spread over them.
    where paid_from is not null and u(q, 'discount') >= 0.14 and u(q, kind) < 0.1
)

select
    all_items.* exclude (valid_to),
    stripe_id('si_', 'item', q || '/' || item, 14) as item_id,
    case when valid_to < t1() then valid_to end as valid_to
from (from plans union all from addons union all from others) as all_items;

create table discount as
with kinds as (
    select
        q, k, currency, start_at,
        case
            when u(q, 'discount') < 0.05 then 'WELCOME25' when u(q, 'discount') < 0.08 then 'PARTNER10'
            when u(q, 'discount') < 0.11 then 'ONCE50' else 'SAVE5_' || currency
        end as coupon
    from subscription join account using (k)
    where paid_from is not null and u(q, 'discount') < 0.14
)

select
    *,
    stripe_id('di_', 'discount', q, 16) as discount_id,
    case coupon when 'WELCOME25' then 25 when 'PARTNER10' then 10 when 'ONCE50' then 50 end as percent_off,
    case when coupon like 'SAVE5%' then case currency when 'JPY' then 800 else 5 end end as amount_off,
    case coupon when 'PARTNER10' then 'forever' when 'ONCE50' then 'once' else 'repeating' end as duration,
    start_at as starts_at,
    case coupon when 'WELCOME25' then start_at + to_months(6) when 'ONCE50' then start_at + to_months(1)
        when 'PARTNER10' then null else start_at + to_months(12) end as ends_at
from kinds;

-- When each recurring version really is paid for: after the trial, before the end, outside the pause.
create table paid_span as
with spans as (
    select
        iv.q, iv.k, iv.item, iv.version, iv.currency, iv.quantity * iv.unit_price / interval_months(iv.billing) as monthly,
        sub.billing, paused_at, resumed_at,
        greatest(iv.valid_from, paid_from) as f,
        coalesce(least(iv.valid_to, stops_at), timestamp '9999-01-01') as t
    from item_version as iv join subscription as sub using (q)
    where iv.price_type = 'recurring' and iv.unit_price > 0 and paid_from is not null
),

parts as (
    select q, k, item, version, currency, billing, monthly, f, least(t, coalesce(paused_at, t)) as t
    from spans
    union all
    select q, k, item, version, currency, billing, monthly, greatest(f, resumed_at), t
    from spans
    where resumed_at is not null
)

from parts where f < t and f < t1();

-- step: invoices
create table invoice as
with limits as (
    select
        q, sub.k, customer_no, billing, paid_from, stops_at, paused_at, resumed_at, end_kind, unpaid_at, past_due_since, currency,
        country, is_test,
        case billing when 'month' then 37 when 'quarter' then 13 when 'year' then 4 when 'two years' then 2 when 'week' then 160 else 38 end as periods
    from subscription as sub join account using (k)
    where paid_from is not null
),

periods as (
    select
        *,
        case interval_unit(billing) when 'month' then paid_from + to_months(cast(i * interval_count(billing) as integer))
            when 'year' then paid_from + to_months(cast(12 * i * interval_count(billing) as integer))
            when 'week' then paid_from + to_days(cast(7 * i as integer)) else paid_from + to_days(cast(30 * i as integer)) end as period_start,
        case interval_unit(billing) when 'month' then paid_from + to_months(cast((i + 1) * interval_count(billing) as integer))
            when 'year' then paid_from + to_months(cast(12 * (i + 1) * interval_count(billing) as integer))
            when 'week' then paid_from + to_days(cast(7 * (i + 1) as integer)) else paid_from + to_days(cast(30 * (i + 1) as integer)) end as period_end
    from limits, range(0, 160) as series (i)
    where i < periods
)

select
    q, k, i, customer_no, currency, country, is_test, period_start, period_end, q * 1000 + i as v,
    stripe_id('in_', 'invoice', q || '/' || i, 24) as invoice_id,
    case when period_start + to_hours(1) < t1() then period_start + to_hours(1) end as issued_at,
    case
        when period_start + to_hours(1) >= t1() then 'draft'
        when period_start >= unpaid_at - to_days(25) then 'uncollectible'
        when period_start >= past_due_since - to_days(3) then 'open'
        when u(q * 1000 + i, 'void') < 0.01 then 'void'
        when period_start + to_days(2) >= t1() then 'open'
        else 'paid'
    end as status
from periods
where period_start < least(coalesce(stops_at, t1()), t1()) and not coalesce(period_start >= paused_at and period_start < coalesce(resumed_at, t1()), false);

create table invoice_line as
with lines as (
    select
        v, inv.q, inv.k, i, invoice_id, period_start, period_end, item, version, item_id, product, price_type, quantity, unit_price,
        inv.currency,
        cast(minor(quantity * unit_price, inv.currency) * case price_type when 'usage' then 1 + cast(floor(9 * u(v, 'used')) as integer) else 1 end as bigint) as amount
    from invoice as inv
    join item_version as iv on iv.q = inv.q and iv.valid_from <= period_start and (iv.valid_to is null or period_start < iv.valid_to)
    where unit_price > 0 and (price_type <> 'one_time' or i = 0)
)

select
    lines.*,
    discount_id,
    least(amount, coalesce(case
        when price_type <> 'recurring' or (duration = 'once' and i > 0) then 0
        when percent_off is not null then cast(round(amount * percent_off / 100.0) as bigint)
        when item = 1 then minor(amount_off, lines.currency)
    end, 0)) as discounted
from lines left join discount on discount.q = lines.q and (ends_at is null or period_start < ends_at);

create table invoice_total as
with sums as (
    select v, cast(sum(amount) as bigint) as subtotal, cast(sum(amount - discounted) as bigint) as net from invoice_line group by v
)

select *, case when country = 'DE' then cast(round(net * 0.19) as bigint) else 0 end as tax
from invoice join sums using (v);

create table invoice_refund as
select
    v, k, invoice_id, currency, net, tax,
    stripe_id('re_', 'refund', v, 24) as refund_id,
    case when u(v, 'refund share') < 0.4 then net else net // 4 end as refunded_net,
    case when u(v, 'refund share') < 0.4 then tax else tax // 4 end as refunded_tax,
    issued_at + days_of(2 + 20 * u(v, 'refunded after')) as refunded_at,
    case when u(v, 'refund fails') < 0.05 then 'failed' else 'succeeded' end as status
from invoice_total
where status = 'paid' and u(v, 'refunded') < 0.02 and net > 4 and issued_at + days_of(2 + 20 * u(v, 'refunded after')) < t1();

-- step: orders
create table purchase as
with counted as (
    select k, currency, known_as, pays_at, 1 + cast(floor(6 * u(k, 'orders')) as integer) as order_count
    from payer join account using (k)
    where buys in ('order', 'both')
),

placed as (
    select
        counted.*, i, k * 100 + i as p,
        local_day(pays_at + secs((epoch(t1()) - epoch(pays_at)) * u(k * 100 + i, 'ordered'))) as raw_day
    from counted, range(0, 6) as series (i)
    where i < order_count
),

-- Between 08:00 and 20:00, never on a day whose 366th day after opens a month: the activity window can be read in one way only.
dated as (
    select
        * exclude (raw_day),
        utc_of(cast(case when day(cast(raw_day + 366 as date)) = 1 then raw_day - 1 else raw_day end as timestamp)
            + secs(8 * 3600 + 43000 * u(p, 'order time'))) as ordered_at
    from placed
),

-- An exchange costs nothing and is no new order.
sent as (
    select *, cast(null as bigint) as exchange_of from dated
    union all
    select * replace (p + 50 as p, ordered_at + to_days(10) as ordered_at), p from dated where u(p, 'exchanged') < 0.05
)

select
    p, k, known_as, currency, ordered_at,
    'ord_' || lpad(cast(p as varchar), 9, '0') as order_id,
    case when u(p, 'order status') < 0.72 then 'fulfilled' when u(p, 'order status') < 0.9 then 'paid' when u(p, 'order status') < 0.96 then 'cancelled'
        when u(p, 'order status') < 0.98 then 'pending' else 'draft' end as status,
    exchange_of is not null as is_exchange,
    'ord_' || lpad(cast(exchange_of as varchar), 9, '0') as exchange_of_order_id,
    1 + cast(floor(3 * u(p, 'lines')) as integer) as line_count,
    u(p, 'refund') as refund_roll
from sent
where ordered_at < t1() and ordered_at >= t0();

create table purchase_line as
select
    p, l, k, currency, ordered_at,
    order_id || '-' || l as line_id,
    order_id,
    'hw_' || (1 + cast(floor(5 * u(p * 10 + l, 'hardware')) as integer)) as product_id,
    1 + cast(floor(4 * u(p * 10 + l, 'pieces')) as integer) as quantity,
    case when is_exchange then cast(0 as decimal(18, 2))
        else list_price(pick([49, 89, 129, 210, 480], u(p * 10 + l, 'hardware')), 'month', currency) end as unit_price,
    case when is_exchange or u(p * 10 + l, 'line discount') >= 0.15 then cast(0 as decimal(18, 2)) else list_price(10, 'month', currency) end as discount
from purchase, range(1, 4) as series (l)
where l <= line_count;

create table purchase_value as
select p, sum(quantity * unit_price - discount) as net from purchase_line group by p;

create table purchase_refund as
select
    p, k, known_as, currency, net, order_id,
    refund_roll < 0.05 as is_full,
    case when refund_roll < 0.05 then net else cast(round(cast(net as double) * 0.3, decimals(currency)) as decimal(18, 2)) end as amount,
    ordered_at + days_of(2 + 25 * u(p, 'refunded')) as refunded_at
from purchase join purchase_value using (p)
where status in ('paid', 'fulfilled') and refund_roll < 0.11 and net > 0 and ordered_at + days_of(2 + 25 * u(p, 'refunded')) < t1();

-- Orders that make an active customer.
create table valid_order as
select p, k, ordered_at
from purchase join purchase_value using (p)
where status in ('paid', 'fulfilled') and net > 0 and p not in (select p from purchase_refund where is_full);

create table first_paid as
select k, min(paid_at) as first_paid_at
from (select k, f as paid_at from paid_span union all select k, ordered_at from valid_order)
group by k;

-- step: opportunities
create table opportunity as
with growth as (
    select k, k * 100 + 10 + i as o, 'Expansion' as type, segment,
        first_paid_at + days_of(30 + (i + 1) * 260 * u(k * 10 + i, 'expansion at')) as created_at
    from first_paid join account using (k), range(0, 3) as series (i)
    where u(k * 10 + i, 'expansion') < 0.35
    union all
    select k, k * 100 + 20 + i, 'Renewal', segment, start_at + to_days(335 + 365 * cast(i as integer))
    from subscription join account using (k), range(0, 3) as series (i)
    where billing = 'year' and s = 1 and paid_from is not null and start_at + to_days(335 + 365 * cast(i as integer)) < coalesce(stops_at, t1())
),

everything as (
    select k, o, 'New Business' as type, segment, created_at, closes_at, outcome from new_business
    union all
    select
        k, o, type, segment, created_at,
        created_at + case when type = 'Renewal' then days_of(5 + 24 * u(o, 'renewal length')) else days_of(cycle_days(o, segment) * 0.7) end,
        case when u(o, 'outcome') < case when type = 'Renewal' then 0.85 else 0.55 end then 'won' when u(o, 'outcome') < 0.95 then 'lost' else 'open' end
    from growth
    where created_at < t1()
)

select
    e.* exclude (segment),
    salesforce_id('006', 1000 + o) as opportunity_id,
    account.known_as, account.is_test, account.owner_id, account.currency, account.channel, account.segment,
    account.country,
    -- Imported late: the record is younger than the win it describes.
    type = 'Expansion' and outcome = 'won' and u(o, 'backdated') < 0.02 and closes_at + to_days(3) < t1() as is_backdated,
    u(o, 'deleted deal') < 0.015 as is_deleted,
    case when outcome <> 'won' and u(o, 'no amount') < 0.06 then null else cast(round(
        exp(case e.segment when 'SMB' then 8.0 when 'Mid-Market' then 9.3 else 10.6 end + 0.5 * z(o, 'amount'))
        * case account.currency when 'JPY' then 160 else 1 end, case account.currency when 'JPY' then -3 else -1 end) as decimal(18, 2)) end as amount,
    case when outcome = 'lost' then pick(['Price', 'Competitor', 'No Budget', 'No Decision', 'Timing', 'Price', 'Competitor', 'No Decision',
        'Timing', 'No Budget', 'Duplicate', 'Created in Error'], u(o, 'loss reason')) end as loss_reason
from everything as e join account using (k);

-- Entries into stages, and edits that repeat a stage (is_edit).
create table stage_event as
with path as (
    select o, created_at, closes_at, outcome, type, epoch(closes_at) - epoch(created_at) as length,
        u(o, 'skip') < 0.1 as skips, u(o, 'back') < 0.09 as goes_back, outcome = 'lost' and u(o, 'lost early') < 0.45 as lost_early,
        outcome in ('won', 'lost') and u(o, 'reopen') < 0.035 as reopens, is_backdated
    from opportunity
),

steps as (
    select o, 1 as seq, 'Prospecting' as stage, created_at as happened_at, false as is_edit from path
    union all
    select o, 2, 'Qualification', created_at + secs(length * 0.2), false from path where not skips
    union all
    select o, 3, 'Proposal', created_at + secs(length * 0.42), false from path
    union all
    select o, 4, 'Proposal', created_at + secs(length * 0.46), true from path where u(o, 'edit') < 0.2
    union all
    select o, 5, 'Qualification', created_at + secs(length * 0.5), false from path where goes_back
    union all
    select o, 6, 'Proposal', created_at + secs(length * 0.6), false from path where goes_back
    union all
    select o, 7, 'Negotiation', created_at + secs(length * 0.75), false from path where not lost_early
    union all
    select o, 8, case outcome when 'won' then 'Closed Won' else 'Closed Lost' end, closes_at,
        false from path where outcome <> 'open'
    union all
    select o, 9, case outcome when 'won' then 'Closed Won' else 'Closed Lost' end, closes_at + to_days(1), true from path
    where outcome <> 'open' and not reopens and u(o, 'late edit') < 0.02
    union all
    select o, 10, 'Negotiation', closes_at + to_days(4), false from path where reopens
    union all
    select o, 11, case when outcome = 'won' or u(o, 'second chance') < 0.5 then 'Closed Won' else 'Closed Lost' end,
        closes_at + days_of(7 + 25 * u(o, 'reclosed')), false from path where reopens
)

select o, seq, stage, happened_at, is_edit from steps where happened_at < t1();

create table opportunity_state as
with last_state as (
    select o, arg_max(stage, seq) as stage, max(happened_at) as changed_at,
        max(happened_at) filter (where not is_edit) as entered_at
    from stage_event
    group by o
)

select
    opportunity.* exclude (created_at),
    -- What the record says: backdated ones were typed in three days after the win.
    case when is_backdated then closes_at + to_days(3) else created_at end as created_at,
    created_at as begun_at,
    last_state.stage,
    last_state.changed_at,
    last_state.stage = 'Closed Won' as is_won,
    last_state.stage in ('Closed Won', 'Closed Lost') as is_closed,
    case when last_state.stage in ('Closed Won', 'Closed Lost') then entered_at end as closed_at
from opportunity join last_state using (o);

-- step: leads
create table lead as
with primary_leads as (
    select k as l, k, lead_at as created_at, created_at as converted_at, channel, 'primary' as part
    from account_plan where not is_initial
),

secondary as (
    select
        n_accounts() + k as l, k,
        case when u(k, 'second lead kind') < 0.6 and not is_initial then lead_at + days_of(0.1 + 5 * u(k, 'second lead at'))
            -- In the late evening, for subscribers only: whether the account is a customer then is never a matter of an hour.
            else utc_of(cast(local_day(created_at) + 30 + cast(floor(500 * u(k, 'second lead at')) as integer) as timestamp) + secs(77400 + 7000 * u(k, 'evening'))) end as created_at,
        channel
    from account_plan
    where u(k, 'second lead') < 0.17 and buys = 'subscription' and not is_test
),

others as (
    select
        2 * n_accounts() + i as l, cast(null as bigint) as k,
        at_work(arrival(u(i, 'stray lead')), u(i, 'stray hour')) as created_at,
        cast(null as timestamp) as converted_at,
        pick(['Organic Search', 'Paid Search', 'Paid Search', 'Social', 'Referral', 'Partner', 'Outbound'], u(i, 'stray channel')) as channel,
        'stray' as part
    from range(1, greatest(2, n_leads() - cast(ceil(n_accounts() * 0.83) as bigint))) as series (i)
),

together as (
    from primary_leads
    union all
    select l, k, created_at,
        greatest(created_at, (select p.created_at from account_plan as p where p.k = secondary.k)) + days_of(0.2 + 6 * u(l, 'second conversion')), channel, 'secondary'
    from secondary
    union all
    from others
)

select
    l, together.k, together.created_at, together.channel, part,
    salesforce_id('00Q', 1000 + l) as lead_id,
    case when together.converted_at < t1() and account.k is not null then together.converted_at end as converted_at,
    account.known_as,
    account.country,
    coalesce(account.is_test, part = 'stray' and u(l, 'test lead') < 0.015) as is_test,
    part = 'stray' and u(l, 'spam lead') < 0.02 as is_spam,
    part = 'stray' and u(l, 'deleted lead') < 0.02 as is_deleted,
    -- Duplicates of the person that were merged into this record: 0, 1 or 2 (a chain).
    case when u(l, 'lead shells') < 0.008 then 2 when u(l, 'lead shells') < 0.03 then 1 else 0 end as shells,
    case when part <> 'secondary' and u(l, 'campaign') < 0.4 then (1 + cast(floor(n_campaigns() * u(l, 'which campaign')) as bigint)) end as campaign_no,
    case when u(l, 'touched') < 0.8 and together.created_at + secs(60 + 86400 * pow(u(l, 'touch after'), 3)) < t1()
        then together.created_at + secs(60 + 86400 * pow(u(l, 'touch after'), 3)) end as first_touched_at
from together left join account using (k)
where together.created_at < t1();

-- step: tickets
create table ticket as
with base as (
    select
        t, 1 + cast(floor(pow(u(t, 'ticket account'), 1.3) * (select count(*) from account)) as bigint) as n
    from range(1, n_tickets() + 1) as series (t)
),

born as (
    select
        t, account.k, account.known_as, account.is_test, account.country,
        account.created_at + secs((epoch(t1()) - epoch(account.created_at)) * u(t, 'ticket at')) as raw_at
    from base join account using (n)
),

timed as (
    select * exclude (raw_at),
        case when u(t, 'by day') < 0.8 then greatest(at_work(raw_at, u(t, 'ticket hour')), t0()) else raw_at end as created_at
    from born
),

traits as (
    select
        *,
        10000 + t as ticket_id,
        case when u(t, 'submitter') < 0.85 then 'customer' when u(t, 'submitter') < 0.97 then 'agent' else 'system' end as submitter,
        pick(['web', 'email', 'email', 'email', 'chat', 'voice'], u(t, 'channel')) as channel,
        1 + cast(floor(3 * u(t, 'requester')) as integer) as requester_no,
        1 + cast(floor(n_agents() * u(t, 'assignee')) as integer) as agent_no,
        pick(['billing', 'login', 'integration', 'performance', 'how_to', 'how_to', 'outage', null], u(t, 'topic')) as topic,
        pick(['low', 'normal', 'normal', 'normal', 'high', 'urgent', null], u(t, 'priority')) as priority,
        not is_test and u(t, 'spam ticket') < 0.02 as is_spam,
        not is_test and u(t, 'deleted ticket') < 0.012 as is_deleted,
        exp(4.3 + 1.1 * z(t, 'reply')) * 60 as reply_secs,
        cast(floor(pow(u(t, 'extra replies'), 2) * 4) as integer) as extra,
        3600 * exp(1.6 + 0.9 * z(t, 'gap')) as gap_secs,
        u(t, 'never answered') < 0.04 as is_silent,
        u(t, 'reopened') < 0.09 as reopens,
        u(t, 'closed directly') < 0.03 as closes_directly,
        u(t, 'never solved') < 0.02 as never_solved
    from timed
)

select
    *,
    created_at + secs(reply_secs) as first_reply_at,
    created_at + secs(reply_secs + (extra + 1) * gap_secs) as solved_at,
    created_at + secs(reply_secs + (extra + 1) * gap_secs + 86400 * (0.3 + 5 * u(t, 'reopen after'))) as reopened_at,
    created_at + secs(reply_secs + (extra + 1) * gap_secs + 86400 * (0.3 + 5 * u(t, 'reopen after')) + 3 * gap_secs) as resolved_at,
    -- Duplicates of the same request, merged within the hour, long before it is solved.
    case when is_spam or is_deleted or reply_secs + (extra + 1) * gap_secs < 9000 or created_at + to_hours(2) >= t1() or submitter <> 'customer' then 0
        when u(t, 'ticket shells') < 0.006 then 2 when u(t, 'ticket shells') < 0.025 then 1 else 0 end as shells
from traits;

create macro agent_at(agent_no, left_on, ts) as case when left_on is null or local_day(ts) < left_on then 900000000 + agent_no else 900000001 end;

create table ticket_message as
with messages as (
    select t, 1 as seq, submitter as author, true as is_public, created_at as happened_at from ticket
    union all
    select t, 2, 'bot', true, created_at + secs(30)
    from ticket where submitter = 'customer' and channel in ('email', 'chat') and u(t, 'auto reply') < 0.5
    union all
    select t, 3, 'agent', false, created_at + secs(reply_secs * 0.4) from ticket where u(t, 'note') < 0.3
    union all
    select t, 10 + j, 'agent', true, created_at + secs(reply_secs + j * gap_secs)
    from ticket, range(0, 4) as series (j)
    where j <= extra and not is_silent
    union all
    select t, 20 + j, 'customer', true, created_at + secs(reply_secs + (j + 0.5) * gap_secs)
    from ticket, range(0, 3) as series (j)
    where j < extra and not is_silent
    union all
    select t, 30, 'customer', true, reopened_at from ticket where reopens and not never_solved and not closes_directly
    union all
    select t, 31, 'agent', true, resolved_at - secs(600) from ticket
    where reopens and not never_solved and not closes_directly and u(t, 'thanks only') >= 0.25
)

from messages where happened_at < t1();

create table ticket_status as
with events as (
    select t, 1 as seq, 'new' as status, created_at as happened_at, submitter as cause from ticket
    union all
    select t, 2, 'open', created_at + secs(reply_secs * 0.35), 'agent' from ticket
    union all
    select t, 3, case when u(t, 'hold') < 0.15 then 'hold' else 'pending' end, created_at + secs(reply_secs),
        'agent' from ticket where extra > 0 and not is_silent
    union all
    select t, 4, 'open', created_at + secs(reply_secs + 0.5 * gap_secs), 'customer' from ticket where extra > 0 and not is_silent
    union all
    select t, 5, case when closes_directly then 'closed' else 'solved' end, solved_at,
        case when is_silent then 'automation' else 'agent' end from ticket where not never_solved
    union all
    select t, 6, 'open', reopened_at, 'customer' from ticket where reopens and not never_solved and not closes_directly
    union all
    select t, 7, 'solved', resolved_at, 'agent' from ticket where reopens and not never_solved and not closes_directly
    union all
    select t, 8, 'closed', case when reopens then resolved_at else solved_at + to_days(1) end + to_days(6), 'automation' from ticket
    where not never_solved and not closes_directly
)

from events where happened_at < t1();

create table ticket_state as
select t, arg_max(status, seq) as status, max(happened_at) as changed_at from ticket_status group by t;

create table ticket_shell as
select
    t, j, 10000 + n_tickets() + t * 2 + j as ticket_id,
    case when j = 1 then 10000 + t else 10000 + n_tickets() + t * 2 + 1 end as merged_into,
    created_at + secs(300 + 600 * j) as created_at,
    created_at + secs(2400 + 600 * (3 - j)) as merged_at
from ticket, range(1, 3) as series (j)
where j <= shells;

-- Ratings of solved, clean tickets. A later change of mind is a new rating (seq 2) or a new state of the same one (is_revised).
create table rating as
with offered as (
    select
        ticket.t, k, coalesce(case when reopens and resolved_at < t1() then resolved_at end, solved_at) + to_hours(2) as offered_at,
        u(t, 'answers rating') < 0.45 as answers
    from ticket join ticket_state using (t)
    where submitter = 'customer' and not is_spam and not is_deleted and not is_test and status in ('solved', 'closed') and u(t, 'rated') < 0.7
),

answers as (
    select t, k, 1 as seq, offered_at,
        case when answers then offered_at + secs(600 + 200000 * pow(u(t, 'answered after'), 2)) end as answered_at,
        u(t, 'good') < 0.82 as is_good, answers and u(t, 'revised') < 0.04 as is_revised
    from offered
    union all
    select t, k, 2, offered_at + to_days(3), offered_at + to_days(3) + secs(500000 * u(t, 'second answer after')),
        u(t, 'second good') < 0.5, false
    from offered
    where answers and u(t, 'second answer') < 0.05
)

select
    * exclude (answered_at, is_revised),
    case when answered_at < t1() then answered_at end as answered_at,
    case when is_revised and answered_at + to_minutes(95) < t1() then answered_at + to_minutes(95) end as revised_at
from answers
where offered_at < t1();

-- step: surveys
create table response as
with base as (
    select
        r,
        case when r % 8 < 5 then 'nps' when r % 8 < 7 then 'csat' else 'ces' end as kind,
        1 + cast(floor(u(r, 'survey account') * (select count(*) from account)) as bigint) as n
    from range(1, n_responses() + 1) as series (r)
),

answered as (
    select
        r, kind, account.k, account.known_as, account.is_test as is_test_account,
        1 + cast(floor(2 * u(r, 'respondent')) as integer) as contact_no,
        account.created_at + secs((epoch(t1()) - epoch(account.created_at)) * u(r, 'responded')) as responded_at
    from base join account using (n)
),

-- Some answer again a few days later, in the same month or the next.
repeated as (
    select r * 2 as a, *, 1 as attempt from answered
    union all
    select r * 2 + 1, * replace (responded_at + days_of(0.5 + 9 * u(r, 'again after')) as responded_at),
        2 from answered where u(r, 'again') < 0.06
)

select
    *,
    case kind
        when 'nps' then case when u(a, 'invalid') < 0.01 then 11 else pick([0, 2, 4, 5, 6, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10, 10], u(a, 'nps score')) end
        when 'csat' then pick([1, 2, 3, 4, 4, 4, 5, 5, 5, null], u(a, 'csat score'))
        else pick([2, 3, 4, 5, 5, 6, 6, 7, 7], u(a, 'ces score')) end as score,
    is_test_account or u(a, 'test response') < 0.008 as is_test,
    u(a, 'deleted response') < 0.006 as is_deleted
from repeated
where responded_at < t1();

-- step: spending
create table spending as
with monthly as (
    select
        m * 100 + j as x, month_start, d, function, category, share, base,
        case when j % 10 = 9 then 'USD' else 'EUR' end as currency, cast(null as bigint) as campaign_no
    from months, (values
        (0, 27, 'marketing', 'salary', 1.0, 9000), (1, 27, 'sales', 'salaries', 0.8, 21000),
        (2, 28, 'sales', 'commission', 1.0, 4200),
        (3, 5, 'sales', 'software', 1.0, 900), (4, 27, 'support', 'salaries', null, 14000), (5, 25, 'cogs', 'hosting', null, 6200),
        (6, 25, 'cogs', 'payment_fees', null, 1100), (7, 1, 'other', 'rent', null, 5200), (8, 12, 'marketing', 'agency', 0.9, 2500),
        (9, 17, 'marketing', 'events', 1.0, 1800), (10, 20, 'marketing', 'tools', 1.0, 650)
    ) as lines (j, d, function, category, share, base)
    where month_start + to_days(d - 1) < d1()
),

media as (
    select
        1000000 + c * 100 + m as x, month_start, 2 + cast(floor(24 * u(c * 100 + m, 'media day')) as integer) as d,
        'marketing' as function,
        'media' as category, 1.0 as share, 1500 as base,
        case when u(c, 'media currency') < 0.2 then 'USD' else 'EUR' end as currency, c as campaign_no
    from campaign join months on campaign.start_date < months.month_end and campaign.end_date >= months.month_start
    where is_paid and month_start + to_days(25) < d1()
),

credits as (
    select x + 50000000 as x, month_start, 28 as d, function, 'media' as category, share, -120 as base, currency, campaign_no
    from media where u(x, 'credit') < 0.08 and month_start + to_days(27) < d1()
)

select
    x, 'exp_' || lpad(cast(x as varchar), 9, '0') as expense_id, cast(month_start + to_days(d - 1) as date) as spent_on, function,
    category,
    cast(share as decimal(4, 2)) as share, currency, campaign_no,
    -- Only people grow with the company; campaigns are more of the same size.
    cast(round(base * (0.7 + 0.6 * u(x, 'spent'))
        * case when campaign_no is null then greatest(1, n_accounts() / 600.0) else 1 end, 2) as decimal(18, 2)) as amount
from (from monthly union all from media union all from credits);
