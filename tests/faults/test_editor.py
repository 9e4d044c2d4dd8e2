"""The editor goes wrong: it dies, hangs, floods, and sends what makes no sense."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from fake_ollama import FakeOllama
from faults.process import PROC
from faults.rows import Matrix, Row, Rows
from faults.rows import keep as keep_row
from faults.scene import PATIENCE, UNTOLD, Scene
from lsp_client import GHOST_TEXT, URI, LspClient, LspError

# Some of them are much work.
ROWS = Rows("The editor", at_once=6)
ANOTHER = "file:///project/never_opened.py"
# MB that a process may take more after it has been through something than before; what is left of
# one request alone would be more, a thousand times over.
GROWTH = 25


def memory(pid: int, what: str = "VmRSS") -> float:
    """MB that a process takes; ``VmHWM``: the most that it has ever taken."""
    status = (PROC / str(pid) / "status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(f"{what}:")]
    return int(line.split()[1]) / 1024


def explain(client: LspClient) -> asyncio.Future[Any]:
    return client.send(
        "workspace/executeCommand", {"command": "infill-ls.explain", "arguments": []}
    )


def change(client: LspClient, *changes: dict[str, Any], version: Any = 1, uri: str = URI) -> None:
    about = {"uri": uri, "version": version}
    client.notify(
        "textDocument/didChange", {"textDocument": about, "contentChanges": list(changes)}
    )


def span(line: int, first: int, last: int) -> dict[str, Any]:
    start, end = {"line": line, "character": first}, {"line": line, "character": last}
    return {"start": start, "end": end}


async def written(client: LspClient, *, enough: int = 0) -> None:
    """Wait until the server has read what was sent."""
    async with asyncio.timeout(PATIENCE):
        while client._stdin.transport.get_write_buffer_size() > enough:
            await asyncio.sleep(0.005)


async def with_ollama(scene: Scene, **options: Any) -> tuple[FakeOllama, LspClient]:
    """The simulated Ollama, and a server that has given a fill of it."""
    ollama: FakeOllama = await scene.enter(FakeOllama())
    return ollama, await scene.start(ollama.url, **options)


async def writing(scene: Scene, ollama: FakeOllama) -> asyncio.Task[str | None]:
    """A request, once the model writes for it; it will not come to an end."""
    ollama.gate.clear()
    before = len(ollama.generations)
    asked = scene.key()
    await scene.until(lambda: len(ollama.generations) > before)
    return asked


async def left(scene: Scene, ollama: FakeOllama, status: int) -> None:
    """Wait until the server has left, and the engine is free."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(PATIENCE):
        assert await scene.client.process.wait() == status
    scene.row.quiet = loop.time() - began
    await scene.until(lambda: {one.state for one in ollama.generations} <= {"done", "cancelled"})
    assert "Traceback" not in scene.log()


# It leaves


@ROWS.row("It is killed while the model writes; another process keeps its pipes open", messages=0)
async def is_killed(scene: Scene) -> None:
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    ollama, _ = await with_ollama(scene, process_id=editor.pid)
    asked = await writing(scene, ollama)
    editor.kill()
    editor.communicate()
    await left(scene, ollama, 1)
    await asyncio.wait([asked])
    assert isinstance(asked.exception(), ConnectionError)


