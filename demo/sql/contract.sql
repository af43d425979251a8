-- Exports whose names and columns are the contract's own: shop, surveys, web analytics, ledger, planning.

-- export: account_history | csv
with moved as (
    select k, account_id, owner_id, segment, country, created_at,
        case when u(k, 'moves') < 0.2 then before_end(created_at + secs((epoch(t1()) - epoch(created_at)) * u(k, 'moves at'))) end as moved_at
    from account
),

spans as (
    select k, 1 as version, account_id, case when moved_at is null then owner_id else rep_id(k, 'first owner') end as owner_id,
        case when moved_at is not null and u(k, 'grew') < 0.3 then 'SMB' else segment end as segment, country,
        created_at as valid_from, moved_at as valid_to
    from moved
    union all
    select k, 2, account_id, owner_id, segment, country, moved_at, null from moved where moved_at is not null
)

select
    'account_history' as _file, k * 10 + version as _ord, account_id, owner_id, segment,
    case when country in ('DE', 'AT') then 'DACH' when country in ('FR', 'NL', 'GB') then 'Western Europe' else 'International' end as region,
    iso_utc(valid_from) as valid_from, iso_utc(valid_to) as valid_to, iso_utc(coalesce(valid_to, valid_from)) as source_updated_at
from spans;

-- export: staff_assignment | csv
select * from (
    select
        'staff_assignment' as _file, i as _ord, user_id,
        case user_role when 'Account Executive' then 'sales_rep' when 'Sales Manager' then 'sales_manager' else 'sdr' end as role,
        team, fte, user_role = 'Account Executive' as quota_carrying, joined_on as valid_from, left_on as valid_to,
        iso_utc(cast(joined_on as timestamp)) as source_updated_at
    from sales_staff
    where user_role in ('Account Executive', 'Sales Manager', 'Sales Development Rep')
    union all
    select
        'staff_assignment', 100000000 + i, cast(agent_id as varchar), 'agent',
        pick(['Billing', 'Technical', 'Onboarding', 'Priority'], (group_no - 0.5) / 4),
        1.0, false, d0(), left_on, iso_utc(t0())
    from agent where not is_bot
    union all
    select 'staff_assignment', 200000000, cast(900000001 + n_agents() as varchar), 'admin', 'Technical', 1.0, false, d0(), null,
        iso_utc(t0())
);

-- export: order | csv
select
    case when copy = 3 then 'order_updates_' || year(ordered_at) else 'order_' || half_of(ordered_at) end as _file,
    p * 10 + copy as _ord,
    order_id, known_id(known_as, p, 'order account') as account_id, iso_berlin(ordered_at) as ordered_at,
    case when copy = 0 and status = 'fulfilled' then 'paid' else status end as status, currency, is_exchange as is_replacement,
    exchange_of_order_id, 'shop@kunde-' || k || '.example' as buyer_email,
    false as is_deleted, iso_utc(before_end(ordered_at + to_hours(case copy when 0 then 1 else 30 end))) as source_updated_at
from purchase, (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(p, 'order update'), 0.08, 0.01);

-- export: order_line | csv.gz
select
    'order_line_' || year(ordered_at) as _file, p * 10 + l as _ord, line_id, order_id, product_id, quantity, unit_price, discount,
    cast(round(cast(quantity * unit_price - discount as double) * 0.19, decimals(currency)) as decimal(18, 2)) as tax,
    iso_utc(before_end(ordered_at + to_hours(1))) as source_updated_at
from purchase_line;

-- export: refund | csv
select
    'refund' as _file, p * 10 + copy as _ord, 'rf_' || lpad(cast(p as varchar), 9, '0') as refund_id, order_id,
    cast(null as varchar) as invoice_id, amount as amount_ex_tax, currency,
    iso_berlin(refunded_at) as refunded_at, case when is_full and u(p, 'restocked') < 0.6 then 1 else 0 end as restocked_quantity,
    iso_utc(before_end(refunded_at + to_hours(2))) as source_updated_at
from purchase_refund, (values (1), (2)) as copies (copy)
where copy = 1 or u(p, 'refund twice') < 0.03;

-- export: survey_invitation | csv
select
    'survey_invitation_' || half_of(sent_at) as _file, x as _ord, invitation_id, survey_id, iso_utc(sent_at) as sent_at,
    iso_utc(sent_at) as source_updated_at
