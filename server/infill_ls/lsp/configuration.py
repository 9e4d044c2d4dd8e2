"""The settings of a session: where the editor's part of them is, and when they are known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from infill_ls.settings import Settings, from_user

# s. An editor that doesn't answer a question about its settings is not waited for.
TIMEOUT: Final = 5.0


class Configuration:
    """The user's settings, and what he has turned off or on by hand since.

    ``command_line`` has what was said there. ``ask`` asks the editor for its settings; it returns
    None if the editor has none. ``tell`` tells the user a problem. ``take`` takes new settings.
    """

    def __init__(
        self,
        command_line: Mapping[str, Any],
        *,
        ask: Callable[[], Awaitable[Any]],
        tell: Callable[[str], None],
        take: Callable[[Settings], Awaitable[None]],
    ) -> None:
        self.options: Any = None  # the editor's ``initializationOptions``
        self.is_known = False
        self._command_line = dict(command_line)
        self._ask = ask
        self._tell = tell
        self._take = take
        self._enabled = True  # by the settings
        self._toggled: bool | None = None  # by hand, since they last changed
        self._early: asyncio.Future[bool] | None = None  # the request that waits for them
        self._readings = 0

    async def read(self, sent: Any = None) -> None:
        """Read the settings anew; ``sent`` is the editor's part of them, if it has sent it.

        Of several readings that go on at once, as each may wait for the editor, the newest counts.
        """
        self._readings += 1
        reading = self._readings
        editor = await self._ask_for_settings() if sent is None else sent
        if reading == self._readings:
            await self._configure(editor)

    async def known(self) -> bool:
        """Wait until the settings are known; return whether nobody has asked anew meanwhile.

        Before, a request would go to a place that the user hasn't named, or where he has turned
        completion off. An editor that never says that it is initialized is waited for
        :data:`TIMEOUT`.
        """
        if self.is_known:
            return True
        self._answer_early(newest=False)
        self._early = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._early
        except TimeoutError:
            await self._configure(self.options)
            return True

    def toggle(self, enabled: bool) -> None:
        """Note that the user has turned completion on or off by hand.

        That counts until the settings say something new.
        """
        self._toggled = enabled

    def _answer_early(self, *, newest: bool) -> None:
        early, self._early = self._early, None
        if early is not None and not early.done():
            early.set_result(newest)

    async def _configure(self, editor: Any) -> None:
        settings, problems = from_user(self._command_line, editor)
        for problem in problems:
            self._tell(problem)
        if settings.enabled != self._enabled:
            # Said later than the command, so that it counts for more.
            self._enabled, self._toggled = settings.enabled, None
        if self._toggled is not None:
            settings = replace(settings, enabled=self._toggled)
        await self._take(settings)
        self.is_known = True
        self._answer_early(newest=True)

    async def _ask_for_settings(self) -> Any:
        """Return the editor's settings, over what it sent at the start."""
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask()
        except TimeoutError:
            return self.options
        if isinstance(answer, dict):
            return {**(self.options or {}), **answer}
        return self.options
