"""Writes scorecard.html: one file that asks nothing of the network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.pages import words
from orchestration.pages.charts import sparkline
from orchestration.pages.data import ABSENT, LETTERS, Content, Row, Series, read

TEMPLATES = Path(__file__).parent / "templates"
# The whole file stays below this many bytes: slices are left out first.
LIMIT = 980_000
SPARK_PERIODS = 24
# Runs before the table is drawn, so that what only scripts open is not seen to close.
START = Markup('document.documentElement.className="js"')


@cache
def environment() -> Environment:
    """Autoescaping templates; an unknown name is an error and not an empty place."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["day"] = words.day
    return found


def asset(name: str) -> Markup:
    """A style sheet or script of the project, trusted, for inlining."""
    text = (TEMPLATES / name).read_text(encoding="utf-8").strip()
    if "</s" in text.lower():
        raise ValueError(f"{name} holds the end of its own element")
    return Markup(text)  # noqa: S704


def policy(style: str, *scripts: str) -> str:
    """A content security policy under which only these very scripts and this style run."""
    own = f" script-src {' '.join(map(_hash, scripts))};" if scripts else ""
    return (
        f"default-src 'none';{own} style-src {_hash(style)}; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def embedded(content: Any) -> Markup:
    """JSON that is safe inside a script element, whatever the names in it."""
    text = json.dumps(
        content, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_jsonable
    )
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _jsonable(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in the page")


def scorecard(
    connection: duckdb.DuckDBPyConnection,
    *,
    currency: str,
    zone: ZoneInfo,
    beside: Mapping[str, str] = MappingProxyType({}),
    limit: int = LIMIT,
) -> str:
    """The page of the release that is attached as `warehouse`, smaller than `limit` bytes.

    `beside` are pages in the same folder that it links to: file name and words.
    Raises Incomplete when the release has no scorecard.
    """
    content = read(connection)
    page = _Page(content, currency, zone, beside)
    chosen: dict[str, dict[str, dict[str, Series]]] = {}
    room = limit - len(page.render(chosen).encode())
    for dim in page.slice_order():
        series = {
            kpi_id: {dim: found[dim]} for kpi_id, found in content.slices.items() if dim in found
        }
        size = len(embedded(series).encode())
        if size <= room:
            room -= size
            for kpi_id, found in series.items():
                chosen.setdefault(kpi_id, {}).update(found)
    return page.render(chosen)


class _Page:
    """Turns the content of a release into the page's rows and data."""

    def __init__(
        self, content: Content, currency: str, zone: ZoneInfo, beside: Mapping[str, str]
    ) -> None:
        self.content = content
        self.beside = beside
        self.zone = zone
        self.currency = currency
        self.formats = {
            each["kpi_id"]: words.format_of(each["kpi_id"], each["unit"], currency)
            for each in content.scorecard
        }

    def slice_order(self) -> list[str]:
        """Slices that most KPIs have come first; each is embedded for all of them or not at all."""
        count: dict[str, int] = {}
        for found in self.content.slices.values():
            for dim in found:
                count[dim] = count.get(dim, 0) + 1
        return sorted(count, key=lambda dim: (-count[dim], dim))

    def render(self, slices: dict[str, dict[str, dict[str, Series]]]) -> str:
        script, style = asset("scorecard.js"), asset("page.css")
        domains: dict[str, list[Row]] = {}
        for each in self.content.scorecard:
            domains.setdefault(each["domain"] or "other", []).append(self.row(each))
        as_of = self.content.release["as_of"].replace(tzinfo=UTC).astimezone(self.zone)
        return (
            environment()
            .get_template("scorecard.html")
            .render(
                policy=policy(style, START, script),
                start=START,
                script=script,
                style=style,
                data=embedded(self.data(slices)),
                domains=[
                    {
                        "id": domain,
                        "name": words.heading(domain),
                        "rows": found,
                        "headlines": sum(each["is_headline"] for each in found),
                    }
                    for domain, found in domains.items()
                ],
                measures=len(self.content.scorecard),
                headlines=sum(bool(each["is_headline"]) for each in self.content.scorecard),
                release=self.content.release,
                data_through=(as_of - timedelta(microseconds=1)).date(),
                as_of=as_of,
                zone=self.zone.key,
                currency=self.currency,
                beside=self.beside,
            )
        )

    def row(self, each: Row) -> Row:
        """What one row of the table says, in words; JavaScript writes the same for other views."""
        form = self.formats[each["kpi_id"]]
        value, direction = each["value"], each["direction"]
        target = each["target_value"]
        complete = bool(each["is_complete"])
        spark = sparkline(*self._spark(each, target))
        described = self.content.catalog.get(each["kpi_id"], {})
        return each | {
            "formula": described.get("formula"),
            "period": words.period_name(each["grain"], each["period_start"], each["period_end"]),
            "text": words.signed(value, form) if value is not None else None,
            "after": form.after if len(form.after) > 1 else "",
            "exact": value,
            "missing": words.missing_word(each["status"], each["sample_size"]),
            "is_unknown": value is None and each["status"] in (None, "no_data"),
            "previous": self.change(value, each["previous_value"], form, direction, complete),
            "year_ago": self.change(value, each["year_ago_value"], form, direction, complete),
            "target": None if target is None else words.signed(target, form) + self._span(each),
            "goal": goal_state(
                target, each["attainment"], each["expected_progress"], each["smart_defect"]
            ),
            "state": self._state(each),
            "spark": spark,
            "spark_label": self._spark_label(each, form),
        }

    @staticmethod
    def change(
        value: float | None,
        before: float | None,
        form: words.Format,
        direction: str,
        complete: bool,
    ) -> Row | None:
        """Text, arrow and judgement of a change; None where there is nothing to compare."""
        if value is None or before is None or not complete:
            return None
        arrow = "flat" if value == before else "up" if value > before else "down"
        if arrow == "flat" or direction not in ("higher", "lower"):
            verdict = "neutral"
        else:
            verdict = "better" if (arrow == "up") == (direction == "higher") else "worse"
        return {
            "text": words.changed(value, before, form),
            "arrow": arrow,
            "verdict": verdict,
            "before": words.signed(before, form),
        }

    @staticmethod
    def _state(each: Row) -> str:
        if each["value"] is None:
            return ""
        if not each["is_complete"]:
            return "period still open"
        if not each["is_mature"]:
            return "still maturing"
        status = each["status"] or "no_data"
        return "" if status in ("ok", "low_sample") else words.state_word(status)

    def _span(self, each: Row) -> str:
        """What a goal's target is for, where that is not the period of the value beside it."""
        grains = {goal["id"]: goal["g"] for goal in self.content.goals}
        grain = grains.get(each.get("goal_id"))
        told = grain in ("month", "quarter", "year") and grain != each["grain"]
        return f" for the {grain}" if told else ""

    def _spark(self, each: Row, target: float | None) -> tuple[list[float | None], float | None]:
        grain = each["grain"]
        series = self.content.undivided.get(each["kpi_id"], {}).get(grain)
        if series is None:
            return [], None
        first, values, _, _ = series
        starts = [start for start, _ in self.content.axes[grain]]
        if each["period_start"] not in starts:
            return [], None
        shown = starts.index(each["period_start"])
        found = [
            values[place - first] if 0 <= place - first < len(values) else None
            for place in range(max(0, shown - SPARK_PERIODS + 1), shown + 1)
        ]
        return found, target if self._comparable(each) else None

    def _comparable(self, each: Row) -> bool:
        """A flow's target for a quarter is no line in a chart of months."""
        if self.content.catalog.get(each["kpi_id"], {}).get("class") != "flow":
            return True
        return any(
            goal["id"] == each["goal_id"] and goal["g"] == each["grain"]
            for goal in self.content.goals
        )

    def _spark_label(self, each: Row, form: words.Format) -> str:
        known = [value for value in self._spark(each, None)[0] if value is not None]
        if not known:
            return f"{each['kpi_name']}: no values to draw"
        return (
            f"{each['kpi_name']}, {len(known)} values: lowest {words.written(min(known), form)},"
            f" highest {words.written(max(known), form)}, last {words.written(known[-1], form)}"
        )

    def data(self, slices: dict[str, dict[str, dict[str, Series]]]) -> Row:
        """Everything that the script needs; short keys, for size."""
        content = self.content
        kpis = {}
        for each in content.scorecard:
            kpi_id = each["kpi_id"]
            described = content.catalog.get(kpi_id, {})
            kpis[kpi_id] = {
                "n": each["kpi_name"],
                "h": each["headline_id"],
                "top": bool(each["is_headline"]),
                "dom": each["domain"] or "other",
                "o": each["owner"],
                "u": each["unit"],
                "dir": each["direction"],
                "f": self.formats[kpi_id].as_json(),
                "g": each["grain"] or (described.get("grains") or "").split(" ")[0],
                "p": each["period_start"],
                "c": described.get("class"),
                "gr": described.get("grains"),
                "sl": self._left_out(kpi_id, described, slices),
                "fe": described.get("feeds"),
                "w": described.get("observation_window"),
                "sec": described.get("contract_section"),
                "v": described.get("version"),
                "q": content.explained.get(kpi_id),
                "s": content.undivided.get(kpi_id, {}),
                "m": slices.get(kpi_id, {}),
            }
        return {
            "release": content.release["release_id"],
            "asOf": content.release["as_of"],
            "contract": content.release["contract_version"],
            "axes": content.axes,
            "letters": LETTERS,
            "absent": ABSENT,
            "states": content.states,
            "words": words.STATES,
            "goals": content.goals,
            "rules": content.rules,
            "spark": SPARK_PERIODS,
            "kpis": kpis,
        }

    @staticmethod
    def _left_out(
        kpi_id: str, described: Row, slices: dict[str, dict[str, dict[str, Series]]]
    ) -> list[str]:
        """Slices of a KPI that are only in the database, not on this page."""
        here = slices.get(kpi_id, {})
        return [each for each in (described.get("slices") or "").split() if each not in here]


def goal_state(
    target: float | None, attainment: float | None, expected: float | None, defect: str | None
) -> Row | None:
    """What a goal's attainment means, as a key for shape and colour and as words.

    `attainment` is the share of the way from the baseline to the target; `expected` the share of
    the goal's time that has passed, where the KPI adds up over it.
    """
    if target is None:
        return None
    if defect:
        return {"key": "unscored", "text": f"not scored: not {defect.replace('_', '-')}"}
    if attainment is None:
        return {"key": "unscored", "text": "not measured yet"}
    way = words.fixed(attainment * 100, 0) + "% of the way"
    if attainment >= 1:
        return {"key": "reached", "text": "reached"}
    if attainment < 0:
        return {"key": "away", "text": "worse than at the start"}
    if expected is None or attainment >= expected:
        return {"key": "onway", "text": way}
    return {"key": "behind", "text": f"{way}, {words.fixed(expected * 100, 0)}% expected"}
