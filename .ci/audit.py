"""Audits the locked dependencies: known vulnerabilities, pins and hashes, licences.

Exit 1 for a known vulnerability, a pin without a hash, or a licence that the project could not be
given away under. Where the source of advisories cannot be reached, that is said loudly and is no
failure: pip-audit itself would then report that it found nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements.lock"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)")
# Strong copyleft reaches whoever passes the project on; LGPL and MPL stay in their files.
COPYLEFT = re.compile(r"\b(?:AGPL|GPL)|(?<!Lesser )General Public License|Affero", re.IGNORECASE)
WEAK = re.compile(r"\bLGPL|Lesser General Public|\bMPL", re.IGNORECASE)


def pins(text: str) -> tuple[dict[str, str], list[str]]:
    """Pinned versions by name, and what is wrong with the lock."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if entry.startswith("#"):
            continue
        pin = PIN.match(entry)
        if pin is None:
            wrong.append(f"not pinned to a version: {entry.splitlines()[0]}")
            continue
        found[pin[1].lower()] = pin[2]
        if "--hash=sha256:" not in entry:
            wrong.append(f"{pin[1]} has no hash")
    return found, wrong


def licences(names: list[str]) -> tuple[Counter[str], list[str]]:
    """Licences of the installed packages, and those with strong copyleft or none at all."""
    counted: Counter[str] = Counter()
    odd: list[str] = []
    for name in names:
        try:
            about = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue  # of another platform
        classifiers = [
            one.rpartition(" :: ")[2]
            for one in about.get_all("Classifier") or []
            if one.startswith("License ::")
        ]
        stated = about.get("License-Expression") or " or ".join(classifiers)
        stated = stated or (about.get("License") or "").strip().split("\n")[0][:60]
        counted[stated or "not stated"] += 1
        choices = re.split(r"\s+or\s+|;", stated, flags=re.IGNORECASE)
        if all(COPYLEFT.search(one) and not WEAK.search(one) for one in choices):
            odd.append(f"{name} is under {stated}")
    return counted, odd


def advisories() -> tuple[list[str], int, int, str]:
    """Vulnerabilities, packages looked up, packages not looked up, and why not."""
    run = subprocess.run(  # noqa: S603
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"),
            *("--require-hashes", "--format", "json", "--progress-spinner", "off"),
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    try:
        found = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (run.stderr.strip().splitlines() or ["no answer"])[-1]
        return [], 0, 0, last[:300]
    wrong = [
        f"{one['name']} {one['version']}: {each['id']}"
        + (f", corrected in {', '.join(each['fix_versions'])}" if each["fix_versions"] else "")
        for one in found
        for each in one.get("vulns", ())
    ]
    skipped = [one["skip_reason"] for one in found if "skip_reason" in one]
    return wrong, len(found) - len(skipped), len(skipped), skipped[0] if skipped else ""


def main() -> int:
    found, wrong = pins(LOCK.read_text(encoding="utf-8"))
    print(f"{LOCK.name}: {len(found)} packages, {len(wrong)} without a version or a hash")
    counted, odd = licences(list(found))
    listed = ", ".join(f"{name} {number}" for name, number in counted.most_common())
    print(f"Licences of what is installed: {listed}")
    vulnerable, looked_up, left_out, why = advisories()
    if looked_up:
        print(f"Advisories: {looked_up} packages looked up, {len(vulnerable)} vulnerabilities")
    if left_out or not looked_up:
        print(
            f"ADVISORIES NOT CHECKED for {left_out or len(found)} packages ({why}). "
            "Run `make audit` where the public package index can be reached."
        )
    for problem in (*wrong, *odd, *vulnerable):
        print(f"  ✗ {problem}")
    return 1 if wrong or odd or vulnerable else 0


if __name__ == "__main__":
    raise SystemExit(main())
