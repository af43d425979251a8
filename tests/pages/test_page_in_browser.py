"""The scorecard in a headless browser: same words as the server's, nothing cut off, no error."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from synthetic_release import Company, page

from orchestration.home import Home

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def look(folder: Path, text: str, question: str, address: str = "", width: int = 1400) -> Any:
    """The JSON that a JavaScript expression gives inside the page, shown `width` pixels wide."""
    # The probe is no part of the page, so its policy is lifted; a frame gives any width.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    probe = f"<script>parent.postMessage(JSON.stringify({question}), '*')</script></body>"
    (folder / "inner.html").write_text(text.replace("</body>", probe), encoding="utf-8")
    outer = (
        "<body><script>addEventListener('message', (e) => {"
        " const p = document.createElement('pre'); p.id = 'answer';"
        " p.textContent = e.data; document.body.append(p); })</script>"
        f"<iframe width={width} height=1200 src='inner.html{address}'></iframe>"
    )
    (folder / "outer.html").write_text(outer, encoding="utf-8")
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=4000", "--dump-dom",
            f"file://{folder / 'outer.html'}",
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    answer = re.search(r'<pre id="answer">(.*?)</pre>', done.stdout, re.DOTALL)
    assert answer, done.stdout[-1000:] + done.stderr[-1000:]
    return json.loads(html.unescape(answer[1]))


@pytest.fixture
def text(home: Home) -> str:
    company = Company(home)
    company.kpi("churn", name="Churn <b>rate</b>", direction="lower", domain="customers")
    company.months("churn", [0.05, None, 0.07, 0.1, 0.08])
    company.months("churn", [0.5, 0.25], dim="segment", member='=SMB, "small"')
    units = {
        "money": ("currency", [0.004, 1e6 - 0.5, 1234567.5]),
        "wait": ("minutes", [0.01, 119.95, 5000.0]),
        "speed": ("currency / day", [-3.5, 2.5]), "nps": ("score", [-30.0, -20.0]),
        "quick_ratio": ("ratio", [0.001, 3.125]),
        "tickets": ("tickets / 100 customers", [0.0, 144.0]),
        "zero": ("ratio", [0.5, 0.0]), "half": ("ratio", [0.1235, 0.0005]),
    }  # fmt: skip
    for kpi_id, (unit, values) in units.items():
        company.kpi(kpi_id, unit=unit, slices=None)
        company.months(kpi_id, list(values), unit=unit)
    company.kpi("none", headline="money")
    company.months("none", [None], status="no_data")
    company.goal("nps", 20, -0.5)
    company.goal("quick_ratio", 3, 1.1)
    company.goal("zero", 0.9, 0.25)
    return page(company.publish())


def test_the_browser_writes_every_row_like_the_server(text: str, tmp_path: Path) -> None:
    assert look(tmp_path, text, "scorecardCheck()") == []


def test_nothing_is_cut_off_on_a_narrow_screen(text: str, tmp_path: Path) -> None:
    wide = (
        "[...document.querySelectorAll('.page *, dialog *')].filter((e) =>"
        " e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.sr'))"
        ".map((e) => e.tagName + '.' + e.getAttribute('class'))"
    )
    assert look(tmp_path, text, f"[innerWidth, {wide}]", width=360) == [360, []]
    assert look(tmp_path, text, wide, "#k=tickets", width=360) == []


def test_the_csv_has_every_value_exactly(text: str, tmp_path: Path) -> None:
    csv = look(tmp_path, text, "scorecardCsv()")
    assert csv.startswith("\ufeffkpi_id,")
    lines = csv.split("\r\n")
    assert (
        "quick_ratio,quick_ratio,ratio,month,2025-12-01,2026-01-01,all,all,3.125,100,ok,true,true"
        in lines
    )
    # a name that a spreadsheet would run is made text
    assert any('segment,"\'=SMB, ""small""",0.25,' in line for line in lines)


def test_an_address_opens_a_view(text: str, tmp_path: Path) -> None:
    shown = (
        "[...document.querySelectorAll('tr.kpi')].filter((e) =>"
        " !e.hidden && getComputedStyle(e).display !== 'none').map((e) => e.dataset.k)"
    )
    assert look(tmp_path, text, shown, "#d=customers") == ["churn"]
    assert look(tmp_path, text, shown, "#q=nps") == ["nps"]
    assert "none" not in look(tmp_path, text, shown)
    assert "none" in look(tmp_path, text, shown, "#all=1")
    assert look(tmp_path, text, shown, "#only=reached") == ["quick_ratio"]
    sliced = look(
        tmp_path, text,
        f"[{shown}, document.querySelector('[data-k=churn] .value').textContent]",
        "#s=segment%3A%3DSMB%2C+%22small%22",
    )  # fmt: skip
    assert sliced == [["churn"], "25.0%"]
    opened = look(
        tmp_path, text,
        "[document.getElementById('detail').open,"
        " document.getElementById('detail-title').textContent,"
        " document.querySelectorAll('dialog b, dialog .line').length > 0]",
        "#k=churn&p=month%3A2025-11-01",
    )  # fmt: skip
    assert opened == [True, "Churn <b>rate</b>", True]
    assert (
        look(
            tmp_path,
            text,
            "location.hash && document.querySelectorAll('tr.kpi').length",
            "#k=nothing&p=x&s=y",
        )
        > 0
    )
