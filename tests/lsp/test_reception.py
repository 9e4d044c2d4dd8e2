"""The socket's door, in this process."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from infill_ls.lsp.reception import INITIALIZE_TIMEOUT, MAX_STRANGERS, Reception
from lsp.test_admission import TOKEN, framed, initialize


class Connection(asyncio.Transport):
    """What is done with a connection."""

    def __init__(self, reception: Reception) -> None:
        super().__init__({"peername": ("192.0.2.7", 1)})
        self.sent = b""
        self.state = "open"
        self.protocol: Any = reception.stranger()
        self.protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def close(self) -> None:
        self.state = "closed"

    def abort(self) -> None:
        self.state = "aborted"

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


class Client(asyncio.Protocol):
    """What was let in."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data


async def test_who_is_let_in_has_all_that_was_sent() -> None:
    connection = Connection(Reception(TOKEN, Client))
    sent = initialize({"token": TOKEN}) + framed(b"{}")
    connection.protocol.data_received(sent[:50])
    connection.protocol.data_received(sent[50:])
    assert isinstance(connection.protocol, Client)
    assert connection.protocol.transport is connection
    assert connection.protocol.received == sent
    assert (connection.state, connection.sent) == ("open", b"")


async def test_who_is_not_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "infill_ls")
    reception = Reception(TOKEN, Client)
    connection = Connection(reception)
    connection.protocol.data_received(initialize({"token": "wrong token canary"}))
    assert connection.state == "closed"
    assert b"initializationOptions.token" in connection.sent
    # What it says further on isn't listened to.
    connection.protocol.data_received(initialize({"token": TOKEN}))
    assert not isinstance(connection.protocol, Client)
    connection.protocol.connection_lost(None)
    assert reception.strangers == set()
    assert caplog.messages == ["turned 192.0.2.7 away: it sent a wrong token"]
    assert connection.sent.count(b"Content-Length") == 1


@pytest.mark.looptime
async def test_who_says_nothing_is_not_waited_for() -> None:
    reception = Reception("", Client)
    silent, slow = Connection(reception), Connection(reception)
    await asyncio.sleep(INITIALIZE_TIMEOUT - 1)
    slow.protocol.data_received(framed(b"{}"))
    await asyncio.sleep(2)
    assert (silent.state, slow.state) == ("aborted", "open")
    assert reception.strangers == set()


@pytest.mark.looptime
async def test_who_does_not_read_its_answer_is_not_waited_for() -> None:
    refused = Connection(Reception(TOKEN, Client))
    refused.protocol.data_received(initialize())
    await asyncio.sleep(INITIALIZE_TIMEOUT + 1)
    assert refused.state == "aborted"


async def test_not_everybody_at_once() -> None:
    reception = Reception("", Client)
    connections = [Connection(reception) for _ in range(MAX_STRANGERS + 3)]
    assert [one.state for one in connections[-4:]] == ["open", *["aborted"] * 3]
    connections[0].protocol.connection_lost(None)
    assert Connection(reception).state == "open"


async def test_when_one_is_served_the_others_are_sent_away() -> None:
    reception = Reception("", Client)
    served, other = Connection(reception), Connection(reception)
    served.protocol.data_received(framed(b"{}"))
    reception.close()
    assert (served.state, other.state) == ("open", "aborted")
    assert Connection(reception).state == "aborted"
