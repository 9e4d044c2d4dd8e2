"""The editor's part of the settings, and when they are known."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from infill_ls.lsp.configuration import TIMEOUT, Configuration, NoAnswer
from infill_ls.settings import Settings
from infill_ls.user_file import user_file


class Desk:
    """An editor, a user and a completer: what is asked, told and taken.

    ``answer`` is what the editor says of its section, NoAnswer if it doesn't; nothing comes while
    ``answers`` is clear.
    """

    def __init__(self, answer: Any = NoAnswer, **command_line: Any) -> None:
        self.answer = answer
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0
        self.told: list[str] = []
        self.taken: list[Settings] = []
        self.configuration = Configuration(
            command_line, ask=self.ask, tell=self.told.append, take=self.take
        )

    async def ask(self) -> Any:
        self.asked += 1
        answer = self.answer
        await self.answers.wait()
        if answer is NoAnswer:
            raise NoAnswer
        return answer

    async def take(self, settings: Settings) -> None:
        self.taken.append(settings)

    @property
    def settings(self) -> Settings:
        return self.taken[-1]


# The editor's part


@pytest.mark.parametrize("way", ["asked for", "sent"])
async def test_a_section_goes_over_the_options(way: str) -> None:
    section = {"maxTokens": 7, "temperature": None, "latencyMs": 500}
    desk = Desk(section if way == "asked for" else NoAnswer)
    desk.configuration.options = {"maxTokens": 9, "temperature": 0.5, "log": "info"}
    await desk.configuration.read(section if way == "sent" else None)
    settings = desk.settings
    assert (settings.max_tokens, settings.latency_ms) == (7, 500)
    assert (settings.temperature, settings.log) == (0.5, "info")
    assert desk.asked == (way == "asked for")
    assert desk.told == []


@pytest.mark.parametrize("way", ["asked for", "sent"])
async def test_a_newer_section_takes_the_place_of_the_older(way: str) -> None:
    desk = Desk()
    desk.configuration.options = {"maxTokens": 9}
    for section in ({"maxTokens": 7}, {"latencyMs": 500}):
        desk.answer = section
        await desk.configuration.read(section if way == "sent" else None)
    assert (desk.settings.max_tokens, desk.settings.latency_ms) == (9, 500)


async def test_the_command_line_counts_for_more() -> None:
    desk = Desk({"model": "theirs:1b", "maxTokens": 7}, model="mine:1b")
    await desk.configuration.read()
    assert (desk.settings.model, desk.settings.max_tokens) == ("mine:1b", 7)


@pytest.mark.parametrize("options", [["maxTokens"], [], 5, 0, "fast", "", True, False, 1.5])
async def test_options_that_are_no_table_are_told_and_ignored(options: Any) -> None:
    desk = Desk({"maxTokens": 7})
    desk.configuration.options = options
    await desk.configuration.read()
    assert desk.settings.max_tokens == 7
    assert desk.told == [
        f"The editor's initializationOptions are not a table but {options!r}; they are ignored."
    ]
    assert desk.configuration.is_known


@pytest.mark.parametrize("options", [None, {}])
async def test_no_options(options: Any) -> None:
    desk = Desk()
    desk.configuration.options = options
    await desk.configuration.read()
    assert desk.settings == Settings()
    assert desk.told == []


async def test_what_is_long_is_told_in_part() -> None:
    desk = Desk()
    desk.configuration.options = ["x"] * 1000
    await desk.configuration.read()
    assert len(desk.told[0]) < 200


@pytest.mark.parametrize("section", [[5], [], 0, "fast", True])
@pytest.mark.parametrize("way", ["asked for", "sent"])
async def test_a_section_that_is_no_table_leaves_the_settings_as_they_were(
    section: Any, way: str
) -> None:
    desk = Desk({"maxTokens": 7})
    await desk.configuration.read()
    if way == "asked for":
        desk.answer = section
    await desk.configuration.read(section if way == "sent" else None)
    assert desk.settings.max_tokens == 7
    assert desk.told == [
        f"The editor's settings are not a table but {section!r}; they are ignored."
    ]


async def test_an_editor_that_has_no_section_any_more() -> None:
    desk = Desk({"maxTokens": 7})
    desk.configuration.options = {"maxTokens": 9}
    await desk.configuration.read()
    desk.answer = None
    await desk.configuration.read()
    assert desk.settings.max_tokens == 9


async def test_an_editor_that_says_nothing_leaves_the_settings_as_they_were() -> None:
    desk = Desk()
    await desk.configuration.read({"maxTokens": 7})
    await desk.configuration.read()
    assert (desk.settings.max_tokens, desk.asked) == (7, 1)


@pytest.mark.looptime
async def test_an_editor_that_does_not_answer_is_not_waited_for() -> None:
    desk = Desk({"maxTokens": 7})
    desk.configuration.options = {"maxTokens": 9}
    desk.answers.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    await desk.configuration.read()
    assert loop.time() - began == pytest.approx(TIMEOUT)
    assert desk.settings.max_tokens == 9


@pytest.mark.looptime
async def test_the_newest_reading_counts() -> None:
    desk = Desk({"maxTokens": 7})
    desk.answers.clear()
    older = asyncio.create_task(desk.configuration.read())
    await asyncio.sleep(1)
    await desk.configuration.read({"maxTokens": 9})
    desk.answers.set()
    await older
    assert [settings.max_tokens for settings in desk.taken] == [9]


# When they are known


@pytest.mark.looptime
async def test_a_request_waits_until_they_are() -> None:
    desk = Desk({"maxTokens": 7})
    desk.answers.clear()
    reading = asyncio.create_task(desk.configuration.read())
    request = asyncio.create_task(desk.configuration.known())
    await asyncio.sleep(1)
    assert (request.done(), desk.taken) == (False, [])
    desk.answers.set()
    assert await request is True
    await reading
    assert await desk.configuration.known() is True


@pytest.mark.looptime
async def test_only_the_newest_request_waits() -> None:
    desk = Desk({"maxTokens": 7})
    older = asyncio.create_task(desk.configuration.known())
    await asyncio.sleep(1)
    newer = asyncio.create_task(desk.configuration.known())
    assert await older is False
    await desk.configuration.read()
    assert await newer is True


@pytest.mark.looptime
async def test_a_request_that_is_cancelled_while_it_waits() -> None:
    desk = Desk({"maxTokens": 7})
    request = asyncio.create_task(desk.configuration.known())
    await asyncio.sleep(1)
    request.cancel()
    await asyncio.wait([request])
    await desk.configuration.read()
    assert await desk.configuration.known() is True


@pytest.mark.looptime
async def test_an_editor_that_never_says_that_it_is_initialized() -> None:
    desk = Desk()
    desk.configuration.options = {"maxTokens": 9}
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await desk.configuration.known() is True
    assert loop.time() - began == pytest.approx(TIMEOUT)
    assert desk.settings.max_tokens == 9


# Turned off and on by hand


async def test_by_hand_counts_until_the_settings_say_something_new() -> None:
    desk = Desk()
    await desk.configuration.read({})
    desk.configuration.toggle(enabled=False)
    await desk.configuration.read({"maxTokens": 7})
    assert (desk.settings.enabled, desk.settings.max_tokens) == (False, 7)
    await desk.configuration.read({"enabled": False})
    assert not desk.settings.enabled
    await desk.configuration.read({"enabled": True})
    assert desk.settings.enabled


async def test_by_hand_before_the_settings_are_known() -> None:
    desk = Desk()
    desk.configuration.toggle(enabled=False)
    await desk.configuration.read({})
    assert not desk.settings.enabled


async def test_what_is_wrong_in_a_table_is_told() -> None:
    desk = Desk({"maxTokens": "many", "latencyMs": 500})
    await desk.configuration.read()
    assert (desk.settings.max_tokens, desk.settings.latency_ms) == (128, 500)
    (told,) = desk.told
    assert "maxTokens" in told


@pytest.mark.looptime
async def test_at_the_end_nobody_waits_any_more() -> None:
    desk = Desk()
    waiting = asyncio.create_task(desk.configuration.known())
    await asyncio.sleep(0)
    desk.configuration.end()
    assert not await waiting
    assert asyncio.get_running_loop().time() < TIMEOUT


# The user's file


@pytest.fixture
def file() -> Path:
    path = user_file()
    assert path is not None
    path.parent.mkdir()
    return path


async def test_the_file_is_read_again_with_the_next_request_when_it_has_changed(
    file: Path,
) -> None:
    desk = Desk({"latencyMs": 500})
    file.write_text("maxTokens = 7\n")
    await desk.configuration.read()
    assert await desk.configuration.known()
    assert len(desk.taken) == 1
    file.write_text("maxTokens = 70\nlatencyMs = 900\n")
    assert await desk.configuration.known()
    assert await desk.configuration.known()
    assert (desk.settings.max_tokens, desk.settings.latency_ms) == (70, 500)
    assert (len(desk.taken), desk.asked) == (2, 1)


async def test_who_asks_while_other_settings_are_put_in_force_is_the_newer(file: Path) -> None:
    desk = Desk()
    await desk.configuration.read()
    file.write_text("maxTokens = 7\n")
    newer: list[bool] = []

    async def take(settings: Settings) -> None:
        newer.append(await desk.configuration.known())

    desk.configuration._take = take
    assert not await desk.configuration.known()
    assert newer == [True]


async def test_what_forbids_to_ask_is_told_by_who_takes_the_settings(file: Path) -> None:
    desk = Desk()
    file.write_text('engine = "foo"\nmaxTokens = 0\n')
    await desk.configuration.read()
    assert desk.told == []
    (wrong,) = desk.settings.wrong
    assert '"engine"' in wrong
    file.write_text("maxTokens = 0\n")
    await desk.configuration.known()
    (told,) = desk.told
    assert '"maxTokens"' in told


async def test_of_several_slips_one_message_names_the_first(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    file.write_text('maxTokens = 0\ncolour = "red"\nmode = "x"\n')
    await desk.configuration.read()
    (told,) = desk.told
    assert '"maxTokens"' in told
    assert told.endswith(" And 2 more: infill-ls settings")
    # The command doesn't see what the editor says; the log has that.
    await desk.configuration.read({"latencyMs": 0})
    assert desk.told[1].endswith(" And 3 more: see the log")
    assert [name for name in ("latencyMs", "colour", "mode") if f'"{name}"' in caplog.text] == [
        *("latencyMs", "colour", "mode")
    ]
    assert "maxTokens" not in caplog.text


async def test_a_file_that_can_not_be_read_is_told_and_counts_as_before(file: Path) -> None:
    desk = Desk()
    file.write_text('model = "mine"\n')
    await desk.configuration.read()
    file.write_text('model = "mine\n')
    assert await desk.configuration.known()
    assert await desk.configuration.known()
    (told,) = desk.told
    assert told.endswith("It counts as before.")
    assert (desk.settings.model, desk.settings.wrong) == ("mine", ())
