"""The settings of a session: the editor's part of them, and when they are known."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from infill_ls.settings import Settings, from_user, in_short
from infill_ls.user_file import UserFile

log = logging.getLogger(__name__)

# s. An editor that doesn't answer a question about its settings is not waited for.
TIMEOUT: Final = 5.0


class NoAnswer(Exception):
    """The editor can't be asked for its settings, or doesn't say them."""


class Configuration:
    """The user's settings, and what was turned off or on by hand since.

    The editor's part of them is a section of its settings, over the ``initializationOptions``
    that it sent at the start. The section is sent by the editor, or asked for.

    ``command_line`` has the settings that were given there. ``ask`` asks the editor for its
    section, and returns that as it is, None if there is none; it raises :class:`NoAnswer`.
    ``tell`` shows the user what is wrong in the settings. ``take`` puts new settings in force.
    """

    def __init__(
        self,
        command_line: Mapping[str, Any],
        *,
        ask: Callable[[], Awaitable[Any]],
        tell: Callable[[str], None],
        take: Callable[[Settings], Awaitable[None]],
    ) -> None:
        self.options: Any = None  # initializationOptions, whatever they are
        self.is_known = False
        self._command_line = dict(command_line)
        self._file = UserFile()
        self._ask = ask
        self._tell = tell
        self._take = take
        self._section: Mapping[str, Any] = {}  # the newest one
        self._logged: set[str] = set()  # what was wrong, and in no message
        self._readings = 0
        self._asked_for = 0
        self._early: asyncio.Future[bool] | None = None  # the request that waits
        self._enabled = True  # by the settings
        self._toggled: bool | None = None  # by hand, since those last changed

    async def read(self, sent: Any = None) -> None:
        """Read the settings anew, and put them in force.

        ``sent`` is the editor's section, if it has sent it; otherwise the editor is asked. Of
        several readings that go on at once, as each may wait for the editor, the newest counts.
        """
        self._readings += 1
        reading = self._readings
        section = self._table(sent, "settings")
        if section is None:
            section = await self._asked()
        if reading == self._readings:
            self._section = section
            await self._configure()

    async def known(self) -> bool:
        """Wait until the settings are known; return whether nobody has asked anew meanwhile.

        The user's file is read anew if it has changed. Before the settings are known, a request
        would go to a place that the user hasn't named, or where he has turned completion off. An
        editor that never says that it is initialized is waited for :data:`TIMEOUT`.
        """
        self._asked_for += 1
        asked_for = self._asked_for
        if self.is_known:
            if self._file.has_changed():
                await self._configure()
            return asked_for == self._asked_for
        self._answer_early(newest=False)
        self._early = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._early
        except TimeoutError:
            await self._configure()
            return True

    def toggle(self, *, enabled: bool) -> None:
        """Note that the user has turned completion on or off by hand.

        That counts until the settings say something new.
        """
        self._toggled = enabled

    def end(self) -> None:
        """Let the request that waits for the settings go: the session is over."""
        self._answer_early(newest=False)

    def _answer_early(self, *, newest: bool) -> None:
        early, self._early = self._early, None
        if early is not None and not early.done():
            early.set_result(newest)

    async def _configure(self) -> None:
        options = self._table(self.options, "initializationOptions") or {}
        # A null says nothing: editors send it for what the user has not set.
        said = {key: value for key, value in self._section.items() if value is not None}
        settings, problems = from_user(self._command_line, {**options, **said}, self._file)
        # What stops everything is told by whoever takes the settings; the rest once that is mended.
        if problems and not settings.wrong:
            self._tell(in_short(problems))
        self._log(problems, (settings.wrong or problems)[:1])
        if settings.enabled != self._enabled:
            # Said later than the command, so that it counts for more.
            self._enabled, self._toggled = settings.enabled, None
        if self._toggled is not None:
            settings = replace(settings, enabled=self._toggled)
        await self._take(settings)
        self.is_known = True
        self._answer_early(newest=True)

    def _log(self, problems: Sequence[str], told: Sequence[str]) -> None:
        """Log once what is wrong in the settings and no message names."""
        for problem in problems:
            if problem not in told and problem not in self._logged:
                self._logged.add(problem)
                log.warning("%s", problem)

    async def _asked(self) -> Mapping[str, Any]:
        """Ask the editor for its section; return the newest known one if it doesn't say."""
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await self._ask()
        except (TimeoutError, NoAnswer):
            return self._section
        if answer is None:
            return {}
        section = self._table(answer, "settings")
        return self._section if section is None else section

    def _table(self, value: Any, name: str) -> Mapping[str, Any] | None:
        """Return a table of settings; None if it is none, of which the user is told."""
        if value is None or isinstance(value, Mapping):
            return value
        self._tell(f"The editor's {name} are not a table but {value!r:.60}; they are ignored.")
        return None
