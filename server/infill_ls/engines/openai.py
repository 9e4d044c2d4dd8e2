"""The engine for servers with OpenAI's ``POST /v1/completions``: llama-server, vLLM, LM Studio.

They are sent raw prompts: most of them refuse ``suffix`` (llama-server, vLLM), and no two put it
into the prompt in the same way.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from infill_ls.engines import logprobs, refusals
from infill_ls.engines.engine import Chunk, KeepsItsModel, Token, settled
from infill_ls.engines.http import (
    Http,
    entries,
    integer,
    mapping,
    parse,
    positive,
    request_headers,
    seconds,
)
from infill_ls.engines.rates import Usage
from infill_ls.errors import (
    BadAnswer,
    Busy,
    EngineError,
    ModelNotFound,
    NotRunning,
    TooLong,
    Unauthorized,
)
from infill_ls.prompt import families
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from infill_ls.values import OwnTemplate

# The API takes no more than four stop texts (OpenAI API reference, "Completions", stop).
MAX_STOPS: Final = 4
# What llama-server takes beyond that API (llama.cpp, tools/server/README.md): what it has read is
# kept for the next call, and the counts come with every piece, as most streams are closed early.
LLAMA_SERVER: Final[Mapping[str, Any]] = {"cache_prompt": True, "timings_per_token": True}


class Refused(BadAnswer):
    """The server refuses a request for what it asks."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model that a server has.

    ``own_name``: what it was called before somebody named it; empty if nobody says. ``size``: bytes
    of its file, ``parameters``: billions of them; None where nobody says.
    """

    name: str
    own_name: str = ""
    size: int | None = None
    parameters: float | None = None


class OpenAI(KeepsItsModel):
    """A server with ``POST /v1/completions``.

    ``model``: its name; None for the one that the server has, or the best of several. ``inquire``:
    ask the server what it is, and what its model really is; a name may be anybody's
    choice. ``llama_server``: it is known to be llama.cpp's, which takes a ``grammar``. ``fim``: the
    user's own templates; of several models one that they are for comes first.
    """

    name = "openai"

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        inquire: bool = False,
        headers: Mapping[str, str] | None = None,
        ca_file: str | None = None,
        llama_server: bool = False,
        fim: Sequence[OwnTemplate] = (),
    ) -> None:
        self._named = model
        self._inquire = inquire
        self._model: Model | None = None
        self._llama_server = llama_server
        self._room: int | None = None
        # Ways of asking how likely tokens are: those that it has answered, and that it refuses.
        self._answered: list[Mapping[str, Any]] = []
        self._refused: list[Mapping[str, Any]] = []
        self._fim = tuple(fim)
        self._http = Http(
            url,
            explain=self._explain,
            start_hint=lambda: 'Start it, or set "url".',
            headers=headers,
            ca_file=ca_file,
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> OpenAI:
        return cls(
            settled(settings).engine_url,
            model=None if settings.model == "auto" else settings.model,
            inquire=True,
            headers=request_headers(settings),
            ca_file=settings.ca_file,
            fim=settings.fim,
        )

    async def describe(self) -> Model:
        if self._model is None:
            name = self._named or await self._only()
            own_name = await self._inquire_of(name) if self._inquire else ""
            self._model = Model(name, can_begin=self._llama_server, own_name=own_name)
        return self._model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        model = await self.describe()
        body = {
            "model": model.name,
            "prompt": request.prompt,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            **(LLAMA_SERVER if self._llama_server else {}),
        }
        if request.stop:
            body["stop"] = list(request.stop[:MAX_STOPS])
        if request.begin and self._llama_server:
            # llama.cpp's grammar (GBNF); its texts are written as JSON's are.
            begin = json.dumps(request.begin.text)
            body["grammar"] = f"root ::= {begin} rest\nrest ::= [^\\x00]*"
        reason: str | None = None
        usage: Usage | None = None
        done = written = False
        async with aclosing(self._lines(body)) as lines:
            async for line in lines:
                field, _, value = line.partition(b":")
                if field not in (b"data", b"error"):
                    continue
                if value.strip() == b"[DONE]":
                    done = True
                    break
                event = self._event(parse(value))
                usage = _usage(event) or usage
                text, finish, tokens = _choice(event, request.temperature)
                reason = finish or reason
                if text or tokens:
                    written = written or bool(text)
                    yield Chunk(text, usage, tokens=tokens)
        if not (done or reason or written):
            raise BadAnswer(
                "The server's answer broke off.",
                "Look at its own log.",
            )
        # Without a word of an end the server has cut the model short, as Ollama's does when a
        # model writes the same token again and again.
        yield Chunk("", usage, reason or ("stop" if done else "cut"))

    async def _lines(self, body: Mapping[str, Any]) -> AsyncGenerator[bytes]:
        """Post a request and yield the answer's lines; it is to say how likely its tokens are.

        A server that refuses a way of asking for that is asked in the next one, and remembered.
        """
        ways = logprobs.ways(
            llama_server=self._llama_server,
            temperature=body["temperature"],
            grammar="grammar" in body,
        )
        ways = [way for way in ways if way not in self._refused]
        for number, way in enumerate(ways):
            try:
                async with aclosing(self._http.lines("/v1/completions", {**body, **way})) as lines:
                    async for line in lines:
                        if way not in self._answered:
                            self._answered.append(way)
                            self._refused += ways[:number]
                        yield line
                return
            except Refused as refused:
                # One that has answered refuses something else.
                known = way in self._answered and not re.search("logprob|sampl", str(refused))
                if known or way is ways[-1]:
                    raise

    @property
    def room(self) -> int | None:
        return self._room

    async def count(self, text: str) -> int | None:
        """Return how many tokens a raw prompt has; None where the server can't or won't say.

        llama-server tells at once, also while it works (llama.cpp, tools/server/README.md,
        ``POST /tokenize``): 2 ms for 2,000 tokens.
        """
        if not self._llama_server:
            return None
        try:
            answer = await self._http.ask(
                "POST", "/tokenize", {"content": text, "add_special": True, "parse_special": True}
            )
        except EngineError:
            # Whatever is wrong, the generation will tell.
            return None
        tokens = mapping(answer).get("tokens")
        return len(tokens) if isinstance(tokens, list) else None

    async def is_loaded(self) -> bool:
        return self._model is not None

    async def load(self) -> None:
        await self.describe()

    async def aclose(self) -> None:
        """Do nothing: nothing is kept between calls."""

    async def served(self) -> list[Served]:
        """Return the server's models. llama-server says how large its one is (``meta``)."""
        found = []
        for entry in await self._models():
            meta, root = mapping(entry.get("meta")), entry.get("root")
            parameters = positive(meta.get("n_params"))
            found.append(
                Served(
                    entry["id"],
                    _file_name(root),
                    positive(meta.get("size")),
                    parameters and parameters / 1e9,
                )
            )
        return found

    async def _only(self) -> str:
        """Return the server's model.

        Of several it is the first whose family is known; before the others, those that the user's
        ``fim`` means.
        """
        names: list[str] = [entry["id"] for entry in await self._models()]
        if not names:
            raise ModelNotFound(
                f"The server at {self._http.url} has no model.", "Start it with one."
            )
        meant = [name for name in names if any(families.means(own, name) for own in self._fim)]
        # A template without a name is for any model, also for those that can't fill at all.
        return next(chain(filter(families.find, meant), meant, filter(families.find, names), names))

    async def _models(self) -> list[dict[str, Any]]:
        """Return the entries of ``GET /v1/models`` that have an ``id``."""
        answer = await self._http.ask("GET", "/v1/models")
        return [entry for entry in entries(answer, "data") if isinstance(entry.get("id"), str)]

    async def _inquire_of(self, name: str) -> str:
        """Return what the model was called before the user named it; empty if nobody says.

        vLLM and SGLang give it as ``root``, and the room as ``max_model_len``. llama-server takes
        any name for the one model that it has, and ``GET /props`` gives that one's file and the
        room of a slot. Notes the room, and whether it is that server.
        """
        found = None
        try:
            models = await self._models()
            entry = next((entry for entry in models if entry["id"] == name), {})
            found, self._room = entry.get("root"), positive(entry.get("max_model_len"))
            self._llama_server = bool(models) and models[0].get("owned_by") == "llamacpp"
            if self._llama_server:
                props = mapping(await self._http.ask("GET", "/props"))
                found = found or props.get("model_path")
                slot = mapping(props.get("default_generation_settings"))
                trained = mapping((entry or models[0]).get("meta")).get("n_ctx_train")
                self._room = positive(slot.get("n_ctx")) or positive(trained)
        except Busy:
            # It will tell later, as llama-server does when it has loaded its model.
            raise
        except EngineError:
            # Whatever is wrong, the generation will tell; not all servers have these.
            pass
        return _file_name(found)

    def _explain(self, status: int, text: str) -> EngineError:
        if refusals.is_about_length(text):
            return self._too_long(f"The server refuses the request: {text}")
        if status == 404 and "model" in text:
            self._model = None
            return ModelNotFound(
                f"The server doesn't have the model: {text}", 'Check the setting "model".'
            )
        if status == 404:
            other = NotRunning(
                f"{self._http.url} has no /v1/completions (HTTP {status}).",
                'Check "url" and "engine".',
            )
            other.answered = True
            return other
        if status in (401, 403):
            return Unauthorized(
                f"{self._http.url} refuses the key ({text or status}).",
                'Check the key that "apiKeyEnv" names.',
            )
        if status == 503 and "loading" in text.lower():
            return Busy("The server is still loading its model.", "Wait a little.")
        if status in (429, 503):
            return Busy(f"The server has too much to do ({text or status}).", "Wait a little.")
        # What it can't do is in its log; what it won't do, it has said.
        said = text and status < 500
        refused = status in (400, 422) or "logprob" in text
        return (Refused if refused else BadAnswer)(
            f"The server refuses the request: {text or status}",
            'Check "maxTokens".' if said else "Look at its own log.",
        )

    def _too_long(self, message: str) -> TooLong:
        """Return the error for a prompt that is too long, and remember what it says of the room."""
        self._room = refusals.room(message) or self._room
        return TooLong(message, 'Lower "contextTokens".')

    def _event(self, data: Any) -> dict[str, Any]:
        """Return one event of the stream; raises :class:`BadAnswer` if it is an error or none."""
        if isinstance(data, dict) and "error" in data:
            error = data["error"]
            text = error.get("message", error) if isinstance(error, dict) else error
            message = f"The server broke off: {text!s:.300}"
            if refusals.is_about_length(message):
                raise self._too_long(message)
            raise BadAnswer(message, "Look at its own log.")
        return _event_of(data)


