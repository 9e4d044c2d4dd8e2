"""`python -m eval.tails`: what few candidates of a token tell of how likely it was.

The embedded engine fills holes in source files and tells the 200 likeliest candidates of each token
before its samplers. Of these some are looked at, and the rest is reckoned: so many as likely as the
last of them (``_ASKED_FOR`` and ``_TAIL`` in :mod:`infill_ls.engines.logprobs`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import sysconfig
from collections.abc import Sequence
from contextlib import aclosing
from itertools import product
from pathlib import Path
from statistics import mean
from typing import Final

from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.engine import Embedded

# Logarithms: of the token that was chosen, and of the likeliest candidates, the best first.
Told = tuple[float, Sequence[float]]

_CANDIDATES: Final = 200
_TOKENS: Final = 16  # of each fill
_AROUND: Final = 500  # characters of the prompt on each side
_KEPT: Final = 40  # what llama-server's top_k leaves
# llama-server's defaults (llama.cpp, tools/server/README.md, ``top_p`` and ``min_p``).
_TOP_P: Final = 0.95
_MIN_P: Final = 0.05


def reckoned(token: Told, number: int, tail: float) -> float:
    """The logarithm of a token's share in some candidates and the rest."""
    chosen, candidates = token
    told = candidates[:number]
    whole = sum(map(math.exp, told)) + tail * math.exp(told[-1])
    return min(0.0, chosen - math.log(whole))


def cut_off(token: Told, temperature: float) -> float:
    """How likely something would be chosen that top_p and min_p cut off."""
    likely = [math.exp(logarithm) for logarithm in token[1][:_KEPT]]
    before = [sum(likely[:number]) for number in range(len(likely))]
    tempered = [math.pow(value, 1 / temperature) for value in likely]
    kept = [
        share
        for share, value, sum_before in zip(tempered, likely, before, strict=True)
        if sum_before < _TOP_P and value >= _MIN_P * likely[0]
    ]
    return 1 - sum(kept) / sum(tempered)


def prompts(files: Sequence[Path], count: int) -> list[str]:
    """Holes at random places of files, for Qwen2.5-Coder, each with room on both sides."""
    chance = random.Random(1)
    texts = [path.read_text("utf-8", "replace") for path in files]
    long = [text for text in texts if len(text) > 2 * _AROUND]
    found = []
    for _ in range(count):
        text = chance.choice(long)
        at = chance.randrange(_AROUND, len(text) - _AROUND)
        before, after = text[at - _AROUND : at], text[at : at + _AROUND].partition("\n")[2]
        found.append(f"<|fim_prefix|>{before}<|fim_suffix|>\n{after}<|fim_middle|>")
    return found


async def told(engine: Embedded, prompt: str) -> list[Told]:
    """What the engine tells of each token that it writes, but for those that it has drafted."""
    body = {
        "prompt": prompt,
        "max_tokens": _TOKENS,
        "temperature": 0.2,
        "seed": 1,
        "stream": True,
        "logprobs": _CANDIDATES,
    }
    server = await engine._running()
    found: list[Told] = []
    async with aclosing(server._http.lines("/v1/completions", body)) as lines:
        async for line in lines:
            field, _, value = line.partition(b":")
            if field != b"data" or value.strip() == b"[DONE]":
                continue
            for choice in json.loads(value)["choices"]:
                for token in (choice["logprobs"] or {}).get("content", []):
                    candidates = [one["logprob"] for one in token["top_logprobs"]]
                    if candidates:
                        found.append((token["logprob"], candidates))
    return found


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m eval.tails", description=__doc__)
    parser.add_argument("--files", type=Path, help="a folder; the standard library by default")
    parser.add_argument("--ends", default=".py", help="what its files' names end with")
    parser.add_argument("--count", type=int, default=40, help="fills")
    options = parser.parse_args()
    folder = options.files or Path(sysconfig.get_path("stdlib"))
    files = sorted(path for path in folder.glob(f"**/*{options.ends}") if path.is_file())
    if options.files is None:
        files = sorted(folder.glob("*.py"))
    engine = Embedded(weights.DEFAULT, weights.ready(weights.DEFAULT))
    tokens: list[Told] = []
    try:
        for prompt in prompts(files, options.count):
            tokens += await told(engine, prompt)
    finally:
        await engine.aclose()
    flat = [token for token in tokens if token[1][0] < -1]
    print(f"{len(tokens)} tokens, {len(flat)} of them flat: the likeliest has less than 1/e")
    print("| candidates | tail | mean error | of flat ones | largest | of the square root |")
    print("|--:|--:|--:|--:|--:|--:|")
    for number, tail in product((5, 10, 12, 20, 40), (0, 4, 8, 12, 16, 20, 24)):
        errors = [abs(reckoned(token, number, tail) - token[0]) for token in tokens]
        of_flat = [abs(reckoned(token, number, tail) - token[0]) for token in flat]
        roots = [
            abs(math.sqrt(-reckoned(token, number, tail)) - math.sqrt(max(0.0, -token[0])))
            for token in tokens
        ]
        print(
            f"| {number} | {tail} | {mean(errors):.3f} | {mean(of_flat) if flat else 0:.3f} "
            f"| {max(errors):.2f} | {mean(roots):.4f} |"
        )
    for temperature in (0.2, 0.3, 0.5, 0.8, 1.0):
        share = mean(cut_off(token, temperature) for token in tokens)
        print(f"temperature {temperature}: {share:.1g} of the tokens would be cut off ones")


if __name__ == "__main__":
    asyncio.run(main())
