"""The editor's end of the wire, with an account of every request."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from lsp_client import LspClient

CANCELLED: Final = -32800  # LSP 3.17, ErrorCodes.RequestCancelled
INLINE: Final = "textDocument/inlineCompletion"


@dataclass
class Account:
    """What was asked and answered. ``waiting``: by number, the method and when it was asked.

    ``unasked``: replies that nobody waited for, so also second ones. ``errors``: replies that say
    that something is wrong, other than that the client has cancelled. ``longest_wait``: of an
    automatic request, in s.
    """

    sent: int = 0
    requests: int = 0
    replies: int = 0
    fills: int = 0
    cancelled: int = 0
    unasked: int = 0
    errors: list[str] = field(default_factory=list)
    longest_wait: float = 0.0
    messages: list[str] = field(default_factory=list)
    waiting: dict[Any, tuple[str, bool, float]] = field(default_factory=dict)


class SoakClient(LspClient):
    """A client whose ``account`` is kept."""

    account: Account

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.account = Account()
        super().__init__(process)

    def send(self, method: str, params: Any = None) -> asyncio.Future[Any]:
        future = super().send(method, params)
        manual = method != INLINE or params["context"]["triggerKind"] == 1
        number: int = future.id  # type: ignore[attr-defined]
        self.account.waiting[number] = (method, not manual, time.monotonic())
        self.account.requests += 1
        return future

    def cancel(self, asked: asyncio.Future[Any]) -> None:
        self.account.cancelled += 1
        super().cancel(asked)

    def write_bytes(self, body: bytes) -> None:
        self.account.sent += 1
        super().write_bytes(body)

    async def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            known = self.account.waiting.pop(message["id"], None)
            if known is None:
                self.account.unasked += 1
                return
            self._count(message, *known)
        elif message["method"] == "window/showMessage":
            text = message["params"]["message"]
            if text not in self.account.messages:
                self.account.messages.append(text)
        await super()._take(message)
        del self.messages[:-20], self.asked[:-20]

    def _count(self, message: dict[str, Any], method: str, automatic: bool, since: float) -> None:
        account = self.account
        account.replies += 1
        if automatic:
            account.longest_wait = max(account.longest_wait, time.monotonic() - since)
        error = message.get("error")
        if error and error["code"] != CANCELLED:
            account.errors.append(f"{method}: {error['code']} {error['message']}")
        elif not error and method == INLINE and (message["result"] or {}).get("items"):
            account.fills += 1
