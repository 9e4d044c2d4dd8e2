"""Ollama: ``POST /api/generate`` and the few other endpoints that are needed around it.

Fields and errors as in ollama's ``api/types.go`` and ``server/routes.go``, 0.1 to 0.33.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, fields
from typing import Any, Final

from infill_ls import families
from infill_ls.engines import Chunk, Usage, ollamas_name
from infill_ls.engines.http import Http, integer, parse, request_headers
from infill_ls.errors import (
    BadAnswer,
    Busy,
    CannotInsert,
    EngineError,
    ModelNotFound,
    NotRunning,
    Unauthorized,
)
from infill_ls.families import Model
from infill_ls.prompt import Request
from infill_ls.settings import Settings

SUGGESTED_MODEL: Final = "qwen2.5-coder:1.5b"
# Billions of parameters. Of several models "auto" takes the largest up to this size: larger ones
# write too slowly for completion on the hardware that people own.
COMFORTABLE_SIZE: Final = 8.0
# Tokens. The smallest context that any Ollama gives by itself (up to 0.5; later ones 4,096).
# Only for a larger budget is num_ctx sent: it makes Ollama load the model anew when it differs
# from what another program asked for.
SMALLEST_CONTEXT: Final = 2048
# Durations with which a model is not kept loaded; an empty prompt would unload it.
_NOT_KEPT: Final = re.compile(r"0+(?:\.0*)?(?:ns|us|ms|s|m|h)?")
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
        async with aclosing(self.call(call)) as answers:
            async for answer in answers:
                if answer.done:
                    # Of the cache it says nothing: the count includes what was cached.
                    usage = Usage(answer.prompt_eval_count, None, answer.eval_count)
                    yield Chunk(answer.response, usage, answer.done_reason or "stop")
                else:
                    yield Chunk(answer.response)

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
        """Those for which Ollama loads a model anew when they change."""
        budget = self._settings.context_tokens
        if budget == "auto" or budget + self._settings.max_tokens <= SMALLEST_CONTEXT:
            return {}
        return {"num_ctx": -(-(budget + self._settings.max_tokens) // 1024) * 1024}

    async def warm(self) -> None:
        """Have the model loaded if it isn't: an empty prompt does that and no more.

        With the options of the calls to come, or the first of them would load it anew.
        """
        model = await self.describe()
        if _NOT_KEPT.fullmatch(str(self._settings.keep_alive)) or await self._is_loaded(model.name):
            return
        load = GenerateRequest(
            model=model.name,
            prompt="",
            keep_alive=self._settings.keep_alive,
            options=self._load_options() or None,
        )
        async with aclosing(self.call(load)) as answers:
            async for _ in answers:
                pass

    async def aclose(self) -> None:
        """Nothing is kept between calls."""

    async def call(self, request: GenerateRequest) -> AsyncGenerator[GenerateAnswer]:
        """``POST /api/generate`` as it is."""
        done = False
        try:
            async with aclosing(self._http.lines("/api/generate", request.to_json())) as lines:
                async for line in lines:
                    answer = GenerateAnswer.from_json(parse(line))
                    done = answer.done
                    yield answer
                    if done:
                        break
        except ModelNotFound:
            self._model = None
            raise
        if not done:
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

    async def _is_loaded(self, name: str) -> bool:
        """Whether ``GET /api/ps`` has it; true where nobody can say (Ollama before 0.1.33)."""
        try:
            answer = await self._http.ask("GET", "/api/ps")
        except EngineError:
            return True
        models = answer.get("models") if isinstance(answer, dict) else None
        if not isinstance(models, list):
            return True
        loaded = [entry.get("name") for entry in models if isinstance(entry, dict)]
        return name in loaded or f"{name}:latest" in loaded

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
                    text = step.get("error") if isinstance(step, dict) else ""
                    raise ModelNotFound(
                        f'Ollama can\'t pull "{name}": {text!s:.300}',
                        f"Check the name; {SUGGESTED_MODEL} is one that can fill in the middle.",
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
            theirs = ollamas_name(name)
            named_so = "" if theirs == name else f' and set "model" to "{theirs}"'
            return ModelNotFound(
                f'Ollama has no model "{name}".', f"Fetch it: ollama pull {theirs}{named_so}"
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
        return BadAnswer(
            f"Ollama refuses the request: {text or status}", "Look at Ollama's own log for more."
        )


def parameters(text: Any) -> float:
    """Billions of parameters in Ollama's ``parameter_size`` ("7.6B", "494.03M"); 0 if unsaid."""
    found = re.fullmatch(r"([\d.]+)\s*([KMBT])", text) if isinstance(text, str) else None
    if not found:
        return 0.0
    return float(found[1]) * {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}[found[2]]


def _is_chat(template: str) -> bool:
    """Whether a template puts text of its own around the prompt ("{{ .Prompt }}" doesn't)."""
    return ".Messages" in template or bool(re.sub(r"\{\{.*?\}\}", "", template, flags=re.S).strip())


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _preference(entry: tuple[str, float]) -> tuple[int, float]:
    """Sort key: the largest of the comfortable first, then the others from small to large."""
    _, size = entry
    return (0, -size) if size <= COMFORTABLE_SIZE else (1, size)
