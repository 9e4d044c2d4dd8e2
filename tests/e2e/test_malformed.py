"""Messages that no editor should send: the server answers what can be answered and lives on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.conftest import Start
from lsp_client import URI, LspClient, LspError

POSITION = {"line": 0, "character": 1}
AUTOMATIC = {"triggerKind": 2}
ASK = "textDocument/inlineCompletion"


def params(**changed: Any) -> dict[str, Any]:
    good = {"textDocument": {"uri": URI}, "position": POSITION, "context": AUTOMATIC}
    return {**good, **changed}


async def still_well(client: LspClient) -> None:
    """It answers, and nothing popped up."""
    client.open("a = [")
    assert await client.fill(0, 5) == "x for x in xs"
    assert client.shown() == []


@pytest.mark.parametrize(
    ("method", "sent", "code"),
    [
        (ASK, params(position="here"), -32602),
        (ASK, params(position={"line": -1, "character": 0}), -32602),
        (ASK, params(context={"triggerKind": 99}), -32602),
        (ASK, params(context=None), -32602),
        (ASK, params(textDocument=None), -32602),
        (ASK, {}, -32602),
        (ASK, None, -32602),
        (ASK, [1, 2], -32602),
        (ASK, "text", -32602),
        ("textDocument/noSuchThing", {"a": {"jsonrpc": "2.0"}}, -32601),
        ("textDocument/noSuchThing", None, -32601),
        ("workspace/executeCommand", {"command": "no.such"}, -32602),
        ("workspace/executeCommand", {"command": 5}, -32602),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, -32600),
    ],
)
async def test_a_request_that_makes_no_sense_gets_an_error(
    client: LspClient, method: str, sent: Any, code: int
) -> None:
    with pytest.raises(LspError) as caught:
        await client.request(method, sent)
    assert caught.value.args[0] == code
    assert "Traceback" not in str(caught.value)
    await still_well(client)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "1.0", "id": 700, "method": ASK, "params": params()},
        {"id": 700, "method": ASK, "params": params()},
        {"jsonrpc": "2.0", "id": 700, "method": 5},
        {"jsonrpc": "2.0", "id": 700, "method": {"a": 1}, "params": {}},
    ],
)
async def test_a_request_of_the_wrong_shape_gets_an_error(
    client: LspClient, message: dict[str, Any]
) -> None:
    reply = client.expect(700)
    client.write(message)
    with pytest.raises(LspError, match="-32600"):
        await reply
    await still_well(client)


@pytest.mark.parametrize(
    "body",
    [
        b"this is not JSON",
        b"[]",
        b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]',
        b"null",
        b"5",
        b'"text"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"jsonrpc": "2.0", "method": "$/unknown"}',
        b'{"jsonrpc": "2.0", "method": "no/such", "params": {"a-b": 1, "class": 2}}',
        b'{"jsonrpc": "2.0", "method": 5}',
        b'{"jsonrpc": "2.0", "id": 99, "result": {"nobody": "asked"}}',
        b'{"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "x"}}',
        b'{"jsonrpc": "2.0", "id": 99, "error": "x"}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 12345}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": [1]}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": '
        b'{"uri": "file:///never-opened", "version": 1}, "contentChanges": [{"text": "x"}]}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 5}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didClose", "params": '
        b'{"textDocument": {"uri": "file:///never-opened"}}}',
        b'{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": 5}',
    ],
)
async def test_what_needs_no_answer_is_dropped(client: LspClient, body: bytes) -> None:
    client.write_bytes(body)
    await still_well(client)


async def test_lone_surrogates(client: LspClient) -> None:
    client.open("a = '\ud800' + [")
    assert await client.fill(0, 200) == "x for x in xs"


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: %d\r\n\r\n",
        b"CONTENT-LENGTH:%d\n\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"what is this\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: 0\r\n\r\nContent-Length: %d\r\n\r\n",
    ],
)
async def test_headers_that_others_take_too(client: LspClient, header: bytes) -> None:
    message = {"jsonrpc": "2.0", "id": 700, "method": ASK, "params": params()}
    body = json.dumps(message).encode()
    reply = client.expect(700)
    client.write_raw(header % len(body) + body)
    assert await reply == {"items": []}
    await still_well(client)


@pytest.mark.parametrize("length", [b"99999999999", b"9" * 4000, b"-1", b"abc"])
async def test_a_length_that_is_none_ends_the_server(client: LspClient, length: bytes) -> None:
    client.write_raw(b"Content-Length: " + length + b"\r\n\r\n")
    assert await client.wait() == 1


async def test_before_initialize(start: Start) -> None:
    client = await start()
    with pytest.raises(LspError, match="-32002"):
        await client.request(ASK, params())
    client.open("too early")
    assert (await client.initialize())["serverInfo"]["name"] == "infill-ls"


async def test_after_shutdown(client: LspClient) -> None:
    await client.request("shutdown")
    with pytest.raises(LspError, match="-32600"):
        await client.request(ASK, params())
    client.notify("exit", None)
    assert await client.wait() == 0
