"""Sales execution (contract 4.D, 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from . import dimensions
from .acquisition import lasting
from .book import ALL, Book, Fact, Started
from .dimensions import assignment, named, opportunity_owner, team
from .identity import Row, World
from .money import ZERO, exact, money, ratio
from .periods import ONE_DAY, Period
from .workforce import assignment_dims, carries_quota, fte_rows

ONE = Fraction(1)
DAY = timedelta(days=1)
WON_NAMES = ("won", "closed won", "closed_won", "closedwon")
LOST_NAMES = ("lost", "closed lost", "closed_lost", "closedlost")
NO_LOSS = ("duplicate", "created_in_error")
# The cut-offs of forecast_accuracy_week_k, in weeks after the start of the period.
WEEKS = (1, 2, 3, 4)


def calculate(book: Book) -> None:
    cycles(book)
    stages(book)
    forecasts(book)
    productivity(book)
    pipeline(book)
    outcomes(book)
    coverage(book)
    quotas(book)
    velocity(book)
    slips(book)


# -- stage history ------------------------------------------------------------------------------


def stage_names(world: World) -> tuple[set[str], set[str]]:
    """The names of the won and of the lost stage: the usual ones and those of closed records."""

    def make() -> tuple[set[str], set[str]]:
        won, lost = set(WON_NAMES), set(LOST_NAMES)
        for row in world.rows["opportunity"]:
            name = (row.get("stage") or "").strip().lower()
            if name and row.get("is_won"):
                won.add(name)
            elif name and row.get("is_closed"):
                lost.add(name)
        return won, lost

    return world.memo("stage names", make)


def is_won(world: World, stage: str | None) -> bool:
    return (stage or "").strip().lower() in stage_names(world)[0]


def is_lost(world: World, stage: str | None) -> bool:
    return (stage or "").strip().lower() in stage_names(world)[1]


def is_over(world: World, stage: str | None) -> bool:
    return is_won(world, stage) or is_lost(world, stage)


def entries(world: World, opportunity: Row) -> list[Row]:
    """Entries into stages in order; repeated entries into the same stage are one."""

    def make() -> list[Row]:
        rows = world.by("opportunity_stage_event", "opportunity_id").get(
            opportunity["opportunity_id"], []
        )
        rows = sorted(
            rows,
            key=lambda e: (
                e["entered_at"],
                e.get("stage_order") or 0,
                str(e.get("event_id") or ""),
            ),
        )
        found: list[Row] = []
        for row in rows:
            if not found or found[-1]["stage"] != row["stage"]:
                found.append(row)
        return found

    return world.memo(("entries", opportunity["opportunity_id"]), make)


def outcome(world: World, opportunity: Row) -> tuple[str, datetime | None]:
    """won, lost or open as of `as_of`, and since when."""
    rows = entries(world, opportunity)
    if rows and is_won(world, rows[-1]["stage"]):
        return "won", rows[-1]["entered_at"]
    if rows and is_lost(world, rows[-1]["stage"]):
        return "lost", rows[-1]["entered_at"]
    return "open", None


def won_at(world: World, opportunity: Row) -> datetime | None:
    """The last entry into the won stage of an opportunity that is won."""
    state, at = outcome(world, opportunity)
    return at if state == "won" else None


def won_deals(world: World) -> list[tuple[Row, datetime, date]]:
    found = []
    for row in world.rows["opportunity"]:
        at = won_at(world, row)
        if at is not None:
            found.append((row, at, world.calendar.day(at)))
    return found


def deal_amount(world: World, row: Row, day: date) -> Fraction:
    """The amount in reporting currency at the rate of a day; 0 where there is none."""
    return world.rates.convert(exact(row.get("amount")), row.get("currency"), day) or ZERO


# -- 4.D1 ---------------------------------------------------------------------------------------


def in_cycle(row: Row) -> bool:
    return row.get("type") in ("new", "expansion")


def amount_band(world: World, row: Row, at: datetime) -> str:
    """The band of the amount at the rate of a day: of winning, or of creation."""
    amount = row.get("amount")
    if amount is not None:
        amount = world.rates.convert(exact(amount), row.get("currency"), world.calendar.day(at))
    if amount is None:
        return dimensions.UNKNOWN
    for limit, band in ((1000, "under 1000"), (10000, "1000 to 9999"), (100000, "10000 to 99999")):
        if amount < limit:
            return band
    return "100000 and more"


def cycles(book: Book) -> None:
    world = book.world
    lengths, durations, waiting = [], [], []
    for row in world.rows["opportunity"]:
        if not in_cycle(row):
            continue
        state, at = outcome(world, row)
        created = row["created_at"]
        if state == "open":
            dims = dimensions.sales(world, row, created)
            dims["amount_band"] = amount_band(world, row, created)
            waiting.append(Started(world.calendar.day(created), dims))
        if state == "won" and at is not None:
            dims = dimensions.sales(world, row, at) | {"amount_band": amount_band(world, row, at)}
            lead = world.leads.get(row.get("lead_id") or "")
            start = min(created, lead["created_at"]) if lead else created
            lengths.append(lasting(world, created, at, dims, DAY, at))
            durations.append(lasting(world, start, at, dims, DAY, at))
    book.dated("sales_cycle_length", lengths, unfinished=waiting, percentiles=True)
    book.dated("sales_cycle_duration", durations, unfinished=waiting, percentiles=True)
    for period in book.periods("open_opportunity_count"):
        close = world.calendar.close(period)
        open_now = []
        for row in world.rows["opportunity"]:
            if in_cycle(row) and is_open_before(world, row, close):
                age = lasting(world, row["created_at"], close, {}, DAY, close)
                age.dims = dimensions.sales(world, row, close, before=True)
                open_now.append(age)
        counted = [Fact(ONE, None, f.dims) for f in open_now]
        book.tally("open_opportunity_count", period, counted)
        book.tally("open_opportunity_age", period, open_now)


def is_open_before(world: World, row: Row, c: datetime) -> bool:
    """Was the opportunity open just before an instant?"""
    if row["created_at"] >= c:
        return False
    earlier = [e for e in entries(world, row) if e["entered_at"] < c]
    return not earlier or not is_over(world, earlier[-1]["stage"])


# -- 4.D2 ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """One stay in a stage; `way` is forward, back, lost, level or open."""

    opportunity: Row
    stage: str
    start: datetime
    end: datetime | None
    way: str


def visits(world: World) -> list[Visit]:
    def make() -> list[Visit]:
        found = []
        for row in world.rows["opportunity"]:
            rows = entries(world, row)
            for here, after in zip_longest(rows, rows[1:]):
                if is_over(world, here["stage"]):
                    continue
                end = after["entered_at"] if after else None
                found.append(
                    Visit(row, here["stage"], here["entered_at"], end, way(world, here, after))
                )
        return found

    return world.memo("visits", make)


def way(world: World, here: Row, after: Row | None) -> str:
    if after is None:
        return "open"
    if is_won(world, after["stage"]):
        return "forward"
    if is_lost(world, after["stage"]):
        return "lost"
    low, high = here.get("stage_order"), after.get("stage_order")
    if low is None or high is None or low == high:
        return "level"
    return "forward" if high > low else "back"


def stages(book: Book) -> None:
    world = book.world
    moved, waiting = [], []
    rates: dict[str, list[Fact]] = {"forward": [], "back": [], "lost": []}
    for visit in visits(world):
        if visit.end is None:
            dims = dimensions.sales(world, visit.opportunity, visit.start) | {"stage": visit.stage}
            waiting.append(Started(world.calendar.day(visit.start), dims))
            continue
        dims = dimensions.sales(world, visit.opportunity, visit.end) | {"stage": visit.stage}
        day = world.calendar.day(visit.end)
        for kind, facts in rates.items():
            facts.append(Fact(Fraction(int(visit.way == kind)), ONE, dims, day=day))
        if visit.way == "forward":
            moved.append(lasting(world, visit.start, visit.end, dims, DAY, visit.end))
    book.dated("stage_velocity", moved, unfinished=waiting, percentiles=True)
    together, under_way = cumulative(world)
    book.dated("stage_cumulative_time", together, unfinished=under_way)
    book.dated("stage_advance_rate", rates["forward"])
    book.dated("stage_regression_rate", rates["back"])
    book.dated("stage_loss_rate", rates["lost"])
    for period in book.periods("stage_open_age"):
        close = world.calendar.close(period)
        ages = []
        for visit in visits(world):
            if visit.start < close and (visit.end is None or visit.end >= close):
                dims = dimensions.sales(world, visit.opportunity, close, before=True)
                age = lasting(world, visit.start, close, dims | {"stage": visit.stage}, DAY, close)
                ages.append(age)
        book.tally("stage_open_age", period, ages)


def cumulative(world: World) -> tuple[list[Fact], list[Started]]:
    """All stays of an opportunity in a stage together, at the end of the last of them."""
    stays: dict[tuple[str, str], list[Visit]] = {}
    for visit in visits(world):
        stays.setdefault((visit.opportunity["opportunity_id"], visit.stage), []).append(visit)
    done, waiting = [], []
    for group in stays.values():
        last = group[-1]
        at = last.end or last.start
        dims = dimensions.sales(world, last.opportunity, at) | {"stage": last.stage}
        if last.end is None:
            waiting.append(Started(world.calendar.day(last.start), dims))
            continue
        total = sum(
            (lasting(world, v.start, v.end or at, {}, DAY, at).numerator for v in group), ZERO
        )
        done.append(Fact(total, ONE, dims, day=world.calendar.day(last.end)))
    return done, waiting


# -- 4.D3 ---------------------------------------------------------------------------------------


def latest_forecasts(world: World, period: Period, before: datetime) -> dict[str, Fraction]:
    """Owner to the amount of the latest submission for a period before a cut-off.

    Amounts are converted at the rate of the last date before the period, as the actuals are.
    """
    latest: dict[str, Row] = {}
    for row in sorted(
        world.rows["forecast_submission"], key=lambda r: (r["submitted_at"], r["forecast_id"])
    ):
        same = row["period_start"] == period.start
        same = same and (row.get("period_grain") or "month") == period.grain
        if same and row["submitted_at"] < before:
            latest[row["owner_id"]] = row
    return {u: deal_amount(world, r, period.start - ONE_DAY) for u, r in latest.items()}


def won_by_owner(world: World, period: Period) -> dict[str, Fraction]:
    """Owner at winning to the amount won in the period."""
    actual: dict[str, Fraction] = {}
    for row, at, day in won_deals(world):
        if period.has_day(day):
            owner = named(opportunity_owner(world, row, at))
            amount = deal_amount(world, row, period.start - ONE_DAY)
            actual[owner] = actual.get(owner, ZERO) + amount
    return actual


def forecast_units(
    world: World, period: Period, owners: set[str]
) -> dict[tuple[str, str], list[str]]:
    """The owners of every slice; their team is that of the period's first day."""
    groups: dict[tuple[str, str], list[str]] = {(ALL, ALL): sorted(owners)}
    for owner in sorted(owners):
        groups.setdefault(("owner", owner), []).append(owner)
        groups.setdefault(("team", team(world, owner, period.start)), []).append(owner)
    return groups


