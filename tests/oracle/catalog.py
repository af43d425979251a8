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

# Entities that make a KPI computable (G-13): all groups must be loaded, of a group with several
# names one is enough; else `no_data`.
Feeds = tuple[tuple[str, ...], ...]
SUBS: Feeds = (("subscription",), ("subscription_version",))
ORDERS: Feeds = (("order",),)
BILLED: Feeds = (("order", "invoice"),)
PAYING: Feeds = (("subscription_version", "order"),)
COSTS: Feeds = (("order", "expense"), ("product_cost", "expense"))
DEALS: Feeds = (("opportunity",),)
STAGES: Feeds = (("opportunity",), ("opportunity_stage_event",))
CREDITS: Feeds = (("opportunity",), ("staff_assignment",))
SOLVES: Feeds = (("ticket",), ("ticket_status_event",))
TICKETS: Feeds = (*SOLVES, ("ticket_message",))
REPLIES: Feeds = (("ticket",), ("ticket_message",))
RESPONSES: Feeds = (("survey_response",),)
LEADS: Feeds = (("lead",),)
REFERRALS: Feeds = (("referral",), ("lead",))
VISITS: Feeds = (("web_event",),)
AGENTS: Feeds = (("agent_time",), *SOLVES)
SAMPLED = ("ratio", "cohort", "duration", "distinct", "compound")


@dataclass(frozen=True)
class Spec:
    """One KPI id. `window` names the parameter whose days (or hours) a member is observed."""

    kpi_id: str
    klass: str
    better: str
    grains: tuple[str, ...]
    dims: tuple[str, ...]
    feeds: Feeds
    window: str | None = None


CATALOG: dict[str, Spec] = {}


