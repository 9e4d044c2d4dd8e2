"""What comes over HTTP is limited in size and in time, whatever the server does."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from unittest.mock import patch

import pytest

from fake_ollama import FakeOllama
from infill_ls.engines.http import (
    MAX_ANSWER,
    MAX_LINE,
    Http,
    integer,
    positive,
    request_headers,
    seconds,
)
from infill_ls.errors import BadAnswer, Busy, EngineError, NotRunning, SettingsError, Stalled
from infill_ls.settings import Settings

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNK = b" " * 65_536


class Server:
    """Sends what ``answer`` writes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.over = asyncio.Event()
        self.head = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            self.head = await reader.readuntil(b"\r\n\r\n")
            await self._answer(writer)
        writer.close()
        self.over.set()


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[tuple[Server, Http]]:
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]

    def explain(status: int, text: str) -> EngineError:
        return NotRunning(f"{status} {len(text)}")

    try:
        yield server, Http(f"http://127.0.0.1:{port}", explain=explain)
    finally:
        listening.close()


def without_end(head: bytes, *, chunked: bool = False) -> Answer:
    """Blanks for ever."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head + b"\r\n")
        part = b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK) if chunked else CHUNK
        while True:
            writer.write(part)
            await writer.drain()

    return write


@pytest.mark.parametrize(
    ("head", "chunked"),
    [
        (OK, False),
        (OK + b"Transfer-Encoding: chunked\r\n", True),
        (OK + b"Content-Length: 400000000\r\n", False),
    ],
    ids=["no length", "chunks", "length"],
)
async def test_an_answer_without_end_is_broken_off(head: bytes, *, chunked: bool) -> None:
    async with serving(without_end(head, chunked=chunked)) as (server, http):
        with pytest.raises(BadAnswer) as caught:
            await http.ask("GET", "/api/tags")
        assert f"an answer of over {MAX_ANSWER} bytes" in caught.value.message
        assert '"url"' in caught.value.fix
        async with asyncio.timeout(10):
            await server.over.wait()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 500 -\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/other\r\n",
        b"HTTP/1.1 301 -\r\nLocation: /api/tags\r\nTransfer-Encoding: chunked\r\n",
    ],
    ids=["error", "redirect", "redirect in chunks"],
)
async def test_an_error_or_a_redirect_without_end_is_broken_off(head: bytes) -> None:
    """Nor is a redirect followed: it may lead anywhere."""
    answer = without_end(head, chunked=b"chunked" in head)
    async with serving(answer) as (server, http):
        with pytest.raises(NotRunning, match=head[9:12].decode()):
            await http.ask("GET", "/api/tags")
        async with asyncio.timeout(10):
            await server.over.wait()


async def test_a_large_answer_is_read_whole() -> None:
    answer = {"models": ["m" * 1000] * 4000}
    content = json.dumps(answer).encode()
    assert MAX_LINE < len(content) < MAX_ANSWER

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n" + content)
        await writer.drain()

    async with serving(write) as (_, http):
        assert await http.ask("GET", "/api/tags") == answer


async def test_an_answer_that_drips_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infill_ls.engines.http.QUESTION_LIMIT", 0.1)

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(write) as (server, http):
        with pytest.raises(Stalled, match="to reply"):
            await http.ask("GET", "/api/tags")
        async with asyncio.timeout(10):
            await server.over.wait()


@pytest.mark.parametrize(
    ("name", "proxy"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("HTTP_PROXY", "ftp://127.0.0.1:9"),
        ("HTTP_PROXY", "http://[::1"),
        ("HTTP_PROXY", "http://me:hunter/2@proxy:1"),
        ("ALL_PROXY", "what://me:hunter2@proxy:1"),
    ],
)
async def test_a_proxy_of_no_use_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, proxy: str
) -> None:
    monkeypatch.setenv(name, proxy)
    http = Http("http://models.invalid:1", explain=lambda status, text: NotRunning(text))
    with pytest.raises(SettingsError, match=r"models\.invalid.*proxy") as caught:
        await http.ask("GET", "/api/version")
    assert caught.value.fix.startswith("Mend HTTPS_PROXY")
    assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("key", ["", "ключ", "a\nb", "…"])
def test_a_key_that_can_not_be_sent_is_told(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("THE_KEY", key)
    with pytest.raises(SettingsError, match="THE_KEY") as caught:
        request_headers(Settings(headers={}, api_key_env="THE_KEY"))
    assert caught.value.fix
    assert not key or key not in str(caught.value)


async def test_an_error_that_is_nested_without_end_is_told() -> None:
    body = b"[" * 5000

    async def write(writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        await writer.drain()

    async with serving(write) as (_, http):
        with pytest.raises(NotRunning, match="500"):
            await http.ask("GET", "/api/version")


KEY = "sk-0123456789abcdef"
SAYS_IT = json.dumps({"error": f"Incorrect API key provided: {KEY}. You can find yours at …"})


@pytest.mark.parametrize("status", [b"200 OK", b"401 Unauthorized"])
@pytest.mark.parametrize("scheme", ["Bearer ", ""])
async def test_what_an_engine_repeats_of_our_headers_is_not_said_again(
    status: bytes, scheme: str
) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n" + SAYS_IT.encode() + b"\n")
        await writer.drain()

    async with serving(write) as (_, http):
        heard: list[str] = []

        def explain(status: int, text: str) -> EngineError:
            heard.append(text)
            return NotRunning(text)

        keyed = Http(
            http.url, explain=explain, headers={"Authorization": f"{scheme}{KEY}", "X-Team": "API"}
        )
        with suppress(EngineError):
            heard += [str(await keyed.ask("GET", "/api/version"))]
        with suppress(EngineError):
            heard += [line.decode() async for line in keyed.lines("/api/generate", {})]
    assert len(heard) == 2
    for said in heard:
        assert "Incorrect API key provided: ..." in said
        assert KEY not in said


@pytest.mark.parametrize("name", ["sk_0123456789abcdef", "hf_abcDEF"])
def test_a_key_in_the_place_of_its_variable_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match="Name the variable, not the key") as caught:
        request_headers(Settings(headers={}, api_key_env=name))
    assert name not in str(caught.value)


@pytest.mark.parametrize("status", [b"301 Moved", b"307 Elsewhere", b"308 For good"])
async def test_nothing_is_sent_to_where_a_redirect_leads(ollama: FakeOllama, status: bytes) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 %s\r\nLocation: %s/api/generate\r\nContent-Length: 0\r\n\r\n"
        writer.write(head % (status, ollama.url.encode()))
        await writer.drain()

    async with serving(write) as (_, http):
        with pytest.raises(NotRunning, match=r"HTTP 30"):
            await http.ask("POST", "/api/show", {"model": "a"})
        with pytest.raises(NotRunning, match=r"HTTP 30"):
            _ = [line async for line in http.lines("/api/generate", {"prompt": "a"})]
    assert ollama.calls == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("", None),
        ("9" * 400, None),
    ],
)
async def test_a_busy_engine_may_say_when_it_has_time(header: str, seconds: float | None) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 429 -\r\nContent-Length: 0\r\nRetry-After: {header}\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()

    async with serving(answer) as (_, http):
        busy = Http(http.url, explain=lambda status, text: Busy("too much"))
        with pytest.raises(Busy) as caught:
            await busy.ask("GET", "/")
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("way", ["ask", "lines"])
async def test_what_is_packed_is_never_unpacked(status: int, way: str) -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        body = gzip.compress(b"x" * 1_000_000)
        head = (
            f"HTTP/1.1 {status} -\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()

    async with serving(answer) as (server, http):
        asked = http.ask("GET", "/") if way == "ask" else anext(http.lines("/", {}))
        with pytest.raises(EngineError) as caught:
            await asked
    assert b"accept-encoding: identity" in server.head.lower()
    assert len(str(caught.value)) < 300
    if status == 200:
        assert "packed (gzip)" in str(caught.value)


async def test_the_system_looks_whether_the_other_end_is_still_there() -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\n\r\n1\n2\n")
        await writer.drain()

    with patch("socket.socket.setsockopt", autospec=True) as setsockopt:
        async with serving(answer) as (_, http):
            lines = http.lines("/", {})
            await anext(lines)
            await lines.aclose()
    told = [call.args[-3:] for call in setsockopt.mock_calls]
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in told


@pytest.mark.parametrize("value", [True, "1", 1.5, None, 10**400, -(2**63), 2**63])
def test_what_is_no_count(value: object) -> None:
    """JSON may have numbers with which nothing can be reckoned."""
    assert integer(value) is None
    assert positive(value) is None


@pytest.mark.parametrize("value", [True, "1", None, 0, -1, 10**400, float("inf"), float("nan")])
def test_what_is_no_time(value: object) -> None:
    assert seconds(value, 1e9) is None


def test_counts_and_times() -> None:
    assert (integer(-5), positive(0), positive(7)) == (-5, None, 7)
    assert (seconds(2_000_000_000, 1e9), seconds(1.5, 1e3)) == (2.0, 0.0015)


async def test_a_fill_may_have_the_words_of_a_header() -> None:
    line = json.dumps({"response": '"application/json" and "error"'}).encode()

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\n\r\n" + line + b"\n")
        await writer.drain()

    async with serving(answer) as (_, http):
        same = Http(http.url, explain=http._explain, headers={"Accept": "application/json"})
        assert [one async for one in same.lines("/", {})] == [line]


async def test_a_line_that_comes_byte_by_byte_is_put_together() -> None:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in b"1\n\n23\n4":
            writer.write(b"1\r\n%c\r\n" % byte)
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with serving(answer) as (_, http):
        assert [one async for one in http.lines("/", {})] == [b"1", b"23", b"4"]
