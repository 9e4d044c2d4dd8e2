"""The log's levels."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from infill_ls.logs import LEVELS, TRACE, failure, set_log_level, start_logging
from infill_ls.settings import load

NAMES = ("", "infill_ls", "pygls")


@pytest.fixture(autouse=True)
def _levels_as_they_were() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in NAMES}
    handlers = list(logging.getLogger().handlers)
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    logging.getLogger().handlers[:] = handlers


@pytest.mark.parametrize("name", LEVELS)
def test_the_setting_knows_every_level(name: str) -> None:
    settings, problems = load(editor={"log": name})
    assert (settings.log, problems) == (name, [])


@pytest.mark.parametrize("name", LEVELS)
def test_pygls_is_heard_at_trace_only(name: str) -> None:
    start_logging()
    set_log_level(name)
    assert logging.getLogger("infill_ls.lsp").getEffectiveLevel() == LEVELS[name]
    heard = logging.getLogger("pygls.protocol").isEnabledFor(logging.CRITICAL)
    assert heard is (name == "trace")


def test_others_are_heard_when_something_failed() -> None:
    start_logging()
    assert logging.getLogger("asyncio").getEffectiveLevel() == logging.ERROR
    assert logging.getLogger("infill_ls").getEffectiveLevel() == logging.WARNING


@pytest.mark.parametrize(("level", "shown"), [(logging.DEBUG, False), (TRACE, True)])
def test_a_traceback_is_written_at_trace_only(
    caplog: pytest.LogCaptureFixture, level: int, shown: bool
) -> None:
    log = logging.getLogger("infill_ls.test")
    with caplog.at_level(level, "infill_ls.test"):
        try:
            raise ValueError("the user's code")
        except ValueError as error:
            failure(log, "a test failed", error)
    assert "a test failed: ValueError" in caplog.text
    assert ("the user's code" in caplog.text) is shown
