"""Asks llama-servers, on another machine as a rule, for many fills.

`python -m eval.fills requests` writes the requests. There, with nothing but Python and the
servers, `python3 elsewhere.py REQUESTS ANSWERS --url URL` asks for them, many at once, and
`python -m eval.fills take` judges what they wrote. So this file imports nothing of the project.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any, Final

# Calls at once at each server; it should have as many slots.
_AT_ONCE: Final = 4
_PATIENCE: Final = 120.0  # s for one call


def body(row: dict[str, Any]) -> dict[str, Any]:
    """What the product asks of llama-server, and how likely each token was."""
    found: dict[str, Any] = {
        "prompt": row["prompt"],
        "max_tokens": row["max_tokens"],
        "temperature": row["temperature"],
        "seed": row["seed"],
        "stop": row["stop"],
        "logprobs": 1,
    }
    if row["begin"]:
        found["grammar"] = f"root ::= {json.dumps(row['begin'])} rest\nrest ::= [^\\x00]*"
    return found


def answer(row: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an answer. A token may end inside of a character."""
    choice = said["choices"][0]
    tokens = (choice.get("logprobs") or {}).get("content") or []
    pieces, written, before = [], b"", ""
    for token in tokens:
        written += bytes(token["bytes"])
        text = written.decode("utf-8", "ignore")
        pieces.append([text[len(before) :], round(token["logprob"], 4)])
        before = text
    timings = said.get("timings", {})
    return {
        "key": row["key"],
        "text": choice["text"],
        "tokens": pieces,
        "stop_reason": choice["finish_reason"],
        "timings": {name: timings.get(name) for name in _TIMINGS},
    }


_TIMINGS: Final = ("cache_n", "prompt_n", "prompt_ms", "predicted_n", "predicted_ms")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="elsewhere.py", description=__doc__)
    parser.add_argument("requests", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--url", action="append", required=True, help="may be repeated")
    parser.add_argument("--at-once", type=int, default=_AT_ONCE, help="calls at each server")
    parser.add_argument("--seconds", type=float, help="begin no call after this time")
    given = parser.parse_args(arguments)
    with given.requests.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    begun, lock, done = time.monotonic(), threading.Lock(), 0
    with given.answers.open("w", encoding="utf-8") as output:

        def ask(task: tuple[dict[str, Any], str]) -> None:
            nonlocal done
            row, url = task
            if given.seconds is not None and time.monotonic() - begun > given.seconds:
                return
            request = urllib.request.Request(
                f"{url}/v1/completions",
                json.dumps(body(row)).encode(),
                {"Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=_PATIENCE) as reply:
                    found = answer(row, json.load(reply))
            except (OSError, ValueError, KeyError) as error:
                print(f"{row['key']}: {error}", file=sys.stderr)
                return
            with lock:
                output.write(json.dumps(found, ensure_ascii=False) + "\n")
                done += 1

        with ThreadPoolExecutor(given.at_once * len(given.url)) as pool:
            list(pool.map(ask, zip(rows, cycle(given.url), strict=False)))
    print(f"{done} of {len(rows)} answers, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