def error_and_accuracy(
    f: dict[str, Fraction], a: dict[str, Fraction], units: list[str]
) -> tuple[Fraction, Fraction, Fraction | None]:
    """Summed absolute error, summed actual, and the clipped accuracy."""
    error = sum((abs(a.get(u, ZERO) - f.get(u, ZERO)) for u in units), ZERO)
    total = sum((a.get(u, ZERO) for u in units), ZERO)
    return error, total, max(ZERO, 1 - error / total) if total > 0 else None


def forecasts(book: Book) -> None:
    world = book.world
    for period in book.periods("sales_forecast_accuracy"):
        forecast = latest_forecasts(world, period, period.start_at)
        actual = won_by_owner(world, period)
        for (name, member), units in forecast_units(
            world, period, set(forecast) | set(actual)
        ).items():
            n = len(units)
            error, a, accuracy = error_and_accuracy(forecast, actual, units)
            f = sum((forecast.get(u, ZERO) for u in units), ZERO)
            net = max(ZERO, 1 - abs(a - f) / a) if a > 0 else None
            bias = (f - a) / a if a > 0 else None
            book.put("sales_forecast_accuracy", period, name, member, error, a, accuracy, n)
            book.put("sales_forecast_accuracy_net", period, name, member, abs(a - f), a, net, n)
            book.put("forecast_attainment", period, name, member, a, f, ratio(a, f), n)
            book.put("forecast_bias", period, name, member, f - a, a, bias, n)
            blind = [u for u in units if u in actual and u not in forecast]
            missing = sum((actual[u] for u in blind), ZERO)
            if name == ALL or blind:
                book.put(
                    "unforecast_amount", period, name, member, missing, None, missing, len(blind)
                )
        for k in WEEKS:
            cut = world.calendar.midnight(period.start + 7 * k * ONE_DAY)
            late = latest_forecasts(world, period, cut)
            for (name, member), units in forecast_units(
                world, period, set(late) | set(actual)
            ).items():
                error, a, accuracy = error_and_accuracy(late, actual, units)
                book.put(
                    f"forecast_accuracy_week_{k}",
                    period,
                    name,
                    member,
                    error,
                    a,
                    accuracy,
                    len(units),
                )


