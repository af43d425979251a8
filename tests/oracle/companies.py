"""Small random companies with every kind of event, at nasty instants.

`random_case(seed, size)` gives the rows with an `as_of` and parameters, the same for the same seed.
The A company breaks no rule that blocks a build: every currency has a rate on every day, every
sold product a cost, splits add up to 1, histories do not overlap, merges do not run in circles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

Row = dict[str, Any]
Entities = dict[str, list[Row]]
ZONE = ZoneInfo("Europe/Berlin")
ONE_DAY = timedelta(days=1)
SEGMENTS = ("smb", "mid", "enterprise", None)
COUNTRIES = ("DE", "AT", "FR", None)
INDUSTRIES = ("retail", "software", None)
CHANNELS = ("web", "partner", "event", None)
PRODUCTS = ("p1", "p2", "p3")
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY")
STAGES = (("Qualify", 1), ("Propose", 2), ("Negotiate", 3))


@dataclass(frozen=True)
class Case:
    entities: Entities
    as_of: datetime
    params: dict[str, Any]


def midnight(day: date) -> datetime:
    """The instant of a local midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


class Company:
    """Draws one company. The window holds one change of the clocks: 30 March or 26 October."""

    def __init__(self, seed: int, size: int) -> None:
        self.r = Random(seed)
        self.size = size
        spring = self.r.random() < 0.5
        self.first = date(2024, 12, 1) if spring else date(2025, 7, 1)
        self.last = date(2025, 6, 20) if spring else date(2026, 1, 20)
        long = self.chance(0.35)
        if long:
            self.first = self.first.replace(year=self.first.year - 1)
        self.clock_change = date(2025, 3, 30) if spring else date(2025, 10, 26)
        # Most events crowd into these weeks, so that they meet each other.
        busy = (self.clock_change - timedelta(days=25), self.clock_change + timedelta(days=20))
        self.busy = [busy]
        if long:
            self.busy.append((busy[0] - timedelta(days=365), busy[1] - timedelta(days=365)))
        self.e: Entities = {}
        self.moments: list[datetime] = []
        self.accounts: list[str] = []

    # -- chance -----------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.r.random() < share

    def pick(self, options: Any) -> Any:
        return self.r.choice(list(options))

    def count(self, low: int, high: int) -> int:
        return self.r.randint(low, high)

    def day(self, low: date | None = None, high: date | None = None) -> date:
        if low is None and high is None and self.chance(0.5):
            low, high = self.pick(self.busy)
        low, high = low or self.first, high or self.last
        if low >= high:
            return low
        if self.chance(0.2):
            firsts = [d for d in self.days(low, high) if d.day == 1 or (d + ONE_DAY).day == 1]
            if firsts:
                return self.pick(firsts)
        if self.chance(0.1) and low <= self.clock_change < high:
            return self.clock_change
        return low + ONE_DAY * self.r.randrange((high - low).days)

    @staticmethod
    def days(low: date, high: date) -> list[date]:
        return [low + ONE_DAY * i for i in range((high - low).days)]

    def moment(self, low: datetime | None = None, high: datetime | None = None) -> datetime:
        """An instant in `[low, high)`, often at midnight, beside it, on a clock change or a tie."""
        if low is None and high is None and self.chance(0.65):
            busy = self.pick(self.busy)
            low, high = midnight(busy[0]), midnight(busy[1])
        low, high = low or midnight(self.first), high or midnight(self.last)
        if low >= high:
            return low
        for _ in range(20):
            t = self.nasty(low, high) if self.chance(0.5) else None
            if t is None:
                t = low + timedelta(seconds=self.r.randrange(int((high - low).total_seconds()) + 1))
            if low <= t < high:
                self.moments.append(t)
                return t
        return low

    def nasty(self, low: datetime, high: datetime) -> datetime:
        kind = self.count(0, 5)
        start = midnight(self.day(low.astimezone(ZONE).date(), high.astimezone(ZONE).date()))
        if kind == 0:
            return start
        if kind == 1:
            return start - timedelta(minutes=1)
        if kind == 2:
            return start + timedelta(minutes=1)
        if kind == 3:
            return midnight(self.clock_change) + timedelta(minutes=self.count(0, 8) * 30)
        if kind == 4 and self.moments:
            return self.pick(self.moments)
        return start + timedelta(hours=self.count(6, 20), minutes=self.count(0, 59))

    def after(self, t: datetime, most_days: float) -> datetime:
        """Some time after t, at most so many days; the hour and the midnight are often hit."""
        return self.moment(t, t + timedelta(seconds=max(2, int(most_days * 86400))))

    def money(self, low: int = 1, high: int = 500) -> Decimal:
        if self.chance(0.3):
            return Decimal(self.count(low, high))
        return Decimal(self.count(low * 100, high * 100)) / 100

    def add(self, entity: str, **row: Any) -> Row:
        self.e.setdefault(entity, []).append(row)
        return row

    def a_day(self, t: datetime) -> date:
        return t.astimezone(ZONE).date()

    def some_account(self) -> str:
        return self.pick(self.accounts)

    # -- people and accounts ----------------------------------------------------------------

    def staff(self) -> None:
        people = [
            ("rep1", "sales_rep"),
            ("rep2", "sales_rep"),
            ("sdr1", "sdr"),
            ("boss", "sales_manager"),
            ("ag1", "agent"),
            ("ag2", "agent"),
            ("ag3", "agent"),
            ("bot", "agent"),
            ("eng", "admin"),
        ]
        for user, role in people:
            self.add(
                "staff",
                user_id=user,
                name=user,
                email=f"{user}@company.example",
                role=role,
                team=None,
                is_bot=user == "bot",
                is_active=self.chance(0.85),
            )
            if user == "bot":
                continue
            at = self.first - timedelta(days=self.count(0, 200))
            if self.chance(0.2):
                at = self.day()
            for _ in range(self.count(1, 3)):
                end = self.day(at + ONE_DAY, self.last + ONE_DAY) if self.chance(0.6) else None
                if end is not None and end < at:
                    end = None
                self.add(
                    "staff_assignment",
                    user_id=user,
                    role=role,
                    team=self.pick(("north", "south", None)),
                    fte=Decimal(self.pick(("1", "0.5", "0.8"))),
                    quota_carrying=role == "sales_rep" and self.chance(0.9),
                    valid_from=at,
                    valid_to=end,
                )
                if end is None or end >= self.last:
                    break
                at = end + ONE_DAY * self.pick((1, 1, 5))
        self.reps = ["rep1", "rep2", "boss"]
        self.agents = ["ag1", "ag2", "ag3"]

    def account_rows(self) -> None:
        count = 9 * self.size + self.count(0, 3)
        for i in range(count):
            account = f"acc{i}"
            self.accounts.append(account)
            deleted = self.chance(0.05)
            self.add(
                "account",
                account_id=account,
                name=account,
                created_at=self.moment(),
                country=self.pick(COUNTRIES),
                segment=self.pick(SEGMENTS),
                industry=self.pick(INDUSTRIES),
                acquisition_channel=self.pick(CHANNELS),
                owner_id=self.pick(self.reps),
                is_test=self.chance(0.08),
                is_deleted=deleted,
                deleted_at=self.moment() if deleted else None,
                merged_into_id=None,
                source_updated_at=midnight(self.first),
            )
            if self.chance(0.85):
                self.history(account)
        rows = self.e["account"]
        if count >= 6:
            # A chain of two merges; the shell's own test flag does not matter.
            rows[1]["merged_into_id"] = "acc0"
            rows[2]["merged_into_id"] = "acc1"
            rows[2]["is_test"] = True
        if self.chance(0.5):
            old = dict(self.pick(rows[3:]))
            old |= {"country": "XX", "source_updated_at": midnight(self.first) - ONE_DAY}
            rows.append(old)

    def history(self, account: str) -> None:
        at = midnight(self.first - timedelta(days=400))
        if self.chance(0.15):
            at = self.moment()
        while True:
            end = None
            if self.chance(0.5):
                end = self.after(max(at, midnight(self.first)), 120)
            self.add(
                "account_history",
                account_id=account,
                owner_id=self.pick((*self.reps, None)),
                segment=self.pick(SEGMENTS),
                region=self.pick(("north", "south", None)),
                valid_from=at,
                valid_to=end if end and end > at else None,
            )
            if not end or end <= at:
                return
            at = end

    # -- money ------------------------------------------------------------------------------

    def currency_rates(self) -> None:
        day = self.first - timedelta(days=460)
        usd, jpy = Decimal("0.92"), Decimal("0.0061")
        while day < self.last + timedelta(days=40):
            if self.chance(0.2):
                usd = Decimal(self.count(8800, 9700)) / 10000
                jpy = Decimal(self.count(580, 650)) / 100000
            step = 1 if day >= self.first - timedelta(days=35) else 5
            self.add("fx_rate", rate_date=day, from_currency="USD", to_currency="EUR", rate=usd)
            self.add("fx_rate", rate_date=day, from_currency="JPY", to_currency="EUR", rate=jpy)
            day += timedelta(days=self.count(1, 2) if step == 1 else step)

    def subscriptions(self) -> None:
        for i in range(12 * self.size + self.count(0, 4)):
            key, start = f"sub{i}", self.moment()
            trial_start = trial_end = None
            if self.chance(0.3):
                trial_start, trial_end = start, self.after(start, 30)
            ended = self.after(start, 150) if self.chance(0.45) else None
            asked = None
            if ended and self.chance(0.6):
                asked = self.moment(start, ended + timedelta(seconds=1))
            elif self.chance(0.15):
                asked = self.after(start, 90)
            deleted = self.chance(0.07)
            self.add(
                "subscription",
                subscription_id=key,
                account_id=self.some_account(),
                trial_start=trial_start,
                trial_end=trial_end,
                started_at=start,
                ended_at=ended,
                cancel_requested_at=asked,
                cancel_reason="price" if asked else None,
                past_due_since=self.after(start, 120) if self.chance(0.1) else None,
                unpaid_at=self.after(start, 150) if self.chance(0.08) else None,
                is_deleted=deleted,
                deleted_at=self.after(start, 150) if deleted else None,
            )
            self.versions(key, start)
            if self.chance(0.25):
                paused = self.after(start, 100)
                self.add(
                    "subscription_pause",
                    subscription_id=key,
                    paused_at=paused,
                    resumed_at=self.after(paused, 60) if self.chance(0.6) else None,
                )
            for _ in range(self.pick((0, 0, 1, 1, 2))):
                begins = self.after(start, 60) if self.chance(0.5) else start
                percent = self.chance(0.6)
                self.add(
                    "subscription_discount",
                    subscription_id=key,
                    percent_off=Decimal(self.pick((10, 25, 50, 100))) if percent else None,
                    amount_off=None if percent else self.money(1, 40),
                    duration=self.pick(("once", "repeating", "forever")),
                    starts_at=begins,
                    ends_at=self.after(begins, 90) if self.chance(0.5) else None,
                )

    def versions(self, key: str, start: datetime) -> None:
        currency = self.pick(CURRENCIES)
        interval, every = self.pick(
            (("month", 1), ("month", 1), ("month", 3), ("year", 1), ("week", 1), ("day", 30))
        )
        for item in range(self.pick((1, 1, 2))):
            at = start if item == 0 or self.chance(0.5) else self.after(start, 60)
            reason = "add_on" if item else None
            product = PRODUCTS[item] if self.chance(0.8) else self.pick(PRODUCTS)
            for _ in range(self.pick((1, 1, 2, 3))):
                end = self.after(at, 90)
                last = self.chance(0.6) or end <= at
                self.add(
                    "subscription_version",
                    subscription_id=key,
                    item_id=f"{key}_{item}",
                    product_id=product,
                    plan_id=self.pick(("basic", "pro", None)),
                    quantity=Decimal(self.count(0 if self.chance(0.1) else 1, 4)),
                    unit_price=self.money(2, 90) * (100 if currency == "JPY" else 1),
                    currency=currency,
                    interval=interval,
                    interval_count=every,
                    price_type="usage" if self.chance(0.07) else "recurring",
                    change_reason=reason,
                    valid_from=at,
                    valid_to=None if last else end,
                )
                if last:
                    break
                at = end
                reason = self.pick(
                    ("upgrade", "upgrade", "seats", "downgrade", "price_increase", "add_on")
                )

    def orders(self) -> None:
        for product in PRODUCTS:
            turn = self.day()
            for low, high in ((date(2023, 1, 1), turn), (turn, None)):
                self.add(
                    "product_cost",
                    product_id=product,
                    unit_cost=self.money(1, 20),
                    currency="EUR",
                    valid_from=low,
                    valid_to=high,
                )
        for i in range(8 * self.size + self.count(0, 5)):
            key, at = f"ord{i}", self.moment()
            currency = self.pick(CURRENCIES)
            guest = self.chance(0.12)
            replacement = self.chance(0.06)
            lines = self.count(1, 3)
            self.add(
                "order",
                order_id=key,
                account_id=None if guest else self.some_account(),
                ordered_at=at,
                status=self.pick(
                    ("paid", "paid", "paid", "fulfilled", "pending", "cancelled", "draft")
                ),
                currency=currency,
                buyer_email=f"{self.pick('xyz')}@guests.example" if guest else None,
                is_replacement=replacement,
                exchange_of_order_id=f"ord{i - 1}" if i and self.chance(0.06) else None,
                is_deleted=self.chance(0.04),
            )
            total = Decimal(0)
            for n in range(lines):
                price = Decimal(0) if replacement else self.money(5, 120)
                quantity = Decimal(self.count(1, 4))
                off = self.money(0, 4) if self.chance(0.3) and price else Decimal(0)
                total += price * quantity - off
                self.add(
                    "order_line",
                    line_id=f"{key}_{n}",
                    order_id=key,
                    product_id=self.pick(PRODUCTS),
                    quantity=quantity,
                    unit_price=price,
                    discount=off,
                    tax=self.money(0, 9),
                )
            if total > 0 and self.chance(0.3):
                full = self.chance(0.4)
                self.add(
                    "refund",
                    refund_id=f"ref_{key}",
                    order_id=key,
                    invoice_id=None,
                    amount_ex_tax=total if full else (total / 3).quantize(Decimal("0.01")),
                    currency=currency,
                    refunded_at=self.after(at, 60),
                    # Goods come back only where it is plain which: from orders of one line.
                    restocked_quantity=Decimal(int(lines == 1 and self.chance(0.5))),
                )
        for day in self.days(self.first, self.last):
            if (day + ONE_DAY).day == 1:
                for product in PRODUCTS:
                    self.add(
                        "inventory_value",
                        snapshot_date=day,
                        product_id=product,
                        quantity=Decimal(self.count(1, 50)),
                        value=self.money(50, 900),
                    )
        for _ in range(2 * self.size):
            self.add(
                "purchases",
                purchase_date=self.day(),
                product_id=self.pick(PRODUCTS),
                quantity=Decimal(self.count(1, 20)),
                cost=self.money(20, 300),
                currency="EUR",
            )

    def invoices(self) -> None:
        for i in range(4 * self.size + self.count(0, 3)):
            key, at = f"inv{i}", self.moment()
            currency = self.pick(CURRENCIES)
            self.add(
                "invoice",
                invoice_id=key,
                account_id=self.some_account(),
                issued_at=at,
                status=self.pick(("paid", "paid", "open", "void", "draft", "uncollectible")),
                currency=currency,
                is_deleted=self.chance(0.04),
            )
            for n in range(self.count(1, 2)):
                spread = self.chance(0.6)
                start = self.a_day(at) + ONE_DAY * self.count(-20, 20)
                self.add(
                    "invoice_line",
                    line_id=f"{key}_{n}",
                    invoice_id=key,
                    line_type="service",
                    amount_ex_tax=self.money(20, 900),
                    discount=self.money(0, 15) if self.chance(0.4) else None,
                    service_start=start if spread else None,
                    service_end=start + ONE_DAY * self.count(1, 200) if spread else None,
                )
            if self.chance(0.2):
                self.add(
                    "refund",
                    refund_id=f"ref_{key}",
                    order_id=None,
                    invoice_id=key,
                    amount_ex_tax=self.money(1, 20),
                    currency=currency,
                    refunded_at=self.after(at, 60),
                    restocked_quantity=None,
                )

    def contracts(self) -> None:
        for i in range(4 * self.size):
            key, due = f"con{i}", self.day()
            follows = self.chance(0.6)
            shared = i and self.chance(0.2)
            monthly = self.chance(0.15)
            account = self.some_account()
            self.add(
                "contract",
                contract_id=key,
                account_id=account,
                start_date=due - timedelta(days=365),
                end_date=due,
                term_months=1 if monthly else self.pick((12, 24)),
                auto_renew_monthly=monthly,
                monthly_value=self.money(10, 200),
                currency=self.pick(CURRENCIES),
                signed_at=midnight(due - timedelta(days=380)),
                renewed_by_contract_id=f"con{i - 1}_n" if shared else f"con{i}_n",
                terminated_at=self.moment() if self.chance(0.1) else None,
                is_deleted=self.chance(0.05),
            )
            if not follows:
                self.e["contract"][-1]["renewed_by_contract_id"] = None
            signed = midnight(due) + timedelta(hours=self.count(-60 * 24, 45 * 24))
            self.add(
                "contract",
                contract_id=f"con{i}_n",
                account_id=account,
                start_date=due,
                end_date=due + timedelta(days=900),
                term_months=12,
                auto_renew_monthly=False,
                monthly_value=self.money(10, 200),
                currency="EUR",
                signed_at=signed,
                renewed_by_contract_id=None,
                terminated_at=None,
                is_deleted=False,
            )

    # -- marketing --------------------------------------------------------------------------

    def marketing(self) -> None:
        for i, channel in enumerate(("web", "event", "partner")):
            self.add("campaign", campaign_id=f"cmp{i}", channel=channel, is_paid=i != 2)
        for i in range(6 * self.size):
            function = self.pick(("sales", "marketing", "marketing", "support", "cogs", "other"))
            share = self.pick((None, Decimal(1), Decimal("0.8"), Decimal("0.25")))
            self.add(
                "expense",
                expense_id=f"exp{i}",
                spent_on=self.day(),
                amount=self.money(10, 900) * (-1 if self.chance(0.1) else 1),
                currency=self.pick(("EUR", "EUR", "USD")),
                function=function,
                category=self.pick(("media", "salary", "salaries", "commission", "tools")),
                acquisition_share=share if function in ("sales", "marketing") else None,
                campaign_id=self.pick((None, "cmp0", "cmp1", "cmp2"))
                if function == "marketing"
                else None,
            )
        for i in range(12 * self.size):
            self.add(
                "attribution",
                acquisition_id=f"att{i}",
                account_id=self.some_account(),
                campaign_id=self.pick(("cmp0", "cmp1", "cmp2")),
                model="last_touch",
                # Distinct instants: which of two touches at one instant is the last is not defined.
                attributed_at=self.moment() + timedelta(microseconds=i + 1),
            )

    def leads(self) -> None:
        self.lead_ids = []
        for i in range(14 * self.size + self.count(0, 4)):
            key, at = f"lead{i}", self.moment()
            self.lead_ids.append(key)
            touched = None
            if self.chance(0.6):
                touched = self.after(at, 5) - timedelta(hours=6 if self.chance(0.1) else 0)
            account = self.some_account() if self.chance(0.6) else None
            self.add(
                "lead",
                lead_id=key,
                created_at=at,
                source=self.pick(("web", "event", "referral", None)),
                campaign_id=self.pick((None, "cmp0", "cmp2")),
                owner_id=self.pick((*self.reps, "sdr1", None)),
                email=f"person{i}@people.example" if self.chance(0.9) else None,
                converted_at=self.after(at, 20) if account else None,
                converted_account_id=account,
                converted_opportunity_id=None,
                referral_id=None,
                is_test=self.chance(0.06),
                is_spam=self.chance(0.06),
                is_deleted=self.chance(0.06),
                merged_into_id=f"lead{self.r.randrange(i)}" if i > 2 and self.chance(0.1) else None,
                first_touched_at=touched,
            )

    def referrals(self) -> None:
        for i in range(9 * self.size):
            kind = self.pick(("customer", "employee", "partner"))
            lead = self.pick((*self.lead_ids, None))
            self.add(
                "referral",
                referral_id=f"rfl{i}",
                referrer_type=kind,
                referrer_account_id=self.some_account() if kind == "customer" else None,
                referrer_user_id=self.pick(("rep1", "sdr1", "boss", "eng", "ag1"))
                if kind == "employee"
                else None,
                referred_email=None,
                created_at=self.moment(),
                lead_id=lead,
                is_deleted=self.chance(0.06),
            )

    def web(self) -> None:
        def event(name: str, at: datetime, **more: Any) -> None:
            self.add(
                "web_event",
                event_id=f"ev{len(self.e.get('web_event', [])):04}",
                session_id=more.pop("session_id", "s"),
                visitor_id=None,
                cart_id=more.pop("cart_id", None),
                form_id=more.pop("form_id", None),
                order_id=more.pop("order_id", None),
                name=name,
                occurred_at=at,
                device=self.pick(("mobile", "desktop", None)),
                channel=self.pick(("search", "mail", None)),
                country=self.pick(COUNTRIES),
                is_bot=more.pop("is_bot", False),
                is_internal=more.pop("is_internal", False),
                campaign=self.pick((None, "spring")),
            )

        for i in range(7 * self.size):
            at = self.moment()
            about: Row = {"cart_id": f"cart{i}", "session_id": f"ses{i}"}
            about |= {"is_bot": self.chance(0.08), "is_internal": self.chance(0.05)}
            event("add_to_cart", at, **about)
            if self.chance(0.4):
                event("add_to_cart", self.after(at, 0.2), **about)
            if self.chance(0.6):
                event("begin_checkout", self.after(at, 0.5), **about)
            if self.chance(0.2):
                event("payment_failed", self.after(at, 0.5), **about)
            if self.chance(0.5):
                later = timedelta(hours=self.pick((1, 24, 25)))
                exact = at + later if self.chance(0.3) else self.after(at, 2)
                order_id = self.pick(self.e["order"])["order_id"] if self.chance(0.4) else None
                event("purchase", exact, order_id=order_id, **about)
        for i in range(4 * self.size):
            at = self.moment()
            about = {"session_id": f"frm{i // 2}", "form_id": self.pick(("demo", "contact"))}
            event("form_start", at, **about)
            if self.chance(0.5):
                event("form_submit", self.after(at, 0.1), **about)

    # -- sales ------------------------------------------------------------------------------

    def deals(self) -> None:
        for i in range(16 * self.size + self.count(0, 4)):
            key, at = f"opp{i}", self.moment()
            won = self.chance(0.5)
            merged = f"opp{self.r.randrange(i)}" if i > 2 and self.chance(0.06) else None
            steps = [] if merged else self.path(at, won)
            last = steps[-1][0] if steps else "Qualify"
            self.add(
                "opportunity",
                opportunity_id=key,
                account_id=self.some_account(),
                owner_id=self.pick(self.reps),
                type=self.pick(("new", "new", "expansion", "renewal")),
                amount=self.money(100, 9000) if self.chance(0.9) else None,
                currency=self.pick(CURRENCIES),
                created_at=at + timedelta(days=3 if steps and self.chance(0.08) else 0),
                close_date=self.day(),
                stage=last,
                is_closed=last in ("won", "lost"),
                is_won=last == "won",
                loss_reason=self.pick(("price", "duplicate", "created_in_error", None))
                if last == "lost"
                else None,
                forecast_category="commit",
                probability=Decimal(self.count(0, 100)) / 100,
                lead_id=self.pick(self.lead_ids) if self.chance(0.5) else None,
                next_step="call" if self.chance(0.8) else None,
                last_activity_at=self.moment() if self.chance(0.9) else None,
                is_deleted=self.chance(0.05),
                merged_into_id=merged,
            )
            for n, (stage, order, when) in enumerate(steps):
                self.add(
                    "opportunity_stage_event",
                    event_id=f"{key}_{n:02}",
                    opportunity_id=key,
                    stage=stage,
                    stage_order=order,
                    entered_at=when,
                )
            if steps and self.chance(0.25):
                share = Decimal(self.pick(("0.5", "0.6", "0.25")))
                for user, part in (("rep1", share), ("rep2", 1 - share)):
                    self.add("opportunity_split", opportunity_id=key, user_id=user, share=part)
        for lead in self.e["lead"]:
            if self.chance(0.2):
                lead["converted_opportunity_id"] = self.pick(self.e["opportunity"])[
                    "opportunity_id"
                ]
        self.snapshots()
        self.targets()

    def path(self, at: datetime, won: bool) -> list[tuple[str, int, datetime]]:
        """Stages with skips, repeats, steps back, reopening and ties."""
        steps = []
        t = at
        for _ in range(self.count(1, 5)):
            stage, order = self.pick(STAGES)
            steps.append((stage, order, t))
            if self.chance(0.85):
                t = self.after(t, 40)
        if self.chance(0.65):
            steps.append(("won", 8, t) if won else ("lost", 9, t))
            if self.chance(0.2):
                t = self.after(t, 20) + timedelta(minutes=1)
                steps.append(("Negotiate", 3, t))
                if self.chance(0.7):
                    steps.append(("won", 8, t + timedelta(hours=self.count(1, 400))))
        return steps

    def snapshots(self) -> None:
        """Snapshots of local days: month ends and some others, all opportunities of that day."""
        days = [d for d in self.days(self.first, self.last) if (d + ONE_DAY).day == 1]
        days += [self.day() for _ in range(8)]
        for day in sorted(set(days)):
            end = midnight(day + ONE_DAY)
            for row in self.e["opportunity"]:
                if row["created_at"] >= end or row["merged_into_id"]:
                    continue
                before = [
                    s
                    for s in self.e.get("opportunity_stage_event", [])
                    if s["opportunity_id"] == row["opportunity_id"] and s["entered_at"] < end
                ]
                before.sort(key=lambda s: (s["entered_at"], s["stage_order"], s["event_id"]))
                self.add(
                    "opportunity_snapshot",
                    snapshot_date=day,
                    opportunity_id=row["opportunity_id"],
                    stage=before[-1]["stage"] if before else "Qualify",
                    amount=row["amount"],
                    currency=row["currency"],
                    close_date=day + ONE_DAY * self.count(-20, 70),
                    probability=row["probability"],
                    forecast_category="commit",
                    owner_id=self.pick(self.reps),
                )

    def targets(self) -> None:
        month = self.first
        number = 0
        while month < self.last:
            following = (month + timedelta(days=32)).replace(day=1)
            for owner in self.reps:
                for grain in ("month", "quarter"):
                    if grain == "quarter" and month.month % 3 != 1:
                        continue
                    for _ in range(self.pick((0, 1, 1, 2))):
                        number += 1
                        hours = self.count(-200, 100)
                        at = midnight(month) + timedelta(hours=hours, microseconds=number)
                        if self.chance(0.2):
                            at = midnight(month)
                        self.add(
                            "forecast_submission",
                            forecast_id=f"fc{number:03}",
                            owner_id=owner,
                            period_start=month,
                            period_grain=grain,
                            amount=self.money(100, 9000),
                            currency=self.pick(("EUR", "USD")),
                            submitted_at=at,
                        )
            if self.chance(0.8):
                self.add(
                    "quota",
                    user_id=self.pick(("rep1", "rep2")),
                    team=None,
                    period_start=month,
                    period_end=self.pick((following, month + timedelta(days=45))),
                    amount=self.money(1000, 9000),
                    currency="EUR",
                )
            month = following

    # -- service ----------------------------------------------------------------------------

    def schedules(self) -> None:
        for weekday in range(1, 6):
            self.add(
                "business_schedule",
                schedule_id="office",
                time_zone="Europe/Berlin",
                weekday=weekday,
                opens="09:00",
                closes="17:30",
                valid_from=None,
                valid_to=None,
            )
        for weekday in range(1, 8):
            for opens, closes in (("00:00", "04:00"), ("12:00", "20:15")):
                self.add(
                    "business_schedule",
                    schedule_id="far",
                    time_zone="America/New_York",
                    weekday=weekday,
                    opens=opens,
                    closes=closes,
                    valid_from=None,
                    valid_to=None,
                )
        for day in {self.day() for _ in range(6)}:
            self.add("schedule_holiday", schedule_id="office", holiday_date=day)

    def tickets(self) -> None:
        for i in range(25 * self.size + self.count(0, 5)):
            key, at = f"tic{i}", self.moment()
            merged = f"tic{self.r.randrange(i)}" if i > 2 and self.chance(0.08) else None
            self.add(
                "ticket",
                ticket_id=key,
                requester_contact_id=f"con{self.count(0, 3 * self.size)}",
                account_id=self.some_account() if self.chance(0.9) else None,
                created_at=at,
                submitter_type=self.pick(("customer", "customer", "customer", "agent", "system")),
                channel=self.pick(("email", "chat", "phone", None)),
                priority=self.pick(("low", "normal", "high", None)),
                group=self.pick(("first", "second", None)),
                assignee_id=self.pick((*self.agents, None)),
                topic=self.pick(("billing", "bug", None)),
                first_level_resolvable=self.pick((True, True, False, None)),
                schedule_id=self.pick(("office", "far", "office", None)),
                is_spam=self.chance(0.05),
                is_test=self.chance(0.04),
                is_deleted=self.chance(0.04),
                merged_into_id=merged,
            )
            self.talk(key, at)
            self.states(key, at, merged is not None)
            for metric in ("first_response", "resolution"):
                if self.chance(0.4):
                    self.add(
                        "sla_target",
                        ticket_id=key,
                        metric=metric,
                        target_minutes=Decimal(self.pick((30, 60, 240, 1440))),
                        in_business_hours=self.chance(0.4),
                        applied_at=at,
                    )

    def talk(self, key: str, at: datetime) -> None:
        t = at
        for n in range(self.pick((0, 1, 2, 3, 4))):
            author = self.pick(("customer", "agent", "agent", "agent", "bot", "system"))
            who = None
            if author == "agent":
                who = self.pick((*self.agents, "bot"))
            elif author == "bot":
                who = "bot"
            t = self.after(t, 3)
            early = n == 0 and self.chance(0.04)
            self.add(
                "ticket_message",
                message_id=f"{key}_{n:02}",
                ticket_id=key,
                author_type=author,
                author_id=who,
                is_public=self.chance(0.75),
                sent_at=at - timedelta(minutes=5) if early else t,
            )

    def states(self, key: str, at: datetime, merged: bool) -> None:
        """Status events; no two of a ticket at one instant: their order is not defined."""
        t = at
        open_states = ("new", "open", "pending", "hold")

        def step(status: str, **more: Any) -> None:
            nonlocal t
            t = self.after(t, 8) + timedelta(seconds=self.count(1, 50))
            by = self.pick((*self.agents, "bot", None))
            self.add(
                "ticket_status_event",
                ticket_id=key,
                status=status,
                changed_at=t,
                changed_by=more.get("by", by),
                cause=more.get("cause"),
            )

        for _ in range(self.count(0, 3)):
            step(self.pick(open_states))
        if merged:
            step("closed", cause="merge")
            return
        for _ in range(self.count(0, 3)):
            step(self.pick(("solved", "solved", "solved", "closed")))
            if self.chance(0.2):
                step("closed", by=None)
            if self.chance(0.5):
                return
            step("open", cause=self.pick(("customer_message", "agent", None)))

    def handling(self) -> None:
        for i in range(7 * self.size):
            t = self.moment()
            ticket = self.pick(self.e["ticket"])["ticket_id"] if self.chance(0.6) else None
            for n in range(self.count(1, 4)):
                end = t + timedelta(seconds=self.pick((0, 60, 90, 600, 1800, -30)))
                kind = self.pick(("talk", "hold", "wrap", "work", "queue"))
                self.add(
                    "handle_segment",
                    segment_id=f"seg{i}_{n}",
                    interaction_id=f"int{i}",
                    ticket_id=ticket,
                    agent_id=None if kind == "queue" else self.pick((*self.agents, "bot")),
                    channel=self.pick(("chat", "phone")),
                    kind=kind,
                    started_at=t,
                    ended_at=end,
                )
                t = max(t, end) - timedelta(seconds=self.pick((0, 0, 45)))
        done = set()
        for _ in range(25 * self.size):
            agent, day = self.pick(self.agents), self.day()
            if (agent, day) in done:
                continue
            done.add((agent, day))
            logged = self.count(60, 480)
            self.add(
                "agent_time",
                agent_id=agent,
                work_date=day,
                logged_in_minutes=Decimal(logged),
                available_minutes=Decimal(self.count(0, logged)),
            )

    # -- feedback and goals -----------------------------------------------------------------

    def surveys(self) -> None:
        for i in range(25 * self.size):
            at = self.moment()
            invited = self.chance(0.7)
            kind = self.pick(("nps", "csat", "ces"))
            if invited:
                self.add(
                    "survey_invitation",
                    invitation_id=f"ivt{i}",
                    survey_id=f"{kind}_survey",
                    sent_at=at,
                )
            if invited and self.chance(0.3):
                continue
            survey, low, high = self.pick(
                {
                    "nps": (("nps_survey", 0, 10), ("nps_after_call", 0, 10)),
                    "csat": (("csat_survey", 1, 5), ("csat_short", 1, 3), ("csat_long", 1, 7)),
                    "ces": (("ces_survey", 1, 7), ("ces_old", 1, 5)),
                }[kind]
            )
            score: Decimal | None = Decimal(self.count(low, high))
            if self.chance(0.08):
                score = self.pick((Decimal(high + 1), Decimal("2.5"), None))
            ticket = self.pick(self.e["ticket"])["ticket_id"] if self.chance(0.6) else None
            self.add(
                "survey_response",
                response_id=f"rsp{i:03}",
                survey_id=survey,
                kind=kind,
                scale_min=low,
                scale_max=high,
                score=score,
                respondent_id=self.pick((*(f"person{n}" for n in range(4)), "ag1", None)),
                account_id=self.some_account(),
                ticket_id=ticket,
                responded_at=self.after(at, 20),
                had_to_repeat=self.pick((True, False, None)),
                is_test=self.chance(0.05),
                invitation_id=f"ivt{i}" if invited else None,
                is_deleted=self.chance(0.05),
            )

    def goals(self) -> None:
        months = [d for d in self.days(self.first, self.last) if d.day == 1]
        kpis = (
            "mrr",
            "customer_retention_rate",
            "win_rate",
            "average_resolution_time",
            "net_promoter_score",
            "no_such_kpi",
        )
        for i in range(4 * self.size):
            start = self.pick(months)
            end = (start + timedelta(days=32)).replace(day=1)
            base = self.money(1, 50)
            self.add(
                "goal",
                goal_id=f"goal{i}",
                kpi_id=self.pick(kpis),
                dim_name="all",
                dim_value="all",
                owner_id=self.pick(self.reps),
                objective="Grow" if self.chance(0.9) else None,
                baseline_value=base if self.chance(0.85) else None,
                target_value=base + self.count(-3, 6) if self.chance(0.9) else None,
                period_start=start,
                period_end=end,
                set_at=midnight(start) + timedelta(hours=self.pick((-500, -1, 0, 24))),
            )

    # -- all --------------------------------------------------------------------------------

    def build(self) -> Entities:
        self.staff()
        self.account_rows()
        self.currency_rates()
        self.subscriptions()
        self.orders()
        self.invoices()
        self.contracts()
        self.marketing()
        self.leads()
        self.referrals()
        self.web()
        self.deals()
        self.schedules()
        self.tickets()
        self.handling()
        self.surveys()
        self.goals()
        return self.e

    def as_of(self) -> datetime:
        """Mostly late in the window; at a month's start, at midnight or in the middle of a day."""
        late = self.last - timedelta(days=60)
        starts = [d for d in self.days(late, self.last) if d.day == 1]
        kind = self.count(0, 2)
        if kind == 0:
            return midnight(self.pick(starts))
        if kind == 1:
            return midnight(self.day(late, self.last))
        return midnight(self.day(late, self.last)) + timedelta(hours=13, minutes=7)

    def params(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "reporting_timezone": "Europe/Berlin",
            "reporting_currency": "EUR",
            "customer_model": self.pick(("hybrid", "hybrid", "subscription", "transactional")),
            "activity_window_days": self.pick((365, 60)),
        }
        if self.chance(0.3):
            found["fiscal_year_start_month"] = self.pick((4, 7))
        if self.chance(0.3):
            found |= {"conversion_window_days": 30, "dunning_days": 14, "cac_lag_months": 1}
        return found