@ROWS.row("It closes stdin in the middle of a message", messages=0)
async def closes_in_the_middle_of_a_message(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    client.write_raw(b'Content-Length: 100\r\n\r\n{"jsonrpc": ')
    client.close_stdin()
    await left(scene, ollama, 1)


@ROWS.row("It closes stdin while the model writes", messages=0)
async def closes_while_the_model_writes(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    asked = await writing(scene, ollama)
    client.close_stdin()
    await left(scene, ollama, 1)
    await asyncio.wait([asked])
    # It was answered, or the server had left before.
    assert asked.exception() is None or isinstance(asked.exception(), ConnectionError)


@ROWS.row("It closes stdout while the model writes, and keeps stdin open", messages=0)
async def closes_stdout(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    asked = await writing(scene, ollama)
    client.close_stdout()
    ollama.gate.set()
    await left(scene, ollama, 1)
    await asyncio.wait([asked])
    asked.exception()


# It doesn't read


def reads(client: LspClient, *, on: bool) -> None:
    pipe = client.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    if on:
        pipe.resume_reading()
    else:
        pipe.pause_reading()


@ROWS.row("It sends 2,000 requests without reading an answer, then reads again", messages=0)
async def stops_reading(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    reads(client, on=False)
    answers: list[int] = []
    many = [explain(client) for _ in range(2_000)]
    for number, asked in enumerate(many):
        asked.add_done_callback(lambda _, number=number: answers.append(number))  # type: ignore[misc]
    # A pipe holds 64 KB, these answers take ten times that; who asks by hand is served all the
    # same, so the server is not stuck.
    before = len(ollama.generations)
    by_hand = scene.key(manual=True)
    await scene.until(lambda: len(ollama.generations) > before)
    first = scene.typed
    unasked = [scene.key() for _ in range(5)]
    await asyncio.sleep(0)
    reason = explain(client)
    again = scene.key(manual=True)
    await scene.until(lambda: any(written_for(one, scene.typed) for one in ollama.generations))
    # Nothing was begun for what nobody will see.
    for typed in range(first + 1, first + 6):
        assert not any(written_for(one, typed) for one in ollama.generations)
    assert not any(answers)
    reads(client, on=True)
    scene.mended()
    await asyncio.gather(*many, by_hand, again)
    assert answers == list(range(2_000))
    assert await asyncio.gather(*unasked) == [None] * 5
    scene.row.reason = (await reason)["reason"]
    assert scene.row.reason == "unread"
    await scene.works_again()


def written_for(call: Any, typed: int) -> bool:
    """Whether a call is for the place where so many characters are typed."""
    prompt: str = call.body["prompt"]
    return prompt.endswith("[" + "y" * typed)


@ROWS.row("It never reads again, and goes on asking: the server leaves", messages=0)
async def never_reads_again(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    before = memory(client.process.pid)
    reads(client, on=False)
    # An error names the method.
    many = [client.send(f"no/{'x' * 1_000_000}") for _ in range(30)]
    most = before
    while client.process.returncode is None:
        try:
            most = max(most, memory(client.process.pid))
        except (OSError, ValueError):
            break
        await asyncio.sleep(0.005)
    # For asyncio a process has ended only when what it wrote is read.
    reads(client, on=True)
    await left(scene, ollama, 1)
    assert "bytes unread" in scene.log()
    # It has left in the middle of an answer.
    await client._reader
    client.stray_output = b""
    # 30 MB would have been answered.
    assert most - before < 8 + GROWTH
    await asyncio.wait(many)
    assert any(isinstance(one.exception(), ConnectionError) for one in many)


# It floods


def framed_change(first: int, last: int, text: str) -> bytes:
    """A message that changes the first line of the document."""
    params = {
        "textDocument": {"uri": URI, "version": 1},
        "contentChanges": [{"range": span(0, first, last), "text": text}],
    }
    message = {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": params}
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


@ROWS.row("It sends 1,000 requests at once, and does it again", messages=0)
async def floods_requests(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    loop = asyncio.get_running_loop()
    taken = []
    for _ in range(2):
        asked = []
        began = loop.time()
        for _ in range(1_000):
            scene.typed += 1
            client.insert("y", 0, scene.typed, 1)
            asked.append(client.ask(0, 1 + scene.typed))
        # Each gets exactly one answer; a second one would end the client.
        answers = await asyncio.gather(*asked)
        assert answers[-1]["items"]
        scene._last = loop.time()
        scene.row.answered = max(scene.row.answered or 0.0, scene._last - began)
        await scene.quiet()
        taken.append(memory(client.process.pid))
    assert ollama.most_at_once == 1
    assert taken[1] - taken[0] < GROWTH
    await scene.works_again()


@ROWS.row("It sends 100,000 changes at once", messages=0)
async def floods_changes(scene: Scene) -> None:
    _, client = await with_ollama(scene)
    before = memory(client.process.pid)
    # In UTF-8 the character is two units wide.
    two = framed_change(1, 1, "é") + framed_change(1, 3, "")
    for _ in range(50):
        client.write_raw(two * 1_000)
        await written(client, enough=1 << 16)
    began = asyncio.get_running_loop().time()
    await explain(client)
    scene.row.quiet = asyncio.get_running_loop().time() - began
    scene.mended()
    await scene.works_again()
    assert memory(client.process.pid) - before < GROWTH


@ROWS.row("It opens a document of 200 MB, and types in it", messages=1)
async def a_huge_document(scene: Scene) -> None:
    _, client = await with_ollama(scene)
    head = (
        '{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": '
        f'{{"uri": "{ANOTHER}", "languageId": "python", "version": 1, "text": "'
    ).encode()
    tail, block = b'"}}}', b"a = 1\\n" * 150_000
    size = 200_000_000
    client.write_raw(b"Content-Length: %d\r\n\r\n%s" % (size, head))
    rest = size - len(head) - len(tail)
    while rest:
        client.write_raw(block[:rest])
        rest -= min(rest, len(block))
        await written(client, enough=1 << 20)
    client.write_raw(tail)
    change(client, {"range": span(0, 0, 0), "text": "x"}, uri=ANOTHER)
    assert await client.fill(0, 1, ANOTHER) is None
    scene.row.reason = (await explain(client))["reason"]
    assert scene.row.reason == "closed"
    await scene.works_again()
    assert memory(client.process.pid, "VmHWM") < 200
    (shown,) = client.shown()
    assert "200 MB is too large" in shown


# It makes no sense


@ROWS.row("It sends changes of documents that it never opened, and closes them", messages=0)
async def unknown_documents(scene: Scene) -> None:
    _, client = await with_ollama(scene)
    for number in range(100):
        uri = f"{ANOTHER}{number}"
        change(client, {"text": "a = ["}, uri=uri)
        change(client, {"range": span(0, 0, 5), "text": ""}, uri=uri)
        assert await client.fill(0, 0, uri) is None
        client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    scene.row.reason = (await explain(client))["reason"]
    await scene.works_again()


@ROWS.row("It sends versions out of order; what counts is the order of the changes", messages=0)
async def versions_out_of_order(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    for version in (7, 3, 3, 0, -5, 2**31 - 1, 1):
        change(client, {"range": span(0, 0, 0), "text": f"{abs(version)} "}, version=version)
    column = len("1 2147483647 5 0 3 3 7 [") + scene.typed
    assert await client.fill(0, column)
    start = "1 2147483647 5 0 3 3 7 [" + "y" * scene.typed
    # The call after it is for what comes after the fill.
    assert any(one.body["prompt"].endswith(start) for one in ollama.generations)


@ROWS.row("It opens a document twice, and closes it twice", messages=0)
async def opens_twice(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    for text in ("first = [\n", "second = [\n"):
        client.open(text, ANOTHER)
    assert await client.fill(0, 10, ANOTHER)
    assert any(one.body["prompt"].endswith("second = [") for one in ollama.generations)
    for _ in range(2):
        client.notify("textDocument/didClose", {"textDocument": {"uri": ANOTHER}})
    assert await client.fill(0, 10, ANOTHER) is None
    scene.row.reason = (await explain(client))["reason"]
    await scene.works_again()


@ROWS.row("Its positions and ranges are outside of the document, or reversed", messages=0)
async def positions_out_of_range(scene: Scene) -> None:
    _, client = await with_ollama(scene)
    far = 2**31 - 1
    for line, character in ((0, far), (far, 0), (far, far), (1, 0)):
        await client.ask(line, character)
    start, end = {"line": 0, "character": 0}, {"line": far, "character": far}
    for edge in ({"start": end, "end": end}, {"start": end, "end": start}):
        change(client, {"range": edge, "text": ""})
    change(client, {"range": {"start": start, "end": end}, "text": "[]\n"})
    scene.typed = 0
    await scene.works_again()


@ROWS.row("It sends requests after shutdown", messages=0)
async def requests_after_shutdown(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    await client.request("shutdown")
    for asked in (client.ask(0, 1), explain(client), client.send("shutdown")):
        with pytest.raises(LspError, match="-32600"):
            await asked
    client.notify("exit", None)
    await left(scene, ollama, 0)


@ROWS.row("It cancels requests that there are none of, or that are answered", messages=0)
async def cancels_the_unknown(scene: Scene) -> None:
    _, client = await with_ollama(scene)
    answered = client.ask(0, 1)
    await answered
    for number in (answered.id, 10**9, -1, "text", None, 1.5, [1]):  # type: ignore[attr-defined]
        client.notify("$/cancelRequest", {"id": number})
    await scene.works_again()


@ROWS.row("It uses the number of a request again before that is answered", messages=0)
async def uses_a_number_again(scene: Scene) -> None:
    ollama, client = await with_ollama(scene)
    ollama.gate.clear()
    about = {
        "textDocument": {"uri": URI},
        "position": {"line": 0, "character": 1},
        "context": {"triggerKind": 2},
    }
    request = {"jsonrpc": "2.0", "id": 7_000, "method": "textDocument/inlineCompletion"}
    change(client, {"range": span(0, 0, 0), "text": " "})
    scene.typed += 1
    before = len(ollama.generations)
    first = client.expect(7_000)
    client.write({**request, "params": about})
    await scene.until(lambda: len(ollama.generations) > before)
    # At another place, so that the first is superseded and answered at once.
    client.write({**request, "params": {**about, "position": {"line": 0, "character": 0}}})
    assert await first is None
    second = client.expect(7_000)
    ollama.gate.set()
    async with asyncio.timeout(PATIENCE):
        assert "items" in await second


# It doesn't say what it is asked


ASKS = {**GHOST_TEXT, "workspace": {"configuration": True}}


@ROWS.row("It never says its settings, and the engine hangs", messages=0)
async def never_says_its_settings(scene: Scene) -> None:
    ollama = await hanging(scene)
    client = await scene.launch(ollama.url, environment=UNTOLD)
    client.answers.clear()
    await client.initialize(ASKS)
    await asks_early(scene, ollama)


@ROWS.row("It never says that it is initialized, and the engine hangs", messages=0)
async def never_says_that_it_is_initialized(scene: Scene) -> None:
    ollama = await hanging(scene)
    client = await scene.launch(ollama.url, environment=UNTOLD)
    about = {"processId": None, "rootUri": None, "capabilities": GHOST_TEXT}
    await client.request("initialize", about)
    await asks_early(scene, ollama)


async def hanging(scene: Scene) -> FakeOllama:
    ollama: FakeOllama = await scene.enter(FakeOllama())
    ollama.gate.clear()
    return ollama


async def asks_early(scene: Scene, ollama: FakeOllama) -> None:
    """Ask before anything is known; the answer must come in time all the same."""
    scene.client.open("[]\n")
    assert await scene.key() is None
    assert scene.row.reason == "slow"
    assert len(ollama.generations) == 1
    ollama.gate.set()
    scene.mended()
    await scene.works_again()
    await scene.settled()


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)


# On a socket


async def test_a_large_file_on_a_socket(
    ollama: FakeOllama,
) -> None:
    row = Row(ROWS.chapter, "On a socket, it opens a file of 60 MB")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infill_ls", "serve", "--tcp", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "OLLAMA_HOST": ollama.url, "INFILL_LS_DEBOUNCE_MS": "0"},
    )
    try:
        assert process.stderr is not None
        port = int((await process.stderr.readline()).rpartition(b":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = LspClient(Peer(reader, writer))  # type: ignore[arg-type]
        await client.initialize()
        began = asyncio.get_running_loop().time()
        client.open("[\n" + "value = 1\n" * 6_000_000)
        async with asyncio.timeout(PATIENCE):
            assert await client.fill(0, 1) == "x for x in xs"
        row.recovered = asyncio.get_running_loop().time() - began
        # The bytes, the text, its lines.
        assert memory(process.pid, "VmHWM") < 1_500
        row.sees = client.shown()
        await client.request("shutdown")
        client.notify("exit", None)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        writer.close()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    assert row.sees == []
    keep_silent(row)


@dataclass
class Peer:
    """What an :class:`LspClient` takes for a process."""

    stdout: asyncio.StreamReader
    stdin: asyncio.StreamWriter
    returncode: int | None = None


def keep_silent(row: Row) -> None:
    """Keep a row of which the user is shown nothing."""
    keep_row(row)
    row.check(0)
