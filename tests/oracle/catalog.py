"""What the contract says about every KPI: class, direction, grains, slices, feeds and window."""

from __future__ import annotations

from dataclasses import dataclass

from .dimensions import CUSTOMER, SALES, SERVICE, SUBSCRIPTION, SURVEY, WEB

GRAINS = {
    "D": "day",
    "W": "week",
    "M": "month",
    "Q": "quarter",
    "Y": "year",
    "R": "rolling_12m",
}

# Entities whose loading makes a KPI computable; `no_data` when none of them was loaded (G-13).
SUBS = ("subscription", "subscription_version")
ORDERS = ("order", "order_line")
BILLED = (*ORDERS, "invoice", "invoice_line", "refund")
PAYING = (*SUBS, *ORDERS)
COSTS = (*ORDERS, "product_cost", "refund", "expense")
DEALS = ("opportunity", "opportunity_stage_event")
TICKETS = ("ticket", "ticket_status_event", "ticket_message")
SOLVES = ("ticket", "ticket_status_event")
RESPONSES = ("survey_response",)
SAMPLED = ("ratio", "cohort", "duration", "distinct", "compound")


@dataclass(frozen=True)
class Spec:
    """One KPI id. `window` names the parameter whose days (or hours) a member is observed."""

    kpi_id: str
    klass: str
    better: str
    grains: tuple[str, ...]
    dims: tuple[str, ...]
    feeds: tuple[str, ...]
    window: str | None = None


CATALOG: dict[str, Spec] = {}


def declare(
    ids: str,
    klass: str,
    better: str,
    grains: str,
    dims: tuple[str, ...],
    feeds: tuple[str, ...],
    window: str | None = None,
    percentiles: bool = False,
) -> None:
    names = tuple(GRAINS[g] for g in grains.split())
    for kpi_id in ids.split():
        for suffix in ("", "_p50", "_p90") if percentiles else ("",):
            key = kpi_id + suffix
            CATALOG[key] = Spec(key, klass, better, names, dims, feeds, window)


