"""`make bench-knobs`: what the embedded engine's settings are worth on this machine.

Each variant reads and writes at the same places of the same files, in turns, each in a process of
its own; medians. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from bench.world import SOURCES
from infill_ls import weights
from infill_ls.engines import embedded_server

FILL_TOKENS: Final = 48
PROMPT_CHARACTERS: Final = 1600

Change = Callable[[Any], None]


def _batch(size: int) -> Change:
    def change(params: Any) -> None:
        params.n_batch = params.n_ubatch = size

    return change


def _threads(count: int) -> Change:
    def change(params: Any) -> None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = count

    return change


def _speculate(name: str) -> Change:
    def change(params: Any) -> None:
        import xllamacpp

        params.speculative.types = [getattr(xllamacpp.common_speculative_type, name)]

    return change


VARIANTS: Final[dict[str, Change]] = {
    "as set": lambda _: None,
    "batch 512": _batch(512),
    "batch 64": _batch(64),
    "1 thread": _threads(1),
    "no lookup": _speculate("COMMON_SPECULATIVE_TYPE_NONE"),
}


def prompts() -> list[str]:
    """Prompts that end in the middle of real files."""
    found = []
    for path in sorted(SOURCES.glob("*.txt")):
        text = path.read_text("utf-8")
        for share in (0.5, 0.8):
            end = text.rfind("\n", 0, int(len(text) * share)) + 1
            prefix, suffix = text[max(0, end - PROMPT_CHARACTERS) : end], text[end : end + 300]
            found.append(f"<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}")
    return found


def measure(name: str) -> None:
    """One variant, in this process; prints its rates as JSON."""
    import xllamacpp

    path = weights.ready(weights.DEFAULT)
    params = embedded_server.parameters(str(path), "key", "model")
    VARIANTS[name](params)
    server = xllamacpp.Server(params)
    read, write = [], []
    with httpx.Client(
        base_url=server.listening_address,
        headers={"Authorization": "Bearer key"},
        timeout=300,
        trust_env=False,
    ) as client:
        for prompt in prompts():
            body = {
                "prompt": prompt,
                "max_tokens": FILL_TOKENS,
                "temperature": 0,
                "ignore_eos": True,
                "cache_prompt": False,
            }
            started = time.perf_counter()
            timings = client.post("/v1/completions", json=body).json()["timings"]
            assert time.perf_counter() > started
            read.append(timings["prompt_per_second"])
            write.append(timings["predicted_per_second"])
    rates = {"read": statistics.median(read), "write": statistics.median(write)}
    print(json.dumps(rates), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--variant", choices=list(VARIANTS), help="only this, in this process")
    options = parser.parse_args()
    if options.variant:
        measure(options.variant)
        return
    rates: dict[str, list[dict[str, float]]] = {name: [] for name in VARIANTS}
    for _ in range(options.rounds):
        for name in VARIANTS:
            ran = subprocess.run(
                [sys.executable, "-m", "bench.knobs", "--variant", name],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
                text=True,
            )
            rates[name].append(json.loads(ran.stdout.splitlines()[-1]))
    for name, measured in rates.items():
        read = statistics.median(one["read"] for one in measured)
        write = statistics.median(one["write"] for one in measured)
        print(f"{name:12} reads {read:6.1f} tokens/s, writes {write:5.1f} tokens/s")


if __name__ == "__main__":
    main()
