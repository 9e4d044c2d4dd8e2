"""What stands in an excluded file never leaves the server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import MENU_ONLY

CANARY = "canary-4711"
TEXT = f"API_KEY={CANARY}\nOTHER=\n"


@pytest.mark.parametrize("manual", [False, True])
async def test_nothing_of_an_excluded_file_is_sent(
    start: Start, ollama: FakeOllama, manual: bool
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    env = "file:///project/.env"
    client.open(TEXT, uri=env)
    assert await client.ask(1, 6, uri=env, manual=manual) == {"items": []}
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "excluded"
    assert '".env*"' in explained["message"]
    assert CANARY not in json.dumps(explained)
    # Other files are completed, and what is in it is in no prompt.
    client.open("a = [\n")
    assert (await client.ask(0, 5))["items"]
    assert ollama.generations
    assert CANARY not in "".join(json.dumps(call.body) for call in ollama.generations)


async def test_the_user_takes_back_what_he_wants_completed(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "exclude": ["!.env", "*.private.py"]})
    client.open("a = [\n", uri="file:///project/.env")
    assert (await client.ask(0, 5, uri="file:///project/.env"))["items"]
    client.open("a = [\n", uri="file:///project/a.private.py")
    assert not (await client.ask(0, 5, uri="file:///project/a.private.py"))["items"]


async def test_a_menu_has_nothing_for_an_excluded_file(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY, options={"debounceMs": 0})
    client.open(TEXT, uri="file:///project/id_rsa")
    document, position = {"uri": "file:///project/id_rsa"}, {"line": 1, "character": 6}
    about = {"textDocument": document, "position": position}
    assert await client.request("textDocument/completion", about) is None
    assert CANARY not in "".join(json.dumps(call.body) for call in ollama.generations)


async def test_a_link_to_an_excluded_file(start: Start, ollama: FakeOllama, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(TEXT)
    link = tmp_path / "settings.txt"
    link.symlink_to(tmp_path / ".env")
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT, uri=link.as_uri())
    assert await client.ask(1, 6, uri=link.as_uri()) == {"items": []}