from (
    select a as x, 'inv_' || a as invitation_id,
        case kind when 'nps' then 'nps_relationship' when 'csat' then 'csat_web' else 'ces_support' end as survey_id,
        greatest(t0(), responded_at - days_of(0.05 + 3 * u(a, 'invited'))) as sent_at
    from response
    union all
    select 10000000000 + r, 'inu_' || r,
        pick(['nps_relationship', 'nps_relationship', 'csat_web', 'ces_support'], u(r, 'ignored survey')),
        arrival(u(r, 'ignored at'))
    from range(1, n_responses() + 1) as series (r)
);

-- export: survey_response | csv.gz
with rows_ as (
    select
        case when copy = 3 then 'survey_response_corrections' else 'survey_response_' || half_of(responded_at) end as _file,
        a * 10 + copy as _ord,
        'resp_' || a as response_id, 'inv_' || a as invitation_id,
        case kind when 'nps' then 'nps_relationship' when 'csat' then 'csat_web' else 'ces_support' end as survey_id,
        kind, case kind when 'nps' then 0 else 1 end as scale_min,
        case kind when 'nps' then 10 when 'csat' then 5 else 7 end as scale_max,
        -- What was keyed in first, before the correction.
        cast(case when copy = 0 then case when score > 3 then score - 1 else score + 1 end else score end as varchar) as score,
        salesforce_id('003', k * 10 + contact_no) as respondent_id, known_id(known_as, a, 'survey account') as account_id,
        case when kind = 'ces' then cast(10001 + (a % n_tickets()) as varchar) end as ticket_id,
        iso_berlin(responded_at) as responded_at,
        case when kind = 'ces' then case when u(a, 'repeat') < 0.2 then 'true' when u(a, 'repeat') < 0.8 then 'false' end end as had_to_repeat,
        is_test, is_deleted,
        iso_utc(before_end(responded_at + to_minutes(case copy when 0 then 1 else 3000 end))) as source_updated_at
    from response, (values (0), (1), (2), (3)) as copies (copy)
    where is_delivered(copy, u(a, 'response update'), 0.04, 0.01)
)

from rows_
union all
-- Two lines typed by hand that no program can read: they end in quarantine and count nowhere.
select * exclude (n) replace (
    'resp_manual_' || n as response_id, null as invitation_id, null as ticket_id, 8000000000000 + n as _ord, 'false' as is_test,
    case n when 1 then 'nine' else '9' end as score,
    case n when 1 then responded_at else '2025-02-30T10:00:00+01:00' end as responded_at
)
from (select * from rows_ where _file like 'survey_response_2%' order by _file desc, _ord limit 1), range(1, 3) as series (n);

-- export: web_event | parquet | slices 36
with slice as (
    select i, (i + u(i, 'spread')) / n_sessions() as place
    from range(
        n_sessions() * getvariable('slice') // 36 + 1, n_sessions() * (getvariable('slice') + 1) // 36 + 1
    ) as series (i)
),

sessions as (
    select
        i, before_end(t0() + secs(pow(least(1, place), 0.8) * (span() - 7200))) as started_at, u(i, 'session kind') as kind,
        u(i, 'leaves at') as patience,
        u(i, 'bot') < 0.06 as is_bot, u(i, 'internal') < 0.02 as is_internal
    from slice
),

steps as (
    select *, step, case
        when kind < 0.66 then case when step < 3 + i % 3 then 'page_view' end
        when kind < 0.88 then case
            when step = 0 then 'page_view' when step in (1, 2) then 'add_to_cart' when step = 3 and patience > 0.35 then 'begin_checkout'
            when step = 4 and patience > 0.5 then case when u(i, 'declined') < 0.08 then 'payment_failed' else 'purchase' end end
        else case when step = 0 then 'page_view' when step = 1 then 'form_start' when step = 2 and patience > 0.4 then 'form_submit' end
    end as name
    from sessions, range(0, 5) as series (step)
)

