"""What an idle server takes of the processor, by the system's own count."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from lsp_client import LspClient

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# s between two observations: long enough that whatever polls is seen, in 2 looks at the parent.
BETWEEN = 4.0
# s of the processor's time that an idle server may take between them. It takes nothing, or one of
# the system's ticks of 10 ms that was nearly over; a loop that never sleeps takes 4 s.
AT_MOST = 0.05
# Observations until it has settled: the interpreter still frees what the start has left.
OBSERVATIONS = 10


def processor_time(process: int) -> float:
    """The s that a process has run for so far, by itself and in the kernel (proc(5))."""
    # Behind the name, which may have blanks in it; "utime" and "stime" are fields 14 and 15.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_an_idle_server_takes_no_processor_time(client: LspClient) -> None:
    client.open("def f(xs):\n    return []\n")
    await client.fill(1, 12)
    taken = []
    for _ in range(OBSERVATIONS):
        before = processor_time(client.process.pid)
        await asyncio.sleep(BETWEEN)
        taken.append(processor_time(client.process.pid) - before)
        if taken[-1] <= AT_MOST:
            break
    assert taken[-1] <= AT_MOST, taken
