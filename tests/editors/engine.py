"""The simulated Ollama for tests that are not asynchronous: it runs in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from editors.loop import Loop
from fake_ollama import Call, FakeOllama

# s. Anything that the engine is to see, it sees within this time.
LIMIT = 20.0


class Engine:
    """What it writes is set with :meth:`writes`; what it was asked is in :attr:`generations`."""

    def __init__(self) -> None:
        self._loop = Loop("engine", LIMIT)
        self.fake = self._loop.do(self._make())
        self.start()
        self.port = self.fake.port
        self.url = self.fake.url

    async def _make(self) -> FakeOllama:
        return FakeOllama(fill="")

    def start(self) -> None:
        """Come (back) to life, always at the same address."""
        self._loop.do(self.fake.start(getattr(self, "port", 0)))
        self._lives = True

    def die(self) -> None:
        """Hang up on everybody, and refuse connections from then on."""
        self._loop.do(self.fake.stop())
        self._lives = False

    def close(self) -> None:
        self.die()
        self._loop.close()

    def reset(self) -> None:
        """As new: writes nothing, has seen nothing."""
        if not self._lives:
            # A test that failed has left it so.
            self.start()

        async def reset() -> None:
            self.fake.fill, self.fake.delay, self.fake.fault = "", 0.0, ""
            self.fake.piece_gate.set()
            self.fake.calls.clear()
            self.fake.most_at_once = 0

        self._loop.do(reset())

    def writes(self, *texts: str, delay: float = 0.0, stalls: bool = False) -> None:
        """Go on like these texts: what follows in one of them after the end of the prefix.

        Several texts are written in turn where more than one fits, for candidates.
        ``delay``: seconds before the first piece. ``stalls``: the first piece is all that comes,
        until :meth:`flows`.
        """
        turn = iter(range(1_000_000))

        def fill(body: Mapping[str, Any]) -> str:
            prefix = prefix_of(body)
            fits = [rest for text in texts if (rest := going_on(prefix, text))]
            return fits[next(turn) % len(fits)] if fits else ""

        async def set_it() -> None:
            self.fake.fill, self.fake.delay = fill, delay
            if stalls:
                self.fake.piece_gate.clear()

        self._loop.do(set_it())

    def flows(self) -> None:
        """Go on with what stalled."""

        async def flow() -> None:
            self.fake.piece_gate.set()

        self._loop.do(flow())

    @property
    def generations(self) -> list[Call]:
        """The calls that asked for text, oldest first."""
        return self.fake.generations

    def asked_within(self, text: str) -> int:
        """How many calls were for a part of this text, rather than for what comes after it."""
        prefixes = [prefix_of(call.body) for call in self.generations]
        return sum(not prefix.endswith(text) for prefix in prefixes)

    def asked_about(self, text: str) -> int:
        """How many calls had this text left of the hole."""
        return sum(text in prefix_of(call.body) for call in self.generations)

    @property
    def cancelled(self) -> int:
        """Calls that ended because the client hung up."""
        return sum(call.state == "cancelled" for call in self.generations)

    @property
    def most_at_once(self) -> int:
        return self.fake.most_at_once

    def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until something is so that can be seen here."""
        self._loop.do(self.fake.until(wanted, LIMIT))

    def until_quiet(self) -> None:
        """Wait until no call is under way."""
        self.until(lambda: all(call.ended.is_set() for call in self.fake.calls))


def prefix_of(body: Mapping[str, Any]) -> str:
    """The text left of the hole in a request, in suffix mode or raw (Qwen, the prefix last)."""
    return str(body.get("prompt", "")).rpartition("<|fim_middle|>")[2]


def going_on(prefix: str, text: str) -> str:
    """What follows in the text after the longest part of it that the prefix ends with."""
    for length in range(len(text), 0, -1):
        if prefix.endswith(text[:length]):
            return text[length:]
    return ""
