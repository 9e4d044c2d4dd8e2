"""Fixtures that more than one test file uses."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest

from fake_ollama import FakeOllama
from infill_ls.api import SharedEngines
from infill_ls.engines.embedded import weights

# A test's time says nothing here. In CI the same examples are tried each time.
hypothesis.settings.register_profile("tests", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("tests")

# A shell that runs the tests in the background has all of their processes ignore interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure() -> None:
    # looptime asks for the loop in tests that have none, and before Python 3.14 that makes one,
    # which nobody closes. Told once that there is none, asyncio makes none.
    asyncio.set_event_loop(None)


@pytest.fixture
async def ollama() -> AsyncIterator[FakeOllama]:
    async with FakeOllama() as fake:
        yield fake


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever runs the tests may have settings, a proxy or an Ollama of his own."""
    for name in list(os.environ):
        if name.startswith(("INFILL_LS_", "OLLAMA_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(scope="session")
def _weights() -> None:
    """The real weights; `make test` fetches them, and without them there is no real test."""
    weights.ready(weights.DEFAULT)


@pytest.fixture
def _session() -> Iterator[None]:
    """What the Python API keeps open between calls ends with the test."""
    yield
    SharedEngines.shared().close()
