-- Exports of the billing system: API objects.

-- export: customers | jsonl
select
    'customers_' || year(created_at) as _file, customer_no * 10 + copy as _ord,
    customer_id(customer_no) as id, 'customer' as object,
    company_name(k) as name, 'billing@kunde-' || k || '.example' as email, lower(currency) as currency,
    epoch_of(created_at) as created,
    not is_test as livemode, u(customer_no, 'delinquent') < 0.03 as delinquent,
    json_object('crm_account_id', case when customer_no % 10 = 2 then known_as[len(known_as)] else known_id(known_as, customer_no, 'stripe') end,
        'exported_at', exported_at(1)) as metadata
from (
    select k, customer_no, account.known_as, account.is_test, account.currency, min(start_at) as created_at
    from subscription join account using (k)
    group by all
), (values (1), (2)) as copies (copy)
where copy = 1 or u(customer_no, 'customer twice') < 0.01;

-- export: products | list
select
    'products' as _file, id as _ord, id, 'product' as object, name, true as active, epoch_of(t0()) as created,
    json_object('exported_at', exported_at(1)) as metadata
from (values
    ('prod_free', 'Free'), ('prod_starter', 'Starter'), ('prod_team', 'Team'), ('prod_business', 'Business'),
    ('prod_enterprise', 'Enterprise'),
    ('prod_addon_analytics', 'Analytics add-on'), ('prod_addon_api', 'API add-on'), ('prod_setup', 'Set-up'),
    ('prod_usage', 'Usage')
) as products (id, name);

-- export: prices | list
select
    'prices' as _file, id as _ord, id, 'price' as object, product, lower(currency) as currency, unit_amount,
    case price_type when 'one_time' then 'one_time' else 'recurring' end as type,
    case when price_type <> 'one_time' then {
        'interval': interval_unit(billing), 'interval_count': interval_count(billing),
        'usage_type': case price_type when 'usage' then 'metered' else 'licensed' end
    } end as recurring,
    true as active, epoch_of(t0()) as created, json_object('exported_at', exported_at(1)) as metadata
from (
    select distinct
        price_id(product, billing, currency, unit_price) as id, product, currency, price_type, billing,
        minor(unit_price, currency) as unit_amount
    from item_version
);

-- export: coupons | list
select
    'coupons' as _file, id as _ord, id, 'coupon' as object, id as name, duration, duration_in_months, percent_off, amount_off,
    currency,
    epoch_of(t0()) as created, true as valid, json_object('exported_at', exported_at(1)) as metadata
from (values
    ('WELCOME25', 'repeating', 6, 25, null, null), ('PARTNER10', 'forever', null, 10, null, null),
    ('ONCE50', 'once', null, 50, null, null),
    ('SAVE5_EUR', 'repeating', 12, null, 500, 'eur'), ('SAVE5_USD', 'repeating', 12, null, 500, 'usd'),
    ('SAVE5_GBP', 'repeating', 12, null, 500, 'gbp'),
    ('SAVE5_JPY', 'repeating', 12, null, 800, 'jpy')
) as coupons (id, duration, duration_in_months, percent_off, amount_off, currency);

-- export: subscriptions | jsonl
with records as (
    select
        sub.*, account.currency, account.is_test, coupon, discount_id, starts_at, ends_at, duration, percent_off, amount_off
    from subscription as sub join account using (k) left join discount using (q)
)

select
    case when copy = 3 then 'subscriptions_updates' else 'subscriptions_' || year(start_at) end as _file,
    q * 10 + copy as _ord,
    subscription_id as id, 'subscription' as object,
    customer_id(customer_no) as customer,
    case when copy = 0 and trial_end is not null then 'trialing' when copy = 0 then 'active' when ended_at is not null then 'canceled' when trial_end >= t1() then 'trialing'
        when unpaid_at is not null then 'unpaid' when past_due_since is not null then 'past_due' else 'active' end as status,
    lower(currency) as currency, epoch_of(start_at) as created, epoch_of(start_at) as start_date,
    case when trial_end is not null then epoch_of(start_at) end as trial_start, epoch_of(trial_end) as trial_end,
    case when copy <> 0 then epoch_of(ended_at) end as ended_at,
    case when copy <> 0 then epoch_of(coalesce(canceled_at, ended_at)) end as canceled_at,
    case when copy <> 0 then epoch_of(cancel_at) end as cancel_at, copy <> 0 and cancel_at is not null as cancel_at_period_end,
    case when copy <> 0 then {
        'reason': case when ended_at is null and cancel_at is null then null when end_kind = 'cancel' or paid_from is null then 'cancellation_requested' else 'payment_failed' end,
        'feedback': case when canceled_at is not null then pick(['too_expensive', 'missing_features', 'switched_service', 'unused', null], u(q, 'feedback')) end,
        'comment': case when canceled_at is not null and u(q, 'comments') < 0.1 then 'We do not need it "any more".' end
    } else {'reason': null, 'feedback': null, 'comment': null} end as cancellation_details,
    case when copy <> 0 and paused_at is not null and resumed_at is null and stops_at is null then {'behavior': 'void', 'resumes_at': cast(null as bigint)} end as pause_collection,
    case when discount_id is null then [] else [{
        'id': discount_id, 'object': 'discount', 'start': epoch_of(starts_at), 'end': epoch_of(ends_at),
        'coupon': {
            'id': coupon, 'duration': duration, 'percent_off': percent_off, 'amount_off': minor(amount_off, currency),
            'currency': case when amount_off is not null then lower(currency) end,
            'duration_in_months': case coupon when 'WELCOME25' then 6 when 'PARTNER10' then null when 'ONCE50' then null else 12 end
        }
    }] end as discounts,
    not is_test as livemode,
    json_merge_patch('{}', json_object(
        'past_due_since', case when copy <> 0 then cast(epoch_of(past_due_since) as varchar) end,
        'unpaid_at', case when copy <> 0 then cast(epoch_of(unpaid_at) as varchar) end,
        'paused_at', case when copy <> 0 then cast(epoch_of(paused_at) as varchar) end,
        'resumed_at', case when copy <> 0 then cast(epoch_of(resumed_at) as varchar) end,
        'exported_at', exported_at(copy)
    )) as metadata
