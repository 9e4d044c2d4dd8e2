"""Send requests to an engine over HTTP, and turn each failure into an error with what to do.

Every call has a client of its own. httpx's pool loses a connection when a call is cancelled
while it connects (encode/httpcore#1093: 28 of 28 at the wrong moment, and the pool is dead after
as many as it holds), and cancelling is what a completion server does all day. A connection of
one's own costs about 1 ms on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.request import getproxies

import httpx

from infill_ls.engines.engine import SAYS_NOTHING
from infill_ls.errors import BadAnswer, Busy, EngineError, NotRunning, SettingsError, Stalled
from infill_ls.settings import Settings
from infill_ls.values import is_loopback

# s. Loopback refuses at once; 3 s are for hosts that are switched off.
CONNECT_TIMEOUT: Final = 3.0
# s without a byte. Ollama says nothing while it loads a model, for at most 5 min
# (OLLAMA_LOAD_TIMEOUT).
READ_TIMEOUT: Final = 300.0
# s without a byte for the small questions: version, list of models; and s for the whole answer.
QUESTION_TIMEOUT: Final = 10.0
QUESTION_LIMIT: Final = 60.0
# Bytes of such an answer. The largest is Ollama's of ``/api/show``, with a model's licences, its
# template and its metadata: some 100 KB, or some MB where it has the vocabulary's texts too.
MAX_ANSWER: Final = 16 * 1024 * 1024
# Bytes. A chunk is some hundred; a line of this size is not an answer.
MAX_LINE: Final = 1024 * 1024
# Characters. Nothing shorter is a secret, and what is may be in any text.
_SECRET: Final = 8
# Bytes of an error's text that are worth reading.
_MAX_ERROR: Final = 64 * 1024

# What is sent in small pieces is not worth packing.
NOT_PACKED: Final = {"Accept-Encoding": "identity"}

# s without a byte until the system asks whether the other end is still there, and between three
# such questions. A load may say nothing for minutes; so does a connection that was lost while a
# laptop slept, or with a tunnel.
_IDLE: Final = 15
_BETWEEN: Final = 5
_KEEP_ALIVE: Final = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        # macOS has another name for the first.
        for name, value in (
            ("TCP_KEEPIDLE", _IDLE),
            ("TCP_KEEPALIVE", _IDLE),
            ("TCP_KEEPINTVL", _BETWEEN),
            ("TCP_KEEPCNT", 3),
        )
        if hasattr(socket, name)
    ),
]

# A key of JSON. In a text, which a fill may be, its quotes have a stroke before them.
_ERROR: Final = re.compile(rb'"error"')

Explain = Callable[[int, str], EngineError]


class Http:
    """An engine's address, with how to reach it.

    ``explain``: makes an error of an HTTP status and the body's text. ``start_hint``: says what to
    do, asked only if nothing answers. ``ca_file``: path of a PEM file with further authorities.
    """

    def __init__(
        self,
        url: str,
        *,
        explain: Explain,
        start_hint: Callable[[], str] = str,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
    ) -> None:
        self.url = url
        self._explain = explain
        self._start_hint = start_hint
        self._headers = dict(headers or {})
        self._secrets = _secrets(self._headers)
        # Loopback never goes through a proxy, whatever the environment says.
        self._trust_environment = not is_loopback(url)
        self._ca_file = ca_file
        self._verify: ssl.SSLContext | bool | None = None

    def _client(self, read_timeout: float) -> httpx.AsyncClient:
        if self._verify is None:
            self._verify = self._certificates()
        address = httpx.URL(self.url)
        try:
            return httpx.AsyncClient(
                base_url=address,
                headers={**self._headers, **NOT_PACKED},
                timeout=httpx.Timeout(CONNECT_TIMEOUT, read=read_timeout),
                trust_env=self._trust_environment,
                verify=self._verify,
                follow_redirects=False,
                transport=self._transport(),
            )
        # ImportError: SOCKS needs another package.
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            # What is wrong with an address may be that its password has a slash in it.
            reason = str(error) if isinstance(error, ImportError) else "its address is wrong"
            raise SettingsError(
                f"{self.url} is behind a proxy that is of no use ({reason}).",
                "Mend HTTPS_PROXY.",
            ) from None

    def _transport(self) -> httpx.AsyncHTTPTransport | None:
        """Return what connects, and has the system ask; None where proxies are httpx's affair."""
        if self._trust_environment and getproxies():
            return None
        return httpx.AsyncHTTPTransport(
            verify=True if self._verify is None else self._verify,
            trust_env=self._trust_environment,
            socket_options=_KEEP_ALIVE,
        )

    def _certificates(self) -> ssl.SSLContext | bool:
        if not self.url.startswith("https:"):
            # Loading the certificates costs 57 ms, and nothing is encrypted here.
            return False
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f'The "caFile" {self._ca_file} can\'t be read ({error}).',
                "Name a PEM file.",
            ) from None

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send one question and return its answer, read from JSON.

        Raises :class:`BadAnswer` if the answer has more than :data:`MAX_ANSWER` bytes or is not
        JSON, and :class:`Stalled` if it is not complete after :data:`QUESTION_LIMIT`.
        """
        answer = bytearray()
        async with (
            self._mapped(),
            asyncio.timeout(QUESTION_LIMIT),
            self._client(QUESTION_TIMEOUT) as client,
            client.stream(
                method,
                path,
                content=None if body is None else json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            ) as response,
        ):
            if response.status_code != 200:
                raise await self._refusal(response)
            async for part in self._bytes(response):
                answer += part
                if len(answer) > MAX_ANSWER:
                    raise self._too_much(f"an answer of over {MAX_ANSWER} bytes")
        return parse(self._without_secrets(bytes(answer)))

    async def lines(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Post and yield the answer's lines, split at ``\\n`` alone, blank ones left out.

        httpx's own ``aiter_lines`` splits at U+0085 and U+2028 too, which JSON may contain.
        """
        async with (
            self._mapped(),
            self._client(READ_TIMEOUT) as client,
            client.stream(
                "POST",
                path,
                # ASCII escapes: lone surrogates can be sent, and no proxy minds the bytes.
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            ) as response,
        ):
            if response.status_code != 200:
                raise await self._refusal(response)
            rest = bytearray()
            async for part in self._bytes(response):
                rest += part
                lines: list[bytes] = []
                # To look through all of it for each byte that comes would take for ever.
                if b"\n" in part:
                    *lines, last = bytes(rest).split(b"\n")
                    rest = bytearray(last)
                if len(rest) > MAX_LINE:
                    raise self._too_much(f"a line of over {MAX_LINE} bytes")
                for line in lines:
                    if line.strip():
                        yield self._without_secrets(line)
            if rest.strip():
                yield self._without_secrets(bytes(rest))

    def _without_secrets(self, sent: bytes) -> bytes:
        """Return what an engine sent without what our headers say.

        Some repeat a wrong key in their error, and what they say is shown and logged.
        """
        # Only of an error: a fill, or a model's name, may well have the same words.
        for secret in self._secrets if _ERROR.search(sent) else ():
            sent = sent.replace(secret, b"...")
        return sent

    async def _read_error(self, response: httpx.Response) -> str:
        body = b""
        # As it is: an error that is packed can't be read, and its status says enough.
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MAX_ERROR:
                break
        return _error_text(self._without_secrets(body))

    async def _bytes(self, response: httpx.Response) -> AsyncGenerator[bytes]:
        """Yield the answer's bytes as they come.

        Raises :class:`BadAnswer` if they are packed, which nobody has asked for: what 64 KB unpack
        to may have 64 MB.
        """
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            raise self._too_much(f"an answer that is packed ({packed:.20})")
        async for part in response.aiter_raw():
            yield part

    async def _refusal(self, response: httpx.Response) -> EngineError:
        """Return the error for an answer that says that there is none."""
        status = response.status_code
        if 300 <= status < 400:
            return NotRunning(
                f"{self.url} sends requests on elsewhere (HTTP {status}).",
                'Set "url" to there.',
            )
        error = self._explain(status, await self._read_error(response))
        if isinstance(error, Busy):
            error.retry_after = _retry_after(response.headers.get("Retry-After", ""))
        return error

    def _too_much(self, what: str) -> BadAnswer:
        return BadAnswer(
            f"The engine at {self.url} sent {what}.",
            'Check the setting "url".',
        )

    @contextlib.asynccontextmanager
    async def _mapped(self) -> AsyncIterator[None]:
        """Turn httpx's errors into ours."""
        try:
            yield
        except (httpx.InvalidURL, UnicodeError):
            # Names with letters beyond ASCII have rules that only the encoder knows.
            raise SettingsError(
                f"No machine can have the address {self.url}.",
                'Check "url" or OLLAMA_HOST.',
            ) from None
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise NotRunning(f"Nothing answers at {self.url}.", self._start_hint()) from None
        except TimeoutError:
            raise Stalled(
                f"The engine took over {QUESTION_LIMIT:.0f} s to reply.",
                "If this stays so, restart it.",
            ) from None
        except httpx.TimeoutException:
            raise Stalled(*SAYS_NOTHING) from None
        except httpx.HTTPError as error:
            raise BadAnswer(
                f"The engine hung up ({type(error).__name__}).",
                "Look at its own log.",
            ) from None