# -- 4.D4 ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Credit:
    """A won amount credited to a user on the day of winning; user None is a house deal."""

    user: str | None
    day: date
    amount: Fraction
    assigned: Row


def credits(world: World) -> list[Credit]:
    def make() -> list[Credit]:
        found = []
        for row, at, day in won_deals(world):
            amount = deal_amount(world, row, day)
            splits = world.by("opportunity_split", "opportunity_id").get(row["opportunity_id"], [])
            shares = [(s["user_id"], exact(s["share"])) for s in splits]
            for user, share in shares or [(opportunity_owner(world, row, at), ONE)]:
                found.append(Credit(user, day, money(amount * share), assignment(world, user, day)))
        return found

    return world.memo("credits", make)


def productivity(book: Book) -> None:
    world = book.world
    for period in book.periods("revenue_per_salesperson"):
        facts, house = [], []
        for credit in credits(world):
            if not period.has_day(credit.day):
                continue
            if credit.user and carries_quota(credit.assigned):
                facts.append(Fact(credit.amount, ZERO, assignment_dims(credit.assigned), sample=0))
            else:
                house.append(Fact(credit.amount, None))
        people: dict[tuple[str, str], int] = {}
        for row, fte in fte_rows(world, period):
            facts.append(Fact(ZERO, fte, assignment_dims(row), sample=0))
            for key in [(ALL, ALL), *assignment_dims(row).items()]:
                people[key] = people.get(key, 0) + 1
        for name, member, part, _ in book.slices("revenue_per_salesperson", facts):
            top = sum((f.numerator for f in part), ZERO)
            bottom = sum((f.denominator or ZERO for f in part), ZERO)
            n = people.get((name, member), 0)
            book.put(
                "revenue_per_salesperson", period, name, member, top, bottom, ratio(top, bottom), n
            )
        book.tally("uncredited_won_amount", period, house)


