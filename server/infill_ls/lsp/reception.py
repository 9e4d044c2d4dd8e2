"""The socket's door: whoever connects is listened to, and the first that is let in is served."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final, cast

from infill_ls.lsp.admission import Admission, Refused

log = logging.getLogger(__name__)

# s from the connection to the end of its first message; an editor sends it at once.
INITIALIZE_TIMEOUT: Final = 10.0
# Connections that are listened to at the same time; further ones are closed.
MAX_STRANGERS: Final = 16


class Reception:
    """Gives the connection of the first client that is let in to a protocol of its own.

    ``token``: what a client has to say; empty if nothing. ``client``: makes that protocol. It is
    told of the connection, and of what has arrived, as if it had been there from the start.
    """

    def __init__(self, token: str, client: Callable[[], asyncio.Protocol]) -> None:
        self.token = token
        self.client = client
        self.strangers: set[Stranger] = set()
        self.is_open = True

    def stranger(self) -> asyncio.Protocol:
        """Return the protocol of a connection that nobody knows yet."""
        return Stranger(self)

    def close(self) -> None:
        """Listen to nobody any more."""
        self.is_open = False
        for stranger in list(self.strangers):
            stranger.turn_away()


class Stranger(asyncio.Protocol):
    """A connection until it is known whether it is let in."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._admission: Admission | None = Admission(reception.token)
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._reception.is_open or len(self._reception.strangers) >= MAX_STRANGERS:
            self.turn_away()
            return
        self._reception.strangers.add(self)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(INITIALIZE_TIMEOUT, self.turn_away)

    def data_received(self, data: bytes) -> None:
        if self._admission is None or self._transport is None:
            return
        self._received += data
        try:
            let_in = self._admission.feed(data)
        except Refused as refused:
            self._refuse(self._transport, refused)
            return
        if let_in:
            self._leave()
            client = self._reception.client()
            self._transport.set_protocol(client)
            client.connection_made(self._transport)
            client.data_received(self._received)

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()

    def turn_away(self) -> None:
        """Close the connection without a word."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _refuse(self, transport: asyncio.Transport, refused: Refused) -> None:
        """Say what is wrong, if it is to be told, and close the connection."""
        level = logging.WARNING if refused.by_token else logging.INFO
        peer = (transport.get_extra_info("peername") or ("somebody",))[0]
        log.log(level, "turned %s away: %s", peer, refused.reason)
        self._admission = None
        # The timer goes on: a client that doesn't read its answer is not waited for.
        transport.write(refused.reply)
        transport.close()

    def _leave(self) -> None:
        self._admission = None
        self._reception.strangers.discard(self)
        if self._timer is not None:
            self._timer.cancel()
