"""The engine Ollama: ``POST /api/generate``, and the few other endpoints that are needed with it.

Errors as in ollama's ``server/routes.go``, 0.1 to 0.33.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

from infill_ls.engines import ollama_program, refusals
from infill_ls.engines.engine import SAYS_NOTHING, Chunk, settled
from infill_ls.engines.http import Http, integer, parse, request_headers, seconds
from infill_ls.engines.ollama_auto import Auto
from infill_ls.engines.ollama_choice import Installed, Running
from infill_ls.engines.ollama_generate import GenerateAnswer, GenerateRequest
from infill_ls.engines.ollama_loading import TRUST, Loading
from infill_ls.engines.ollama_models import (
    all_running,
    described,
    listed,
    running,
    trained_context,
)
from infill_ls.engines.ollama_start import start_hint
from infill_ls.engines.rates import LOADED_ANEW, Usage
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import (
    BadAnswer,
    CannotLoad,
    EngineError,
    ModelNotFound,
    NotRunning,
    Stalled,
)
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings

# s. Who doesn't say sooner what is loaded is told to load: that is never wrong.
LOOK_TIMEOUT: Final = 1.0
# s. Nor is it wrong to wait for that, unless Ollama doesn't even say who it is any more: then it is
# stuck. So often that is asked while a model is loaded, and so long an answer may take. It gives
# one also while it loads.
ALIVE_INTERVAL: Final = 10.0
ALIVE_TIMEOUT: Final = 5.0
# s. How long a model that is not to be kept stays for the call that it was loaded for.
BRIDGE: Final = 30


class Ollama:
    """An Ollama server: what every engine can do, and calls of its own for the commands."""

    name = "ollama"

    def __init__(
        self,
        settings: Settings,
        rates_file: RatesFile | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Ask nothing yet.

        ``rates_file``: what was measured of its models; None for the user's own. ``tell``: is told
        what the user should know.
        """
        self._settings = settled(settings)
        self.auto = Auto(self, settings, rates_file or RatesFile())
        self._tell = tell
        self._model: Model | None = None
        self._trained: dict[str, int | None] = {}  # tokens that each model was trained with
        self._loading = Loading(settings)
        self._http = Http(
            settings.engine_url,
            explain=self._explain,
            start_hint=self._start_hint,
            headers=request_headers(settings),
            ca_file=settings.ca_file,
        )

    async def describe(self) -> Model:
        """Return the model that the settings name; for ``auto`` the best that is installed.

        Raises :class:`ModelNotFound` if it isn't there, or if there is none that can fill.
        """
        if self._model is None:
            named = self._settings.model
            self._model = await (self.auto.best() if named == "auto" else self.show(named))
            self._loading.learn(self._trained.get(self._model.name))
        return replace(self._model, digest=self._loading.digest)

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
            # Or it would cut the prompt without a word, and lose the suffix. From 0.12.4 on.
            truncate=False,
            keep_alive=self._settings.keep_alive,
            options=self._options(request),
            # Since 0.12.11; older ones ignore it.
            logprobs=True,
        )
        # Whoever has heard nothing knows no more whether the model is there.
        self._loading.doubt()
        done = False
        async with aclosing(self.call(call)) as answers:
            async for answer in answers:
                self._loading.trust(_now(), self._loading.kept)
                if answer.done:
                    if (answer.load_duration or 0) / 1e9 > LOADED_ANEW:
                        self._loading.was_loaded_anew()
                    # Of the cache it says nothing. The count is of the whole prompt, before 0.3.14
                    # of what was read; the time is that of reading alone in every version.
                    usage = Usage(
                        answer.prompt_eval_count,
                        None,
                        answer.eval_count,
                        seconds(answer.prompt_eval_duration, 1e9),
                        seconds(answer.eval_duration, 1e9),
                        seconds(answer.load_duration, 1e9),
                    )
                    reason = answer.done_reason or "stop"
                    yield Chunk(answer.response, usage, reason, answer.tokens)
                else:
                    yield Chunk(answer.response, tokens=answer.tokens)
                done = answer.done
        if not done:
            yield Chunk("", stop_reason="cut")

    def _options(self, request: Request) -> dict[str, Any]:
        """Return the options of a call.

        They are the same for every call with the same settings, so that no model is loaded anew.
        """
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
        return options | self._loading.options

    @property
    def room(self) -> int | None:
        return self._loading.room

    async def count(self, text: str) -> int | None:
        """Return None: Ollama has no call that counts (as of 0.33)."""
        return None

    @property
    def stays_loaded(self) -> bool:
        return self._loading.kept > 0

    def expect(self, read: float | None) -> None:
        self._loading.expect(read)

    async def is_loaded(self) -> bool:
        """Whether the model is loaded, with the options that the calls to come have.

        With which it was loaded nobody says. So a model that is found loaded counts as one only
        after :meth:`load`, which leaves it alone if the options are the same.
        """
        if self._loading.is_trusted(_now()):
            return True
        return await self._look() and self._loading.is_as_asked

    async def is_loading(self) -> bool:
        try:
            async with asyncio.timeout(LOOK_TIMEOUT):
                name, answer = await self.describe(), await self._http.ask("GET", "/api/ps")
        except (EngineError, TimeoutError):
            return False
        return running(answer, name.name) is None

    async def load(self) -> None:
        """Send an empty prompt, which loads the model and does no more.

        It has the options of the calls to come, or the first of them would load the model anew. A
        model that is loaded with these is left alone. Where Ollama can't load the one that "auto"
        has taken, it is the next smaller one from then on.
        """
        try:
            await self._load()
        except CannotLoad as error:
            refused = (await self.describe()).name
            smaller = self._settings.model == "auto" and await self.auto.instead_of(refused)
            if not smaller:
                raise
            self._model, self._loading = smaller, Loading(self._settings)
            self._loading.learn(self._trained.get(smaller.name))
            self._tell(f"{smaller.name} is used instead of {refused}. {error.message}")
            await self.load()

    async def _load(self) -> None:
        await self._ask_to_load()
        if await self._look() and not self._loading.is_as_asked:
            # Only now it is known that it is on a CPU, or has too little room by default.
            await self._ask_to_load()
        self._loading.trust(_now(), TRUST)

    async def _ask_to_load(self) -> None:
        """Have the model loaded; raises :class:`Stalled` when nothing answers meanwhile."""
        loading = asyncio.create_task(self._send_load(), name="load a model")
        try:
            while not (await asyncio.wait({loading}, timeout=ALIVE_INTERVAL))[0]:
                await self._is_alive()
            await loading
        finally:
            loading.cancel()
            # The connection is closed when this is left.
            await asyncio.gather(loading, return_exceptions=True)

    async def _is_alive(self) -> None:
        """Raise :class:`Stalled` if Ollama doesn't answer the simplest question."""
        try:
            async with asyncio.timeout(ALIVE_TIMEOUT):
                await self.version()
        except TimeoutError:
            raise Stalled(*SAYS_NOTHING) from None

    async def _send_load(self) -> None:
        model = await self.describe()
        options = self._loading.options
        load = GenerateRequest(
            model=model.name,
            prompt="",
            # With 0 an empty prompt would unload it.
            keep_alive=self._settings.keep_alive if self._loading.kept else BRIDGE,
            options=options or None,
        )
        async with aclosing(self.call(load)) as answers:
            async for _ in answers:
                pass
        self._loading.asked(options)

    async def _look(self) -> bool:
        """Ask ``GET /api/ps`` how the model is loaded, and return whether it is."""
        entry = await self._entry()
        self._loading.see(entry, _now())
        return entry is not None

    async def _entry(self) -> dict[str, Any] | None:
        """Return what ``GET /api/ps`` has of the model; None if it isn't loaded or nobody says."""
        name = (await self.describe()).name
        try:
            async with asyncio.timeout(LOOK_TIMEOUT):
                answer = await self._http.ask("GET", "/api/ps")
        except NotRunning:
            # Before 0.1.33 it doesn't know the question, and is there all the same.
            await self.version()
            return None
        except TimeoutError:
            await self._is_alive()
            return None
        except EngineError:
            return None
        return running(answer, name)

    async def aclose(self) -> None:
        """Do nothing: nothing is kept between calls."""

    async def call(self, request: GenerateRequest) -> AsyncGenerator[GenerateAnswer]:
        """Send ``POST /api/generate`` as it is and yield the lines of its answer.

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
                "Ollama's answer broke off.",
                "Look at Ollama's own log.",
            )

    async def version(self) -> str:
        """Return Ollama's version; empty if it doesn't say."""
        answer = await self._http.ask("GET", "/api/version")
        return str(answer.get("version", "")) if isinstance(answer, dict) else ""

    async def show(self, name: str) -> Model:
        """Ask ``POST /api/show`` and return the model; raises :class:`ModelNotFound`."""
        answer = await self._http.ask("POST", "/api/show", {"model": name})
        if not isinstance(answer, dict):
            raise BadAnswer("Ollama's answer makes no sense.", 'Check the setting "url".')
        self._trained[name] = trained_context(answer)
        return described(name, answer)

    async def installed(self) -> list[Installed]:
        """Return the models that are there."""
        return listed(await self._http.ask("GET", "/api/tags"))

    async def running(self) -> list[Running]:
        """Return the models that are in memory; none where Ollama doesn't say."""
        try:
            async with asyncio.timeout(LOOK_TIMEOUT):
                return all_running(await self._http.ask("GET", "/api/ps"))
        except (EngineError, TimeoutError):
            return []

    async def pull(self, name: str) -> AsyncGenerator[tuple[str, int, int]]:
        """Fetch a model with ``POST /api/pull``.

        Yields what is going on, the bytes done, and the bytes in all (0 if they are not counted).
        Ollama keeps what has come when this is closed, and goes on from there the next time.
        Raises :class:`BadAnswer` if it stops before it has all.
        """
        status = ""
        async with aclosing(self._http.lines("/api/pull", {"model": name})) as lines:
            async for line in lines:
                step = parse(line)
                if not isinstance(step, dict) or "error" in step:
                    raise refusals.of_pull(
                        name, str(step.get("error") if isinstance(step, dict) else step)
                    )
                total, done = integer(step.get("total")), integer(step.get("completed"))
                status = str(step.get("status", ""))
                yield status, done or 0, total or 0
        if status != "success":
            raise refusals.of_pull(name, "it has stopped before it had all of it")

    def _start_hint(self) -> str:
        here = ollama_program.is_installed()
        return start_hint(self._settings, "" if here else ollama_program.how_to_install())

    def _explain(self, status: int, text: str) -> EngineError:
        named = self._model.name if self._model else self._settings.model
        return refusals.of_call(status, text, model=named, url=self._http.url)


def _now() -> float:
    """s of the loop's clock."""
    return asyncio.get_running_loop().time()
