"""Ollama goes wrong in every way that a server over HTTP can."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import pytest

from fake_ollama import BUSY, FakeOllama
from faults import engines
from faults.engines import Faulty, Play, line, says, sends, streams, waits_as_told
from faults.rows import Matrix, Rows
from faults.scene import Scene

ROWS = Rows("Ollama over HTTP")
MODEL = "qwen2.5-coder:1.5b"


async def goes_wrong(scene: Scene, play: Play, *, hangs: bool = False, **kind: Any) -> Faulty:
    """Work, go wrong until the user was told and all is quiet, and work again.

    ``hangs``: the call goes on when its request is answered.
    """
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url, **kind)
    ollama.play = play
    if hangs:
        await scene.key()
        await scene.quiet()
    await scene.until_told()
    await scene.quiet()
    ollama.play = None
    scene.mended()
    await scene.works_again()
    # However many keys were typed: it was tried only now and then, once at a time.
    assert len(ollama.played) <= 8
    assert ollama.most_at_once <= 1
    return ollama


@ROWS.row("It refuses connections, from the start on")
async def refuses(scene: Scene) -> None:
    ollama = FakeOllama()
    await ollama.start()
    await ollama.stop()
    await scene.start(ollama.url, warm=False)
    await scene.shown()
    assert await scene.type(8) == [None] * 8
    await scene.quiet()
    await ollama.start(ollama.port)
    scene.engines.push_async_callback(ollama.stop)
    scene.mended()
    await scene.works_again()


@ROWS.row("It is killed, and started anew")
async def is_killed_and_started_anew(scene: Scene) -> None:
    ollama = FakeOllama()
    await ollama.start()
    await scene.start(ollama.url)
    await ollama.stop()
    await scene.type(8)
    await scene.quiet()
    await ollama.start(ollama.port)
    scene.engines.push_async_callback(ollama.stop)
    scene.mended()
    await scene.works_again()


@ROWS.row("It is killed while it writes, and started anew", messages=None)
async def is_killed_while_it_writes(scene: Scene) -> None:
    ollama = FakeOllama()
    await ollama.start()
    await scene.start(ollama.url)
    ollama.piece_gate.clear()
    asked = scene.key()
    await ollama.until(lambda: ollama.generations[-1].sent > 0)
    await ollama.stop()
    assert await asked is None
    await scene.type(4)
    await scene.quiet()
    ollama.piece_gate.set()
    await ollama.start(ollama.port)
    scene.engines.push_async_callback(ollama.stop)
    scene.mended()
    await scene.works_again()


@ROWS.row("It fails once")
async def fails_once(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play = says(500, {"error": "a riddle"})
    assert await scene.key() is None
    ollama.play = None
    scene.mended()
    # The very next key has a fill.
    assert await scene.key() is not None
    await scene.works_again()


@ROWS.row("It takes a call and says nothing, not even headers", long=True)
async def hangs_before_headers(scene: Scene) -> None:
    await goes_wrong(scene, engines.hangs, hangs=True)


@ROWS.row("It stops in the middle of its answer", long=True)
async def hangs_midstream(scene: Scene) -> None:
    await goes_wrong(scene, streams(line(response="a"), then=engines.hangs), hangs=True)


@ROWS.row("It answers nothing at all any more, whatever it is asked", long=True)
async def hangs_everywhere(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play, ollama.everywhere = engines.hangs, True
    await scene.key()
    await scene.quiet()
    await scene.until_told()
    await scene.quiet()
    ollama.play = None
    scene.mended()
    await scene.works_again()


@ROWS.row("It sends a byte a second", long=True)
async def trickles(scene: Scene) -> None:
    await goes_wrong(scene, engines.trickles, hangs=True)


@ROWS.row("It cuts the connection in the middle of a line")
async def cuts_midline(scene: Scene) -> None:
    await goes_wrong(scene, streams(line(response="a")[:12], then=engines.cuts))


@ROWS.row("It hangs up on everybody who comes", messages=None)
async def hangs_up(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.hangs_up = True
    await scene.until_told()
    await scene.quiet()
    ollama.hangs_up = False
    scene.mended()
    await scene.works_again()


@ROWS.row("It splits characters, and lines, between the pieces that it sends", messages=0)
async def splits_characters(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    whole = line(response="größe_名前_𝒳") + line(response="", done=True, done_reason="stop")
    ollama.play = streams(*(bytes([byte]) for byte in whole))
    assert await scene.key() == "größe_名前_𝒳"


@ROWS.row("400: it refuses the request")
async def says_400(scene: Scene) -> None:
    await goes_wrong(scene, says(400, {"error": "invalid options"}))


@ROWS.row("401: it wants a key")
async def says_401(scene: Scene) -> None:
    await goes_wrong(scene, says(401, {"error": "unauthorized"}))


@ROWS.row("404: it hasn't the model any more")
async def says_404(scene: Scene) -> None:
    await goes_wrong(scene, says(404, {"error": f"model '{MODEL}' not found"}))


@ROWS.row("429: too many requests, and again after 3 s")
async def says_429(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play = says(429, {"error": "too many requests"}, Retry_After="3")
    await waits_as_told(scene, ollama)


@ROWS.row("500: something went wrong in it")
async def says_500(scene: Scene) -> None:
    await goes_wrong(scene, says(500, {"error": "unexpected EOF"}))


@ROWS.row("500, while somebody types 40 keys in 4 s: it is asked 5 times at the most")
async def says_500_at_every_key(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play = says(500, {"error": "unexpected EOF"})
    assert await scene.type(40, 0.1) == [None] * 40
    assert len(ollama.played) <= 5
    await scene.quiet()
    ollama.play = None
    scene.mended()
    await scene.works_again()


@ROWS.row("503: its queue is full")
async def says_503(scene: Scene) -> None:
    await goes_wrong(scene, says(503, {"error": BUSY}))


@ROWS.row("A line of its answer is an error")
async def error_line(scene: Scene) -> None:
    await goes_wrong(scene, streams(line(response="a"), line(error="the model has crashed")))


@ROWS.row("It answers with a page of HTML")
async def garbage(scene: Scene) -> None:
    await goes_wrong(scene, says(200, b"<html><body>Welcome to nginx!</body></html>"))


@ROWS.row("It sends bytes that are no HTTP")
async def no_http(scene: Scene) -> None:
    await goes_wrong(scene, sends(b"\x00\xff\x16\x03\x01 220 smtp.example ESMTP\r\n\r\n"))


@ROWS.row("It sends a line of 50 MB")
async def long_line(scene: Scene) -> None:
    await goes_wrong(scene, engines.long_line)


@ROWS.row("It sends values of other types")
async def wrong_types(scene: Scene) -> None:
    await goes_wrong(scene, streams(line(response=["a"], done="yes", eval_count="many")))


@ROWS.row("It writes the same word without an end", messages=0)
async def never_ends(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play = engines.never_ends(line(response="and_"))
    await scene.key()
    await scene.quiet()


@ROWS.row("It writes empty pieces without an end (closed after 10 s here, else 120 s)", long=True)
async def never_ends_emptily(scene: Scene) -> None:
    limit = {"infill_ls.completion.generation.GENERATION_LIMIT": 10.0}
    play = engines.never_ends(line(response=""))
    await goes_wrong(scene, play, hangs=True, constants=limit)


@ROWS.row("It ends without saying that it is done", messages=0)
async def ends_without_done(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play = streams(line(response="x for x"), line(response=" in xs"))
    assert await scene.key() == "x for x in xs"


@ROWS.row("It ends before it has written anything")
async def ends_at_once(scene: Scene) -> None:
    await goes_wrong(scene, streams())


@ROWS.row("It redirects to another host, which is never asked")
async def redirects(scene: Scene) -> None:
    url, heard = await scene.enter(engines.other_host())
    await goes_wrong(scene, says(307, b"", Location=f"{url}/api/generate"))
    assert heard == []


@ROWS.row("It announces more bytes than it sends")
async def too_few_bytes(scene: Scene) -> None:
    announced = engines.OK + b"Content-Length: 1000\r\n\r\n"
    await goes_wrong(scene, sends(announced + line(response="a")[:8]))


@ROWS.row("It announces fewer bytes than it sends")
async def too_many_bytes(scene: Scene) -> None:
    announced = engines.OK + b"Content-Length: 8\r\n\r\n"
    await goes_wrong(scene, sends(announced + line(response="a", done=True)))


@ROWS.row("It sends 100 MB, packed into 100 KB")
async def gzip_bomb(scene: Scene) -> None:
    packed = await asyncio.to_thread(engines.bomb)
    await goes_wrong(scene, says(200, packed, Content_Encoding="gzip"))


@ROWS.row("It sends headers of 1 MB")
async def long_headers(scene: Scene) -> None:
    await goes_wrong(scene, says(200, b"", X_Much="x" * 1_000_000))


@ROWS.row("Another one without the model takes its place")
async def is_swapped(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url, options={"model": MODEL})
    ollama.models, models = {"other:1b": ["completion"]}, ollama.models
    ollama.evict()
    await scene.until_told()
    await scene.quiet()
    ollama.models = models
    scene.mended()
    await scene.works_again()


@ROWS.row("Something else than Ollama takes its place")
async def is_another_server(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.play, ollama.everywhere = says(404, b"<html>404</html>"), True
    await scene.until_told()
    await scene.quiet()
    ollama.play = None
    scene.mended()
    await scene.works_again()


@ROWS.row("It loads its model again, for 20 s", messages=0, long=True)
async def loads_again(scene: Scene) -> None:
    ollama: Faulty = await scene.enter(Faulty())
    await scene.start(ollama.url)
    ollama.load_time = 20.0
    ollama.evict()
    scene.mended()
    await scene.works_again()
    assert [load.state for load in ollama.loads] == ["done"]


@ROWS.row("It is stopped (SIGSTOP), and goes on later (SIGCONT)", long=True)
async def is_stopped(scene: Scene) -> None:
    url, ollama = await scene.enter(engines.process(sys.executable))
    await scene.start(url)
    ollama.send_signal(signal.SIGSTOP)
    await scene.key()
    await scene.quiet()
    await scene.until_told()
    await scene.quiet()
    ollama.send_signal(signal.SIGCONT)
    scene.mended()
    await scene.works_again()


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)
