"""Ollama: ``POST /api/generate`` and the few other endpoints that are needed around it.

Fields and errors as in ollama's ``api/types.go`` and ``server/routes.go``, 0.1 to 0.33.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from infill_ls.engines import ollamas_name, refusals
from infill_ls.engines.engine import Chunk, Usage
from infill_ls.engines.http import Http, integer, parse, request_headers, seconds
from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    EngineError,
    ModelNotFound,
    NotRunning,
    Unauthorized,
)
from infill_ls.prompt import families
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import SUGGESTED_MODEL, Model
from infill_ls.settings import Settings

# Billions of parameters. Of several models "auto" takes the largest up to this size: larger ones
# write too slowly for completion on the hardware that people own.
COMFORTABLE_SIZE: Final = 8.0
# Tokens. The smallest context that any Ollama gives by itself (up to 0.5; later ones 4,096).
# A larger one is asked for only where the settings demand it, since Ollama loads the model anew
# when num_ctx differs from what it was loaded with.
SMALLEST_CONTEXT: Final = 2048
# s. So long it is taken for granted that a model which was seen to be loaded still is: another
# program may need the memory, or somebody says "ollama stop". Asking costs 2 ms on loopback.
TRUST: Final = 2.0
# s. Who doesn't say sooner what is loaded is told to load: that is never wrong.
LOOK_TIMEOUT: Final = 1.0
# Tokens that a model reads at once (num_batch) where reading is slow, since a call that is closed
# while it reads frees the engine only after that many. On two cores the next call waited 10 to 17 s
# with Ollama's own 512, and 1.1 s with 128, and reading was as fast; on a GPU a batch is no time.
SLOW_BATCH: Final = 128
# tokens/s. An engine that takes a second for a batch of Ollama's own size is slow.
SLOW_READ: Final = 512.0
# s. How long a model that is not to be kept stays for the call that it was loaded for.
BRIDGE: Final = 30
# s. A call that Ollama says took longer than this before its prompt was read had a model loaded
# for it; where nothing is loaded this is some ms.
LOADED_ANEW: Final = 1.0
# Of these a GGUF's own name is made; the last one alone says for what it was tuned.
_NAME_KEYS: Final = ("basename", "version", "size_label", "finetune")
# The second is what llama.cpp called it before October 2024.
_FIM_KEYS: Final = ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """The body of ``POST /api/generate``; None leaves a field out and with it Ollama's default.

    ``keep_alive``: seconds or a duration ("30m"). ``format``: "json" or a JSON schema.
    ``images``: base64. ``context``: tokens of an earlier answer (deprecated by Ollama).
    ``think``: true, false or "low" to "max". ``options``: num_predict, temperature, ...
    """

    model: str
    prompt: str
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: Sequence[int] | None = None
    stream: bool = True
    raw: bool | None = None
    format: str | Mapping[str, Any] | None = None
    keep_alive: str | int | None = None
    images: Sequence[str] | None = None
    options: Mapping[str, Any] | None = None
    think: bool | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None

    def to_json(self) -> dict[str, Any]:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class GenerateAnswer:
    """One line of the answer. Counts in tokens, durations in ns; they come with ``done``."""

    response: str
    done: bool
    thinking: str = ""
    done_reason: str | None = None
    context: Sequence[int] | None = None
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None

    @classmethod
    def from_json(cls, data: Any) -> GenerateAnswer:
        """Raises :class:`BadAnswer` for an error line and for what is no answer at all."""
        if isinstance(data, dict) and "error" in data:
            raise BadAnswer(
                f"Ollama broke off: {data['error']!s:.300}",
                "Look at Ollama's own log; a model too large for the memory is the usual cause.",
            )
        if not isinstance(data, dict) or not isinstance(data.get("response", ""), str):
            raise BadAnswer("Ollama's answer makes no sense.", 'Check the setting "url".')
        counts = {
            item.name: integer(data.get(item.name))
            for item in fields(cls)
            if item.name.endswith(("_count", "_duration"))
        }
        reason, thinking = data.get("done_reason"), data.get("thinking")
        return cls(
            response=data.get("response", ""),
            done=data.get("done") is True,
            thinking=thinking if isinstance(thinking, str) else "",
            done_reason=reason if isinstance(reason, str) else None,
            context=data.get("context"),
            **counts,
        )


class Ollama:
    """The engine for ``infill_ls.engines``, and Ollama's own calls for the commands."""

    name = "ollama"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._model: Model | None = None
        self._trusted_until = -math.inf  # s of the loop's clock; till then the model is loaded
        self._context: int | None = None  # tokens that the model was loaded with room for
        self._on_cpu: bool | None = None  # where it was loaded; None if nobody says
        self._read: float | None = None  # tokens/s that it was seen to read
        self._shared = False  # another program has it loaded in its own way
        self._asked_for: dict[str, Any] | None = None  # the options that it was loaded with last
        self._http = Http(
            settings.engine_url,
            explain=self._explain,
            start_hint='Start Ollama ("ollama serve"), or set "url" or OLLAMA_HOST to where it is.',
            headers=request_headers(settings),
            ca_file=settings.ca_file,
        )

    async def describe(self) -> Model:
        """Raises :class:`ModelNotFound` if the model isn't there, or none that can fill."""
        if self._model is None:
            named = self._settings.model
            self._model = await (self._best() if named == "auto" else self.show(named))
        return self._model

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        model = await self.describe()
        call = GenerateRequest(
            model=model.name,
            prompt=request.prompt,
            suffix=request.suffix,
            raw=True if request.raw else None,
            stream=True,
            # Ollama turns thinking on by itself where the model can, even for raw prompts.
            think=False,
            keep_alive=self._settings.keep_alive,
            options=self._options(request),
        )
        # Whoever has heard nothing knows no more whether the model is there.
        self._doubt()
        done = False
        async with aclosing(self.call(call)) as answers:
            async for answer in answers:
                self._trust(self._kept)
                if answer.done:
                    if (answer.load_duration or 0) / 1e9 > LOADED_ANEW:
                        self._doubt()
                        self._shared = True
                    # Of the cache it says nothing. The count is of the whole prompt, before 0.3.14
                    # of what was read; the time is that of reading alone in every version.
                    usage = Usage(
                        answer.prompt_eval_count,
                        None,
                        answer.eval_count,
                        seconds(answer.prompt_eval_duration, 1e9),
                        seconds(answer.eval_duration, 1e9),
                    )
                    yield Chunk(answer.response, usage, answer.done_reason or "stop")
                else:
                    yield Chunk(answer.response)
                done = answer.done
        if not done:
            yield Chunk("", stop_reason="cut")

    def _options(self, request: Request) -> dict[str, Any]:
        """The same for every call with the same settings, so that no model is loaded anew."""
        options: dict[str, Any] = {
            "num_predict": request.max_tokens,
            "temperature": request.temperature,
            "top_k": 40,
            "top_p": 0.9,
            # Older versions default to 1.1, which punishes code for repeating names.
            "repeat_penalty": 1.0,
            "seed": request.seed,
        }
        if request.stop:
            options["stop"] = list(request.stop)
        return options | self._load_options()

    def _load_options(self) -> dict[str, Any]:
        """Those for which Ollama loads a model anew when they change.

        What the model was loaded with is asked for again, where that is enough: not to name it
        means Ollama's default, and another program may have loaded it with more.
        """
        options = {}
        budget = self._settings.context_tokens
        needed = 0 if budget == "auto" else budget + self._settings.max_tokens
        if self._context is not None and self._context >= max(needed, SMALLEST_CONTEXT):
            options["num_ctx"] = self._context
        elif self._context is not None or needed > SMALLEST_CONTEXT:
            options["num_ctx"] = -(-max(needed, SMALLEST_CONTEXT) // 1024) * 1024
        if self._is_slow and not self._shared:
            options["num_batch"] = SLOW_BATCH
        return options

    @property
    def _is_slow(self) -> bool:
        """Whether it reads slowly. Where the model is tells all windows the same, in each session,
        so that none of them loads it anew for the others.
        """
        if self._on_cpu is not None:
            return self._on_cpu
        return self._read is not None and self._read < SLOW_READ

    @property
    def room(self) -> int | None:
        return self._context

    @property
    def stays_loaded(self) -> bool:
        return self._kept > 0

    def expect(self, read: float | None) -> None:
        self._read = read

    async def is_loaded(self) -> bool:
        """Whether it is loaded, with the options that the calls to come have.

        With which it was loaded nobody says. So a model that is found loaded counts as one only
        after :meth:`load`, which leaves it alone if the options are the same.
        """
        if asyncio.get_running_loop().time() < self._trusted_until:
            return True
        return await self._look() and self._asked_for == self._load_options()

    async def load(self) -> None:
        """An empty prompt loads the model and does no more; one that is loaded it leaves alone.

        With the options of the calls to come, or the first of them would load it anew.
        """
        await self._ask_to_load()
        if await self._look() and self._asked_for != self._load_options():
            # Only now it is known that it is on a CPU, or has too little room by default.
            await self._ask_to_load()
        self._trust(TRUST)

    async def _ask_to_load(self) -> None:
        options = self._load_options()
        model = await self.describe()
        load = GenerateRequest(
            model=model.name,
            prompt="",
            # With 0 an empty prompt would unload it.
            keep_alive=self._settings.keep_alive if self._kept else BRIDGE,
            options=options or None,
        )
        async with aclosing(self.call(load)) as answers:
            async for _ in answers:
                pass
        self._asked_for = options

    async def _look(self) -> bool:
        """Whether ``GET /api/ps`` has the model; for how long, with how much room, and where."""
        entry = await self._entry()
        self._doubt()
        self._context = integer(entry.get("context_length")) or None if entry else None
        if entry is None:
            return False
        memory = integer(entry.get("size_vram"))
        self._on_cpu = None if memory is None else memory == 0
        if self._asked_for is not None and self._context is not None:
            # What wasn't named is what there is.
            self._asked_for = {"num_ctx": self._context} | self._asked_for
        if self._asked_for == self._load_options():
            self._trust(_seconds_until(entry.get("expires_at")))
        return True

    async def _entry(self) -> dict[str, Any] | None:
        """What ``GET /api/ps`` has of the model; None if it isn't loaded, or nobody says."""
        name = (await self.describe()).name
        try:
            async with asyncio.timeout(LOOK_TIMEOUT):
                answer = await self._http.ask("GET", "/api/ps")
        except NotRunning:
            # Before 0.1.33 it doesn't know the question, and is there all the same.
            await self.version()
            return None
        except (EngineError, TimeoutError):
            return None
        models = answer.get("models") if isinstance(answer, dict) else None
        for entry in models if isinstance(models, list) else []:
            if isinstance(entry, dict) and entry.get("name") in (name, f"{name}:latest"):
                return entry
        return None

    @property
    def _kept(self) -> float:
        """s for which Ollama is to keep the model after a call."""
        return _seconds(self._settings.keep_alive)

    def _trust(self, seconds: float) -> None:
        """The model is loaded now, and will be for so long unless something happens."""
        now = asyncio.get_running_loop().time()
        self._trusted_until = now + min(seconds, TRUST)

    def _doubt(self) -> None:
        self._trusted_until = -math.inf

    async def aclose(self) -> None:
        """Nothing is kept between calls."""

    async def call(self, request: GenerateRequest) -> AsyncGenerator[GenerateAnswer]:
        """``POST /api/generate`` as it is.

        The last answer has ``done``, unless Ollama ended it after some text and before the model
        did, as it does when a model writes the same token more than 30 times in a row (ollama's
        llm/llama_server.go, "token repeat limit").
        """
        done = written = False
        try:
            async with aclosing(self._http.lines("/api/generate", request.to_json())) as lines:
                async for line in lines:
                    answer = GenerateAnswer.from_json(parse(line))
                    done, written = answer.done, written or bool(answer.response)
                    yield answer
                    if done:
                        break
        except ModelNotFound:
            self._model = None
            raise
        if not (done or written):
            raise BadAnswer(
                "Ollama's answer ended before it was done.",
                "Ask again; if this stays so, look at Ollama's own log.",
            )

    async def version(self) -> str:
        answer = await self._http.ask("GET", "/api/version")
        return str(answer.get("version", "")) if isinstance(answer, dict) else ""

    async def show(self, name: str) -> Model:
        """``POST /api/show``; raises :class:`ModelNotFound`.

        What is missing or of the wrong type in the answer is taken as not said.
        """
        answer = await self._http.ask("POST", "/api/show", {"model": name})
        if not isinstance(answer, dict):
            raise BadAnswer("Ollama's answer makes no sense.", 'Check the setting "url".')
        info, template = _mapping(answer.get("model_info")), _text(answer.get("template"))
        capabilities = answer.get("capabilities")
        if not isinstance(capabilities, list):
            # Before 0.6.4 the template tells.
            capabilities = ["insert"] if ".Suffix" in template else []
        # Ollama keeps "general.name" and the file's own chat template to itself.
        parts = [_text(info.get(f"general.{key}")) for key in _NAME_KEYS]
        return Model(
            name,
            can_insert="insert" in capabilities,
            architecture=_text(info.get("general.architecture")),
            own_name="-".join(part for part in parts if part) if parts[0] else "",
            finetune=parts[-1],
            chats=bool(_text(answer.get("renderer"))) or _is_chat(template),
            thinks="thinking" in capabilities,
            has_fim_tokens=any(integer(info.get(key)) is not None for key in _FIM_KEYS),
        )

    async def installed(self) -> list[tuple[str, float]]:
        """``GET /api/tags``: names and billions of parameters (0 where it isn't said)."""
        answer = await self._http.ask("GET", "/api/tags")
        models = answer.get("models") if isinstance(answer, dict) else None
        found = []
        for entry in models if isinstance(models, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                details = entry.get("details")
                size = details.get("parameter_size") if isinstance(details, dict) else None
                found.append((entry["name"], parameters(size)))
        return found

    async def pull(self, name: str) -> AsyncGenerator[tuple[str, int, int]]:
        """``POST /api/pull``: what is going on, bytes done, bytes in all (0 if not counted)."""
        async with aclosing(self._http.lines("/api/pull", {"model": name})) as lines:
            async for line in lines:
                step = parse(line)
                if not isinstance(step, dict) or "error" in step:
                    raise refusals.of_pull(
                        name, str(step.get("error") if isinstance(step, dict) else step)
                    )
                total, done = integer(step.get("total")), integer(step.get("completed"))
                yield str(step.get("status", "")), done or 0, total or 0

    async def _best(self) -> Model:
        """The best installed model that can fill in the middle."""
        installed = await self.installed()
        own = self._settings.fim
        known = [entry for entry in installed if families.find(entry[0], own)]
        others = [entry for entry in installed if entry not in known]
        others_that_insert = []
        for name, _ in (*sorted(known, key=_preference), *sorted(others, key=_preference)):
            model = await self.show(name)
            if families.family_of(model, own):
                return model
            if model.can_insert and not families.why_not(model):
                others_that_insert.append(model)
        if others_that_insert:
            return others_that_insert[0]
        have = ", ".join(name for name, _ in installed[:8]) or "no model at all"
        raise ModelNotFound(
            f"Ollama has no model that can fill in the middle (it has {have}).",
            f"Fetch one: ollama pull {SUGGESTED_MODEL}",
        )

    def _explain(self, status: int, text: str) -> EngineError:
        named = self._model.name if self._model else self._settings.model
        if status == 404 and "model" in text:
            found = re.search(r"model ['\"]?([^'\"]+?)['\"]? not found", text)
            name = found[1] if found else named
            theirs, missing = ollamas_name(name), families.not_in_library(name)
            named_so = "" if theirs == name else f' and set "model" to "{theirs}"'
            return ModelNotFound(
                f'Ollama has no model "{name}". {missing}',
                f"Fetch {'another' if missing else 'it'}: "
                f"ollama pull {families.to_fetch(theirs)}{named_so}",
            )
        if "does not support insert" in text:
            return CannotInsert(
                f'"{named}" does not support insert.',
                f"Take a model that can fill in the middle, such as {SUGGESTED_MODEL}.",
            )
        if status in (429, 503):
            return Busy(
                "Ollama has too much to do.",
                "Wait, stop other programs that use it, or raise OLLAMA_MAX_QUEUE.",
            )
        if status in (401, 403):
            return Unauthorized(
                f"{self._http.url} refuses the request ({text or status}).",
                'Set "apiKeyEnv" to the name of the environment variable with the key.',
            )
        if status == 404 or 300 <= status < 400:
            return NotRunning(
                f"What answers at {self._http.url} is not Ollama (HTTP {status}).",
                'Check the setting "url", or OLLAMA_HOST.',
            )
        return refusals.of_request(status, text)


def parameters(text: Any) -> float:
    """Billions of parameters in Ollama's ``parameter_size`` ("7.6B", "494.03M"); 0 if unsaid."""
    found = re.fullmatch(r"([\d.]+)\s*([KMBT])", text) if isinstance(text, str) else None
    if not found:
        return 0.0
    return float(found[1]) * {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}[found[2]]


def _is_chat(template: str) -> bool:
    """Whether a template puts text of its own around the prompt ("{{ .Prompt }}" doesn't)."""
    return ".Messages" in template or bool(re.sub(r"\{\{.*?\}\}", "", template, flags=re.S).strip())


def _seconds(keep_alive: str | int) -> float:
    """s of a duration as Go writes it ("1h30m"), or of a number; less than 0 is for ever."""
    text = str(keep_alive)
    if text.startswith("-"):
        return math.inf
    if text.isdigit():
        return float(text)
    units = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
    return sum(float(number) * units[unit] for number, unit in parts)


def _seconds_until(moment: Any) -> float:
    """s until a moment in RFC 3339; endless if it is none, or far away."""
    try:
        left = datetime.fromisoformat(moment) - datetime.now(UTC)
    except (TypeError, ValueError, OverflowError):
        return math.inf
    return left.total_seconds()


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _preference(entry: tuple[str, float]) -> tuple[int, float]:
    """Sort key: the largest of the comfortable first, then the others from small to large."""
    _, size = entry
    return (0, -size) if size <= COMFORTABLE_SIZE else (1, size)
