"""Which rows count: duplicates, merges, exclusions, run clock (contract G-01, G-17 to G-20)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from .money import Rates
from .periods import Calendar

Row = dict[str, Any]
Entities = dict[str, list[Row]]

DEFAULTS: dict[str, Any] = {
    "reporting_timezone": "Europe/Berlin",
    "reporting_currency": "EUR",
    "fiscal_year_start_month": 1,
    "customer_model": "hybrid",
    "activity_window_days": 365,
    "dunning_days": 30,
    "conversion_window_days": 90,
    "attribution_window_days": 30,
    "acquisition_event": "first_payment",
    "cac_lag_months": 0,
    "abandonment_basis": "cart",
    "abandonment_window_hours": 24,
    "referral_dedupe_days": 365,
    "renewal_grace_days": 30,
    "fcr_window_days": 7,
    "reopen_window_days": 30,
    "stale_activity_days": 30,
    "fx_max_age_days": 7,
    "min_sample": 30,
    "internal_domains": [],
    "annual_discount_rate": "0.10",
}

KEYS = {
    "account": "account_id",
    "staff": "user_id",
    "lead": "lead_id",
    "opportunity": "opportunity_id",
    "forecast_submission": "forecast_id",
    "subscription": "subscription_id",
    "contract": "contract_id",
    "invoice": "invoice_id",
    "invoice_line": "line_id",
    "order": "order_id",
    "order_line": "line_id",
    "refund": "refund_id",
    "expense": "expense_id",
    "campaign": "campaign_id",
    "ticket": "ticket_id",
    "ticket_message": "message_id",
    "handle_segment": "segment_id",
    "survey_invitation": "invitation_id",
    "survey_response": "response_id",
    "web_event": "event_id",
    "referral": "referral_id",
    "goal": "goal_id",
}

# The column that says when a row happened: it decides visibility (G-01) and where a spine starts.
EVENTS = {
    "lead": "created_at",
    "opportunity": "created_at",
    "opportunity_stage_event": "entered_at",
    "opportunity_snapshot": "snapshot_date",
    "forecast_submission": "submitted_at",
    "subscription": "started_at",
    "subscription_version": "valid_from",
    "subscription_discount": "starts_at",
    "subscription_pause": "paused_at",
    "invoice": "issued_at",
    "order": "ordered_at",
    "refund": "refunded_at",
    "inventory_value": "snapshot_date",
    "purchases": "purchase_date",
    "expense": "spent_on",
    "attribution": "attributed_at",
    "ticket": "created_at",
    "ticket_status_event": "changed_at",
    "ticket_message": "sent_at",
    "handle_segment": "started_at",
    "agent_time": "work_date",
    "sla_target": "applied_at",
    "survey_invitation": "sent_at",
    "survey_response": "responded_at",
    "web_event": "occurred_at",
    "referral": "created_at",
    "goal": "set_at",
    "fx_rate": "rate_date",
}

# A survivor does not exist before its creation, whatever its shells went through.
OF_TICKETS = {"ticket_message": "ticket", "ticket_status_event": "ticket"}

# Dates that anchor a KPI although they may lie in the future: they start a spine and hide nothing.
SPINE_ONLY = {"contract": "end_date", "quota": "period_start"}

# Entities whose first event starts the spine of a KPI whose own feeds have none.
SPINES = (
    *("subscription", "subscription_version", "order", "invoice", "refund", "expense"),
    *("inventory_value", "purchases", "contract", "lead", "opportunity"),
    *("opportunity_stage_event", "ticket", "ticket_message", "ticket_status_event"),
    *("survey_response", "survey_invitation", "handle_segment", "agent_time", "sla_target"),
    *("attribution", "web_event", "referral", "forecast_submission", "opportunity_snapshot"),
    "quota",
)
ALL_ENTITIES = (
    *KEYS,
    *(e for e in EVENTS if e not in KEYS),
    "account_history",
    "staff_assignment",
    "opportunity_split",
    "quota",
    "product_cost",
    "business_schedule",
    "schedule_holiday",
    "feed_load",
)
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
FAR_AWAY = datetime(9999, 12, 30, tzinfo=UTC)


# Usage and one-off prices are no event of a subscription.
RECURRING = (None, "recurring")


class MergeCycle(ValueError):
    """Records that were merged into each other in a circle."""


def surviving(rows: list[Row], key: str) -> dict[str, str]:
    """Every id of a merged shell, and every other id, to the id that survives (G-17)."""
    into = {r[key]: r.get("merged_into_id") for r in rows}
    result = {}
    for start in into:
        seen, at = {start}, start
        while into.get(at):
            at = into[at]
            if at in seen:
                raise MergeCycle(f"{key} {start} is merged in a circle")
            seen.add(at)
        result[start] = at
    return result


def deduplicated(entity: str, rows: list[Row]) -> list[Row]:
    """One row per key, the latest changed; of equals, the one delivered last (G-20)."""
    key = KEYS.get(entity)
    kept: dict[Any, Row] = {}
    for row in rows:
        changed = row.get("source_updated_at") or LONG_AGO
        if key is None:
            same = tuple(
                sorted(
                    (k, repr(v))
                    for k, v in row.items()
                    if k != "source_updated_at" and v is not None
                )
            )
        else:
            same = row[key]
        old = kept.get(same)
        if old is None or changed >= (old.get("source_updated_at") or LONG_AGO):
            kept[same] = row
    return list(kept.values())


class World:
    """The company as the build sees it at `as_of`: cleaned rows by entity and simple look-ups."""

    def __init__(self, entities: Entities, as_of: datetime, params: dict[str, Any]) -> None:
        self.params = DEFAULTS | params
        self.as_of = as_of.astimezone(UTC)
        self.calendar = Calendar(
            self.params["reporting_timezone"], as_of, self.params["fiscal_year_start_month"]
        )
        self.loaded = set(entities)
        self.cache: dict[Any, Any] = {}
        raw = {e: deduplicated(e, [dict(r) for r in entities.get(e, [])]) for e in ALL_ENTITIES}
        self.internal = {d.lower() for d in self.params["internal_domains"]}
        self.rates = Rates(
            raw["fx_rate"], self.params["reporting_currency"], self.params["fx_max_age_days"]
        )
        self._follow_merges(raw)
        self._clean(raw)

    def memo(self, key: Any, make: Any) -> Any:
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    # -- identity ---------------------------------------------------------------------------

    def _follow_merges(self, raw: Entities) -> None:
        links = {
            "account": ("account_id", "referrer_account_id", "converted_account_id"),
            "lead": ("lead_id",),
            "opportunity": ("opportunity_id", "converted_opportunity_id"),
            "ticket": ("ticket_id",),
        }
        self.shells: dict[str, set[str]] = {}
        for entity, columns in links.items():
            survivor = surviving(raw[entity], KEYS[entity])
            self.shells[entity] = {i for i, s in survivor.items() if i != s}
            if entity == "ticket":
                # The status event by which a merge closed the shell is no fact of the survivor.
                raw["ticket_status_event"] = [
                    e
                    for e in raw["ticket_status_event"]
                    if not (
                        e["ticket_id"] in self.shells["ticket"]
                        and e.get("cause") == "merge"
                        and e["status"] in ("solved", "closed")
                    )
                ]
            if entity == "account":
                # Its segment and owner are the survivor's own: two histories would overlap.
                raw["account_history"] = [
                    h
                    for h in raw["account_history"]
                    if h["account_id"] not in self.shells["account"]
                ]
            if entity == "opportunity":
                self._own_rows_first(raw, survivor)
            for name, rows in raw.items():
                for row in rows:
                    for column in columns:
                        if name == entity and column == KEYS[entity]:
                            continue
                        if row.get(column) is not None:
                            row[column] = survivor.get(row[column], row[column])
            raw[entity] = [r for r in raw[entity] if r[KEYS[entity]] not in self.shells[entity]]

    def _own_rows_first(self, raw: Entities, survivor: dict[str, str]) -> None:
        """Snapshots and splits of a shell move only where the survivor has none of its own."""
        taken = {
            (r["snapshot_date"], r["opportunity_id"])
            for r in raw["opportunity_snapshot"]
            if survivor.get(r["opportunity_id"]) == r["opportunity_id"]
        }
        shells = self.shells["opportunity"]
        raw["opportunity_snapshot"] = [
            r
            for r in raw["opportunity_snapshot"]
            if r["opportunity_id"] not in shells
            or (r["snapshot_date"], survivor[r["opportunity_id"]]) not in taken
        ]
        split = {
            r["opportunity_id"]
            for r in raw["opportunity_split"]
            if r["opportunity_id"] not in shells
        }
        raw["opportunity_split"] = [
            r
            for r in raw["opportunity_split"]
            if r["opportunity_id"] not in shells or survivor[r["opportunity_id"]] not in split
        ]

    # -- exclusions -------------------------------------------------------------------------

    def is_internal(self, email: str | None) -> bool:
        if not email or "@" not in email:
            return False
        return email.rsplit("@", 1)[1].strip().lower() in self.internal

    def visible(self, entity: str, row: Row) -> bool:
        """Did the row happen before `as_of`? Rows without a time are facts and stay."""
        column = EVENTS.get(entity)
        if column is None or row.get(column) is None:
            return True
        return self.instant(row[column]) < self.as_of

    def instant(self, when: datetime | date) -> datetime:
        return when if isinstance(when, datetime) else self.calendar.midnight(when)

    def _clean(self, raw: Entities) -> None:
        self.staff = {r["user_id"]: r for r in raw["staff"]}
        self.test_accounts = {r["account_id"] for r in raw["account"] if r.get("is_test")}
        seen = {e: [r for r in rows if self.visible(e, r)] for e, rows in raw.items()}
        for name in (
            "account",
            "account_history",
            "subscription",
            "contract",
            "invoice",
            "order",
            "opportunity",
            "attribution",
            "ticket",
            "survey_response",
        ):
            seen[name] = [r for r in seen[name] if r.get("account_id") not in self.test_accounts]
        for name in ("contract", "invoice", "order", "opportunity", "referral", "survey_response"):
            seen[name] = [r for r in seen[name] if not r.get("is_deleted")]
        seen["order"] = [r for r in seen["order"] if not self.is_internal(r.get("buyer_email"))]
        seen["lead"] = [
            r
            for r in seen["lead"]
            if not (
                r.get("is_test")
                or r.get("is_spam")
                or r.get("is_deleted")
                or self.is_internal(r.get("email"))
                or r.get("converted_account_id") in self.test_accounts
            )
        ]
        seen["ticket"] = [
            r
            for r in seen["ticket"]
            if not (r.get("is_test") or r.get("is_spam") or r.get("is_deleted"))
        ]
        seen["referral"] = [
            r
            for r in seen["referral"]
            if r.get("referrer_account_id") not in self.test_accounts
            and not self.is_internal(r.get("referred_email"))
        ]
        tickets = {r["ticket_id"] for r in seen["ticket"]}
        known_tickets = {r["ticket_id"] for r in raw["ticket"]}
        dropped = known_tickets - tickets
        for name in ("ticket_status_event", "ticket_message", "sla_target"):
            seen[name] = [r for r in seen[name] if r["ticket_id"] in tickets]
        for name in ("handle_segment", "survey_response"):
            seen[name] = [r for r in seen[name] if r.get("ticket_id") not in dropped]
        seen["survey_response"] = [
            r
            for r in seen["survey_response"]
            if not r.get("is_test") and r.get("respondent_id") not in self.staff
        ]
        opportunities = {r["opportunity_id"] for r in seen["opportunity"]}
        for name in ("opportunity_stage_event", "opportunity_snapshot", "opportunity_split"):
            seen[name] = [r for r in seen[name] if r["opportunity_id"] in opportunities]
        subscriptions = {r["subscription_id"] for r in seen["subscription"]}
        for name in ("subscription_version", "subscription_discount", "subscription_pause"):
            seen[name] = [r for r in seen[name] if r["subscription_id"] in subscriptions]
        for head, line, key in (
            ("order", "order_line", "order_id"),
            ("invoice", "invoice_line", "invoice_id"),
        ):
            kept = {r[key] for r in seen[head]}
            seen[line] = [r for r in seen[line] if r[key] in kept]
            every = {r[key] for r in raw[head]}
            seen["refund"] = [
                r for r in seen["refund"] if r.get(key) not in every or r[key] in kept
            ]
        test_orders = {
            r["order_id"] for r in raw["order"] if r.get("account_id") in self.test_accounts
        }
        clean = [r for r in seen["web_event"] if not r.get("is_bot") and not r.get("is_internal")]
        test_carts = {
            r.get("cart_id") for r in clean if r.get("order_id") and r["order_id"] in test_orders
        } - {None}
        seen["web_event"] = [r for r in clean if r.get("cart_id") not in test_carts]
        self.rows = seen
        self.accounts = {r["account_id"]: r for r in seen["account"]}
        self.leads = {r["lead_id"]: r for r in seen["lead"]}
        self.opportunities = {r["opportunity_id"]: r for r in seen["opportunity"]}
        self.tickets = {r["ticket_id"]: r for r in seen["ticket"]}
        self.campaigns = {r["campaign_id"]: r for r in seen["campaign"]}

    # -- small helpers ----------------------------------------------------------------------

    def by(self, entity: str, column: str) -> dict[Any, list[Row]]:
        """Rows of an entity grouped by a column."""

        def make() -> dict[Any, list[Row]]:
            groups: dict[Any, list[Row]] = {}
            for row in self.rows[entity]:
                groups.setdefault(row.get(column), []).append(row)
            return groups

        return self.memo(("by", entity, column), make)

    def first_day(self, entities: tuple[str, ...]) -> date | None:
        """The local day of the first event of some entities; of what a ticket has, its creation."""
        days = []
        for entity in {OF_TICKETS.get(e, e) for e in entities}:
            column = EVENTS.get(entity) or SPINE_ONLY.get(entity)
            if column is None:
                continue
            for row in self.rows[entity]:
                if entity == "subscription_version" and row.get("price_type") not in RECURRING:
                    continue
                when = row.get(column)
                if when is not None:
                    days.append(self.calendar.day(when) if isinstance(when, datetime) else when)
        early = [d for d in days if d <= self.calendar.last_day]
        return min(early) if early else None


def holds_at(row: Row, t: datetime) -> bool:
    """Event join: the version in force at an instant (G-22)."""
    return (row.get("valid_from") or LONG_AGO) <= t < (row.get("valid_to") or FAR_AWAY)


def holds_before(row: Row, c: datetime) -> bool:
    """Snapshot join: the version in force just before a closing instant (G-22)."""
    return (row.get("valid_from") or LONG_AGO) < c <= (row.get("valid_to") or FAR_AWAY)
