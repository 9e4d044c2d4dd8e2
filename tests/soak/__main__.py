"""`make soak`: a typist for an hour, on a real-size project, with an engine that fails.

    python -m soak --minutes 60 --seed 15 [--json FILE] [--plot FILE.svg] [--docs FILE.md]

Exit status 0 if everything is as it must be, 1 if something isn't; a sentence says what.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from soak.plot import plot
from soak.report import Report
from soak.run import Plan, soak
from soak.words import into_page, summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--files", type=int, default=200, help="files of the project")
    parser.add_argument("--json", type=Path, help="write all that was measured")
    parser.add_argument("--plot", type=Path, help="write a picture of it")
    parser.add_argument("--docs", type=Path, help="write it into the page, between its marks")
    options = parser.parse_args()
    report = asyncio.run(soak(Plan(options.minutes * 60, options.seed, options.files)))
    print(summary(report))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(), indent=1) + "\n", "utf-8")
    if options.plot:
        options.plot.write_text(plot(report), "utf-8")
    if options.docs:
        page = options.docs.read_text("utf-8")
        options.docs.write_text(into_page(page, report), "utf-8")
    return _exit_status(report)


def _exit_status(report: Report) -> int:
    broken = [check for check in report.checks() if not check.holds]
    for check in broken:
        sys.stderr.write(f"{check.name}: {check.says}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