def random_company(seed: int, size: int = 1) -> Entities:
    """The rows of a company; size 1 is about ten accounts."""
    return {k: v for k, v in Company(seed, size).build().items() if v}


def random_case(seed: int, size: int = 1) -> Case:
    """A company with an `as_of` and parameters that fit it."""
    company = Company(seed, size)
    entities = {k: v for k, v in company.build().items() if v}
    return Case(entities, company.as_of(), company.params())


def without(case: Case, missing: frozenset[str]) -> Case:
    """The case with some entities not delivered."""
    kept = {k: v for k, v in case.entities.items() if k not in missing}
    return Case(kept, case.as_of, case.params)


OPTIONAL = (
    "account_history",
    "staff_assignment",
    "subscription_discount",
    "subscription_pause",
    "opportunity_split",
    "survey_response",
    "web_event",
    "ticket_message",
    "contract",
    "expense",
)


def cases(sizes: tuple[int, ...] = (1,)) -> st.SearchStrategy[Case]:
    """Random companies, now and then with entities that were not delivered."""
    return st.builds(
        without,
        st.builds(random_case, st.integers(0, 2**32 - 1), st.sampled_from(sizes)),
        st.just(frozenset()) | st.frozensets(st.sampled_from(OPTIONAL), max_size=3),
    )