def _secrets(headers: Mapping[str, str]) -> list[bytes]:
    """Return what headers say that may be a secret: their values, and keys without "Bearer"."""
    values = {part for value in headers.values() for part in (value, value.rpartition(" ")[2])}
    # The longest first: the key alone is a part of it.
    long = sorted((value for value in values if len(value) >= _SECRET), key=len, reverse=True)
    return [value.encode() for value in long]


def _error_text(body: bytes) -> str:
    """Return what an error's body says.

    It is ``{"error": "..."}``, ``{"error": {"message": "..."}}`` or mere text.
    """
    text = body[:_MAX_ERROR].decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        data = json.loads(text)
        error = data.get("error", data.get("message")) if isinstance(data, dict) else None
        if isinstance(error, dict):
            error = error.get("message")
        if isinstance(error, str):
            # Ollama passes on what llama-server said, as it came.
            return _error_text(error.encode()) if error.startswith('{"error"') else error[:500]
    return text.strip()[:500]


def _retry_after(text: str) -> float | None:
    """Return the s that a Retry-After header (RFC 9110, 10.2.3) asks for; None if it says nothing.

    It has s or a date.
    """
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    with contextlib.suppress(ValueError):
        when = parsedate_to_datetime(text)
        if when.tzinfo is not None:
            return max(0.0, (when - datetime.now(UTC)).total_seconds())
    return None


