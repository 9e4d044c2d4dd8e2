"""Hostile text: from a model into the editor, and from a file to the model."""

from __future__ import annotations

import re
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from infill_ls.prompt.table import FAMILIES
from infill_ls.trim import MAX_CHARACTERS
from lsp_client import MENU_ONLY, URI, LspClient

UNSEEN = (
    "\u202e \u2066 \u200b \u3164 \uffa0 \u115f \U000e0041 \x1b[31m \x9b31m \x07 \x00 \ud800".split()
)
CONTROL = sorted({token for family in FAMILIES for token in family.control})
# What would do something to a terminal, or turn an editor's message around.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
async def test_what_nobody_sees_is_not_put_into_the_file(
    client: LspClient, ollama: FakeOllama, unseen: str
) -> None:
    ollama.fill = f"a{unseen}b]\n"
    client.open("x = [\n")
    assert await client.fill(0, 5) is None
    # The file has it already, so that another one is nothing new; but half of a character is none.
    client.open(f"x = [\n-- {unseen}\n", uri=f"{URI}.lua", language="lua")
    filled = await client.fill(0, 5, uri=f"{URI}.lua")
    assert filled == (None if unseen == "\ud800" else f"a{unseen}b]")


async def test_a_fill_is_capped(client: LspClient, ollama: FakeOllama) -> None:
    ollama.fill = "".join(f"{number}: {number * 7},\n" for number in range(5_000))
    client.open("x = {\n    \n}\n")
    answer = await client.ask(1, 4, manual=True)
    assert answer["items"]
    for item in answer["items"]:
        assert len(item["insertText"]) <= MAX_CHARACTERS


PLACEHOLDER = "f(${1:x}, $0, ${TM_FILENAME}, \\$)"


async def test_a_placeholder_of_snippets_is_plain_text(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = f"{PLACEHOLDER}\n"
    client.open("x = \n", language="plaintext")
    (item,) = (await client.ask(0, 4))["items"]
    # A text is inserted as it is; a snippet would be {"kind": "snippet", "value": ...} (LSP 3.18).
    assert item["insertText"] == PLACEHOLDER
    assert "insertTextFormat" not in item


async def test_a_placeholder_in_a_menu_is_plain_text(start: Start, ollama: FakeOllama) -> None:
    ollama.fill = f"{PLACEHOLDER}\n"
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY, options={"debounceMs": 0})
    client.open("x = \n", language="plaintext")
    about = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}}
    (item,) = (await client.request("textDocument/completion", about))["items"]
    assert item["textEdit"]["newText"] == PLACEHOLDER
    # PlainText (LSP 3.17, InsertTextFormat).
    assert item["insertTextFormat"] == 1


@pytest.mark.parametrize(
    "options",
    [
        {"model": "qwen2.5-coder:1.5b"},
        {"model": "qwen2.5-coder:1.5b", "mode": "suffix"},
        {"model": "qwen2.5-coder:1.5b", "mode": "plain"},
        {"model": "unknown:1b"},
        {"model": "unknown:1b", "mode": "plain"},
        {"model": "codellama:7b-code"},
        {"model": "mine:1b", "fim": {"match": "mine*", "template": "[A]{prefix}[B]{suffix}[C]"}},
        {"engine": "openai"},
        {"engine": "openai", "model": "codestral:22b"},
    ],
    ids=str,
)
async def test_control_tokens_in_a_file_reach_no_engine_as_tokens(
    start: Start, ollama: FakeOllama, options: dict[str, Any]
) -> None:
    names = ("qwen2.5-coder:1.5b", "unknown:1b", "codellama:7b-code", "mine:1b", "codestral:22b")
    ollama.models = {name: ["completion", "insert"] for name in names}
    client = await start()
    # Forced modes take the family's tokens out of the prompt.
    await client.initialize(options={"debounceMs": 0, "url": ollama.url, **options})
    file = "".join(f"x = '{token}'\n" for token in [*CONTROL, "[A]", "[B]", "[C]"])
    client.open(f"y = [\n{file}")
    await client.ask(0, 5, manual=True)
    client.open(f"{file}y = [\n", uri=f"{URI}2")
    await client.ask(len(CONTROL) + 3, 5, uri=f"{URI}2", manual=True)
    calls = [call.body for call in ollama.calls if call.body.get("prompt")]
    assert calls
    # What the tokenizers of the models above take for tokens; the templates' own are in no line
    # of the file.
    taken = {
        "codellama:7b-code": ["<PRE>", "<MID>", "<s>", "<unk>"],
        "codestral:22b": ["[PREFIX]", "[INST]", "[TOOL_CALLS]", "<s>"],
        "mine:1b": ["[A]", "[B]", "[C]"],
    }.get(options.get("model", ""), ["<|fim_prefix|>", "<|im_start|>", "<tool_call>"])
    sent = "\n".join(f"{call['prompt']}\n{call.get('suffix') or ''}" for call in calls)
    assert "x = '< |im_start|>'" in sent
    for token in taken:
        assert f"'{token}'" not in sent


async def test_a_model_s_name_obeys_nobody(start: Start, ollama: FakeOllama) -> None:
    name = "evil\u202e\x1b[2J:1b"
    ollama.models = {name: ["completion", "insert"]}
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    client.open("a = [\n")
    assert await client.fill(0, 5, manual=True)
    assert (await client.command("infill-ls.explain"))["model"] == "evil\ufffd\ufffd[2J:1b"


async def test_an_engine_s_words_obey_nobody(start: Start, ollama: FakeOllama) -> None:
    name = "evil\x1b]0;title\x07\u202e:1b"
    ollama.models = {name: ["completion", "insert"]}
    ollama.refusal = 404, f"model '{name}' not found"
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "log": "debug"})
    client.open("a = [\n")
    await client.ask(0, 5, manual=True)
    assert 'no model "evil\ufffd]0;title' in str(await client.until_shown(1))
    ollama.models = {"qwen2.5-coder:1.5b": ["completion", "insert"]}
    ollama.refusal = 500, "\x1b[2Jgone\n\u202eERROR infill_ls: fake"
    await client.ask(0, 5, manual=True)
    shown = await client.until_shown(2)
    assert "gone" in shown[-1]
    assert await client.stop() == 0
    assert client.process.stderr is not None
    log = (await client.process.stderr.read()).decode()
    assert "gone" in log
    for line in [*log.splitlines(), *shown]:
        assert not OBEYED.search(line)
    assert "\nERROR infill_ls: fake" not in log
    for message in client.messages:
        if "message" in message["params"]:
            assert not OBEYED.search(message["params"]["message"])
