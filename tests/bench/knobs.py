"""`make bench-knobs`: what the embedded engine's settings are worth on this machine.

Each variant reads and writes at the same places of the same files, in turns, each in a process of
its own; medians. "back" is how much of a prompt comes from the cache when a file is visited again
after two others. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import httpx

from bench.world import SOURCES
from infill_ls.engines.embedded import openmp, weights
from infill_ls.engines.embedded import server as embedded_server

FILL_TOKENS: Final = 48
PROMPT_CHARACTERS: Final = 1600

Change = Callable[[Any], None]


def _batch(size: int) -> Change:
    def change(params: Any) -> None:
        params.n_batch = params.n_ubatch = size

    return change


def threads(count: int) -> Change:
    """Another number of threads, for reading and for writing."""

    def change(params: Any) -> None:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = count

    return change


def _speculate(name: str) -> Change:
    def change(params: Any) -> None:
        import xllamacpp

        params.speculative.types = [getattr(xllamacpp.common_speculative_type, name)]

    return change


def _flash_attention(name: str) -> Change:
    def change(params: Any) -> None:
        import xllamacpp

        params.flash_attn_type = getattr(xllamacpp.llama_flash_attn_type, name)

    return change


def _eight_bit_cache(params: Any) -> None:
    import xllamacpp

    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_Q8_0


def _slots(count: int) -> Change:
    def change(params: Any) -> None:
        params.n_parallel = count
        params.n_ctx = embedded_server.CONTEXT * count

    return change


def _no_prompt_cache(params: Any) -> None:
    params.cache_ram_mib = 0


VARIANTS: Final[dict[str, Change]] = {
    "as set": lambda _: None,
    "batch 512": _batch(512),
    "batch 64": _batch(64),
    "1 thread": threads(1),
    "no lookup": _speculate("COMMON_SPECULATIVE_TYPE_NONE"),
    "flash on": _flash_attention("LLAMA_FLASH_ATTN_TYPE_ENABLED"),
    "flash off": _flash_attention("LLAMA_FLASH_ATTN_TYPE_DISABLED"),
    "8 bit cache": _eight_bit_cache,
    "2 slots": _slots(2),
    "3 slots": _slots(3),
    "no prompts": _no_prompt_cache,
}


def prompts(characters: int = PROMPT_CHARACTERS) -> list[str]:
    """Prompts that end in the middle of real files, with so much of what stands before."""
    found = []
    for path in sorted(SOURCES.glob("*.txt")):
        text = path.read_text("utf-8")
        for share in (0.5, 0.8):
            end = text.rfind("\n", 0, int(len(text) * share)) + 1
            prefix, suffix = text[max(0, end - characters) : end], text[end : end + 300]
            found.append(f"<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}")
    return found


def read_anew(client: httpx.Client, prompt: str, tokens: int) -> dict[str, Any]:
    """Ask for so many tokens after a prompt that is read from its beginning; the timings."""
    body = {
        "prompt": prompt,
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "cache_prompt": False,
    }
    timings: dict[str, Any] = client.post("/v1/completions", json=body).json()["timings"]
    return timings


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
            started = time.perf_counter()
            timings = read_anew(client, prompt, FILL_TOKENS)
            assert time.perf_counter() > started
            read.append(timings["prompt_per_second"])
            write.append(timings["predicted_per_second"])
        first, *others = prompts()[::2]
        for prompt in [first, *others, first]:
            body = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "cache_prompt": True}
            timings = client.post("/v1/completions", json=body).json()["timings"]
    rates = {
        "read": statistics.median(read),
        "write": statistics.median(write),
        "back": timings["cache_n"] / (timings["cache_n"] + timings["prompt_n"]),
        "memory": _resident(),
    }
    print(json.dumps(rates), flush=True)


def _resident() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", action="append", default=[], help="these variants, in turns")
    parser.add_argument("--variant", choices=list(VARIANTS), help="only this, in this process")
    options = parser.parse_args()
    if options.variant:
        measure(options.variant)
        return
    names = options.only or list(VARIANTS)
    rates: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            ran = subprocess.run(
                [sys.executable, "-m", "bench.knobs", "--variant", name],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
                env=openmp.environment(os.environ, openmp.libraries()),
                text=True,
            )
            rates[name].append(json.loads(ran.stdout.splitlines()[-1]))
    for name, measured in rates.items():
        read = statistics.median(one["read"] for one in measured)
        write = statistics.median(one["write"] for one in measured)
        back, memory = measured[-1]["back"], measured[-1]["memory"]
        print(
            f"{name:12} reads {read:6.1f} tokens/s, writes {write:5.1f} tokens/s, "
            f"back {back:4.0%}, {memory:5.0f} MB"
        )


if __name__ == "__main__":
    main()