from records, (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(q, 'sub update'), 0.08, 0.01);

-- export: subscription_items | jsonl
select
    case when copy = 3 then 'subscription_items_updates' else 'subscription_items_' || year(valid_from) end as _file,
    ((q * 10 + item) * 10 + version) * 10 + copy as _ord,
    item_id as id, 'subscription_item' as object, subscription_id as subscription, quantity,
    epoch_of(iv.valid_from) as created,
    {
        'id': price_id(product, iv.billing, currency, unit_price), 'product': product,
        'currency': lower(currency),
        'unit_amount': minor(unit_price, currency), 'type': case price_type when 'one_time' then 'one_time' else 'recurring' end,
        'recurring': case when price_type <> 'one_time' then {
            'interval': interval_unit(iv.billing), 'interval_count': interval_count(iv.billing),
            'usage_type': case price_type when 'usage' then 'metered' else 'licensed' end
        } end
    } as price,
    json_merge_patch('{}', json_object(
        'version', cast(version as varchar), 'valid_from', cast(epoch_of(valid_from) as varchar),
        'valid_to', case when copy <> 0 then cast(epoch_of(valid_to) as varchar) end, 'change_reason', change_reason,
        'exported_at', exported_at(copy)
    )) as metadata
from item_version as iv join subscription using (q), (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(q, 'item update'), 0.08, 0.01);

-- export: invoices | list
select
    case when copy = 3 then 'invoices_updates' else 'invoices_' || strftime(period_start, '%Y-%m') end as _file,
    v * 10 + copy as _ord,
    invoice_id as id, 'invoice' as object,
    customer_id(total.customer_no) as customer, subscription_id as subscription,
    case when copy = 0 and total.status <> 'draft' then 'open' else total.status end as status, lower(total.currency) as currency,
    epoch_of(period_start) as created,
    {
        'finalized_at': epoch_of(issued_at),
        'paid_at': case when total.status = 'paid' and copy <> 0 then epoch_of(issued_at + to_hours(20)) end,
        'voided_at': case when total.status = 'void' and copy <> 0 then epoch_of(issued_at + to_hours(30)) end
    } as status_transitions,
    cast(subtotal as bigint) as subtotal, cast(net + tax as bigint) as total, tax, cast(net as bigint) as total_excluding_tax,
    not total.is_test as livemode,
    json_object('exported_at', exported_at(copy)) as metadata
from invoice_total as total join subscription using (q), (values (0), (1), (2), (3)) as copies (copy)
where is_delivered(copy, u(v, 'invoice update'), 0.04, 0.005);

-- export: invoice_lines | jsonl
select
    'invoice_lines_' || half_of(period_start) as _file, (v * 10 + item) * 10 + copy as _ord,
    stripe_id('il_', 'line', v || '/' || item, 24) as id, 'line_item' as object, invoice_id as invoice,
    case price_type when 'recurring' then 'subscription' else 'invoiceitem' end as type,
    quantity || ' × ' || product as description, amount, lower(currency) as currency,
    case when discounted > 0 then [{'amount': discounted, 'discount': discount_id}] else [] end as discount_amounts,
    {'start': epoch_of(period_start), 'end': epoch_of(case price_type when 'recurring' then period_end else period_start end)} as period,
    {'id': price_id(product, billing, currency, unit_price), 'product': product, 'type': case price_type when 'one_time' then 'one_time' else 'recurring' end} as price,
    quantity, subscription_id as subscription, item_id as subscription_item, false as proration,
    json_object('exported_at', exported_at(1)) as metadata
from invoice_line join subscription using (q), (values (1), (2)) as copies (copy)
where copy = 1 or u(v, 'line twice') < 0.004;

-- export: refunds | list
select
    'refunds_' || year(refunded_at) as _file, v as _ord, refund_id as id, 'refund' as object, invoice_id as invoice,
    stripe_id('ch_', 'charge', v, 24) as charge, cast(refunded_net + refunded_tax as bigint) as amount,
    lower(currency) as currency,
    epoch_of(refunded_at) as created, status, pick(['requested_by_customer', 'duplicate', null], u(v, 'refund reason')) as reason,
    json_object('amount_excluding_tax', cast(cast(refunded_net as bigint) as varchar), 'exported_at', exported_at(1)) as metadata
from invoice_refund;
