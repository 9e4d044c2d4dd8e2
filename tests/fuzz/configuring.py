"""Settings of any shape, from every source, and files of any bytes."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any, Final

from fuzz import clock, texts
from fuzz.found import Counts, Found
from infill_ls.engines.rates_file import RatesFile
from infill_ls.lsp.configuration import Configuration, NoAnswer
from infill_ls.setting_names import variable
from infill_ls.settings import KEYS, Settings, load
from infill_ls.user_file import read_user_file

SOURCES: Final = ("file", "editor", "environment", "command_line")
NAMES: Final = {item.metadata["key"]: item.name for item in fields(Settings) if item.metadata}
VARIABLES: Final = {variable(key): key for key in KEYS}
# In values that may hold a password; no message says it again.
SECRET: Final = "hunter2"
TOML: Final = (
    *("[", "]", "=", "\n", '"', "'", '"""', ".", ",", "{", "}", "#", " ", "1979-05-27", "07:32:00"),
    *("1e999", "nan", "inf", "-", "0x", "_", "true", "99999999999999999999", "\\u0000", "\\ud800"),
    *("[" * 3000, "9" * 5000, "\x00", "\ufeff", "é", "\r\n", "a.b.c", "[[a]]", "\U000110000"[:1]),
)


def make(random: Random) -> dict[str, Any]:
    """One reading of settings."""
    kind = random.choice(("load", "load", "file", "file", "rates", "session"))
    if kind == "load":
        return {source: _table(random, source) for source in SOURCES if random.random() < 0.6}
    if kind == "session":
        return {"steps": [_step(random) for _ in range(random.randrange(1, 6))]}
    return {kind: _bytes(random).decode("latin-1")}


def _table(random: Random, source: str) -> Any:
    table = texts.settings(random, wrong=0.5)
    if source != "editor" and not isinstance(table, dict):
        table = {}
    if isinstance(table, dict) and random.random() < 0.1:
        table["url"] = random.choice((f"http://u:{SECRET}@h", f"{SECRET}\x00", [SECRET]))
        table["headers"] = {"A": f"{SECRET}\n"}
    if isinstance(table, dict) and random.random() < 0.05:
        value: Any = 1
        for _ in range(random.choice((50, 400, 900))):
            value = [value] if random.random() < 0.8 else {"a": value}
        table[random.choice(KEYS)] = value
    if source == "environment":
        made = {
            variable(key): value if isinstance(value, str) else json.dumps(value)
            for key, value in table.items()
        }
        if random.random() < 0.5:
            made["OLLAMA_HOST"] = random.choice(
                ("", "0.0.0.0", ":1", "[::1", "a:b:c", f"http://u:{SECRET}@h", "ollama.com/x")
            ) + texts.text(random, random.randrange(2))
        return made
    return table


def _bytes(random: Random) -> bytes:
    lot = random.random()
    if lot < 0.1:
        return random.randbytes(random.randrange(40))
    if lot < 0.4:
        return json.dumps(texts.json_value(random)).encode() * random.choice((1, 1, 2))
    if lot < 0.45:
        return b"[" * 100_000
    lines = []
    for _ in range(random.randrange(6)):
        key = random.choice((*KEYS, random.choice(TOML)))
        value = json.dumps(texts.json_value(random, 1))
        if random.random() < 0.5:
            value = "".join(random.choice(TOML) for _ in range(random.randrange(1, 5)))
        lines.append(f"{key} = {value}")
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _step(random: Random) -> list[Any]:
    """What is sent, and what is answered if it is asked for: when, and what."""
    sent = None if random.random() < 0.5 else texts.settings(random)
    return [sent, random.choice((0, 1, 7)), random.random() < 0.2, texts.settings(random)]


def run(case: dict[str, Any], counts: Counts) -> None:
    """Read the settings. Raises :class:`Found`."""
    counts["operations"] += len(case.get("steps", "1"))
    if "steps" in case:
        clock.run(_session(case["steps"]))
    elif "file" in case and isinstance(case["file"], str):
        table, problems = _read(case["file"].encode("latin-1"))
        _check_load({"file": table})
        if bool(table) and problems:
            raise Found("values of a file that can't be read", problems)
    elif "rates" in case:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "rates.json")
            path.write_bytes(case["rates"].encode("latin-1"))
            RatesFile(path).load("a")
    else:
        _check_load(case)


def _read(content: bytes) -> tuple[dict[str, Any], list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.toml")
        path.write_bytes(content)
        return read_user_file(path)


def _check_load(sources: dict[str, Any]) -> None:
    """Compare all sources at once with each key by itself."""
    settings, problems = load(**sources)
    expected: dict[str, Any] = {}
    count = 0
    for source in SOURCES:
        table = sources.get(source)
        if table is not None and not isinstance(table, dict):
            count += 1
            continue
        # Those that are no settings are read last.
        for key in sorted(table or {}, key=lambda key: key not in NAMES and key not in VARIABLES):
            value = (table or {})[key]
            given: dict[str, Any] = {source: {key: value}}
            alone, wrong = load(**given)
            count += len(wrong)
            if wrong:
                _check_message(wrong, key, source)
                if "stats" in alone.unknown:
                    # It is off, whatever a source behind this one says.
                    expected.pop("stats", None)
                continue
            variable_of = VARIABLES.get(key) if source == "environment" else None
            name = NAMES.get(variable_of or key)
            # A null says nothing, nor does an empty variable.
            nothing = (None, "", "null") if variable_of else (None,)
            if name is not None and value not in nothing:
                expected[name] = getattr(alone, name)
    if any("OLLAMA_HOST" in one for one in problems):
        count += sources.get("environment", {}).get("OLLAMA_HOST") is None
    elif len(problems) > count:
        raise Found("problems from nowhere", problems)
    for name, value in expected.items():
        got = getattr(settings, name)
        if got != value and not (value != value and got != got):
            raise Found("another value", (name, got, value))
    if SECRET in "".join(problems):
        raise Found("a secret in a message", problems)
    if any(len(one) > 2000 or not one.isprintable() for one in problems):
        raise Found("a message that can't be shown", problems)


def _check_message(problems: list[str], key: str, source: str) -> None:
    name = (VARIABLES.get(key, key) if source == "environment" else key)[:60]
    shown = name if name.isprintable() else ascii(name)[1:-1][:20]
    if len(problems) != 1 or shown not in problems[0]:
        raise Found("a key that no message names", (key, problems))


async def _session(steps: list[list[Any]]) -> None:
    """Read the settings of a session again and again, also while it is asked."""
    told: list[str] = []
    taken: list[Settings] = []
    answers = iter([step[1:] for step in steps] * 2)

    async def ask() -> Any:
        pause, fails, value = next(answers, (0, True, None))
        await asyncio.sleep(pause)
        if fails:
            raise NoAnswer
        return value

    async def take(settings: Settings) -> None:
        taken.append(settings)

    configuration = Configuration({}, ask=ask, tell=told.append, take=take)
    configuration.options = steps[0][-1]
    waiting = asyncio.ensure_future(configuration.known())
    readings = []
    for number, step in enumerate(steps):
        readings.append(asyncio.ensure_future(configuration.read(step[0])))
        if number % 2:
            await asyncio.sleep(1)
    await asyncio.gather(*readings)
    if not (await waiting and configuration.is_known and taken):
        raise Found("settings that are never known", steps)
    if any(len(one) > 2000 or not one.isprintable() for one in told):
        raise Found("a message that can't be shown", told)
