"""A report in words: for the terminal, and for docs/reliability.md."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from textwrap import fill
from typing import Final

from soak.machine import Sample
from soak.report import Report, p99

MARKS: Final = re.compile("(<!-- soak: begin -->\n).*(<!-- soak: end -->)", re.DOTALL)
PICTURE: Final = "pictures/soak.svg"


def summary(report: Report) -> str:
    """What was done and found, for a terminal."""
    lines = [
        f"{report.seconds / 60:g} min on {report.machine}; {report.project}; seed {report.seed}",
        f"did: {_counted(report.done)}",
        f"faults: {_counted(Counter(fault.kind for fault in report.faults)) or 'none'}",
        f"requests: {report.requests:,}; {report.cancelled:,} were cancelled, "
        f"{report.fills:,} brought fills; {report.asked:,} generations",
        *_own(report),
        _cpu(report),
        *(f"the user was told: {message}" for message in report.messages),
        *_grown(report),
    ]
    for check in report.checks():
        lines.append(f"{'good' if check.holds else 'BAD '}  {check.name}: {check.says}")
    return "\n".join(lines)


def into_page(page: str, report: Report) -> str:
    """The page with the report between its marks; raises :class:`ValueError` if it has none."""
    if not MARKS.search(page):
        raise ValueError("The page has no marks for this.")
    return MARKS.sub(lambda found: f"{found[1]}{_text(report)}{found[2]}", page)


def _text(report: Report) -> str:
    """Markdown, ending with a line end."""
    done = report.done
    hours = f"{report.seconds / 60:g} minutes"
    rows = [
        f"| {check.name} | {'holds' if check.holds else '**broken**'} | {check.says} |"
        for check in report.checks()
    ]
    kinds = Counter(fault.kind for fault in report.faults)
    small = [one for one in report.own if "big" not in one.kind]
    own = [one.ms for one in small] or [0.0]
    control = [one.control_ms for one in small] or [0.0]
    paragraphs = [
        f"`make soak MINUTES={report.seconds / 60:g} SEED={report.seed}`: somebody works for "
        f"{hours} in a project of {report.project} (Python's standard library, and a file of "
        "100,000 lines), with some 25 documents open. He types ten keys a second with pauses in "
        "between, deletes, pastes, undoes, accepts, saves, opens and closes, in the habits of VS "
        "Code and of Neovim in turn, while the engine fails at random. "
        f"On {report.machine}: {done.get('keys', 0):,} keys at {done.get('places', 0):,} places, "
        f"{report.requests:,} requests of which {report.cancelled:,} were cancelled, "
        f"{report.asked:,} generations, {report.fills:,} answers with fills, "
        f"{done.get('accepted', 0) + done.get('accepted in part', 0):,} accepted, "
        f"{done.get('settings changed', 0):,} changes of the settings.",
        f"![Memory, open files and own latency over {hours}, with the engine's faults]({PICTURE})",
        "\n".join(["| what must hold | | measured |", "|---|---|---|", *rows]),
        f"{len(report.faults)} faults of {len(kinds)} kinds: "
        f"{', '.join(f'{kind} ({count})' for kind, count in sorted(kinds.items())) or 'none'}.",
        f"Own latency is that of {len(small):,} requests which need no engine (inside of a word, "
        "excluded, known from memory), from the request to its reply: p50 "
        f"{statistics.median(own):.1f} ms and p99 {p99(own):.1f} ms; an empty pygls server, asked "
        f"beside each of them, took {statistics.median(control):.1f} and {p99(control):.1f} ms. "
        f"{_cpu(report)}.",
        f"The rules: the parts are a tenth of what follows a warm-up of {report.warm / 60:g} min. "
        "Memory is the median of each; descriptors, tasks and threads are the least of each, since "
        "a call that is under way has some of its own.",
    ]
    return (
        "\n\n".join(
            one if one.startswith(("|", "!")) else fill(one, 100, break_on_hyphens=False)
            for one in paragraphs
        )
        + "\n"
    )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{what} {count:,}" for what, count in sorted(counts.items()))


def _own(report: Report) -> list[str]:
    by_kind: dict[str, list[float]] = {}
    for one in report.own:
        by_kind.setdefault(one.kind, []).append(one.ms)
    by_kind["(empty server)"] = [one.control_ms for one in report.own]
    return [
        f"own latency, {kind}: {len(times)} requests, p50 {statistics.median(times):.1f} ms, "
        f"p99 {p99(times):.1f} ms"
        for kind, times in sorted(by_kind.items())
        if len(times) > 1
    ]


def _cpu(report: Report) -> str:
    samples = report.samples
    fifth = max(2, len(samples) // 5)
    first, last = _cpu_per_message(samples[:fifth]), _cpu_per_message(samples[-fifth:])
    whole = samples[-1].cpu
    return (
        f"The server took {whole:.1f} s of CPU, {100 * whole / report.seconds:.1f} % of a core: "
        f"{first:.2f} ms for each message in the first fifth, {last:.2f} ms in the last"
    )


def _cpu_per_message(samples: Sequence[Sample]) -> float:
    """Milliseconds."""
    first, last = samples[0], samples[-1]
    return 1000 * (last.cpu - first.cpu) / max(1, last.messages - first.messages)


def _grown(report: Report) -> list[str]:
    """The types of objects of which there are more at the end than after the warm-up."""
    if len(report.objects) < 2:
        return []
    before, after = report.objects[0]["types"], report.objects[-1]["types"]
    grown = {kind: count - before.get(kind, 0) for kind, count in after.items()}
    most = sorted(grown.items(), key=lambda one: -one[1])[:8]
    found = ", ".join(f"{kind} {count:+,}" for kind, count in most)
    total = report.objects[-1]["objects"] - report.objects[0]["objects"]
    return [f"objects since the warm-up: {total:+,} ({found})"]
