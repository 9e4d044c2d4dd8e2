"""What `make demo` does on a machine that is too busy to answer in time."""

from __future__ import annotations

from typing import Any

import demo
from lsp_client import LspClient


class Busy(LspClient):
    """Answers with nothing for some times, then with a fill."""

    def __init__(self, *reasons: str) -> None:
        self._reasons = [*reasons]
        self._reason = ""

    async def fill(self, line: int, character: int, uri: str = "", **kind: bool) -> str | None:
        assert kind == {"manual": True}
        self._reason = self._reasons.pop(0)
        return "x" if self._reason in ("fill", "recalled") else None

    async def request(self, method: str, params: Any = None) -> Any:
        assert (method, params["command"]) == ("workspace/executeCommand", "infill-ls.explain")
        return {"reason": self._reason}


async def test_it_asks_again_while_the_engine_is_slow() -> None:
    client = Busy("slow", "slow", "recalled")
    assert await demo.ask(client, 0, 0, "a") == ("x", {"reason": "recalled"})


async def test_it_asks_once_where_nothing_will_come() -> None:
    for reason in ("problem", "nothing"):
        assert await demo.ask(Busy(reason), 0, 0, "a") == (None, {"reason": reason})
