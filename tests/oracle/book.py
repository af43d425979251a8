"""The published rows: spine, flags, status and slices (contract 1.4, G-08 to G-13)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, NamedTuple

from .catalog import CATALOG, SAMPLED, Spec
from .identity import FAR_AWAY, LONG_AGO, SPINES, World
from .money import ZERO, percentile, ratio
from .periods import ONE_DAY, Period

ALL = "all"


class Key(NamedTuple):
    kpi_id: str
    grain: str
    period_start: date
    dim_name: str
    dim_value: str


@dataclass(frozen=True)
class Row:
    numerator: Fraction | None
    denominator: Fraction | None
    value: Fraction | float | None
    sample_size: int | None
    rejected_rows: int | None
    censored_rows: int | None
    is_complete: bool
    is_mature: bool
    status: str
    period_end: date


@dataclass
class Fact:
    """One row of a KPI's population: what it adds, and the slices it belongs to.

    `dims` filter numerator and denominator, `outcomes` the numerator only (G-23). A dimension value
    may be a tuple: the fact then belongs to several members. A rejected fact adds only itself.
    """

    numerator: Fraction = ZERO
    denominator: Fraction | None = None
    dims: dict[str, Any] = field(default_factory=dict)
    outcomes: dict[str, Any] = field(default_factory=dict)
    day: date | None = None
    sample: int = 1
    rejected: bool = False


@dataclass
class Started:
    """Something that began on a local day and is unfinished at `as_of` (censored)."""

    day: date
    dims: dict[str, Any] = field(default_factory=dict)


def members(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


class Book:
    """Collects the rows of every KPI."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rows: dict[Key, Row] = {}

    # -- spine and flags --------------------------------------------------------------------

    def loaded(self, spec: Spec) -> bool:
        return all(any(f in self.world.loaded for f in group) for group in spec.feeds)

    def first_day(self, spec: Spec) -> date:
        """The first day of the spine: the first event of the KPI's entities, else of any."""

        def make() -> date:
            world = self.world
            names = tuple(f for group in spec.feeds for f in group)
            day = world.first_day(names) or world.first_day(SPINES)
            return day or world.calendar.last_day

        return self.world.memo(("spine", spec.feeds), make)

    def periods(self, kpi_id: str, grains: Iterable[str] | None = None) -> Iterator[Period]:
        spec = CATALOG[kpi_id]
        for grain in grains or spec.grains:
            yield from self.world.calendar.periods(grain, self.first_day(spec))

    def coverage(self, spec: Spec, period: Period) -> tuple[bool, bool]:
        """Is any, and is all, of the period covered by the feeds that say what they cover?"""
        some, whole = True, True
        for group in spec.feeds:
            reached = [self.covered(feed, period) for feed in group]
            some = some and any(part for part, _ in reached)
            whole = whole and any(every for _, every in reached)
        return some, whole

    def covered(self, feed: str, period: Period) -> tuple[bool, bool]:
        """Is any, and is all, of the period covered by a feed? One that says nothing covers all."""
        world = self.world
        close = world.calendar.close(period)
        stretches = world.by("feed_load", "entity").get(feed, [])
        if not stretches:
            return (feed in world.loaded,) * 2
        reach = sorted(
            (s.get("covers_from") or LONG_AGO, s.get("covers_to") or FAR_AWAY) for s in stretches
        )
        at: datetime = period.start_at
        some = False
        for low, high in reach:
            some = some or (low < close and high > period.start_at)
            if low <= at:
                at = max(at, high)
        return some, at >= close

    def mature(self, spec: Spec, period: Period) -> bool:
        """Has the observation window of the last possible member elapsed (G-09)?"""
        calendar, params = self.world.calendar, self.world.params
        if spec.window is None:
            return calendar.complete(period)
        if spec.window == "trial":
            return calendar.midnight(period.end + 7 * ONE_DAY) <= calendar.as_of
        if spec.window.endswith("_hours"):
            from datetime import timedelta

            ends = period.end_at + timedelta(hours=params[spec.window])
            return ends <= calendar.as_of
        return calendar.midnight(period.end + params[spec.window] * ONE_DAY) <= calendar.as_of

    # -- one row ----------------------------------------------------------------------------

    def put(
        self,
        kpi_id: str,
        period: Period,
        dim_name: str,
        dim_value: str,
        numerator: Fraction | None,
        denominator: Fraction | None,
        value: Any,
        sample: int,
        rejected: int = 0,
        censored: int = 0,
        status: str | None = None,
    ) -> None:
        spec = CATALOG[kpi_id]
        some, whole = self.coverage(spec, period)
        complete = self.world.calendar.complete(period) and whole
        if not some:
            if dim_name != ALL:
                return
            numerator = denominator = value = None
            status = "no_data"
        if status is None:
            small = sample < self.world.params["min_sample"]
            status = "low_sample" if spec.klass in SAMPLED and small else "ok"
        key = Key(kpi_id, period.grain, period.start, dim_name, dim_value)
        assert key not in self.rows, key
        self.rows[key] = Row(
            numerator,
            denominator,
            value,
            sample if some else None,
            rejected if some else None,
            censored if some else None,
            complete,
            complete and self.mature(spec, period),
            status,
            period.end,
        )

    # -- slices -----------------------------------------------------------------------------

    def slices(
        self, kpi_id: str, facts: list[Fact]
    ) -> Iterator[tuple[str, str, list[Fact], list[Fact]]]:
        """Dimension, member, the facts of its numerator and those of its denominator."""
        dims = CATALOG[kpi_id].dims
        groups: dict[tuple[str, str], list[Fact]] = {}
        results: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            for name, value in fact.dims.items():
                for member in members(value) if name in dims else ():
                    groups.setdefault((name, member), []).append(fact)
            for name, value in fact.outcomes.items():
                if name in dims and not fact.rejected:
                    for member in members(value):
                        results.setdefault((name, member), []).append(fact)
        yield ALL, ALL, facts, facts
        for (name, member), part in sorted(groups.items()):
            if any(not f.rejected for f in part):
                yield name, member, part, part
        # An outcome slice stands over the whole population; what was rejected has no outcome.
        for (name, member), part in sorted(results.items()):
            yield name, member, part, facts

    def tally(
        self,
        kpi_id: str,
        period: Period,
        facts: list[Fact],
        *,
        unfinished: Iterable[Started] = (),
        scale: int = 1,
        percentiles: bool = False,
        undivided: bool = True,
        value: Callable[[Fraction, Fraction | None], Any] | None = None,
    ) -> None:
        """Publish sums of facts: undivided and for every slice to which a fact contributes."""
        additive = CATALOG[kpi_id].klass in ("flow", "balance")
        waiting = [s for s in unfinished if s.day < period.end]
        for name, member, upper, lower in self.slices(kpi_id, facts):
            if name == ALL and not undivided:
                continue
            counted = [f for f in upper if not f.rejected]
            base = [f for f in lower if not f.rejected]
            numerator = sum((f.numerator for f in counted), ZERO)
            denominator = None if additive else sum((f.denominator or ZERO for f in base), ZERO)
            quotient = ratio(numerator, denominator)
            result: Any = numerator if additive else quotient and quotient * scale
            if value is not None:
                result = value(numerator, denominator)
            sample = sum(f.sample for f in base)
            rejected = sum(f.rejected for f in lower) if upper is lower else 0
            censored = sum(
                1 for s in waiting if name == ALL or member in members(s.dims.get(name, ()))
            )
            self.put(
                kpi_id,
                period,
                name,
                member,
                numerator,
                denominator,
                result,
                sample,
                rejected,
                censored,
            )
            if percentiles:
                lengths = [f.numerator for f in counted]
                for suffix, share in (("_p50", Fraction(1, 2)), ("_p90", Fraction(9, 10))):
                    at = percentile(lengths, share)
                    self.put(
                        kpi_id + suffix,
                        period,
                        name,
                        member,
                        None,
                        None,
                        at,
                        sample,
                        rejected,
                        censored,
                    )

    def dated(self, kpi_id: str, facts: list[Fact], **options: Any) -> None:
        """Publish facts that carry their own local day, at every grain of the KPI."""
        for period in self.periods(kpi_id):
            here = [f for f in facts if f.day is not None and period.has_day(f.day)]
            self.tally(kpi_id, period, here, **options)
