"""All that is looked at, in its order; nothing that goes wrong inside stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from fake_ollama import FakeOllama
from infill_ls.diagnosis import engine as looking
from infill_ls.diagnosis import engine_wording, sources, surroundings, wording
from infill_ls.diagnosis.check import CHECK_NAMES, Check
from infill_ls.diagnosis.examination import Examination
from infill_ls.engines.ollama import Ollama

# Nobody can listen on it.
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(looking, "DEFAULT_URL", NOWHERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nothing")
    monkeypatch.chdir(tmp_path)


async def checks(doing: Callable[[str], None] = lambda _: None, **settings: object) -> list[Check]:
    return [check async for check in Examination(settings, doing=doing).run()]


async def test_everything_in_its_order(ollama: FakeOllama) -> None:
    doing: list[str] = []
    found = await checks(doing.append, url=ollama.url)
    assert list(dict.fromkeys(check.name for check in found)) == list(CHECK_NAMES)
    assert [what for what in doing if what] == [
        "Looking for the engine",
        "Loading the model",
        "Asking for a fill",
    ]
    assert doing[-1] == ""


async def test_without_an_engine_the_rest_is_looked_at() -> None:
    found = await checks(url=NOWHERE)
    names = {check.name for check in found}
    assert not names & {"model", "memory", "fill"}
    assert names >= {"program", "settings", "engine", "editor", "excluded", "folders", "log"}
    assert [check.name for check in found if check.status == "fail"] == ["engine"]


@pytest.mark.parametrize(
    ("fault", "failing", "absent"),
    [
        ("model", "model", {"memory", "fill"}),
        ("no memory", "memory", {"fill"}),
        ("cut", "fill", set()),
    ],
)
async def test_after_a_failure_no_more_is_asked(
    ollama: FakeOllama, fault: str, failing: str, absent: set[str]
) -> None:
    if fault == "model":
        ollama.models = {}
    else:
        ollama.fault, ollama.loaded = fault, fault == "cut"
    found = await checks(url=ollama.url)
    assert failing in {check.name for check in found if check.status == "fail"}
    assert not {check.name for check in found} & absent


async def test_a_wrong_setting_asks_nobody(ollama: FakeOllama) -> None:
    found = await checks(url=ollama.url, engine="foo")
    assert ollama.calls == []
    assert "engine" not in {check.name for check in found}
    assert [check.name for check in found if check.status == "fail"] == ["settings"]


INSIDE = (
    (surroundings, "program"),
    (sources, "given"),
    (surroundings, "proxies"),
    (looking, "installed"),
    (looking, "choose"),
    (looking, "model"),
    (looking, "load"),
    (looking, "fill"),
    (engine_wording, "embedded"),
    (wording, "editors"),
    (surroundings, "files"),
    (surroundings, "folders"),
    (wording, "log"),
)


@pytest.mark.parametrize(("module", "name"), INSIDE, ids=[name for _, name in INSIDE])
async def test_what_goes_wrong_inside_is_a_result(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(module, name, broken)
    found = await checks(url=ollama.url)
    inside = [check for check in found if "went wrong inside (ZeroDivisionError)" in check.message]
    assert inside
    assert all(check.status == "warn" for check in inside)
    assert "secret" not in str(found)
    if name == "given":
        # Whom the user wants to be asked is not known.
        assert ollama.calls == []
        assert "engine" not in {check.name for check in found}
    assert {"program", "log"} <= {check.name for check in found}


async def test_an_engine_that_cant_be_closed_takes_no_result_away(
    ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Ollama] = []

    async def broken(engine: Ollama) -> None:
        tried.append(engine)
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Ollama, "aclose", broken)
    found = await checks(url=ollama.url)
    assert tried
    assert {"program", "fill", "log"} <= {check.name for check in found}


async def test_it_can_be_broken_off(ollama: FakeOllama) -> None:
    ollama.gate.clear()
    task = asyncio.create_task(checks(url=ollama.url))
    await ollama.until(lambda: bool(ollama.generations))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ollama.until(lambda: ollama.generations[-1].state == "cancelled")