select
    'ev_' || i || '_' || step as event_id, 'ses_' || i as session_id, 'vis_' || (i * 7 // 10) as visitor_id,
    case when name in ('add_to_cart', 'begin_checkout', 'purchase', 'payment_failed') then 'cart_' || i end as cart_id,
    case when name in ('form_start', 'form_submit') then pick(['demo_request', 'contact', 'newsletter'], u(i, 'form')) end as form_id,
    case when name = 'purchase' then 'web_' || i end as order_id, name,
    (before_end(started_at + secs(step * (20 + 400 * u(i * 10 + step, 'pace')) + case when name = 'purchase' and u(i, 'late') < 0.1 then 90000 * u(i, 'late by') else 0 end)) at time zone 'UTC') as occurred_at,
    pick(['desktop', 'desktop', 'mobile', 'mobile', 'tablet'], u(i, 'device')) as device,
    pick(['organic', 'paid', 'social', 'email', 'direct'], u(i, 'web channel')) as channel,
    pick(['DE', 'DE', 'DE', 'AT', 'FR', 'NL', 'US', 'GB', 'JP', null], u(i, 'web country')) as country,
    case when u(i, 'web campaign') < 0.25 then salesforce_id('701', 101 + cast(floor(n_campaigns() * u(i, 'which web campaign')) as bigint)) end as campaign,
    is_bot, is_internal, (before_end(started_at + to_minutes(90)) at time zone 'UTC') as source_updated_at
from steps
where name is not null
order by i, step;

-- export: referral | csv
with base as (
    select
        l, lead_id, known_as, created_at - to_hours(20) as created_at, u(l, 'referrer') as roll,
        (select account_id from account where n = 1 + l % (select count(*) from account)) as referrer_account_id
    from lead
    where u(l, 'is referred') < 0.05 and created_at > t0() + to_days(2)
)

select
    'referral' as _file, l as _ord, 'ref_' || lpad(cast(l as varchar), 9, '0') as referral_id,
    case when roll < 0.5 then 'customer' when roll < 0.8 then 'employee' else 'partner' end as referrer_type,
    case when roll < 0.5 then referrer_account_id end as referrer_account_id,
    case when roll >= 0.5 and roll < 0.8 then rep_id(l, 'referrer rep') end as referrer_user_id,
    'person' || l || '@mail.example' as referred_email, iso_utc(created_at) as created_at, lead_id,
    u(l, 'deleted referral') < 0.02 as is_deleted, iso_utc(created_at) as source_updated_at
from base;

-- export: expense | csv
with rows_ as (
    select
        case when copy = 3 then 'expense_corrections_' || year(spent_on) else 'expense_' || half_of(cast(spent_on as timestamp)) end as _file, x * 10 + copy as _ord,
        expense_id, cast(spent_on as varchar) as spent_on,
        -- First booked too high by a tenth; the correction comes a week later.
        cast(case when copy = 0 then cast(round(cast(amount as double) * 1.1, 2) as decimal(18, 2)) else amount end as varchar) as amount,
        currency, function, category, share as acquisition_share,
        case when campaign_no is not null then salesforce_id('701', 100 + campaign_no) end as campaign_id,
        iso_utc(before_end(spent_on + to_days(case when copy in (0, 1, 2) then 1 else 8 end))) as source_updated_at
    from spending, (values (0), (1), (2), (3)) as copies (copy)
    where case copy when 1 then u(x, 'expense update') >= 0.07 or spent_on + 10 >= d1() when 2 then u(x, 'expense update') >= 0.985 else u(x, 'expense update') < 0.07 and spent_on + 10 < d1() end
)

from rows_
union all
-- A line from a spreadsheet, with a German amount: quarantine.
select * replace ('exp_manual' as expense_id, '1.234,56 EUR' as amount, 9000000000 as _ord)
from (select * from rows_ where _file like 'expense_2%' order by _file desc, _ord limit 1);

-- export: attribution | csv
with touches as (
    select
        k, account_id, first_paid_at, touch, first_paid_at - days_of(45 * u(k * 10 + touch, 'touched')) as attributed_at,
        1 + cast(floor(n_campaigns() * u(k * 10 + touch, 'touch campaign')) as bigint) as campaign_no
    from first_paid join account using (k), range(0, 2) as series (touch)
    where u(k * 10 + touch, 'attributed') < 0.6
)

select
    'attribution' as _file, k * 10 + touch as _ord, 'acq_' || k || '_' || touch as acquisition_id, account_id,
    salesforce_id('701', 100 + campaign_no) as campaign_id,
    'last_touch' as model, iso_utc(attributed_at) as attributed_at,
    iso_utc(before_end(first_paid_at + to_hours(5))) as source_updated_at
from touches
where attributed_at >= t0();

-- export: agent_time | csv
select
    'agent_time_' || year(day) as _file, epoch(day) * 100000 + i as _ord, agent_id, day as work_date,
    420 + cast(floor(60 * u(i * 100000 + epoch(day) / 86400, 'logged in')) as integer) as logged_in_minutes,
    300 + cast(floor(110 * u(i * 100000 + epoch(day) / 86400, 'available')) as integer) as available_minutes,
    iso_utc(before_end(day + to_days(1))) as source_updated_at
from agent, calendar
where not is_bot and day >= d0() and isodow(day) < 6 and (left_on is null or day < left_on) and u(i * 100000 + epoch(day) / 86400, 'away') > 0.1;

-- export: handle_segment | csv.gz
with replies as (
    select
        message.t, seq, happened_at, channel, agent_at(agent_no, left_on, happened_at) as agent_id,
        secs(180 + 900 * u(t * 100 + seq, 'handled')) as effort
    from ticket_message as message join ticket using (t) join agent on agent.i = agent_no
    where author = 'agent' and is_public and not is_spam and not is_deleted and not is_test
)

select
    'handle_segment_' || half_of(happened_at) as _file, (t * 100 + seq) * 10 + part as _ord,
    'seg_' || t || '_' || seq || '_' || part as segment_id,
    'int_' || t || '_' || seq as interaction_id, 10000 + t as ticket_id, agent_id, channel,
    case when part = 2 then 'wrap' when channel = 'voice' then 'talk' else 'work' end as kind,
    iso_utc(case part when 1 then happened_at - effort else happened_at end) as started_at,
    iso_utc(before_end(case part when 1 then happened_at else happened_at + to_seconds(90) end)) as ended_at,
    iso_utc(before_end(happened_at + to_minutes(10))) as source_updated_at
from replies, (values (1), (2)) as parts (part)
where part = 1 or channel = 'voice';

-- export: opportunity_snapshot | csv
with visits as (
    select o, stage, happened_at as entered_at, lead(happened_at) over (partition by o order by seq) as left_at from stage_event
),

days as (
    select month_start as day from months
    union all
    select cast(month_end - 1 as date) from months where month_end <= d1()
)

select
    'opportunity_snapshot_' || half_of(cast(day as timestamp)) as _file, epoch(day) * 100000 + o as _ord, day as snapshot_date,
    opportunity_id, visits.stage,
    amount, currency,
    cast(local_day(begun_at) + 30 + cast(floor(90 * u(o, 'expected')) as integer) + case when u(o * 100 + month(day), 'pushed') < 0.15 then 30 else 0 end as date) as close_date,
    case visits.stage when 'Prospecting' then 0.1 when 'Qualification' then 0.2 when 'Proposal' then 0.5 else 0.75 end as probability,
    case visits.stage when 'Proposal' then 'BestCase' when 'Negotiation' then 'Commit' else 'Pipeline' end as forecast_category,
    owner_id,
    iso_utc(before_end(utc_of(cast(day + 1 as date)))) as source_updated_at
from days
join visits on entered_at < utc_of(cast(day + 1 as date)) and (left_at is null or left_at >= utc_of(cast(day + 1 as date)))
join opportunity_state using (o)
where visits.stage not like 'Closed%' and not is_deleted and day < d1();

-- export: opportunity_split | csv
select
    'opportunity_split' as _file, o * 10 + part as _ord, opportunity_id,
    case part when 1 then owner_id else rep_id(o, 'helper') end as user_id,
    case part when 1 then 0.6 else 0.4 end as share, iso_utc(before_end(closed_at + to_hours(1))) as source_updated_at
from opportunity_state, (values (1), (2)) as parts (part)
where is_won and u(o, 'split') < 0.15 and owner_id <> rep_id(o, 'helper');

-- export: forecast_submission | csv
with won as (
    select owner_id, date_trunc('month', local_day(closed_at)) as month_start, sum(amount * rate) as amount
    from opportunity_state join fx on fx.currency = opportunity_state.currency and fx.day = local_day(closed_at)
    where is_won
    group by all
),

forecasts as (
    select m, months.month_start, i, user_id, start_at, copy, u(i * 1000 + m, 'forecast') as roll,
        coalesce(cast(amount as double), 0) as actual
    from months cross join sales_staff left join won on won.owner_id = user_id and won.month_start = months.month_start,
        (values (1), (2)) as copies (copy)
    where user_role = 'Account Executive' and (left_on is null or left_on > months.month_start) and (copy = 1 or u(i * 1000 + m, 'changes mind') < 0.3)
)

select
    'forecast_submission' as _file, (m * 100000 + i) * 10 + copy as _ord, 'fc_' || m || '_' || i || '_' || copy as forecast_id,
    user_id as owner_id, month_start as period_start, 'month' as period_grain,
    cast(round(actual * (0.6 + 0.8 * roll) + 4000 * roll + case copy when 2 then 1500 else 0 end, -2) as decimal(18, 2)) as amount,
    'EUR' as currency,
    iso_utc(case copy when 1 then start_at - to_days(3) else before_end(start_at + to_days(12)) end) as submitted_at,
    iso_utc(case copy when 1 then start_at - to_days(3) else before_end(start_at + to_days(12)) end) as source_updated_at
from forecasts;

-- export: quota | csv
select
    'quota' as _file, m * 100000 + i as _ord, user_id, cast(null as varchar) as team, month_start as period_start,
    cast(month_start + to_months(3) as date) as period_end,
    cast(30000 * fte as decimal(18, 2)) as amount, 'EUR' as currency, iso_utc(start_at - to_days(10)) as source_updated_at
from months, sales_staff
where month(month_start) in (1, 4, 7, 10) and user_role = 'Account Executive' and (left_on is null or left_on > month_start);

-- export: contract | csv
with terms as (
    select
        q, known_as, sub.k, j, case billing when 'year' then 12 else 24 end as term, account.currency, stops_at,
        cast(local_day(paid_from) + to_months(cast(j * case billing when 'year' then 12 else 24 end as integer)) as date) as start_date
    from subscription as sub join account using (k), range(0, 3) as series (j)
    where billing in ('year', 'two years') and paid_from is not null
),

running as (
    select * from terms where start_date < local_day(least(coalesce(stops_at, t1()), t1()))
),

valued as (
    select
        running.*, cast(start_date + to_months(cast(term as integer)) as date) as end_date,
        (select arg_max(quantity * unit_price / interval_months(iv.billing), version) from item_version as iv
            where iv.q = running.q and iv.item = 1 and (version = 1 or local_day(valid_from) <= start_date)) as value,
        lead(j) over (partition by q order by j) is not null as is_renewed,
        before_end(utc_of(start_date) - days_of(case when u(q * 10 + j, 'signs late') < 0.15 then -12 else 30 * u(q * 10 + j, 'signed') end)) as signed_at
    from running
)

select
    'contract' as _file, q * 10 + j as _ord, 'ct_' || q || '_' || j as contract_id,
    known_id(known_as, q, 'contract account') as account_id, start_date, end_date, term as term_months,
    false as auto_renew_monthly, cast(round(value, 2) as decimal(18, 2)) as monthly_value, currency,
    iso_utc(signed_at) as signed_at,
    case when is_renewed then 'ct_' || q || '_' || (j + 1) end as renewed_by_contract_id,
    case when stops_at < t1() and local_day(stops_at) < end_date and not is_renewed then iso_utc(stops_at) end as terminated_at,
    false as is_deleted,
    iso_utc(before_end(utc_of(start_date) + to_days(15))) as source_updated_at
from valued;

-- export: goal | csv
select
    'goal' as _file, g as _ord, 'goal_' || g as goal_id, kpi_id, 'all' as dim_name, 'all' as dim_value,
    (select user_id from sales_staff where user_role = 'Sales Manager' order by i limit 1) as owner_id,
    objective, baseline_value, target_value, period_start, cast(period_start + to_months(3) as date) as period_end,
    iso_utc(utc_of(period_start) - to_days(20)) as set_at,
    iso_utc(utc_of(period_start) - to_days(20)) as source_updated_at
from (values
    (1, 'customer_retention_rate', 'Keep more of the customers we have', 0.85, 0.92, 3),
    (2, 'first_response_time', 'Answer within two hours', 160, 120, 3),
    (3, 'net_promoter_score', 'Be recommended', 5, 20, 3), (4, 'win_rate', 'Win every second deal', 0.45, 0.5, 6),
    (5, 'customer_satisfaction_score', 'Satisfied customers', 0.7, 0.8, 3),
    (6, 'mrr', 'Grow recurring revenue', 300000, 420000, 6), (7, 'win_rate', null, 0.45, 0.55, 3)
) as goals (g, kpi_id, objective, baseline_value, target_value, back), lateral (
    select cast(date_trunc('quarter', d1() - 1) - to_months(cast(back - 3 as integer)) as date) as period_start
);

-- export: sla_target | csv
select
    'sla_target_' || half_of(created_at) as _file, t * 10 + part as _ord, ticket_id,
    case part when 1 then 'first_response' else 'resolution' end as metric,
    case when coalesce(priority, 'normal') in ('high', 'urgent') then 60 else 240 end * case part when 1 then 1 else 12 end as target_minutes, part = 1 as in_business_hours,
    iso_utc(created_at) as applied_at, iso_utc(created_at) as source_updated_at
from ticket, (values (1), (2)) as parts (part)
where submitter = 'customer' and not is_spam and not is_deleted;

-- export: inventory_value | csv
select
    'inventory_value' as _file, m * 10 + h as _ord, cast(month_end - 1 as date) as snapshot_date, 'hw_' || h as product_id,
    100 + cast(floor(200 * u(m * 10 + h, 'stock')) as integer) as quantity,
    (100 + cast(floor(200 * u(m * 10 + h, 'stock')) as integer)) * pick([20, 38, 55, 90, 210], (h - 0.5) / 5) as value,
    iso_utc(before_end(end_at + to_hours(4))) as source_updated_at
from months, range(1, 6) as series (h)
where month_end <= d1();

-- export: purchases | csv
select
    'purchases' as _file, m * 10 + h as _ord, cast(month_start + 9 as date) as purchase_date, 'hw_' || h as product_id,
    20 + cast(floor(60 * u(m * 10 + h, 'bought')) as integer) as quantity,
    (20 + cast(floor(60 * u(m * 10 + h, 'bought')) as integer)) * pick([20, 38, 55, 90, 210], (h - 0.5) / 5) as cost,
    'EUR' as currency, iso_utc(utc_of(cast(month_start + 10 as date))) as source_updated_at
from months, range(1, 6) as series (h)
where month_start + 10 < d1();

-- export: product_cost | csv
select
    'product_cost' as _file, h * 10 + part as _ord, 'hw_' || h as product_id,
    cast(pick([20, 38, 55, 90, 210], (h - 0.5) / 5) * case part when 1 then 1 else 1.08 end as decimal(18, 2)) as unit_cost,
    'EUR' as currency,
    case part when 1 then cast(d0() - 30 as date) else cast(d0() + to_months(18) as date) end as valid_from,
    case part when 1 then cast(d0() + to_months(18) as date) end as valid_to,
    iso_utc(t0()) as source_updated_at
from range(1, 6) as series (h), (values (1), (2)) as parts (part);

-- export: fx_rate | csv
select
    'fx_rate_' || year(day) as _file, epoch(day) * 10 + case currency when 'USD' then 1 when 'GBP' then 2 else 3 end as _ord,
    day as rate_date, currency as from_currency, 'EUR' as to_currency, rate,
    iso_utc(before_end(cast(day as timestamp) + to_hours(15))) as source_updated_at
from fx
where currency <> 'EUR' and day = rate_day;

-- export: business_schedule | csv
select
    'business_schedule' as _file, schedule_id || weekday as _ord, schedule_id, time_zone, weekday, opens, closes,
    cast(d0() - 365 as date) as valid_from, cast(null as date) as valid_to, iso_utc(t0()) as source_updated_at
from schedule, range(1, 6) as days (weekday);

-- export: schedule_holiday | csv
select 'schedule_holiday' as _file, schedule_id || holiday_date as _ord, schedule_id, holiday_date,
    iso_utc(t0()) as source_updated_at from holiday;
