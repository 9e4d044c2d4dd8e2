"""Takes down how sure a model was of each token, beside the stream that the product reads.

The engine's own client asks for it; the lines that it reads are looked at on their way.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from infill_ls.engines.embedded.engine import Embedded
from infill_ls.engines.engine import Engine
from infill_ls.engines.logprobs import read
from infill_ls.engines.openai import OpenAI
from infill_ls.errors import SettingsError


class Tap:
    """Listens to one engine; raises :class:`SettingsError` if it is none that can say."""

    def __init__(self, engine: Engine) -> None:
        if not isinstance(engine, (Embedded, OpenAI)):
            raise SettingsError(
                f'The engine "{engine.name}" does not say how likely its tokens are.',
                "Leave --logprobs out, or take --engine embedded or openai.",
            )
        self._engine = engine
        self._tapped: OpenAI | None = None
        self._heard: list[tuple[str, float]] = []

    async def listen(self) -> None:
        """Forget what was heard, and listen to the next call."""
        self._heard = []
        engine = self._engine
        server = await engine._running() if isinstance(engine, Embedded) else engine
        # The embedded engine has a new client after its child has died.
        if server is not self._tapped:
            self._tapped = server
            lines = server._http.lines

            async def heard(path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
                async with aclosing(lines(path, body)) as stream:
                    async for line in stream:
                        self._heard += tokens(line, body["temperature"])
                        yield line

            server._http.lines = heard  # type: ignore[method-assign]

    @property
    def heard(self) -> tuple[tuple[str, float], ...]:
        """(token, natural logarithm of its probability), those that it had to begin with too."""
        return tuple(self._heard)


def tokens(line: bytes, temperature: float) -> list[tuple[str, float]]:
    """The tokens in one line of a stream, as the engine reads them at a temperature."""
    field, _, value = line.partition(b":")
    if field != b"data" or value.strip() == b"[DONE]":
        return []
    choices = json.loads(value).get("choices") or [{}]
    # Enough digits to tell what is likely from what isn't.
    found = read(choices[0].get("logprobs"), temperature)
    return [(one.text, round(one.logprob, 3)) for one in found]
