"""What is said of the engine, its model, and the timed fill. Pure."""

from __future__ import annotations

from typing import Final

from infill_ls.diagnosis import mending
from infill_ls.diagnosis.check import Check, Status, failed
from infill_ls.diagnosis.facts import (
    Choice,
    Chosen,
    Given,
    InMemory,
    Installed,
    Proxies,
    Timed,
)
from infill_ls.diagnosis.speed import rate_shown, read_rate, seconds_shown, write_rate
from infill_ls.engines.ollama_start import START, is_usual
from infill_ls.errors import WeightsError
from infill_ls.prompt.families import SUGGESTED_MODEL
from infill_ls.settings import DEFAULT_URL
from infill_ls.values import is_loopback

# Tokens for prompt and fill together. With less a fill knows a dozen lines.
SMALL_ROOM: Final = 512
# Of "latencyMs", after which lines are shown that are whole by then.
SLOW: Final = 1.5
# Models that are named.
_LISTED: Final = 8
_LEAKS_TO: Final = "Whoever reaches its port can read what it was sent, and its keys."
BENCH: Final = "infill-ls bench"


def engine(
    given: Given, choice: Choice, installed: Installed, leak: tuple[str, str], proxies: Proxies
) -> list[Check]:
    """Return which engine is asked, or why there is none.

    ``leak``: what is wrong with Ollama's version and what to do; empty ones if nothing is.
    """
    settings = given.settings
    if choice.error is not None:
        fix = mending.no_engine(given, choice, installed, proxies.used)
        return [Check("engine", "fail", _why_none(given, choice, installed, proxies), fix)]
    checks = [_in_use(given, choice, installed)]
    if leak[0]:
        here = is_loopback(settings.engine_url) and choice.get_ollama
        checks.append(Check("engine", "warn", f"{leak[0]} {_LEAKS_TO}", here or leak[1]))
    if clear := settings.in_the_clear(choice.name):
        host = mending.host_of(settings.engine_url)
        tunnel = f"ssh -N -L 11434:127.0.0.1:11434 {host}"
        checks.append(Check("engine", "warn", clear, tunnel))
    return checks


def _why_none(given: Given, choice: Choice, installed: Installed, proxies: Proxies) -> str:
    """Return why there is no engine: what is the matter with each that could be."""
    assert choice.error is not None
    absent = (choice.absent or choice.error).message
    if proxies.used:
        return f"{absent} It is asked through the proxy {proxies.used}."
    if choice.absent is None or given.settings.engine != "auto":
        return choice.error.message
    if not installed.version:
        return f"{absent} The embedded engine is not installed."
    if not installed.weights:
        return f"{absent} The embedded engine has no weights yet."
    broken = [one.message for one in installed.weights.values() if one is not None]
    return " ".join((absent, *broken)) if broken else choice.error.message


def _in_use(given: Given, choice: Choice, installed: Installed) -> Check:
    settings = given.settings
    if choice.name == "openai":
        return Check("engine", "ok", f"A server with /v1 answers at {settings.engine_url}.")
    if choice.name == "ollama":
        named = f"Ollama {choice.ollama}" if choice.ollama else "Ollama"
        return Check("engine", "ok", f"{named} answers at {settings.engine_url}.")
    used = f"The embedded engine is used (llama.cpp in xllamacpp {installed.version})."
    if choice.absent is None or settings.engine == "embedded":
        return Check("engine", "ok", used)
    message = f"{used} {choice.absent.message}"
    if settings.engine_url == DEFAULT_URL:
        # Whoever has no Ollama misses none.
        return Check("engine", "ok", message)
    return Check("engine", "warn", message, mending.no_engine(given, choice, installed))


def model(given: Given, chosen: Chosen) -> list[Check]:
    """Return which model is asked, whether it can fill in the middle, and how."""
    found = chosen.model
    if chosen.error is not None or found is None:
        assert chosen.error is not None
        fix = mending.no_model(given, chosen)
        if given.settings.model != "auto":
            return [failed("model", chosen.error, fix)]
        has = (
            f"It has {', '.join(chosen.have[:_LISTED])}." if chosen.have else "It has none at all."
        )
        return [Check("model", "fail", f"{chosen.error.message} {has}", fix)]
    name = found.name
    taken = f' "auto" takes it ({chosen.why}).' if chosen.why else ""
    if chosen.mode == "plain":
        message = f"{name} only goes on with what stands before the cursor (plain).{taken}"
        forced = given.settings.mode == "plain"
        fix = mending.sets(given, "mode", "auto") if forced else _better(given)
        return [Check("model", "warn", message, fix)]
    how = "through the engine's template for it (suffix)"
    if chosen.mode == "raw":
        how = f"{_tokens(chosen.family)} (raw)"
    message = f"{name} fills in the middle, {how}.{taken}"
    if chosen.slow:
        return [Check("model", "warn", f"{message} It is slow by its kind.", "infill-ls models")]
    return [Check("model", "ok", message)]


