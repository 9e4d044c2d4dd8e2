"""``python relay.py LOG PROGRAM ...``: a language server, and a log of what it is asked.

What the editor writes is passed on as it is; each message for or against a completion is a line of
JSON in the log before the server has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def main() -> int:
    log, *command = sys.argv[1:]
    asked = set()
    with (
        Path(log).open("a") as notes,
        subprocess.Popen(command, stdin=subprocess.PIPE) as server,
    ):
        assert server.stdin is not None
        while frame := _frame():
            message = json.loads(frame.partition(b"\r\n\r\n")[2])
            method = message.get("method", "")
            request = message.get("id")
            if method.endswith("ompletion"):
                asked.add(request)
                print(json.dumps({"method": method}), file=notes, flush=True)
            elif method == "$/cancelRequest" and message["params"]["id"] in asked:
                print(json.dumps({"method": method}), file=notes, flush=True)
            try:
                server.stdin.write(frame)
                server.stdin.flush()
            except BrokenPipeError:
                break
    return server.returncode


def _frame() -> bytes:
    """The next message with its header; empty at the end."""
    header = b""
    length = 0
    while line := sys.stdin.buffer.readline():
        header += line
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if line == b"\r\n":
            return header + sys.stdin.buffer.read(length)
    return b""


if __name__ == "__main__":
    sys.exit(main())
