-- V13: the leads in the numerator of the lead-to-customer rate paid at or after their creation.
select *
from {{ ref('fct_leads') }}
where is_paid_in_window and first_paid_at < created_at
