"""The account of requests and replies."""

from __future__ import annotations

import sys

from soak.client import INLINE, SoakClient

# A server that answers the first request twice, the second with an error and the third never.
SERVER = r"""
import json, sys
def read():
    length = int(sys.stdin.buffer.readline().split(b":")[1])
    sys.stdin.buffer.readline()
    return json.loads(sys.stdin.buffer.read(length))
def say(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()
one, two, three = read(), read(), read()
say(id=one["id"], result={"items": [{}]})
say(id=one["id"], result=None)
say(id=two["id"], error={"code": -32603, "message": "it broke"})
say(method="window/showMessage", params={"type": 1, "message": "something"})
"""


async def test_replies_are_counted() -> None:
    client = await SoakClient.start(command=(sys.executable, "-c", SERVER))
    assert isinstance(client, SoakClient)
    client.ask(0, 0)
    client.ask(0, 0, manual=True)
    client.send("workspace/executeCommand", {"command": "x"})
    assert await client.wait() == 0
    account = client.account
    assert (account.requests, account.replies, account.unasked, account.fills) == (3, 2, 1, 1)
    assert account.errors == [f"{INLINE}: -32603 it broke"]
    assert [method for method, *_ in account.waiting.values()] == ["workspace/executeCommand"]
    assert account.messages == ["something"]
    assert account.longest_wait > 0
    await client.kill()