# -- 4.D5 ---------------------------------------------------------------------------------------


def open_snapshot(world: World, day: date) -> list[Row]:
    """Opportunities that are open in the snapshot of a local day."""
    return [
        r
        for r in world.by("opportunity_snapshot", "snapshot_date").get(day, [])
        if not is_over(world, r.get("stage"))
    ]


def snapshot_dims(world: World, snap: Row) -> dict[str, Any]:
    record = world.opportunities[snap["opportunity_id"]]
    c = world.calendar.midnight(snap["snapshot_date"] + ONE_DAY)
    dims = dimensions.sales(world, record, c, before=True, owner=snap.get("owner_id"))
    return dims | {"stage": named(snap.get("stage"))}


def is_visible(world: World, snap: Row) -> bool:
    record = world.opportunities[snap["opportunity_id"]]
    owner = world.staff.get(snap.get("owner_id") or "", {})
    active = record.get("last_activity_at")
    oldest = snap["snapshot_date"] - world.params["stale_activity_days"] * ONE_DAY
    return bool(
        exact(snap.get("amount")) > 0
        and snap.get("close_date")
        and snap["close_date"] >= snap["snapshot_date"]
        and snap.get("stage")
        and owner.get("is_active")
        and record.get("next_step")
        and active
        and world.calendar.day(active) >= oldest
    )


