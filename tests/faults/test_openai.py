"""A server with OpenAI's endpoints goes wrong, where that is not as with Ollama."""

from __future__ import annotations

from typing import Any

import pytest

from faults import engines
from faults.engines import Faulty, Play, event, says, streams, text_event, waits_as_told
from faults.rows import Matrix, Rows
from faults.scene import Scene

ROWS = Rows("A server with OpenAI's endpoints")
MODEL = "qwen2.5-coder:1.5b"
# How long such a silence really may be is played with Ollama.
SOONER = {"infill_ls.completion.breaker.FIRST_SILENCE": 10.0}


async def working(scene: Scene, **kind: Any) -> Faulty:
    """A server that has given a fill."""
    server: Faulty = await scene.enter(Faulty())
    options = {"engine": "openai", "url": server.url, "model": MODEL}
    await scene.start(server.url, options=options, **kind)
    return server


async def goes_wrong(scene: Scene, play: Play, *, hangs: bool = False, **kind: Any) -> Faulty:
    """Work, go wrong until the user was told and all is quiet, and work again."""
    server = await working(scene, **kind)
    server.play = play
    if hangs:
        await scene.key()
        await scene.quiet()
    await scene.until_told()
    await scene.quiet()
    server.play = None
    scene.mended()
    await scene.works_again()
    assert len(server.played) <= 8
    return server


@ROWS.row("It is killed, and started anew")
async def is_killed_and_started_anew(scene: Scene) -> None:
    server = Faulty()
    await server.start()
    await scene.start(server.url, options={"engine": "openai", "url": server.url, "model": MODEL})
    await server.stop()
    await scene.type(8)
    await scene.quiet()
    await server.start(server.port)
    scene.engines.push_async_callback(server.stop)
    scene.mended()
    await scene.works_again()


@ROWS.row("It takes a call and says nothing (closed after 10 s here, else 30 s)", long=True)
async def hangs_before_headers(scene: Scene) -> None:
    await goes_wrong(scene, engines.hangs, hangs=True, constants=SOONER)


@ROWS.row("It stops in the middle of its answer", long=True)
async def hangs_midstream(scene: Scene) -> None:
    await goes_wrong(scene, streams(text_event("a"), then=engines.hangs), hangs=True)


@ROWS.row("It sends nothing but comments, for ever (closed after 10 s here, else 30 s)", long=True)
async def sends_comments(scene: Scene) -> None:
    await goes_wrong(scene, engines.never_ends(b": alive\n\n"), hangs=True, constants=SOONER)


@ROWS.row("It cuts the connection in the middle of an event")
async def cuts_midevent(scene: Scene) -> None:
    await goes_wrong(scene, streams(text_event("a")[:12], then=engines.cuts))


@ROWS.row("It splits characters, and events, between the pieces that it sends", messages=0)
async def splits_characters(scene: Scene) -> None:
    server = await working(scene)
    whole = text_event("größe_名前_𝒳") + text_event("", "stop") + b"data: [DONE]\n\n"
    server.play = streams(*(bytes([byte]) for byte in whole))
    assert await scene.key() == "größe_名前_𝒳"


@ROWS.row("It ends without [DONE]", messages=0)
async def ends_without_done(scene: Scene) -> None:
    server = await working(scene)
    server.play = streams(text_event("x for x"), text_event(" in xs"))
    assert await scene.key() == "x for x in xs"


@ROWS.row("An event is an error")
async def error_event(scene: Scene) -> None:
    error = event({"error": {"message": "CUDA out of memory", "code": 500}})
    await goes_wrong(scene, streams(text_event("a"), error))


@ROWS.row("Its events are no JSON")
async def garbage(scene: Scene) -> None:
    await goes_wrong(scene, streams(b"data: what?\n\n"))


@ROWS.row("It sends values of other types")
async def wrong_types(scene: Scene) -> None:
    await goes_wrong(scene, streams(event([1, 2]), event({"choices": "none"})))


@ROWS.row("It sends an event of 50 MB")
async def long_event(scene: Scene) -> None:
    await goes_wrong(scene, engines.long_line)


@ROWS.row("401: it wants a key")
async def says_401(scene: Scene) -> None:
    await goes_wrong(scene, says(401, {"error": {"message": "invalid api key"}}))


@ROWS.row("429: too many requests, and again after 3 s")
async def says_429(scene: Scene) -> None:
    server = await working(scene)
    server.play = says(429, {"error": {"message": "rate limit"}}, Retry_After="3")
    await waits_as_told(scene, server)


@ROWS.row("503: it still loads its model, as llama-server says")
async def still_loads(scene: Scene) -> None:
    await goes_wrong(scene, says(503, {"error": {"message": "Loading model", "code": 503}}))


@ROWS.row("It redirects to another host, which is never asked")
async def redirects(scene: Scene) -> None:
    url, heard = await scene.enter(engines.other_host())
    await goes_wrong(scene, says(302, b"", Location=f"{url}/v1/completions"))
    assert heard == []


@pytest.mark.parametrize("name", ROWS.names)
def test_row(name: str, matrix: Matrix) -> None:
    matrix.check(ROWS, name)