def declare(
    ids: str,
    klass: str,
    better: str,
    grains: str,
    dims: tuple[str, ...],
    feeds: Feeds,
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
declare("arpu", "ratio", "higher", "M Q Y R", CUSTOMER, (*PAYING, *BILLED))
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
STOCK: Feeds = (("inventory_value",),)
declare("cogs_periodic", "flow", "neutral", "M Q Y", (), STOCK)
declare("cogs_variance", "flow", "neutral", "M Q Y", (), (*STOCK, *ORDERS, ("product_cost",)))
declare("gross_margin", "ratio", "higher", "M Q Y R", CUSTOMER, (*BILLED, *COSTS))
CLV_FEEDS = (*PAYING, *BILLED, *COSTS)
CLV_DIMS = ("acquisition_channel", "segment", "cohort_month")
declare("customer_lifetime_value clv_capped", "compound", "higher", "Q R", CLV_DIMS, CLV_FEEDS)
declare("clv_revenue", "compound", "higher", "Q R", CLV_DIMS, (*PAYING, *BILLED))
declare("clv_discounted", "compound", "higher", "R", CLV_DIMS, CLV_FEEDS)
declare("clv_historical", "compound", "higher", "M", ("cohort",), CLV_FEEDS)
SPENT: Feeds = (("expense",),)
declare("cac_payback_months", "compound", "lower", "M Q Y R", (), (*SPENT, *SUBS, *BILLED))
declare("ltv_cac_ratio", "compound", "higher", "M Q Y R", (), (*SPENT, *PAYING, *BILLED))
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
    (("contract",),),
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
CAC_FEEDS = (*SPENT, *PAYING)
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
    (*SPENT, ("attribution",), ("campaign",)),
)
declare(
    "conversion_rate",
    "cohort",
    "higher",
    "M Q Y",
    tuple(dict.fromkeys((*SALES, *CUSTOMER))),
    (*DEALS, *PAYING),
    "conversion_window_days",
)
LEAD_DIMS = ("lead_source", "campaign", "owner", "country", "segment")
declare(
    "lead_to_customer_rate",
    "cohort",
    "higher",
    "M Q Y",
    LEAD_DIMS,
    (*LEADS, *PAYING),
    "conversion_window_days",
)
declare("lead_to_customer_rate_period", "ratio", "higher", "M Q Y", (), (*LEADS, *PAYING))
declare(
    "lead_to_sale_conversion_rate",
    "cohort",
    "higher",
    "M Q Y",
    (*LEAD_DIMS, "opportunity_type"),
    (*LEADS, *DEALS),
    "conversion_window_days",
)
declare("speed_to_lead", "duration", "lower", "M Q Y", LEAD_DIMS[:3], LEADS, percentiles=True)
CART = (*WEB, "checkout_step")
declare(
    "cart_abandonment_rate checkout_abandonment_rate",
    "cohort",
    "lower",
    "D W M Q",
    CART,
    VISITS,
    "abandonment_window_hours",
)
declare("form_abandonment_rate", "cohort", "lower", "D W M Q", (*WEB, "form"), VISITS)
declare(
    "late_recovery_count",
    "flow",
    "neutral",
    "D W M Q",
    CART,
    VISITS,
    "abandonment_window_hours",
)
REFERRAL_DIMS = ("referrer_type", "referrer", "segment", "source")
declare("referral_count", "flow", "higher", "M Q Y", REFERRAL_DIMS, REFERRALS)
declare("referral_rate", "ratio", "higher", "M Q Y", REFERRAL_DIMS, (*REFERRALS, *PAYING))
declare("sales_team_referral_share", "ratio", "neutral", "M Q Y", REFERRAL_DIMS, REFERRALS)
REPS: Feeds = (("staff_assignment",),)
declare("referrals_per_rep", "ratio", "higher", "M Q Y", (), (*REFERRALS, *REPS))
# -- sales
declare(
    "sales_cycle_length sales_cycle_duration",
    "duration",
    "lower",
    "M Q Y",
    (*SALES, "amount_band"),
    DEALS,
    percentiles=True,
)
declare("open_opportunity_count", "balance", "neutral", "M Q Y", SALES, DEALS)
declare("open_opportunity_age", "duration", "lower", "M Q Y", SALES, DEALS)
STAGE = ("stage", *SALES)
declare("stage_velocity", "duration", "lower", "M Q", STAGE, STAGES, percentiles=True)
declare("stage_cumulative_time", "duration", "lower", "M Q", STAGE, STAGES)
declare("stage_advance_rate", "ratio", "higher", "M Q", STAGE, STAGES)
declare("stage_regression_rate stage_loss_rate", "ratio", "lower", "M Q", STAGE, STAGES)
declare("stage_open_age", "duration", "lower", "M Q", STAGE, STAGES)
FORECAST: Feeds = (("forecast_submission",), *DEALS)
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
declare("revenue_per_salesperson", "ratio", "higher", "M Q Y", ("team", "role"), CREDITS)
declare("uncredited_won_amount", "flow", "neutral", "M Q Y", (), CREDITS)
SNAPSHOT: Feeds = (("opportunity_snapshot",),)
QUOTA: Feeds = (("quota",),)
declare(
    "pipeline_visibility_rate visible_pipeline_share", "ratio", "higher", "D M", STAGE, SNAPSHOT
)
declare(
    "open_pipeline_amount weighted_pipeline_amount", "balance", "higher", "D M", STAGE, SNAPSHOT
)
declare("pipeline_missing_amount_count", "balance", "lower", "D M", STAGE, SNAPSHOT)
declare("win_rate win_rate_value average_deal_size", "ratio", "higher", "M Q Y", SALES, DEALS)
declare("pipeline_coverage", "ratio", "higher", "M Q Y", ("owner", "team"), (*SNAPSHOT, *QUOTA))
declare("quota_attainment", "ratio", "higher", "M Q Y", ("owner", "team"), (*CREDITS, *QUOTA))
declare("sales_velocity", "compound", "higher", "M Q Y", (), DEALS)
declare("slipped_deal_rate", "ratio", "lower", "M Q Y", SALES, SNAPSHOT)
# -- service
declare(
    "first_response_time first_response_time_business",
    "duration",
    "lower",
    "D W M Q",
    SERVICE,
    REPLIES,
    percentiles=True,
)
declare("awaiting_first_response_count", "balance", "lower", "D W M Q", SERVICE, REPLIES)
declare("solved_without_reply_count", "flow", "lower", "D W M Q", SERVICE, TICKETS)
declare(
    "average_handle_time",
    "duration",
    "neutral",
    "D W M",
    ("channel", "team", "agent", "topic"),
    (("handle_segment",),),
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
    AGENTS,
)
declare(
    "occupancy",
    "ratio",
    "neutral",
    "W M Q",
    ("agent", "team"),
    (("agent_time",), ("handle_segment",)),
)
declare("tickets_solved_per_agent", "ratio", "higher", "W M Q", ("team",), AGENTS)
declare("contact_rate", "ratio", "lower", "M Q Y", ("segment",), (("ticket",), *PAYING))
declare("backlog", "balance", "lower", "M Q Y", SERVICE, SOLVES)
declare("backlog_age", "duration", "lower", "M Q Y", SERVICE, SOLVES, percentiles=True)
declare("reopen_rate", "ratio", "lower", "M Q Y", SERVICE, SOLVES, "reopen_window_days")
declare("sla_attainment", "ratio", "higher", "M Q Y", SERVICE, (("sla_target",), ("ticket",)))
declare("bot_resolution_rate", "ratio", "neutral", "M Q Y", SERVICE, TICKETS, "reopen_window_days")
declare("handoff_rate", "ratio", "lower", "M Q", SERVICE, TICKETS)
# -- feedback
declare("net_promoter_score nps_promoter_share", "distinct", "higher", "M Q R", SURVEY, RESPONSES)
declare("nps_passive_share", "distinct", "neutral", "M Q R", SURVEY, RESPONSES)
declare("nps_detractor_share", "distinct", "lower", "M Q R", SURVEY, RESPONSES)
declare("nps_margin_of_error", "compound", "lower", "M Q R", SURVEY, RESPONSES)
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
SENT: Feeds = (("survey_invitation",), *RESPONSES)
declare("survey_response_rate", "cohort", "higher", "M Q Y", ("survey",), SENT)
CATALOG["abandonment_rate"] = Spec(
    "abandonment_rate",
    "cohort",
    "lower",
    CATALOG["cart_abandonment_rate"].grains,
    (*CART, "form"),
    VISITS,
    "abandonment_window_hours",
)
GOAL = Spec("goal_attainment", "compound", "higher", (), ("goal",), (("goal",),))
CATALOG["goal_attainment"] = GOAL
ADDITIVE = ("flow", "balance")