# -- revenue
declare("mrr", "balance", "higher", "D M Q Y", (*CUSTOMER, *SUBSCRIPTION), SUBS)
declare("arr", "balance", "higher", "M Q Y", (*CUSTOMER, *SUBSCRIPTION), SUBS)
declare("new_mrr expansion_mrr reactivation_mrr", "flow", "higher", "M Q Y", CUSTOMER, SUBS)
declare("contraction_mrr churned_mrr", "flow", "lower", "M Q Y", CUSTOMER, SUBS)
declare("fx_mrr", "flow", "neutral", "M Q Y", CUSTOMER, SUBS)
declare("transfer_mrr", "flow", "neutral", "M Q Y", ("segment", "owner", "team"), SUBS)
declare("net_new_mrr", "flow", "higher", "M Q Y", CUSTOMER, SUBS)
declare("intra_period_churn_count", "flow", "lower", "M Q Y", CUSTOMER, SUBS)
declare(
    "net_revenue_retention gross_revenue_retention", "cohort", "higher", "M Q Y R", CUSTOMER, SUBS
)
declare("gross_mrr_churn_rate net_mrr_churn_rate", "cohort", "lower", "M Q Y R", CUSTOMER, SUBS)
declare("quick_ratio", "ratio", "higher", "M Q Y", CUSTOMER, SUBS)
declare("arpu", "ratio", "higher", "M Q Y R", CUSTOMER, (*BILLED, *SUBS))
declare("arpa", "ratio", "higher", "M Q Y R", CUSTOMER, SUBS)
declare(
    "sales_growth_rate sales_growth_rate_yoy sales_growth_rate_cc",
    "compound",
    "higher",
    "M Q Y",
    (*CUSTOMER, "product"),
    BILLED,
)
declare("cogs", "flow", "neutral", "M Q Y", ("product", *CUSTOMER, "channel"), COSTS)
declare(
    "cogs_periodic cogs_variance",
    "flow",
    "neutral",
    "M Q Y",
    (),
    ("inventory_value", "purchases"),
)
declare("gross_margin", "ratio", "higher", "M Q Y R", CUSTOMER, BILLED)
CLV_FEEDS = (*BILLED, *SUBS, "product_cost", "expense")
CLV_DIMS = ("acquisition_channel", "segment", "cohort_month")
declare(
    "customer_lifetime_value clv_revenue clv_capped",
    "compound",
    "higher",
    "Q R",
    CLV_DIMS,
    CLV_FEEDS,
)
declare("clv_discounted", "compound", "higher", "R", CLV_DIMS, CLV_FEEDS)
declare("clv_historical", "compound", "higher", "M", ("cohort",), CLV_FEEDS)
declare("cac_payback_months", "compound", "lower", "M Q Y R", (), ("expense", *SUBS, *BILLED))
declare("ltv_cac_ratio", "compound", "higher", "M Q Y R", (), ("expense", *CLV_FEEDS))
# -- customers
declare("customer_retention_rate", "cohort", "higher", "M Q Y R", CUSTOMER, PAYING)
declare("customer_churn_rate", "cohort", "lower", "M Q Y R", (*CUSTOMER, "churn_subtype"), PAYING)
declare("pending_churn_count", "balance", "lower", "M Q Y R", CUSTOMER, SUBS)
declare(
    "renewal_rate renewal_rate_value renewal_rate_value_net",
    "ratio",
    "higher",
    "M Q Y R",
    (*CUSTOMER, "term_length"),
    ("contract",),
    "renewal_grace_days",
)
declare(
    "upsell_rate cross_sell_rate",
    "cohort",
    "higher",
    "M Q Y",
    (*CUSTOMER, "product"),
    SUBS,
)
# An amount of end points, like a flow without a denominator, but not additive over time.
declare("upsell_mrr", "flow", "higher", "M Q Y", (*CUSTOMER, "product"), SUBS)
declare("purchase_frequency", "distinct", "higher", "M Q Y R", (*CUSTOMER, "channel"), ORDERS)
declare("trial_conversion_rate", "cohort", "higher", "M Q Y", CUSTOMER, SUBS, "trial")
declare("average_order_value", "ratio", "higher", "M Q Y", (*CUSTOMER, "channel"), ORDERS)
declare("repeat_purchase_rate", "distinct", "higher", "M Q Y R", CUSTOMER, ORDERS)
declare("refund_rate", "ratio", "lower", "M Q Y", CUSTOMER, BILLED)
# -- acquisition
CAC_FEEDS = ("expense", *PAYING)
declare(
    "customer_acquisition_cost cac_marketing_only cac_lagged",
    "ratio",
    "lower",
    "M Q Y R",
    ("acquisition_channel",),
    CAC_FEEDS,
)
declare(
    "cost_per_acquisition",
    "ratio",
    "lower",
    "M Q Y",
    ("campaign", "channel", "country"),
    ("expense", "campaign", "attribution"),
)
declare(
    "conversion_rate",
    "cohort",
    "higher",
    "M Q Y",
    tuple(dict.fromkeys((*SALES, *CUSTOMER))),
    ("opportunity",),
    "conversion_window_days",
)
LEAD_DIMS = ("lead_source", "campaign", "owner", "country", "segment")
declare(
    "lead_to_customer_rate",
    "cohort",
    "higher",
    "M Q Y",
    LEAD_DIMS,
    ("lead",),
    "conversion_window_days",
)
declare("lead_to_customer_rate_period", "ratio", "higher", "M Q Y", (), ("lead",))
declare(
    "lead_to_sale_conversion_rate",
    "cohort",
    "higher",
    "M Q Y",
    (*LEAD_DIMS, "opportunity_type"),
    ("lead",),
    "conversion_window_days",
)
declare("speed_to_lead", "duration", "lower", "M Q Y", LEAD_DIMS[:3], ("lead",), percentiles=True)
declare(
    "cart_abandonment_rate checkout_abandonment_rate",
    "cohort",
    "lower",
    "D W M Q",
    WEB,
    ("web_event",),
    "abandonment_window_hours",
)
declare("form_abandonment_rate", "cohort", "lower", "D W M Q", (*WEB, "form"), ("web_event",))
declare("late_recovery_count", "flow", "neutral", "D W M Q", WEB, ("web_event",))
REFERRAL_DIMS = ("referrer_type", "referrer", "segment", "source")
declare("referral_count", "flow", "higher", "M Q Y", REFERRAL_DIMS, ("referral",))
declare("referral_rate", "ratio", "higher", "M Q Y", REFERRAL_DIMS, ("referral",))
declare("sales_team_referral_share", "ratio", "neutral", "M Q Y", REFERRAL_DIMS, ("referral",))
declare("referrals_per_rep", "ratio", "higher", "M Q Y", (), ("referral",))
# -- sales
declare(
    "sales_cycle_length sales_cycle_duration",
    "duration",
    "lower",
    "M Q Y",
    SALES,
    DEALS,
    percentiles=True,
)
declare("open_opportunity_count", "balance", "neutral", "M Q Y", SALES, DEALS)
declare("open_opportunity_age", "duration", "lower", "M Q Y", SALES, DEALS)
STAGE = ("stage", *SALES)
declare("stage_velocity", "duration", "lower", "M Q", STAGE, DEALS, percentiles=True)
declare("stage_advance_rate", "ratio", "higher", "M Q", STAGE, DEALS)
declare("stage_regression_rate stage_loss_rate", "ratio", "lower", "M Q", STAGE, DEALS)
declare("stage_open_age", "duration", "lower", "M Q", STAGE, DEALS)
FORECAST = ("forecast_submission", *DEALS)
declare(
    "sales_forecast_accuracy sales_forecast_accuracy_net forecast_attainment",
    "compound",
    "higher",
    "M Q",
    ("owner", "team"),
    FORECAST,
)
declare(
    "forecast_accuracy_week_1 forecast_accuracy_week_2 forecast_accuracy_week_3"
    " forecast_accuracy_week_4",
    "compound",
    "higher",
    "M Q",
    ("owner", "team"),
    FORECAST,
)
declare("forecast_bias", "compound", "neutral", "M Q", ("owner", "team"), FORECAST)
declare("unforecast_amount", "flow", "lower", "M Q", ("owner", "team"), FORECAST)
declare("revenue_per_salesperson", "ratio", "higher", "M Q Y", ("team", "role"), DEALS)
declare("uncredited_won_amount", "flow", "neutral", "M Q Y", (), DEALS)
SNAPSHOT = ("opportunity_snapshot",)
declare(
    "pipeline_visibility_rate visible_pipeline_share", "ratio", "higher", "D M", STAGE, SNAPSHOT
)
declare(
    "open_pipeline_amount weighted_pipeline_amount", "balance", "higher", "D M", STAGE, SNAPSHOT
)
declare("pipeline_missing_amount_count", "balance", "lower", "D M", STAGE, SNAPSHOT)
declare("win_rate win_rate_value average_deal_size", "ratio", "higher", "M Q Y", SALES, DEALS)
declare("pipeline_coverage", "ratio", "higher", "M Q Y", ("owner", "team"), (*SNAPSHOT, "quota"))
declare("quota_attainment", "ratio", "higher", "M Q Y", ("owner", "team"), ("quota", *DEALS))
declare("sales_velocity", "compound", "higher", "M Q Y", (), DEALS)
declare("slipped_deal_rate", "ratio", "lower", "M Q Y", SALES, SNAPSHOT)
# -- service
declare(
    "first_response_time first_response_time_business",
    "duration",
    "lower",
    "D W M Q",
    SERVICE,
    ("ticket", "ticket_message"),
    percentiles=True,
)
declare(
    "awaiting_first_response_count",
    "balance",
    "lower",
    "D W M Q",
    SERVICE,
    ("ticket", "ticket_message"),
)
declare("solved_without_reply_count", "flow", "lower", "D W M Q", SERVICE, TICKETS)
declare(
    "average_handle_time",
    "duration",
    "neutral",
    "D W M",
    ("channel", "team", "agent", "topic"),
    ("handle_segment",),
    percentiles=True,
)
declare(
    "average_resolution_time first_resolution_time resolution_time_business resolution_time_net",
    "duration",
    "lower",
    "W M Q",
    SERVICE,
    SOLVES,
    percentiles=True,
)
declare(
    "first_contact_resolution first_contact_resolution_gross",
    "ratio",
    "higher",
    "M Q",
    SERVICE,
    TICKETS,
    "fcr_window_days",
)
declare(
    "agent_productivity",
    "ratio",
    "higher",
    "W M Q",
    ("agent", "team", "channel"),
    (*SOLVES, "agent_time"),
)
declare(
    "occupancy", "ratio", "neutral", "W M Q", ("agent", "team"), ("handle_segment", "agent_time")
)
declare("tickets_solved_per_agent", "ratio", "higher", "W M Q", ("team",), (*SOLVES, "agent_time"))
declare("contact_rate", "ratio", "lower", "M Q Y", ("segment",), ("ticket",))
declare("backlog", "balance", "lower", "M Q Y", SERVICE, SOLVES)
declare("backlog_age", "duration", "lower", "M Q Y", SERVICE, SOLVES, percentiles=True)
declare("reopen_rate", "ratio", "lower", "M Q Y", SERVICE, SOLVES, "reopen_window_days")
declare("sla_attainment", "ratio", "higher", "M Q Y", SERVICE, ("sla_target", *TICKETS))
declare("bot_resolution_rate", "ratio", "neutral", "M Q Y", SERVICE, TICKETS, "reopen_window_days")
declare("handoff_rate", "ratio", "lower", "M Q", SERVICE, TICKETS)
# -- feedback
declare("net_promoter_score", "distinct", "higher", "M Q Y R", SURVEY, RESPONSES)
declare("nps_margin_of_error", "distinct", "lower", "M Q Y R", SURVEY, RESPONSES)
declare("customer_satisfaction_score", "distinct", "higher", "W M Q", SURVEY, RESPONSES)
declare("csat_mean", "distinct", "higher", "W M Q", (*SURVEY, "scale"), RESPONSES)
declare("customer_effort_score ces_easy_rate", "distinct", "higher", "M Q", SURVEY, RESPONSES)
declare(
    "repeat_information_rate",
    "distinct",
    "lower",
    "M Q",
    (*SERVICE, "agents_involved"),
    RESPONSES,
)
declare("fcr_survey", "distinct", "higher", "M Q", SURVEY, RESPONSES)
declare("survey_response_rate", "cohort", "higher", "M Q Y", ("survey",), ("survey_invitation",))
CATALOG["abandonment_rate"] = Spec(
    "abandonment_rate",
    "cohort",
    "lower",
    CATALOG["cart_abandonment_rate"].grains,
    (*WEB, "form"),
    ("web_event",),
    "abandonment_window_hours",
)
GOAL = Spec("goal_attainment", "compound", "higher", (), ("goal",), ("goal",))
CATALOG["goal_attainment"] = GOAL
ADDITIVE = ("flow", "balance")
