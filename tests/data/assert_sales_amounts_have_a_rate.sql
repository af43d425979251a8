-- G-16: an amount of sales without a rate is NULL and stops the night. Deliver fx_rate rows for the currency and dates named here (a
-- rate holds for fx_max_age_days), or add them to seeds/fx_rates.csv. Forecasts need the rate of the date before their period.
select 'opportunity' as fact, opportunity_id as id, currency, decided_date as rate_date
from {{ ref('fct_opportunities') }}
where outcome in ('won', 'lost') and native_amount is not null and amount is null
union all
select 'pipeline', opportunity_id, currency, snapshot_date
from {{ ref('fct_pipeline') }}
where not is_amount_missing and amount is null
union all
select 'quota', owner, currency, quota_start
from {{ ref('fct_quotas') }}
where quota_amount is null
union all
select 'forecast', owner, null, {{ add_days('period_start', -1) }}
from {{ ref('fct_forecasts') }}
where forecast_amount is null or won_amount is null
