"""Look for known vulnerabilities in what requirements.lock pins: ``make audit``.

pip-audit asks an advisory source. Two are tried, and each has to know the packages: an index's
mirror answers for none of them, and pip-audit takes that for no vulnerability. Exits with 1 for
one that was found, and with 0, and a word of it, where no source can be reached.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# As pip-audit calls them: the package index's own, and the Open Source Vulnerabilities database.
SOURCES = ("pypi", "osv")
# s for each; it asks for some fifty packages.
LIMIT = 180.0
LOCK = "requirements.lock"


@dataclass(frozen=True)
class Report:
    """What one source says. ``audited``: how many packages it knows; ``found``: in words."""

    audited: int
    unknown: int
    found: tuple[str, ...]


def report_of(output: str) -> Report | None:
    """Read pip-audit's JSON; None if it is none, since the source could not be reached."""
    try:
        entries: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    known = [entry for entry in entries if "skip_reason" not in entry]
    found = tuple(
        f"{entry['name']} {entry['version']}: {flaw['id']}, "
        f"mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
        for entry in known
        for flaw in entry.get("vulns", ())
    )
    return Report(len(known), len(entries) - len(known), found)


def pip_audit(source: str) -> str:
    """Run pip-audit with one source, and return what it writes on stdout."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"),
        *("--requirement", LOCK, "--vulnerability-service", source),
        *("--format", "json", "--progress-spinner", "off", "--timeout", "15"),
    ]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return ""
    return ran.stdout


def audit(
    run: Callable[[str], str] = pip_audit, sources: Sequence[str] = SOURCES
) -> tuple[int, str]:
    """Return the exit status, and what to say."""
    for source in sources:
        report = report_of(run(source))
        if report is None or not report.audited:
            continue
        if report.found:
            return 1, "\n".join((f"{LOCK} has known vulnerabilities:", *report.found))
        return 0, (
            f"{report.audited} packages of {LOCK} have no known vulnerability ({source}"
            + (f"; it knows nothing of {report.unknown} others)" if report.unknown else ")")
        )
    return 0, (
        f"SKIPPED: {LOCK} was not looked at: no advisory source ({', '.join(sources)}) can be "
        "reached from here. Run make audit where there is a network."
    )


if __name__ == "__main__":
    status, said = audit()
    print(said)
    sys.exit(status)
