"""``python relay.py LOG PROGRAM ...``: a language server, and a log of what it is asked.

What the editor writes is passed on as it is; the method of each message for or against a
completion is a line in the log before the server has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from infill_ls.lsp.frames import Frames

# Bytes read at once.
_READ_SIZE: Final = 64 * 1024
CANCEL: Final = "$/cancelRequest"
ASKS: Final = ("textDocument/completion", "textDocument/inlineCompletion")


def main() -> int:
    log, *command = sys.argv[1:]
    with (
        Path(log).open("ab") as notes,
        subprocess.Popen(command, stdin=subprocess.PIPE) as server,
    ):
        assert server.stdin is not None
        _pass_on(server.stdin, notes)
    return server.returncode


def _pass_on(server: IO[bytes], notes: IO[bytes]) -> None:
    frames = Frames()
    asked = set()
    while data := os.read(sys.stdin.fileno(), _READ_SIZE):
        for body in frames.feed(data):
            assert isinstance(body, bytes), "an editor sends no such file here"
            message = json.loads(body)
            method = message.get("method")
            if method in ASKS:
                asked.add(message["id"])
            elif method != CANCEL or message["params"]["id"] not in asked:
                continue
            notes.write(f"{method}\n".encode())
            notes.flush()
        try:
            server.write(data)
            server.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    sys.exit(main())
