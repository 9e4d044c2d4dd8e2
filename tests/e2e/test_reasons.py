"""Whatever shows nothing says why: infill-ls.explain, and the log at debug."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, get_args

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from infill_ls.completion.answer import Reason
from lsp_client import GHOST_TEXT, MENU_ONLY, LspClient, LspError

TEXT = "def f(xs):\n    return []\n"


async def explain(client: LspClient) -> dict[str, Any]:
    explained: dict[str, Any] = await client.command("infill-ls.explain")
    return explained


async def test_a_fill_is_explained_with_model_times_and_counts(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    explained = await explain(client)
    assert (explained["reason"], explained["model"]) == ("fill", "qwen2.5-coder:1.5b")
    assert explained["engine"] == "ollama"
    times = explained["timings_ms"]
    assert 0 < times["first"] <= times["total"] <= times["waited"]
    assert re.fullmatch(
        r"The model wrote it\. qwen2\.5-coder:1\.5b \(ollama\): \d+ ms, begun after \d+ ms; "
        r"(about )?\d+ tokens read( \(\d+ from its cache\))?, \d+ written\.",
        explained["message"],
    )
    assert set(explained) >= {"filters", "before", "language", "manual", "times", "seconds_ago"}


async def test_each_way_to_nothing_has_its_reason_and_they_are_kept(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open(TEXT)
    client.open("A=1\n", "file:///project/.env")
    client.open(f"a = 'ghp_{'q7Rf2kP9xLm4Zt8WvB3nHc6YdJ5sGa1EuKoT'}'\n", "file:///project/key.py")
    # What stands below is written once more.
    client.open("a = 1\n\nb = 2\nc = 3\n", "file:///project/below.py")
    assert await client.fill(0, 1, "file:///project/none.py") is None
    assert await client.fill(0, 2) is None
    assert await client.fill(0, 3, "file:///project/.env") is None
    assert await client.fill(0, 10, "file:///project/key.py") is None
    ollama.fill = "b = 2\nc = 3\n"
    # Once from the model, once from memory.
    for _ in range(2):
        assert await client.fill(1, 0, "file:///project/below.py") is None
        last = await explain(client)
        assert (last["reason"], last["filters"]) == ("trimmed", ["below"])
        assert "only repeats the lines below" in last["message"]
    ollama.fill = ""
    assert await client.fill(1, 12) is None
    explained = await explain(client)
    told = [explained, *explained["before"]]
    assert [one["reason"] for one in told] == [
        *("nothing", "trimmed", "trimmed", "secret", "excluded", "mid word", "closed"),
    ]
    assert all(one["reason"] in get_args(Reason) for one in told)
    ages = [one["seconds_ago"] for one in told]
    assert ages == sorted(ages)


async def test_an_engine_that_is_off_and_a_model_that_it_lacks(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start("--engine", "ollama", environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "model": "no-such:1b"})
    client.open(TEXT)
    assert await client.fill(1, 12) is None
    explained = await explain(client)
    assert explained["reason"] == "no model"
    assert "ollama pull no-such:1b" in explained["message"]
    await ollama.stop()
    assert await client.fill(1, 12, manual=True) is None
    explained = await explain(client)
    assert explained["reason"] == "not running"
    assert "Start it, or" in explained["message"]
    assert explained["before"][0]["reason"] == "no model"


async def test_requests_that_newer_ones_took_the_place_of(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open(TEXT)
    assert await client.fill(0, 2) is None
    ollama.gate.clear()
    older = [client.ask(1, 12) for _ in range(4)]
    last = client.ask(1, 12)
    assert [await one for one in older] == [None] * 4
    await ollama.until(lambda: len(ollama.generations) == 1)
    client.cancel(last)
    with pytest.raises(LspError, match="canceled"):
        await last
    explained = await explain(client)
    assert explained["reason"] == "mid word"
    told = [(one["reason"], one["times"]) for one in explained["before"]]
    assert told == [("cancelled", 1), ("superseded", 4)]
    ollama.gate.set()


async def test_a_menu_that_comes_too_late(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY, {"debounceMs": 0})
    client.open("va\n")
    ollama.fill = "lue"
    ollama.gate.clear()
    about = {"textDocument": {"uri": "file:///project/main.py"}}
    asked = client.send(
        "textDocument/completion", {**about, "position": {"line": 0, "character": 2}}
    )
    await ollama.until(lambda: len(ollama.generations) == 1)
    # The word has ended.
    client.insert(" = 1", 0, 2, 2)
    await client.command("infill-ls.explain")
    ollama.gate.set()
    assert await asked is None
    assert (await explain(client))["reason"] == "outdated"


async def test_one_line_for_each_request_in_the_log_and_no_code(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(
        environment={"OLLAMA_HOST": ollama.url, "INFILL_LS_LOG": "debug"},
        stderr=asyncio.subprocess.PIPE,
    )
    await client.initialize(GHOST_TEXT, {"debounceMs": 0})
    client.open("def canary_code(xs):\n    return []\n", "file:///canary_path/main.py")
    ollama.fill = "canary_fill for x in xs"
    assert await client.fill(1, 12, "file:///canary_path/main.py") == ollama.fill
    assert await client.fill(0, 2, "file:///canary_path/main.py") is None
    explained = await explain(client)
    assert "canary" not in json.dumps(explained)
    await client.stop()
    assert client.process.stderr is not None
    log = (await client.process.stderr.read()).decode()
    lines = [line for line in log.splitlines() if "while typing" in line]
    assert len(lines) == 2
    assert re.fullmatch(
        r"DEBUG infill_ls\.lsp\.server: python, while typing: fill; by \w+; after \d+ ms; "
        r"model qwen2\.5-coder:1\.5b of ollama; first \d+ ms, done \d+ ms, "
        r"read (\d+|None) \(cached (\d+|None)\), wrote \d+",
        lines[0],
    )
    assert lines[1].startswith("DEBUG infill_ls.lsp.server: python, while typing: mid word; after ")
    assert "canary" not in log
