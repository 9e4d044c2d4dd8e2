"""The engines that models run in, and the choice of the one that is used.

An engine takes a :class:`infill_ls.prompt.build.Request` and streams text. The implementations are
imported when they are needed: httpx alone costs a tenth of the server's start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from infill_ls.engines.engine import Engine, settled
from infill_ls.errors import EngineError, ModelNotFound, NotRunning, WeightsError
from infill_ls.settings import DEFAULT_URL, Settings
from infill_ls.threads import in_thread
from infill_ls.values import is_loopback

if TYPE_CHECKING:
    from infill_ls.engines.ollama import Ollama


async def connect(settings: Settings, tell: Callable[[str], None] = lambda _: None) -> Engine:
    """Return the engine that the settings name.

    ``tell`` is told what the user should know: before code goes there, that it goes unencrypted;
    later, that Ollama can't load the model that "auto" means, and which one it is now.

    For ``auto`` it is Ollama if that answers; else, and where the model is one that the embedded
    engine alone has (by its name, or any that fills if the model is "auto"), the embedded one.
    Raises :class:`infill_ls.errors.SettingsError` if nobody knows what the user wants, and
    :class:`NotRunning`, with what to do, if there is none. For the embedded engine it also raises
    :class:`ModelNotFound` and :class:`WeightsError`.
    """
    engine = await _found(settled(settings), tell)
    # Only now is it known whether code goes anywhere.
    if text := settings.in_the_clear(engine.name):
        tell(text)
    return engine


async def _found(settings: Settings, tell: Callable[[str], None]) -> Engine:
    """Return the engine that the settings name; see :func:`connect`."""
    if settings.engine == "openai":
        from infill_ls.engines.openai import OpenAI

        return OpenAI.from_settings(settings)
    if settings.engine == "embedded":
        return await _embedded(settings.model)
    from infill_ls.engines.ollama import Ollama

    ollama = Ollama(settings, tell=tell)
    if settings.engine == "ollama":
        return ollama
    from infill_ls.engines.embedded import weights

    try:
        for_embedded = await _is_for_embedded(ollama, settings)
    except NotRunning:
        try:
            return await _embedded(settings.model)
        except (EngineError, WeightsError) as reason:
            if weights.ollamas_name(settings.model) != settings.model:
                # It is the embedded engine that was meant.
                raise
            raise _no_engine(settings, reason) from None
    return await _embedded(settings.model) if for_embedded else ollama


def _no_engine(settings: Settings, reason: EngineError | WeightsError) -> NotRunning:
    """Return the error for when Ollama doesn't answer, and why the embedded engine can't help.

    What to do is one command: that which starts Ollama, if it is there to be started and starts
    where it is asked.
    """
    from infill_ls.engines.ollama_program import is_installed
    from infill_ls.engines.ollama_start import is_usual, start_hint

    url, usual = settings.engine_url, is_usual(settings)
    off = "Ollama is off" if url == DEFAULT_URL else f"nothing answers at {url}"
    if is_loopback(url) and is_installed():
        return NotRunning(f"No engine: {off}.", start_hint(settings))
    if isinstance(reason, NotRunning | ModelNotFound):
        return NotRunning(
            f"No engine: {off}.", "Run: infill-ls doctor" if usual else start_hint(settings)
        )
    why = f"{off}; {reason.message[0].lower()}{reason.message[1:]}"
    return NotRunning(f"{why[0].upper()}{why[1:]}", reason.fix)


async def _is_for_embedded(ollama: Ollama, settings: Settings) -> bool:
    """Whether the embedded engine has the model that is meant, and Ollama has none such.

    Raises :class:`NotRunning` if Ollama doesn't answer.
    """
    from infill_ls.engines.embedded import installation, weights

    await ollama.version()
    if settings.model == "auto":
        ready = installation.has_embedded() and weights.fetched()
        if not ready:
            return False
    elif weights.own(settings.model) is None:
        return False
    try:
        await ollama.describe()
    except ModelNotFound:
        return True
    return False


async def _embedded(model: str) -> Engine:
    """Return the embedded engine with a model.

    Raises :class:`NotRunning` if it is not installed, :class:`ModelNotFound` if it has no such
    model, and :class:`WeightsError` if the model's weights are missing or damaged.
    """
    from infill_ls.engines.embedded import installation

    if not installation.has_embedded():
        raise NotRunning(
            "The embedded engine is not installed.",
            f"Install it: {installation.command()}",
        )
    from infill_ls.engines.embedded import engine as embedded
    from infill_ls.engines.embedded import weights

    chosen = embedded.best() if model == "auto" else weights.named(model)
    # Verifying reads the whole file when it is new.
    path = await in_thread(lambda: weights.ready(chosen), "verifying")
    return embedded.Embedded(chosen, path)
