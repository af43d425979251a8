"""Sparklines as SVG paths. `scorecard.js` draws the same ones for what a reader switches to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, PAD = 120.0, 30.0, 3.0


@dataclass(frozen=True)
class Spark:
    """A drawn series: path, marks of single points, place of the target and of the last value."""

    path: str
    dots: list[tuple[str, str]]
    target: str | None
    last: tuple[str, str] | None
    empty: bool


def _text(coordinate: float) -> str:
    return f"{coordinate:.1f}".removesuffix(".0")


def sparkline(values: Sequence[float | None], target: float | None = None) -> Spark:
    """Draw equally spaced values into 120 x 30; None leaves a gap, a lone value is a dot."""
    known = [value for value in values if value is not None]
    if not known:
        return Spark("", [], None, None, True)
    low, high = min(known), max(known)
    if target is not None:
        low, high = min(low, target), max(high, target)
    step = (WIDTH - 2 * PAD) / max(len(values) - 1, 1)

    def x(place: int) -> str:
        return _text(PAD + place * step)

    def y(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return _text(HEIGHT - PAD - share * (HEIGHT - 2 * PAD))

    path: list[str] = []
    dots: list[tuple[str, str]] = []
    for place, value in enumerate(values):
        if value is None:
            continue
        before = values[place - 1] if place else None
        after = values[place + 1] if place + 1 < len(values) else None
        if before is None and after is None:
            dots.append((x(place), y(value)))
        else:
            path.append(("L" if before is not None else "M") + f"{x(place)} {y(value)}")
    final = values[-1]
    return Spark(
        path="".join(path),
        dots=dots,
        target=None if target is None else y(target),
        last=None if final is None else (x(len(values) - 1), y(final)),
        empty=False,
    )