def _file_name(path: Any) -> str:
    """Return the last part of a path or a repository's name; empty if it is none."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1] if isinstance(path, str) else ""


def _event_of(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise BadAnswer("The server's answer makes no sense.", 'Check the setting "url".')
    return data


def _choice(event: dict[str, Any], temperature: float) -> tuple[str, str | None, tuple[Token, ...]]:
    """Return text, finish reason and tokens of an event; the event with the counts has none."""
    choices = event.get("choices")
    choice = mapping(choices[0] if isinstance(choices, list) and choices else None)
    text, reason = choice.get("text"), choice.get("finish_reason")
    return (
        text if isinstance(text, str) else "",
        reason if isinstance(reason, str) else None,
        logprobs.read(choice.get("logprobs"), temperature),
    )


def _usage(event: dict[str, Any]) -> Usage | None:
    """Return the counts of an event; None if it has none.

    They are llama-server's ``timings``, which come with every piece, or OpenAI's ``usage``, which
    comes at the end.
    """
    timings, usage = event.get("timings"), event.get("usage")
    if isinstance(timings, dict):
        cached, read = integer(timings.get("cache_n")), integer(timings.get("prompt_n"))
        prompt = None if read is None else read + (cached or 0)
        return Usage(
            prompt,
            cached,
            integer(timings.get("predicted_n")),
            seconds(timings.get("prompt_ms"), 1e3),
            seconds(timings.get("predicted_ms"), 1e3),
        )
    if isinstance(usage, dict):
        details = usage.get("prompt_tokens_details")
        return Usage(
            integer(usage.get("prompt_tokens")),
            integer(details.get("cached_tokens")) if isinstance(details, dict) else None,
            integer(usage.get("completion_tokens")),
        )
    return None