def _tokens(family: str) -> str:
    own = family.startswith("own template")
    return "with your own template" if own else f"with the tokens of {family}"


def _better(given: Given) -> str:
    return "" if given.settings.engine == "openai" else mending.fetches(given, SUGGESTED_MODEL)


def memory(given: Given, choice: Choice, loaded: InMemory) -> list[Check]:
    """Return where the model is loaded, how much of it, and for how many tokens."""
    if loaded.error is not None:
        fix = mending.not_loaded(given, choice, loaded.error)
        return [failed("memory", loaded.error, fix)]
    status: Status = "ok"
    where, fix = "The engine doesn't say where the model is loaded", ""
    if choice.name == "embedded":
        threads = "1 thread" if loaded.threads == 1 else f"{loaded.threads} threads"
        where = f"The model runs on the processor with {threads}"
    elif loaded.on_gpu is not None:
        share = loaded.on_gpu
        amount = f" ({loaded.memory / 1e9:.1f} GB)" if loaded.memory else ""
        where = f"The model is on the GPU{amount}"
        if not share:
            where = f"The model is on the processor, none on a GPU{amount}"
        elif share < 0.995:
            where = f"Only {share:.0%} of the model{amount} is on the GPU, which is slow"
            status, fix = "warn", BENCH
    if loaded.instead:
        where = f"That model can't be loaded, so {loaded.instead} is. {where}"
        status, fix = "warn", fix or mending.sets(given, "model", loaded.instead)
    room = loaded.room
    has_room = "" if room is None else f", with a context of {room:,} tokens"
    took = "" if loaded.seconds is None else f"; it took {seconds_shown(loaded.seconds)} to load"
    checks = [Check("memory", status, f"{where}{has_room}{took}.", fix)]
    if room is not None and room < SMALL_ROOM:
        message = f"With a context of {room} tokens prompts are short, and fills know little."
        fix = _more_room(given) if choice.name == "ollama" else ""
        checks.append(Check("memory", "warn", message, fix))
    return checks


def _more_room(given: Given) -> str:
    name, tokens = "OLLAMA_CONTEXT_LENGTH", "4096"
    if is_usual(given.settings):
        return given.shell.with_variable(name, tokens, START)
    return f"Start Ollama there with {name}={tokens}."


def fill(given: Given, timed: Timed) -> list[Check]:
    """Return how fast fills come here, or why none does."""
    if timed.error is not None or timed.cold is None:
        assert timed.error is not None
        return [failed("fill", timed.error)]
    cold, warm = timed.cold, timed.warm or timed.cold
    if not cold.fill and not warm.fill:
        message = "The model wrote nothing that can be shown in the list that it was given to end."
        return [Check("fill", "warn", message, BENCH)]
    line, first = warm.total_ms / 1000, cold.total_ms / 1000
    about, at_first = seconds_shown(line), seconds_shown(first)
    message = f"A line takes about {about} here"
    if first > line and about != at_first:
        message += f", the first one in a file {at_first}"
    read, write = read_rate(cold), write_rate(cold) or write_rate(warm)
    rates = [
        f"{rate_shown(rate)} tokens/s {done}"
        for rate, done in ((read, "read"), (write, "written"))
        if rate is not None
    ]
    message += f" ({', '.join(rates)})." if rates else "."
    if line * 1000 <= SLOW * given.settings.latency_ms:
        return [Check("fill", "ok", message)]
    return [Check("fill", "warn", f"{message} Few will wait for that.", BENCH)]


def embedded(choice: Choice, installed: Installed) -> list[Check]:
    """Return what there is of the embedded engine; nothing if the engine's line says it."""
    if choice.error is not None and (not installed.version or not installed.weights):
        return []
    if not installed.version:
        return [Check("embedded", "ok", "The embedded engine is not installed, nor needed.")]
    checks = [
        failed("embedded", problem, f"infill-ls pull {_short(name)}")
        for name, problem in installed.weights.items()
        if problem is not None
    ]
    if choice.name != "embedded":
        # They are in nobody's way.
        checks = [Check("embedded", "warn", one.message, one.fix) for one in checks]
    if isinstance(choice.error, WeightsError):
        # That is said already.
        return []
    good = [name for name, problem in installed.weights.items() if problem is None]
    if good:
        which = " and ".join(good)
        checks.insert(0, Check("embedded", "ok", f"The embedded engine has {which}, verified."))
    elif not checks:
        message = f"The embedded engine has no weights yet ({installed.pull} fetches them)."
        checks.append(Check("embedded", "ok", message))
    needed, free = installed.needed, installed.free
    if choice.name == "embedded" and needed is not None and free is not None and free < needed:
        message = f"The model takes {needed / 1e9:.1f} GB of memory; {free / 1e9:.1f} GB are free."
        checks.append(Check("embedded", "warn", message, "infill-ls pull 0.5b"))
    return checks


def _short(name: str) -> str:
    """Return what ``infill-ls pull`` calls the embedded engine's weights of this name."""
    return next((part for part in name.split("-") if part in ("0.5b", "1.5b")), name)
