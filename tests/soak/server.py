"""``infill-ls serve`` as it is, in a process that can be asked how many tasks and objects it has.

    SOAK_COUNTS=FILE python -m soak.server serve

SIGUSR1 appends a line of JSON to the file: the asyncio tasks. SIGUSR2 adds the objects that the
garbage collector knows, by type; that takes a while.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import runpy
import signal
from collections import Counter
from typing import Any, Final

# Types of objects that are told, the most frequent ones.
TYPES: Final = 40


def _tell(number: int, _frame: Any) -> None:
    counts: dict[str, Any] = {}
    try:
        counts["tasks"] = len(asyncio.all_tasks())
    except RuntimeError:
        counts["tasks"] = 0
    if number == signal.SIGUSR2:
        gc.collect()
        objects = Counter(type(one).__qualname__ for one in gc.get_objects())
        counts["objects"] = objects.total()
        counts["types"] = dict(objects.most_common(TYPES))
    with open(os.environ["SOAK_COUNTS"], "ab", buffering=0) as file:
        file.write(json.dumps(counts).encode() + b"\n")


if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, _tell)
    signal.signal(signal.SIGUSR2, _tell)
    runpy.run_module("infill_ls", run_name="__main__", alter_sys=True)