def pipeline(book: Book) -> None:
    world = book.world
    for period in book.periods("pipeline_visibility_rate"):
        day = world.calendar.close_day(period)
        seen, amounts, weighted, shares, missing = [], [], [], [], []
        for snap in open_snapshot(world, day):
            dims = snapshot_dims(world, snap)
            visible = is_visible(world, snap)
            amount = deal_amount(world, snap, day)
            seen.append(Fact(Fraction(int(visible)), ONE, dims))
            amounts.append(Fact(amount, None, dims))
            expected = exact(snap.get("amount")) * exact(snap.get("probability"))
            odds = world.rates.convert(expected, snap.get("currency"), day) or ZERO
            weighted.append(Fact(odds, None, dims))
            shares.append(Fact(amount if visible else ZERO, amount, dims))
            if snap.get("amount") is None:
                missing.append(Fact(ONE, None, dims))
        book.tally("pipeline_visibility_rate", period, seen)
        book.tally("open_pipeline_amount", period, amounts)
        book.tally("weighted_pipeline_amount", period, weighted)
        book.tally("visible_pipeline_share", period, shares)
        book.tally("pipeline_missing_amount_count", period, missing)


# -- 5.3 ----------------------------------------------------------------------------------------


def outcomes(book: Book) -> None:
    """win_rate, win_rate_value and average_deal_size of deals closed in the period."""
    world = book.world
    counts, values, sizes = [], [], []
    for row in world.rows["opportunity"]:
        state, at = outcome(world, row)
        if at is None or row.get("type") == "renewal":
            continue
        if state == "lost" and row.get("loss_reason") in NO_LOSS:
            continue
        day = world.calendar.day(at)
        amount = deal_amount(world, row, day)
        dims = dimensions.sales(world, row, at)
        won = state == "won"
        counts.append(Fact(Fraction(int(won)), ONE, dims, day=day))
        values.append(Fact(amount if won else ZERO, amount, dims, day=day))
        if won:
            sizes.append(Fact(amount, ONE, dims, day=day))
    book.dated("win_rate", counts)
    book.dated("win_rate_value", values)
    book.dated("average_deal_size", sizes)


def quota_rows(world: World, period: Period) -> list[tuple[Row, Fraction]]:
    """Quotas of users and the part of each that falls in a period, by days."""
    found = []
    for row in world.rows["quota"]:
        if not row.get("user_id"):
            continue
        length = (row["period_end"] - row["period_start"]).days
        days = (min(row["period_end"], period.end) - max(row["period_start"], period.start)).days
        if length <= 0 or days <= 0:
            continue
        part = exact(row["amount"]) * days / length
        amount = world.rates.convert(part, row.get("currency"), row["period_start"])
        if amount is not None:
            found.append((row, amount))
    return found


def owner_dims(world: World, user: str | None, day: date) -> dict[str, str]:
    return {"owner": named(user), "team": team(world, user, day)}


