"""Whether whoever connects to the socket is let in, by the first thing that it says. Pure.

A port is found by scanners, and by web pages: a request of HTTP is much like LSP's base protocol,
with a ``Content-Length`` and a body that may be any JSON.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any, Final

from infill_ls.lsp.frames import FrameError, Frames, PassedOver

# The key of ``initializationOptions`` that the token is sent in.
TOKEN_KEY: Final = "token"
# Bytes until the end of the first message. Editors' own have some 10,000.
MAX_FIRST: Final = 1024 * 1024
# LSP 3.17, ErrorCodes: a request failed that was well-formed.
_REQUEST_FAILED: Final = -32803
# The method and the beginning of what is asked for, however long that is.
_HTTP: Final = re.compile(rb"[A-Z]{1,16} (?:/|\*|http)")
_FIX: Final = (
    "This server wants its token: send it as initializationOptions.token. It is in the environment "
    "variable INFILL_LS_TOKEN where the server was started."
)


class Refused(Exception):
    """Somebody is not let in. ``reason``: for the log. ``reply``: what is to be sent, if anything.

    ``by_token``: the token was wrong, or there was none.
    """

    def __init__(self, reason: str, reply: bytes = b"", *, by_token: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.reply = reply
        self.by_token = by_token


class Admission:
    """Listens until it is known who is let in.

    ``token``: what has to be said with ``initialize``; empty if nothing has to. Without one the
    first message of any kind is enough.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self._frames = Frames()
        self._head = b""
        self._size = 0

    def feed(self, data: bytes) -> bool:
        """Take what has arrived, and return whether that is enough to be let in.

        Raises :class:`Refused`.
        """
        self._size += len(data)
        if self._size > MAX_FIRST:
            raise Refused("its first message has no end")
        self._head = (self._head + data)[:4096]
        if _HTTP.match(self._head):
            raise Refused("it speaks HTTP")
        try:
            body = next(self._frames.feed(data), None)
        except FrameError:
            raise Refused("it doesn't speak LSP") from None
        if body is None:
            return False
        if isinstance(body, PassedOver):
            raise Refused("its first message is too long")
        if self._token:
            self._look_at(body)
        return True

    def _look_at(self, body: bytes) -> None:
        """Raise :class:`Refused` for a message that is no ``initialize`` with the token."""
        try:
            message = json.loads(body)
        except (TypeError, ValueError, RecursionError):
            message = None
        asked = isinstance(message, dict) and message.get("method") == "initialize"
        if not asked or not isinstance(message.get("id"), str | int):
            raise Refused("its first message is no initialize")
        params = message.get("params")
        options = params.get("initializationOptions") if isinstance(params, dict) else None
        said = options.get(TOKEN_KEY) if isinstance(options, dict) else None
        if not isinstance(said, str):
            raise Refused("it sent no token", _reply(message["id"]), by_token=True)
        # In the same time, however much of it is right.
        if not hmac.compare_digest(_bytes(said), _bytes(self._token)):
            raise Refused("it sent a wrong token", _reply(message["id"]), by_token=True)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _reply(number: Any) -> bytes:
    """Return the message that answers ``initialize``, framed."""
    error = {"code": _REQUEST_FAILED, "message": _FIX, "data": {"retry": False}}
    body = json.dumps({"jsonrpc": "2.0", "id": number, "error": error}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
