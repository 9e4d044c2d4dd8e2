"""The Python API: one call, and what stays open between calls."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from fake_ollama import FakeOllama
from infill_ls import complete
from infill_ls.api import SharedEngines
from infill_ls.errors import ModelNotFound, NotRunning, RecitationError, SettingsError
from infill_ls.project.recitation import build
from infill_ls.values import Recitation


@pytest.mark.usefixtures("_session")
async def test_the_python_api(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    fill = await asyncio.to_thread(complete, "def f(xs):\n    return [", "]\n")
    assert fill == "x for x in xs"
    named = await asyncio.to_thread(complete, "a = [", "]\n", "qwen2.5-coder:1.5b")
    assert named == "x for x in xs"
    assert [call.body["raw"] for call in ollama.generations] == [True, True]
    monkeypatch.setenv("INFILL_LS_MODE", "sideways")
    with pytest.raises(SettingsError, match="sideways"):
        await asyncio.to_thread(complete, "a = [", "]\n")


@pytest.fixture
def _ollama_is_the_engine(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", ollama.url)


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_an_engine_is_connected_once_for_the_same_settings(ollama: FakeOllama) -> None:
    shared = SharedEngines.shared()
    first = [asyncio.to_thread(shared.complete, f"a{n} = [", "]\n", "auto") for n in range(3)]
    assert await asyncio.gather(*first) == ["x for x in xs"] * 3
    assert len(shared._engines) == 1
    await asyncio.to_thread(shared.complete, "b = [", "]\n", "qwen2.5-coder:1.5b")
    assert len(shared._engines) == 2
    assert SharedEngines.shared() is shared


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_after_a_close_it_begins_anew(ollama: FakeOllama) -> None:
    first = SharedEngines.shared()
    await asyncio.to_thread(first.complete, "a = [", "]\n", "auto")
    await asyncio.to_thread(first.close)
    assert not first._thread.is_alive()
    assert SharedEngines.shared() is not first
    assert await asyncio.to_thread(complete, "a = [", "]\n") == "x for x in xs"


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_an_error_says_what_to_do_and_leaves_the_rest_working(ollama: FakeOllama) -> None:
    with pytest.raises(ModelNotFound, match="ollama pull no-such:1b"):
        await asyncio.to_thread(complete, "a = [", "]\n", "no-such:1b")
    assert await asyncio.to_thread(complete, "a = [", "]\n") == "x for x in xs"


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_a_hole_without_a_fill_is_an_empty_text(ollama: FakeOllama) -> None:
    ollama.fill = ""
    assert await asyncio.to_thread(complete, "a = [", "]\n") == ""


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_who_waits_while_it_is_closed_is_told(ollama: FakeOllama) -> None:
    ollama.delay = 60.0
    shared = SharedEngines.shared()
    waiting = asyncio.create_task(asyncio.to_thread(shared.complete, "a = [", "]\n", "auto"))
    async with asyncio.timeout(20):
        while not ollama.generations:
            await asyncio.sleep(0.01)
    await asyncio.to_thread(shared.close)
    with pytest.raises(NotRunning, match="closed meanwhile"):
        await waiting


@pytest.mark.usefixtures("_session")
async def test_code_that_goes_over_a_network_in_the_clear_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INFILL_LS_URL", "http://models.invalid:1")
    monkeypatch.setenv("INFILL_LS_ENGINE", "ollama")
    for _ in range(2):
        with pytest.raises(NotRunning):
            await asyncio.to_thread(complete, "a = [", "]\n")
    told = [record.message for record in caplog.records if "unencrypted" in record.message]
    assert len(told) == 1
    assert "http://models.invalid:1" in told[0]


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_a_fill_that_repeats_the_users_folders_is_not_given_out(
    ollama: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = " + ".join(f"word{number}" for number in range(30))
    (tmp_path / "a.py").write_text(f"[{words}]\n")
    setting = Recitation((str(tmp_path),), 20)
    monkeypatch.setenv(
        "INFILL_LS_RECITATION", json.dumps({"folders": setting.folders, "window": 20})
    )
    ollama.fill = f"{words}]\n"
    with pytest.raises(RecitationError, match="infill-ls recitation"):
        await asyncio.to_thread(complete, "a = [", "]\n")
    build(setting, lambda *_: None)
    assert await asyncio.to_thread(complete, "a = [", "]\n") == ""
    ollama.fill = "x for x in xs]\n"
    assert await asyncio.to_thread(complete, "a = [", "]\n") == "x for x in xs"


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_what_is_given_out_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("INFILL_LS_AUDIT", str(tmp_path / "record"))
    assert await asyncio.to_thread(complete, "a = [", "]\n") == "x for x in xs"
    (line,) = (tmp_path / "record").read_text("ascii").splitlines()
    assert json.loads(line)["files"] == []
    assert "for x" not in line
    monkeypatch.setenv("INFILL_LS_AUDIT", str(tmp_path / "no" / "record"))
    assert await asyncio.to_thread(complete, "b = [", "]\n") == "x for x in xs"
    assert '"audit"' in caplog.text


@pytest.mark.usefixtures("_session", "_ollama_is_the_engine")
async def test_a_secret_is_sent_to_nobody(ollama: FakeOllama) -> None:
    token = "AKIA" + "Q3EGRUN7XYZ2ABCD"
    assert await asyncio.to_thread(complete, f"a = '{token[:9]}", f"{token[9:]}'\n") == ""
    assert ollama.generations == []
    assert await asyncio.to_thread(complete, f"a = '{token}'\nb = [", "]\n")
    assert token[4:] not in str(ollama.generations)