def coverage(book: Book) -> None:
    """Open pipeline due in the period, at the snapshot before its start, over the quota left then.

    Nothing of a period is won before it starts, so that the quota left at its start is the quota.
    """
    world = book.world
    for period in book.periods("pipeline_coverage"):
        day = period.start - ONE_DAY
        facts = []
        for snap in open_snapshot(world, day):
            if snap.get("close_date") and period.has_day(snap["close_date"]):
                dims = owner_dims(world, snap.get("owner_id"), day)
                facts.append(Fact(deal_amount(world, snap, day), ZERO, dims))
        for row, amount in quota_rows(world, period):
            facts.append(Fact(ZERO, amount, owner_dims(world, row["user_id"], day), sample=0))
        for name, member, part, _ in book.slices("pipeline_coverage", facts):
            top = sum((f.numerator for f in part), ZERO)
            bottom = sum((f.denominator or ZERO for f in part), ZERO)
            met = bottom <= 0 and any(f.sample == 0 for f in part)
            value = top / bottom if bottom > 0 else None
            book.put(
                "pipeline_coverage",
                period,
                name,
                member,
                top,
                bottom,
                value,
                sum(f.sample for f in part),
                status="quota_met" if met else None,
            )


def quotas(book: Book) -> None:
    """quota_attainment: credited amounts of users with a quota on the day, over their quotas."""
    world = book.world
    for period in book.periods("quota_attainment"):
        facts = []
        for credit in credits(world):
            if not period.has_day(credit.day) or not carries_quota(credit.assigned):
                continue
            has_quota = any(
                q.get("user_id") == credit.user
                and q["period_start"] <= credit.day < q["period_end"]
                for q in world.rows["quota"]
            )
            if has_quota:
                dims = owner_dims(world, credit.user, credit.day)
                facts.append(Fact(credit.amount, ZERO, dims, sample=0))
        for row, amount in quota_rows(world, period):
            day = max(row["period_start"], period.start)
            facts.append(Fact(ZERO, amount, owner_dims(world, row["user_id"], day)))
        book.tally("quota_attainment", period, facts)


def velocity(book: Book) -> None:
    """sales_velocity: every component over the three months that end with the period."""
    world = book.world
    calendar = world.calendar
    for period in book.periods("sales_velocity"):
        first = calendar.containing("month", period.end - ONE_DAY)
        start = calendar.previous(calendar.previous(first)).start
        close = calendar.close(period)
        won, lost, total, days, cycles_counted = 0, 0, ZERO, ZERO, 0
        for row in world.rows["opportunity"]:
            state, at = outcome(world, row)
            if at is None or not start <= calendar.day(at) < period.end:
                continue
            if row.get("type") == "renewal":
                continue
            if state == "lost":
                lost += row.get("loss_reason") not in NO_LOSS
                continue
            won += 1
            total += deal_amount(world, row, calendar.day(at))
            length = lasting(world, row["created_at"], at, {}, DAY, at)
            if in_cycle(row) and not length.rejected:
                cycles_counted += 1
                days += length.numerator
        open_now = sum(
            1
            for row in world.rows["opportunity"]
            if in_cycle(row) and is_open_before(world, row, close)
        )
        rate = ratio(Fraction(won), Fraction(won + lost))
        size = ratio(total, Fraction(won))
        top = None if rate is None or size is None else open_now * rate * size
        bottom = ratio(days, Fraction(cycles_counted))
        book.put("sales_velocity", period, ALL, ALL, top, bottom, ratio(top, bottom), won + lost)


def slips(book: Book) -> None:
    """Deals due in the period at its start whose close date moved beyond it."""
    world = book.world
    for period in book.periods("slipped_deal_rate"):
        last = world.calendar.close_day(period)
        at_close = {r["opportunity_id"]: r for r in open_snapshot(world, last)}
        facts = []
        for snap in open_snapshot(world, period.start - ONE_DAY):
            if not snap.get("close_date") or not period.has_day(snap["close_date"]):
                continue
            now = at_close.get(snap["opportunity_id"], {}).get("close_date")
            moved = now is not None and now >= period.end
            facts.append(Fact(Fraction(int(moved)), ONE, snapshot_dims(world, snap)))
        book.tally("slipped_deal_rate", period, facts)
