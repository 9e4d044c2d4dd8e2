"""The server over stdio as an editor sees it, with the simulated Ollama behind it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from lsp_client import GHOST_TEXT, MENU_ONLY, URI, LspClient, LspError

TEXT = "def f(xs):\n    return []\n"


async def test_what_a_client_with_ghost_text_is_offered(start: Start) -> None:
    capabilities = (await (await start()).initialize(GHOST_TEXT))["capabilities"]
    assert capabilities["inlineCompletionProvider"] == {}
    assert "completionProvider" not in capabilities
    assert capabilities["textDocumentSync"]["change"] == 2
    assert capabilities["textDocumentSync"]["openClose"] is True
    assert capabilities["positionEncoding"] == "utf-8"


async def test_ghost_text_that_is_declared_with_null_counts(start: Start) -> None:
    emacs = {"textDocument": {"inlineCompletion": None}}
    assert "completionProvider" not in (await (await start()).initialize(emacs))["capabilities"]


async def test_what_a_client_without_ghost_text_is_offered(start: Start) -> None:
    capabilities = (await (await start()).initialize(MENU_ONLY))["capabilities"]
    assert "completionProvider" in capabilities
    assert capabilities["positionEncoding"] == "utf-16"


async def test_a_fill(client: LspClient) -> None:
    client.open(TEXT)
    answer = await client.ask(1, 12)
    here = {"line": 1, "character": 12}
    accepted = {"title": "infill-ls: accepted", "command": "infill-ls.accept", "arguments": [1]}
    text = {"insertText": "x for x in xs", "range": {"start": here, "end": here}}
    assert answer == {"items": [{**text, "command": accepted}]}


@pytest.mark.parametrize(("editor", "line_end"), [("Neovim", "\n"), ("elsewhere", "\r\n")])
async def test_line_ends_are_those_that_the_editor_wants(
    start: Start, ollama: FakeOllama, editor: str, line_end: str
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(client=editor)
    ollama.fill = "step in steps:\n    print(step)"
    client.open("steps = []\r\nfor \r\n")
    answer = await client.ask(1, 4)
    assert answer["items"][0]["insertText"] == f"step in steps:{line_end}    print(step)"


@pytest.mark.parametrize(
    ("encoding", "character"), [("utf-8", 12), ("utf-16", 9), ("utf-32", 8)], ids=str
)
async def test_position_encodings(
    start: Start, ollama: FakeOllama, encoding: str, character: int
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    capabilities = {**GHOST_TEXT, "general": {"positionEncodings": [encoding]}}
    await client.initialize(capabilities, {"debounceMs": 0, "mode": "plain"})
    client.open('x = "😀é" + \n')
    client.insert("漢", 0, character, 2)
    await client.ask(0, character + {"utf-8": 3, "utf-16": 1, "utf-32": 1}[encoding])
    assert ollama.generations[0].body["prompt"] == 'x = "😀é"漢'


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
async def test_a_fill_takes_the_place_of_the_closers_that_it_passes(
    start: Start, ollama: FakeOllama, encoding: str, width: int
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    capabilities = {**GHOST_TEXT, "general": {"positionEncodings": [encoding]}}
    await client.initialize(capabilities, {"debounceMs": 0})
    client.open('f("😀", [])\n')
    ollama.fill = "1], 2)"
    (item,) = (await client.ask(0, 7 + width))["items"]
    assert item["insertText"] == "1], 2)"
    start_, end = item["range"]["start"], item["range"]["end"]
    assert (start_["character"], end["character"]) == (7 + width, 9 + width)


async def test_an_editor_that_only_inserts_gets_the_fill_up_to_the_closer(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0}, client="LSP4IJ")
    ollama.fill = "n):\n    return n\n"
    client.open("def fib()\n")
    (item,) = (await client.ask(0, 8))["items"]
    assert item["insertText"] == "n"
    assert item["range"]["start"] == item["range"]["end"]
    # Nothing is left of this one.
    ollama.fill = ")  # done\n"
    client.open("g(a)\n", "file:///b.py")
    assert (await client.ask(0, 3, "file:///b.py"))["items"] == []


def selected(text: str, line: int, first: int, last: int) -> dict[str, Any]:
    start_, end = {"line": line, "character": first}, {"line": line, "character": last}
    return {"text": text, "range": {"start": start_, "end": end}}


async def test_what_is_selected_in_the_editors_menu_stands_there_already(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open("xs.app\n")
    ollama.fill = "(x)\n"
    answer = await client.send(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": 0, "character": 6},
            "context": {
                "triggerKind": 2,
                "selectedCompletionInfo": selected("append", 0, 3, 6),
            },
        },
    )
    (item,) = answer["items"]
    assert item["insertText"] == "append(x)"
    assert item["range"] == selected("", 0, 3, 6)["range"]
    assert ollama.generations[-1].body["prompt"].endswith("xs.append")


@pytest.mark.parametrize(
    "info",
    [selected("a\nb", 0, 3, 6), selected("append", 1, 0, 0), selected("append", 0, 0, 2)],
    ids=["several lines", "elsewhere", "left of the cursor"],
)
async def test_a_selection_that_is_none_of_the_cursors_word_counts_for_nothing(
    client: LspClient, ollama: FakeOllama, info: dict[str, Any]
) -> None:
    client.open("xs.app\n\n")
    ollama.fill = "end(x)\n"
    answer = await client.send(
        "textDocument/inlineCompletion",
        {
            "textDocument": {"uri": URI},
            "position": {"line": 0, "character": 6},
            "context": {"triggerKind": 2, "selectedCompletionInfo": info},
        },
    )
    assert answer["items"][0]["insertText"] == "end(x)"


async def test_a_request_is_answered_from_the_document_as_it_was(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open(".a\n")
    for version in range(2, 30):
        client.insert("b", 0, 0, version)
        asked = client.ask(0, version - 1)
        client.insert("\n", 0, 0, version + 100)
        client.insert("", 0, 0, version + 200)
        client.notify(
            "textDocument/didChange",
            {
                "textDocument": {"uri": URI, "version": version + 300},
                "contentChanges": [{"text": "b" * (version - 1) + ".a\n"}],
            },
        )
        await asked
        # The call after it is for what comes after the fill.
        wanted = "<|fim_prefix|><|fim_suffix|>.a\n<|fim_middle|>" + "b" * (version - 1)
        assert wanted in [call.body["prompt"] for call in ollama.generations]


async def test_a_document_with_form_feeds_and_separators(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open("a\x0cb\u2028c\r\nd\r.e\n")
    client.insert("[", 2, 0, 2)
    await client.ask(2, 1)
    prompt = ollama.generations[0].body["prompt"]
    assert prompt.endswith("<|fim_suffix|>.e\n<|fim_middle|>a\x0cb\u2028c\nd\n[")


async def test_a_line_of_half_a_megabyte(client: LspClient, ollama: FakeOllama) -> None:
    client.open("var a=1;" * 65_536)
    client.insert("b(", 0, 400_000, 2)
    await client.ask(0, 400_002)
    prompt = ollama.generations[0].body["prompt"]
    assert "<|fim_suffix|>var a=1;" in prompt
    assert prompt.endswith("var a=1;b(")
    assert len(prompt) < 5_000


async def test_positions_outside_of_the_document_are_clamped(
    client: LspClient, ollama: FakeOllama
) -> None:
    ollama.fill = "+ 1"
    client.open(TEXT)
    for line, character, end in ((99, 99, (2, 0)), (1, 2_000_000_000, (1, 13))):
        (item,) = (await client.ask(line, character))["items"]
        # And so is what the fill is to be put into.
        assert [(at["line"], at["character"]) for at in item["range"].values()] == [end, end]


async def test_superseded_is_null_at_once_and_the_engine_sees_it(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open(TEXT)
    ollama.gate.clear()
    older = client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    client.insert("value = []\n", 0, 0, 2)
    newer = client.ask(0, 9)
    assert await older is None
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    ollama.gate.set()
    assert (await newer)["items"]
    assert ollama.most_at_once == 1


async def test_a_cancelled_request(client: LspClient, ollama: FakeOllama) -> None:
    client.open(TEXT)
    ollama.gate.clear()
    asked = client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    client.cancel(asked)
    with pytest.raises(LspError, match="-32800"):
        await asked
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


async def test_a_request_that_is_cancelled_before_it_begins(client: LspClient) -> None:
    client.open(TEXT)
    asked = client.ask(1, 12)
    client.cancel(asked)
    with pytest.raises(LspError, match="-32800"):
        await asked
    assert await client.fill(1, 12)


async def test_a_closed_document(client: LspClient, ollama: FakeOllama) -> None:
    client.open(TEXT)
    ollama.gate.clear()
    asked = client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    client.notify("textDocument/didClose", {"textDocument": {"uri": URI}})
    assert await asked == {"items": []}
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")
    assert await client.ask(1, 12) == {"items": []}


async def test_many_requests_each_get_one_answer(client: LspClient, ollama: FakeOllama) -> None:
    client.open(TEXT)
    asked = []
    for version in range(2, 203):
        client.insert("x", 1, 12, version)
        asked.append(client.ask(1, 11 + version))
        if version % 3 == 0:
            client.cancel(asked[-1])
    answers = await asyncio.gather(*asked, return_exceptions=True)
    kinds = [
        "cancelled" if isinstance(answer, LspError) else "null" if answer is None else "items"
        for answer in answers
    ]
    assert len(kinds) == 201
    assert set(kinds[:-1]) <= {"cancelled", "null"}
    assert kinds[-1] == "items"
    assert ollama.most_at_once == 1


async def test_why_a_fill_came_out_so(client: LspClient) -> None:
    client.open(TEXT)
    await client.ask(1, 12)
    explained = await client.request(
        "workspace/executeCommand", {"command": "infill-ls.explain", "arguments": []}
    )
    assert (explained["reason"], explained["engine"]) == ("fill", "ollama")
    assert explained["model"] == "qwen2.5-coder:1.5b"


async def test_the_users_own_template(start: Start, ollama: FakeOllama) -> None:
    ollama.models = {"my-model:2b": ["completion"]}
    client = await start("--model", "my-model:2b", environment={"OLLAMA_HOST": ollama.url})
    own = {"match": "my-model*", "template": "<PRE>{prefix}<SUF>{suffix}<MID>", "stop": ["<EOT>"]}
    await client.initialize(options={"fim": own, "debounceMs": 0})
    client.open("a = [<SUF>]\n")
    await client.ask(0, 5)
    body = ollama.generations[0].body
    assert body["prompt"] == "<PRE>a = [<SUF>< SUF>]\n<MID>"
    assert body["raw"] is True
    assert body["options"]["stop"] == ["<EOT>"]


async def test_settings_of_the_editor(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    client.configuration = {"maxTokens": 7, "debounceMs": 0}
    capabilities = {**GHOST_TEXT, "workspace": {"configuration": True}}
    await client.initialize(capabilities, {"maxTokens": 9, "temperature": 0.5, "debounceMs": 0})
    await ollama.until(lambda: bool(ollama.calls))
    client.open(TEXT)
    await client.ask(1, 12)
    options = ollama.generations[0].body["options"]
    assert (options["num_predict"], options["temperature"]) == (7, 0.5)
    client.configuration = {"maxTokens": 11, "debounceMs": 0}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    for version in range(2, 50):
        client.insert("y, ", 1, 12, version)
        await client.ask(1, 15)
        if ollama.generations[-1].body["options"]["num_predict"] == 11:
            break
    else:
        pytest.fail("the new settings never counted")


async def test_wrong_settings_are_told_in_one_message_and_the_server_runs(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"maxTokens": "many", "colour": "red", "debounceMs": 0})
    (shown,) = await client.until_shown(1)
    assert "maxTokens" in shown
    assert "from 1 to 4096" in shown
    assert shown.endswith(" And 1 more: see the log")
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ({"template": "[INST] {{ .Prompt }} [/INST]"}, "it was made to chat"),
        ({"capabilities": ["completion", "thinking"]}, "it thinks before it answers"),
    ],
)
async def test_a_model_that_can_not_fill_is_told_once(
    start: Start, ollama: FakeOllama, about: dict[str, Any], says: str
) -> None:
    ollama.models, ollama.about = {"friend:8b": ["completion"]}, {"friend:8b": about}
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "model": "friend:8b"})
    client.open(TEXT)
    for character in (10, 11, 12):
        assert await client.fill(1, character) is None
    assert await client.fill(1, 12, manual=True) is None
    (shown,) = client.shown()
    assert f'"friend:8b" can\'t fill in the middle: {says}.' in shown
    assert "qwen2.5-coder:1.5b" in shown
    assert ollama.generations == []


async def test_a_chat_model_goes_on_with_the_text_where_the_user_wants_it(
    start: Start, ollama: FakeOllama
) -> None:
    ollama.models = {"friend:8b": ["completion"]}
    ollama.about = {"friend:8b": {"template": "[INST] {{ .Prompt }} [/INST]"}}
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "model": "friend:8b", "mode": "plain"})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    assert client.shown() == []
    assert ollama.generations[0].body["prompt"] == "def f(xs):\n    return ["


async def test_a_renamed_model_gets_its_familys_prompt(start: Start, ollama: FakeOllama) -> None:
    ollama.models = {"friend:8b": ["completion"]}
    info = {"general.basename": "starcoder2", "general.architecture": "starcoder2"}
    ollama.about = {"friend:8b": {"model_info": info}}
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "model": "friend:8b"})
    client.open(TEXT)
    assert await client.fill(1, 12) == "x for x in xs"
    assert ollama.generations[0].body["prompt"] == (
        "<fim_prefix><fim_suffix>\n<fim_middle>def f(xs):\n    return ["
    )


async def test_no_engine_is_told_once_and_recovery_is_noticed(
    start: Start, ollama: FakeOllama
) -> None:
    await ollama.stop()
    client = await start("--engine", "ollama", environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    shown = await client.until_shown()
    assert "Start it, or" in shown[0]
    client.open(TEXT)
    for _ in range(5):
        assert await client.ask(1, 12) == {"items": []}
    await ollama.start(ollama.port)
    assert await client.until_filled(1, 12) == "x for x in xs"
    assert len(client.shown()) == 1


async def test_the_log_has_none_of_the_code(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url, "INFILL_LS_LOG": "debug"})
    await client.initialize(options={"debounceMs": 0})
    client.open("canary_in_the_document = [")
    ollama.fill = "canary_in_the_fill]"
    await client.ask(0, 26)
    client.insert("]", 0, 26, 2)
    client.notify("textDocument/didChange", {"textDocument": "canary_in_params"})
    ollama.fault = "error line"
    await client.ask(0, 27)
    assert await client.stop() == 0
    assert client.process.stderr is not None
    assert b"canary" not in await client.process.stderr.read()


# How it leaves


async def test_shutdown_and_exit(client: LspClient) -> None:
    assert await client.stop() == 0


async def test_exit_without_shutdown(client: LspClient) -> None:
    client.notify("exit", None)
    assert await client.wait() == 1


@pytest.mark.parametrize("how", ["eof", "exit", "kill", "parent"])
async def test_leaving_closes_the_call(start: Start, ollama: FakeOllama, how: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0}, process_id=parent.pid)
    client.open(TEXT)
    ollama.gate.clear()
    client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    if how == "eof":
        client.close_stdin()
    elif how == "exit":
        client.notify("exit", None)
    elif how == "kill":
        client.process.send_signal(signal.SIGTERM)
    parent.communicate(b"\n")
    await client.wait()
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


async def test_an_editor_that_reads_no_more(start: Start, ollama: FakeOllama) -> None:
    """Its stdin is still open: another process may hold it."""
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT)
    ollama.gate.clear()
    client.ask(1, 12)
    await ollama.until(lambda: len(ollama.generations) == 1)
    client.close_stdout()
    ollama.gate.set()
    assert await client.wait() == 1
    assert client.process.stderr is not None
    assert b"Traceback" not in await client.process.stderr.read()


async def test_what_was_measured_is_kept_for_the_next_session(
    start: Start, ollama: FakeOllama, tmp_path: Path
) -> None:
    ollama.fill = "value for value in values if value"
    environment = {"OLLAMA_HOST": ollama.url, "XDG_STATE_HOME": str(tmp_path)}
    client = await start(environment=environment)
    await client.initialize(options={"debounceMs": 0})
    client.open(TEXT)
    await client.fill(1, 12)
    client.insert("values = [1]\n", 0, 0, 2)
    await client.fill(2, 12)
    assert await client.stop() == 0
    kept = json.loads((tmp_path / "infill-ls" / "rates.json").read_text("utf-8"))
    assert list(kept) == [f"ollama {ollama.url} qwen2.5-coder:1.5b"]
    assert kept[f"ollama {ollama.url} qwen2.5-coder:1.5b"]["write"] > 0


async def test_an_answer_that_ollama_ends_itself_is_a_fill_that_ended(
    client: LspClient, ollama: FakeOllama
) -> None:
    client.open("def f():\n    \n")
    ollama.fill = "a = g(1)\n    b = " + "1111" * 40
    assert await client.fill(1, 4) == "a = g(1)"
    ollama.fill = "1111" * 40
    client.insert("c = ", 1, 4, 2)
    assert await client.fill(1, 8) is None
    explained = await client.command("infill-ls.explain")
    assert (explained["reason"], explained["filters"]) == ("trimmed", ["repetition"])
    assert client.shown() == []
    assert "problem" not in client.states()


@pytest.mark.parametrize("name", ["OLLAMA_HOST", "INFILL_LS_URL"])
async def test_a_password_in_the_engine_s_address_is_told_without_it(
    start: Start, name: str
) -> None:
    client = await start(environment={name: "http://me:s3cret@127.0.0.1:9"})
    await client.initialize()
    (shown,) = await client.until_shown()
    assert "without user name and password" in shown
    assert "s3cret" not in shown
    assert await client.stop() == 0


async def test_a_model_of_a_size_that_there_is_none_of(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"model": "qwen3-coder:7b", "engine": "ollama"})
    (shown,) = await client.until_shown()
    assert "qwen3-coder:30b and qwen3-coder:480b" in shown
    assert shown.endswith("ollama pull qwen2.5-coder:7b")
