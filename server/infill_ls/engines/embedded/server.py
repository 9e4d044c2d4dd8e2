"""The embedded engine's child process: llama.cpp's server on loopback, from prebuilt wheels.

Started as ``python -m infill_ls.engines.embedded.server`` with one line of JSON on stdin (see
:func:`main`); answers with one line of JSON on stdout, ``{"url": ...}`` or the name and the text
of an exception, ``{"kind": ..., "text": ...}``, and lives until stdin ends, that is as long as its
parent.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, Final

# Tokens. Room for prompt and fill with every default; 4,096 take 50 MB of memory.
CONTEXT: Final = 4096
# A cancelled call is noticed between batches only. At 128 the next request waits 0.8 s where it
# waits 24 s at 2,048, and reading is as fast (137.9 against 136.8 tokens/s, two cores).
BATCH: Final = 128
# MB for prompts of files visited before; the default of 8,192 is more than a laptop spares.
PROMPT_CACHE: Final = 256


def main() -> None:
    """Serve ``weights`` with the key ``key`` until stdin ends."""
    # Whatever the native code prints must not get between the lines of the protocol.
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
    """The running server; it listens on a free port of loopback."""
    import xllamacpp

    return xllamacpp.Server(parameters(weights, key, name))


def parameters(weights: str, key: str, name: str) -> Any:
    """How llama.cpp's server is set up."""
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
    # What the prompt has already is tried first where the text repeats it; the outcome is the same.
    # `make bench-knobs`, two cores: writes 70.8 tokens/s instead of 57.4.
    lookup = xllamacpp.common_speculative_type.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE
    params.speculative.types = [lookup]
    params.ui = False
    params.endpoint_slots = False
    return params


def threads() -> int:
    """One for each physical core that this process may use, at most 8.

    From some five up, processors count two threads a core, and a second one on the same core
    slows matrix products down.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    usable = usable or 1
    return min(8, usable if usable <= 4 else usable // 2)


if __name__ == "__main__":
    main()
