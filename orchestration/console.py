"""What the command line prints: ticks, tables, numbers in their units; plain without a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.text import Text

Cell = tuple[str, str]  # text and rich style


class Printer:
    """Prints for people, or collects for `--json`; `--quiet` leaves only the essential."""

    def __init__(self, *, quiet: bool = False, as_json: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json
        # Rich wraps at 80 columns when piped; a line of a table must stay one line.
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(highlight=False, soft_wrap=True, stderr=True)
        self._status: Status | None = None

    @property
    def interactive(self) -> bool:
        """Whether a person watches: a terminal, and neither --quiet nor --json."""
        return self.out.is_terminal and not (self.quiet or self.as_json)

    def line(self, text: str = "", style: str = "", *, essential: bool = False) -> None:
        """One line of output; `essential` lines are printed with --quiet too."""
        if not self.as_json and (essential or not self.quiet):
            self.out.print(Text(text, style=style))

    def cells(self, cells: Sequence[Cell], *, essential: bool = False) -> None:
        """One line made of pieces with styles of their own."""
        if not self.as_json and (essential or not self.quiet):
            self.out.print(Text.assemble(*cells))

    def tick(self, mark: str, name: str, counts: str, seconds: float | None) -> None:
        """One finished step: mark, name, counts, seconds."""
        style = {"✓": "green", "✗": "red", "!": "yellow"}.get(mark, "")
        took = f"{seconds:8.1f} s" if seconds is not None else ""
        self.cells(
            [("  ", ""), (mark, style), (f" {name:<12}", "bold"), (f"{counts:<62}", ""), (took, "")]
        )

    def table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        *,
        right: Sequence[int] = (),
        essential: bool = False,
    ) -> None:
        """A table with aligned columns, two spaces apart; `right` columns are right-aligned."""
        widths = [
            max(len(header[column]), *(len(row[column][0]) for row in rows)) if rows else len(title)
            for column, title in enumerate(header)
        ]
        for styled in [[(title, "bold") for title in header], *rows]:
            cells: list[Cell] = [("  ", "")]
            for column, (text, style) in enumerate(styled):
                padded = (
                    text.rjust(widths[column]) if column in right else text.ljust(widths[column])
                )
                cells += [(padded, style), ("  ", "")]
            if not self.as_json and (essential or not self.quiet):
                line = Text.assemble(*cells)
                line.rstrip()
                self.out.print(line)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """A spinner on a terminal; elsewhere nothing."""
        if not self.interactive:
            yield
            return
        with self.out.status(text, spinner="dots") as status:
            self._status = status
            try:
                yield
            finally:
                self._status = None

    def update(self, text: str) -> None:
        """Change the text beside the spinner."""
        if self._status is not None:
            self._status.update(text)

    def error(self, message: str, hint: str = "") -> None:
        """What went wrong and what to do, on standard error."""
        self.err.print(Text.assemble(("error: ", "bold red"), message))
        if hint:
            self.err.print(Text.assemble(("hint: ", "bold"), hint))

    def json(self, document: Any) -> None:
        """The whole result as one JSON document, with --json only."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, default=plain, ensure_ascii=False) + "\n")


def plain(value: Any) -> Any:
    """A value as JSON has it: instants and dates as ISO text, decimals as numbers."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    return str(value)


SHORT_UNITS = {"minutes": " min", "days": " d", "months": " mo"}


def quantity(value: Any, unit: str | None, kpi_id: str = "", currency: str = "") -> str:
    """A KPI value in its unit: shares in percent, money in `currency`, the rest as it is."""
    if value is None:
        return "-"
    number = float(value)
    if is_share(unit, kpi_id):
        return f"{number * 100:.1f} %"
    text = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:,.2f}".rstrip("0").rstrip(".")
    money = f" {currency}" if currency and str(unit).startswith("currency") else ""
    return text + (SHORT_UNITS.get(str(unit)) or money)


def is_share(unit: str | None, kpi_id: str = "") -> bool:
    """Whether a ratio is a part of a whole, shown in percent; a multiple (LTV to CAC) is not."""
    return unit == "ratio" and not kpi_id.endswith(("_ratio", "_coverage"))


def change(value: Any, previous: Any, unit: str | None, kpi_id: str = "") -> str:
    """The change against the previous period: points for shares, percent for the rest."""
    if value is None or previous is None:
        return "-"
    new, old = float(value), float(previous)
    if is_share(unit, kpi_id):
        return f"{(new - old) * 100:+.1f} pp"
    if old > 0:
        return f"{(new - old) / old * 100:+.1f} %"
    return f"{new - old:+,.2f}"


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 row, 2,345 rows."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """Bytes as a person reads them."""
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
