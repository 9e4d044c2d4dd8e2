"""What a run has shown, and whether that is as it must be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from soak.faults import Fault
from soak.machine import Sample
from soak.typist import Own

# A fifth of a run, at most 10 minutes: until then caches fill.
WARM_UP: Final = 600.0
# The first and the last part that are compared: a tenth each of what follows the warm-up.
PART: Final = 0.1
SHORTEST_PART: Final = 15.0  # s
# MB by which memory may have grown. Runs of under ten minutes are too short for the small bound.
GROWTH: Final = 5.0
GROWTH_SHORT: Final = 30.0
LONG: Final = 600.0
# s. An automatic request is answered after 8 s whatever the engine does; the rest is for the wire
# and a busy machine. Editors give up at 10.
ANSWERED: Final = 9.5
# s after the end of a fault in which the engine is asked again: it may be left alone for up to
# 30 s, and somebody has to come to a place where he wants a fill.
USED_AGAIN: Final = 60.0
# Own latency may be this much above that of the first part, or above what the machine itself has
# become slower by: an empty server is timed beside each request.
SLOWER: Final = 1.5
SLOWER_MS: Final = 5.0


@dataclass(frozen=True)
class Check:
    """``says``: what was found, as a sentence."""

    name: str
    holds: bool
    says: str


@dataclass
class Report:
    """All that was measured. ``seconds``: how long the typist worked. Times from the start in s.

    ``in_flight``: generations that the engine had at the same time, at the most. ``asked``: all of
    them. ``traces``: what stderr may not have. ``broken``: what went wrong with the run itself.
    """

    seconds: float
    seed: int = 0
    machine: str = ""
    project: str = ""
    samples: list[Sample] = field(default_factory=list)
    own: list[Own] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    replies: int = 0
    fills: int = 0
    cancelled: int = 0
    unanswered: list[str] = field(default_factory=list)
    unasked: int = 0
    errors: list[str] = field(default_factory=list)
    longest_wait: float = 0.0
    in_flight: int = 0
    asked: int = 0
    status: int = 0
    left: int = 0
    connections_left: int = 0
    stderr_bytes: int = 0
    traces: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    objects: list[dict[str, Any]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def warm(self) -> float:
        """When the warm-up is over."""
        return min(WARM_UP, self.seconds / 5)

    def parts(self) -> tuple[list[Sample], list[Sample]]:
        """The samples of the first and of the last part after the warm-up."""
        size = max(PART * (self.seconds - self.warm), SHORTEST_PART)
        first = [one for one in self.samples if self.warm <= one.at <= self.warm + size]
        last = [one for one in self.samples if self.seconds - size <= one.at]
        return first or self.samples[:1], last or self.samples[-1:]

    def medians(self, of: Callable[[Sample], float]) -> tuple[float, float]:
        """The medians of the first and of the last part."""
        first, last = self.parts()
        return statistics.median(map(of, first)), statistics.median(map(of, last))

    def lowest(self, of: Callable[[Sample], int]) -> tuple[int, int]:
        """The lowest of the first and of the last part: what is there whatever is under way."""
        first, last = self.parts()
        return min(map(of, first)), min(map(of, last))

    def recoveries(self) -> list[tuple[Fault, float]]:
        """For each fault how long after its end the engine was first asked again, in s.

        At the least as long as until the last sample, if it never was.
        """
        found = []
        for fault in self.faults:
            end = fault.at + fault.seconds
            after = [one for one in self.samples if one.at >= end]
            if after:
                again = next((one.at for one in after if one.asked > after[0].asked), after[-1].at)
                found.append((fault, again - end))
        return found

    def latencies(self) -> tuple[list[Own], list[Own]]:
        """Own latency in the first fifth after the warm-up and in the last fifth."""
        size = (self.seconds - self.warm) / 5
        small = [one for one in self.own if "big" not in one.kind]
        first = [one for one in small if self.warm <= one.at <= self.warm + size]
        return first, [one for one in small if self.seconds - size <= one.at]

    def as_json(self) -> dict[str, Any]:
        checks = [asdict(check) for check in self.checks()]
        return {**asdict(self), "checks": checks}

    def checks(self) -> list[Check]:
        worked = Check(
            "the run itself",
            not self.broken,
            f"{len(self.broken)} things went wrong that should not{_first(self.broken)}.",
        )
        return [
            worked,
            *self._of_requests(),
            *self._of_recovery(),
            *self._of_resources(),
            *self._of_latency(),
            *self._of_the_end(),
        ]

    def _of_requests(self) -> list[Check]:
        once = not self.unanswered and not self.unasked and self.replies == self.requests
        return [
            Check(
                "one reply each",
                once,
                f"{self.requests:,} requests had {self.replies:,} replies; "
                f"{len(self.unanswered)} had none, {self.unasked} replies were nobody's.",
            ),
            Check(
                "no errors",
                not self.errors,
                f"{len(self.errors)} replies were errors{_first(self.errors)}.",
            ),
            Check(
                "answered in time",
                self.longest_wait <= ANSWERED,
                f"The longest wait for an automatic answer was {self.longest_wait:.1f} s.",
            ),
            Check(
                "one generation",
                self.in_flight <= 1,
                f"At most {self.in_flight} of {self.asked:,} generations was in flight at a time.",
            ),
        ]

    def _of_recovery(self) -> list[Check]:
        fault, longest = max(
            self.recoveries(), key=lambda one: one[1], default=(Fault(0, 0, "no fault"), 0.0)
        )
        return [
            Check(
                "recovery",
                longest <= USED_AGAIN,
                f"The engine was asked again {longest:.0f} s after the end of a fault at the "
                f"latest ({fault.kind}).",
            )
        ]

    def _of_resources(self) -> list[Check]:
        before, after = self.medians(lambda one: one.rss)
        growth = GROWTH if self.seconds >= LONG else GROWTH_SHORT
        checks = [
            Check(
                "memory",
                after - before <= growth,
                f"Memory was {before:.1f} MB after {self.warm / 60:.1f} min and {after:.1f} MB at "
                f"the end ({after - before:+.1f} MB; {growth:.0f} MB are allowed).",
            )
        ]
        counted: dict[str, Callable[[Sample], int]] = {
            "descriptors": lambda one: one.descriptors,
            "tasks": lambda one: one.tasks,
            "threads": lambda one: one.threads,
        }
        for name, of in counted.items():
            first, last = self.lowest(of)
            most = max(map(of, self.samples))
            says = f"{name.capitalize()}: {first} at least after the warm-up, {last} at the end"
            # One more may be that of a call which goes on for all of a short part.
            checks.append(Check(name, last <= first + 1, f"{says}, {most} at the most."))
        return checks

    def _of_latency(self) -> list[Check]:
        first, last = self.latencies()
        if self.seconds < LONG / 2 or len(first) < 20 or len(last) < 20:
            # What other programs do would decide.
            return []
        before, after = (p99([one.ms for one in part]) for part in (first, last))
        idle, later = (p99([one.control_ms for one in part]) for part in (first, last))
        allowed = max(SLOWER, SLOWER * later / idle) * before + SLOWER_MS
        return [
            Check(
                "own latency",
                after <= allowed,
                f"p99 of own latency was {before:.1f} ms in the first fifth after the warm-up and "
                f"{after:.1f} ms in the last (an empty server's {idle:.1f} and {later:.1f} ms; "
                f"{allowed:.1f} ms are allowed).",
            )
        ]

    def _of_the_end(self) -> list[Check]:
        return [
            Check(
                "quiet log",
                not self.traces,
                f"stderr had {self.stderr_bytes:,} bytes; {len(self.traces)} lines of it are a "
                f"traceback or the project's code{_first(self.traces)}.",
            ),
            Check("clean exit", self.status == 0, f"The server's exit status was {self.status}."),
            Check(
                "nothing left",
                not self.left and not self.connections_left,
                f"{self.left} processes and {self.connections_left} connections were left.",
            ),
        ]


def _first(texts: Sequence[str]) -> str:
    return f" (the first: {texts[0][:200]})" if texts else ""


def p99(times: Sequence[float]) -> float:
    """The time that one of a hundred exceeds."""
    if len(times) < 2:
        return max(times)
    return statistics.quantiles(times, n=100, method="inclusive")[98]


def minutes(own: Sequence[Own], seconds: float) -> list[tuple[float, float, float, float]]:
    """For each minute: its middle in s, p50 and p99 of own latency and p99 of the empty server."""
    step = 60.0 if seconds > 180 else seconds / 3
    found = []
    at = 0.0
    while at < seconds:
        here = [one for one in own if at <= one.at < at + step and "big" not in one.kind]
        if len(here) > 1:
            times = [one.ms for one in here]
            control = p99([one.control_ms for one in here])
            found.append((at + step / 2, statistics.median(times), p99(times), control))
        at += step
    return found
