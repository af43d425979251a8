"""How values are written: units, changes, periods and states, the same in Python and in the page.

`scorecard.js` has the same rules for what a reader switches to; both round half away from zero on
the exact value of the double, so that a number never changes by being looked at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

MINUS = "\u2212"
NBSP = "\u00a0"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}
Kind = Literal["percent", "times", "money", "minutes", "number"]
# What a status of kpi_values means to a reader; ok needs no word.
STATES = {
    "ok": "",
    "low_sample": "small sample",
    "no_data": "no data",
    "no_churn_observed": "no churn observed",
    "quota_met": "quota met",
    "provisional": "provisional",
    "not_scored": "not scored",
}


@dataclass(frozen=True)
class Format:
    """How one KPI is written: a kind, what stands before and after, and how changes are shown.

    `points`: a change is a difference (percentage points, score points), not a percentage.
    """

    kind: Kind
    before: str = ""
    after: str = ""
    points: bool = False

    def as_json(self) -> dict[str, Any]:
        """For the page's own formatter."""
        return asdict(self)


def format_of(kpi_id: str, unit: str | None, currency: str) -> Format:
    """The format that follows from a KPI's unit; a new KPI needs no line here."""
    unit = unit or "count"
    if unit == "ratio":
        if kpi_id.endswith(("_ratio", "_coverage")):
            return Format("times", after="×", points=True)
        return Format("percent", after="%", points=True)
    if unit == "currency" or unit.startswith("currency "):
        symbol = SYMBOLS.get(currency, currency + NBSP)
        per = unit.removeprefix("currency").strip()
        return Format("money", before=symbol, after=f" {per}" if per else "")
    if unit == "minutes":
        return Format("minutes")
    if unit in ("count", "code"):
        return Format("number")
    if unit.startswith("score"):
        return Format("number", points=True)
    return Format("number", after=f" {unit}")


def fixed(value: float, digits: int) -> str:
    """A number with thousands separators and a real minus sign, rounded half away from zero."""
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,f}"
    return (MINUS if value < 0 and rounded != 0 else "") + text


def _small(text: str, value: float) -> str:
    """A value that is not 0 never reads as 0: `<0.1` instead of `0.0`."""
    if value == 0 or any(digit in "123456789" for digit in text):
        return text
    least = text[:-1] + "1"
    return f"<{least}" if value > 0 else f">{MINUS}{least}"


def number(value: float) -> str:
    """A plain number with as many digits as its size can carry."""
    if value == int(value) and abs(value) < 1e15:
        return fixed(value, 0)
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return _small(fixed(value, digits), value)


def money(value: float, symbol: str) -> str:
    """An amount: cents below a thousand, none above, millions and billions in short."""
    size = abs(value)
    for limit, letter in ((1e9, "B"), (1e6, "M")):
        if size >= limit:
            text = fixed(value / limit, 2) + letter
            break
    else:
        text = fixed(value, 0) if size >= 1000 or value == 0 else _small(fixed(value, 2), value)
    lead = text[0] if text[0] in f"<>{MINUS}" else ""
    if text.startswith(f">{MINUS}"):
        lead = f">{MINUS}"
    return lead + symbol + text[len(lead) :]


def minutes(value: float) -> str:
    """A length of time in the unit a person would use."""
    size = abs(value)
    if size >= 2880:
        return fixed(value / 1440, 1) + f"{NBSP}days"
    if size >= 120:
        return fixed(value / 60, 1) + f"{NBSP}h"
    return _small(fixed(value, 0 if value == 0 else 1), value) + f"{NBSP}min"


def _bare(value: float, form: Format) -> str:
    if form.kind == "percent":
        return "0" if value == 0 else _small(fixed(value * 100, 1), value)
    if form.kind == "times":
        return "0" if value == 0 else _small(fixed(value, 2), value)
    if form.kind == "money":
        return money(value, form.before)
    if form.kind == "minutes":
        return minutes(value)
    return number(value)


def signed(value: float, form: Format) -> str:
    """A value with its sign (%, ×, €), without a unit in words. 0 is `0`: a true zero looks so."""
    return _bare(value, form) + (form.after if len(form.after) == 1 else "")


def written(value: float, form: Format) -> str:
    """A value with its whole unit."""
    return _bare(value, form) + form.after


def changed(value: float, before: float, form: Format) -> str:
    """The change from `before`: points where the unit is a share or a score, else a percentage."""
    difference = value - before
    if difference == 0:
        return "no change"
    sign = "+" if difference > 0 else MINUS
    size = abs(difference)
    if form.kind == "percent":
        return f"{sign}{_unsigned(size * 100, 1)}{NBSP}pp"
    if form.points:
        return sign + _unsigned(size, 2 if form.kind == "times" else 1)
    if before == 0:
        return sign + written(size, form)
    share = size / abs(before) * 100
    if share > 9999:
        return f"{sign}>9,999%"
    return f"{sign}{_unsigned(share, 0 if share >= 100 else 1)}%"


def _unsigned(size: float, digits: int) -> str:
    return _small(fixed(size, digits), size)


def period_name(grain: str | None, start: date | None, end: date | None) -> str:
    """A period as people call it: Mar 2025, Q1 2025, 2025, week of 3 Mar 2025."""
    if start is None:
        return ""
    if grain == "month":
        return f"{start:%b %Y}"
    if grain == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if grain == "year":
        return str(start.year)
    if grain == "week":
        return f"week of {day(start)}"
    if grain == "rolling_12m" and end is not None:
        return f"12 months to {end - timedelta(days=1):%b %Y}"
    return day(start)


def day(moment: date) -> str:
    """3 Mar 2025."""
    return f"{moment.day} {moment:%b %Y}"


def state_word(status: str | None) -> str:
    """A status in words, also one that is not known here."""
    status = status or "no_data"
    return STATES.get(status, status.replace("_", " "))


def missing_word(status: str | None, sample_size: int | None) -> str:
    """Why there is no value: a loaded feed without a case is not a feed that is missing."""
    if status in (None, "ok", "low_sample", "provisional"):
        return "no cases" if not sample_size else "no value"
    return state_word(status)


def heading(name: str) -> str:
    """customer_success -> Customer success."""
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
