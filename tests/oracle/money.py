"""Exact amounts, rounding and currency (contract G-14, G-16)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

ZERO = Fraction(0)
Number = Fraction | Decimal | int


def exact(number: Number | None, missing: int = 0) -> Fraction:
    """The number as a fraction; `missing` where there is none."""
    return Fraction(missing) if number is None else Fraction(number)


def money(amount: Fraction) -> Fraction:
    """Rounded to four places, half away from zero."""
    scaled = abs(amount) * 10_000
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if amount >= 0 else -whole, 10_000)


def ratio(numerator: Fraction | None, denominator: Fraction | None) -> Fraction | None:
    """A quotient, or None without a denominator (G-11)."""
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def percentile(values: Iterable[Fraction], share: Fraction) -> Fraction | None:
    """The continuous percentile: linear between the two neighbours (G-15)."""
    ordered = sorted(values)
    if not ordered:
        return None
    position = share * (len(ordered) - 1)
    low = position.numerator // position.denominator
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (position - low) * (ordered[high] - ordered[low])


class Rates:
    """Exchange rates of a day, or the latest earlier one that is not too old."""

    def __init__(self, rows: list[dict[str, Any]], target: str, max_age_days: int) -> None:
        self.target = target
        self.max_age = max_age_days
        self.rows = [r for r in rows if r["to_currency"] == target]

    def rate(self, currency: str | None, day: date) -> Fraction | None:
        if currency is None or currency == self.target:
            return Fraction(1)
        best = None
        for row in self.rows:
            age = (day - row["rate_date"]).days
            usable = row["from_currency"] == currency and 0 <= age <= self.max_age
            if usable and (best is None or row["rate_date"] > best["rate_date"]):
                best = row
        return None if best is None else Fraction(best["rate"])

    def convert(self, amount: Fraction, currency: str | None, day: date) -> Fraction | None:
        """The amount in reporting currency, rounded once; None where there is no rate."""
        rate = self.rate(currency, day)
        return None if rate is None else money(amount * rate)