def parse(line: bytes | bytearray) -> Any:
    """Return what an engine's JSON says; raises :class:`BadAnswer` if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise BadAnswer("The engine's answer is not JSON.", 'Check the setting "url".') from None


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is a table, an empty one if an engine sent something else."""
    return value if isinstance(value, dict) else {}


def entries(answer: Any, key: str) -> list[dict[str, Any]]:
    """Return the tables of the list that an answer has under a key; none if it has no such list."""
    found = mapping(answer).get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def integer(value: Any) -> int | None:
    """Return the value if it is a whole number of 64 bits, None if an engine sent something else.

    JSON may have larger ones, which no count is, and with which no rate can be reckoned.
    """
    good = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return value if good else None


def positive(value: Any) -> int | None:
    """Return the value if it is a whole number above 0, as counts of tokens are; else None."""
    number = integer(value)
    return number if number and number > 0 else None


def seconds(value: Any, parts: float) -> float | None:
    """Return s from a time that an engine gave in so many ``parts`` of a second.

    None if it sent something else.
    """
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return value / parts if good and 0 < value < 2**63 else None


def _of_key(name: str) -> tuple[str, str]:
    """Return what a message calls the variable with the key, and what is to be done about it.

    Its name may be the key itself, which is not repeated.
    """
    if re.fullmatch(r"[A-Z][A-Z_]{0,40}\d?", name):
        return f'The variable {name} of "apiKeyEnv"', "Set it for the editor."
    return 'What "apiKeyEnv" says', "Name the variable, not the key."


def request_headers(settings: Settings) -> dict[str, str]:
    """Return the user's headers, with the key if the settings name one.

    Raises :class:`SettingsError` if the variable that should hold the key has none.
    """
    headers = dict(settings.headers)
    if settings.api_key_env:
        key = os.environ.get(settings.api_key_env, "").strip()
        what, fix = _of_key(settings.api_key_env)
        if not key:
            raise SettingsError(f"{what} is not set.", fix)
        if not (key.isascii() and key.isprintable()):
            raise SettingsError(f"{what} holds no key.", "Copy the key again.")
        headers["Authorization"] = f"Bearer {key}"
    return headers
