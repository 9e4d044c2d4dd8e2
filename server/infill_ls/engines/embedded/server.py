"""The program of the embedded engine's child process: llama.cpp's server, on loopback.

It is started as ``python -m infill_ls.engines.embedded.server`` and gets one line of JSON on stdin
(see :func:`main`). It answers with one line of JSON on stdout: ``{"url": ...}``, or the name and
the text of an exception, ``{"kind": ..., "text": ...}``. It lives until its stdin ends, that is, as
long as its parent. Its log goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

# Tokens, of prompt and fill together; the defaults need less. 4,096 take 50 MB of memory.
CONTEXT: Final = 4096
# Tokens. A cancelled call is noticed only between two batches: the next request waits 0.8 s with
# 128 and 24 s with 2,048. Reading is as fast (137.9 and 136.8 tokens/s, two cores).
BATCH: Final = 128
# MB for the prompts of other files; llama.cpp's default of 8,192 is too much for a laptop.
PROMPT_CACHE: Final = 256


def main() -> None:
    """Serve until stdin ends.

    The line on stdin: ``{"weights": path, "key": what clients must send, "name": of the model}``.
    """
    # What the native code prints must not get into the answer: it goes to stderr.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    call = json.loads(sys.stdin.readline())
    try:
        server = start(call["weights"], call["key"], call["name"])
        answer = {"url": server.listening_address}
    except Exception as error:  # the parent says what happened; nobody reads a traceback here
        answer = {"kind": type(error).__name__, "text": str(error)}
    print(json.dumps(answer), file=answers, flush=True)
    sys.stdin.read()
    # The native threads would wait for requests that nobody wants any more.
    os._exit(0)


def start(weights: str, key: str, name: str) -> Any:
    """Start the server on a free port of loopback, and return it."""
    import xllamacpp

    return xllamacpp.Server(parameters(weights, key, name))


def parameters(weights: str, key: str, name: str) -> Any:
    """Return the parameters of llama.cpp's server."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.n_ctx = CONTEXT
    params.n_batch = params.n_ubatch = BATCH
    params.n_parallel = 1
    params.cache_ram_mib = PROMPT_CACHE
    params.cpuparams.n_threads = threads()
    # Where the text repeats what the prompt has, several tokens are checked at once; the outcome is
    # the same. `make bench-knobs`, two cores: writes 70.8 tokens/s instead of 57.4.
    lookup = xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE
    params.speculative.types = [lookup]
    params.ui = False
    params.endpoint_slots = False
    return params


def threads() -> int:
    """Return how many threads to use: one for each physical core of this process, at most 8.

    From about five processors up they are taken for two to a core, and a second thread on a core
    makes matrix products slower.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usable = usable or 1
    return min(8, usable if usable <= 4 else usable // 2)


if __name__ == "__main__":
    main()
