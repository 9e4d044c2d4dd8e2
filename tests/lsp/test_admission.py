"""Who is let in on the socket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infill_ls.lsp.admission import MAX_FIRST, Admission, Refused
from infill_ls.lsp.frames import HEAD, MAX_BODY

TOKEN = "sixteen letters!"


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def initialize(options: Any = None, **other: Any) -> bytes:
    message: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
    message["params"] = {"capabilities": {}, "initializationOptions": options}
    return framed(json.dumps(message | other).encode())


def test_with_the_token() -> None:
    assert Admission(TOKEN).feed(initialize({"token": TOKEN, "model": "a"}))


def test_in_pieces() -> None:
    admission, sent = Admission(TOKEN), initialize({"token": TOKEN})
    assert [admission.feed(sent[at : at + 1]) for at in range(len(sent))] == (
        [False] * (len(sent) - 1) + [True]
    )


def test_a_token_of_any_letters() -> None:
    assert Admission("пароль 🔑🔑🔑🔑🔑🔑🔑").feed(initialize({"token": "пароль 🔑🔑🔑🔑🔑🔑🔑"}))


@pytest.mark.parametrize(
    "options",
    [
        *(None, {}, [], "text", {"token": None}, {"token": 5}, {"token": [TOKEN]}),
        *({"token": ""}, {"token": TOKEN[:-1]}, {"token": TOKEN + " "}, {"token": "\ud800"}),
    ],
)
def test_without_it_initialize_is_answered_with_what_to_do(options: Any) -> None:
    with pytest.raises(Refused) as caught:
        Admission(TOKEN).feed(initialize(options))
    assert caught.value.by_token
    head, _, body = caught.value.reply.partition(b"\r\n\r\n")
    assert head == b"Content-Length: %d" % len(body)
    reply = json.loads(body)
    assert reply["id"] == 1
    assert reply["error"]["data"] == {"retry": False}
    assert "initializationOptions.token" in reply["error"]["message"]
    assert TOKEN not in f"{caught.value.reply!r} {caught.value}"


@pytest.mark.parametrize(
    "sent",
    [
        framed(b"not JSON"),
        framed(b"[" * 5000),
        framed(b"[]"),
        framed(b"null"),
        initialize({"token": TOKEN}, method="shutdown"),
        initialize({"token": TOKEN}, id=None),
        framed(b'{"jsonrpc": "2.0", "method": "exit"}'),
        framed(b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": []}'),
    ],
)
def test_what_else_is_said_first_gets_no_answer_but_that(sent: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Admission(TOKEN).feed(sent)
    assert caught.value.by_token == bool(caught.value.reply)


def test_without_a_token_any_message_is_enough() -> None:
    assert Admission("").feed(framed(b"{}"))
    assert not Admission("").feed(b"Content-Length: 5\r\n\r\n{")


@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize(
    "sent",
    [
        # A web page may send any body that it likes to a port of this machine.
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:7777\r\n" + initialize({"token": TOKEN}),
        b"GET / HTTP/1.0\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
    ],
)
def test_who_does_not_speak_the_protocol_is_not_let_in(token: str, sent: bytes) -> None:
    with pytest.raises(Refused) as caught:
        Admission(token).feed(sent)
    assert caught.value.reply == b""


@pytest.mark.parametrize("token", ["", TOKEN])
def test_nobody_fills_the_memory(token: str) -> None:
    admission = Admission(token)
    assert not admission.feed(b"Content-Length: %d\r\n\r\n" % (2 * MAX_FIRST))
    assert not admission.feed(b" " * (MAX_FIRST - 100))
    with pytest.raises(Refused, match="no end"):
        admission.feed(b" " * 100)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_a_first_message_that_is_passed_over_lets_nobody_in(token: str) -> None:
    head = b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1)
    with pytest.raises(Refused, match="too long"):
        Admission(token).feed(head + b" " * HEAD)


@pytest.mark.parametrize("size", [1, 4000, 5000, 100_000])
def test_a_request_of_http_is_known_however_long_its_address(size: int) -> None:
    with pytest.raises(Refused, match="HTTP"):
        Admission("").feed(b"POST /" + b"a" * size + b" HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
