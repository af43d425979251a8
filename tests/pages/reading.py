"""Reads a page the way a program does: elements, attributes, embedded data, table rows."""

import json
import re
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """Elements with their attributes, the text of scripts and styles, and the rows of the table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.rows: dict[str, str] = {}
        self._raw: tuple[str, dict[str, str | None]] | None = None
        self._row: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag in ("script", "style"):
            self._raw = (tag, given)
            if tag == "script":
                self.scripts.append((given, ""))
            else:
                self.styles.append("")
        if tag == "tr":
            self._row = given.get("data-k")
            if self._row is not None:
                self.rows[self._row] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._raw = None
        if tag == "tr":
            self._row = None

    def handle_data(self, data: str) -> None:
        if self._raw and self._raw[0] == "script":
            given, before = self.scripts.pop()
            self.scripts.append((given, before + data))
        elif self._raw:
            self.styles[-1] += data
        elif self._row is not None:
            self.rows[self._row] += data

    @property
    def data(self) -> Any:
        (found,) = [text for given, text in self.scripts if given.get("id") == "data"]
        return json.loads(found)

    @property
    def programs(self) -> list[str]:
        return [text for given, text in self.scripts if given.get("type") != "application/json"]

    @property
    def policy(self) -> str:
        (found,) = [
            given["content"]
            for tag, given in self.elements
            if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy"
        ]
        assert found is not None
        return found


# A page may link to those that lie beside it; it never fetches them.
BESIDE = {"scorecard.html", "quality.html", "docs.html"}


def outside_references(page: Page) -> list[str]:
    """Everything in a page that a browser would fetch or follow away from it."""
    found = []
    for tag, given in page.elements:
        for name, value in given.items():
            if (tag, name) == ("a", "href") and value in BESIDE:
                continue
            if name in ("src", "href", "action", "data", "poster", "srcset", "formaction") and not (
                value or ""
            ).startswith("#"):
                found.append(f"<{tag} {name}={value!r}>")
            if name.startswith("on") or name == "style":
                found.append(f"<{tag} {name}={value!r}>")
        if tag in ("iframe", "object", "embed", "link", "base", "img"):
            found.append(f"<{tag}>")
    for text in page.styles:
        found += re.findall(r"url\([^)]*\)|@import[^;]*", text)
    for text in page.programs:
        found += re.findall(
            r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(|importScripts"
            r"|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function",
            text,
        )
    return found
