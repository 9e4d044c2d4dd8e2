"""Random texts and JSON: code, what no code has, and what only JSON can hold."""

from __future__ import annotations

from random import Random
from typing import Any, Final

# Stands in documents and in what the engine writes, and must never be in the log.
CANARY: Final = "kanarienvogel"

CODE: Final = (
    *("def f(x):", "    return x", "x = [", "for x in xs]", "(", ")", "[", "]", "{", "}", "\t"),
    *("    if x:", "else:", '"', "'", "`", '"""', "# why", "// c", "/*", "*/", "a.b(", "):", ";"),
    *(" ", "    ", "\n    ", ", ", "= ", " += 1", "self.", "import os", "return ", "<div>", "=>"),
    *(f"{CANARY} = 1", f"print({CANARY})", f"'{CANARY}'", "fn main() {", "let a = b;", "\\", "\\n"),
    *("if err != nil {", "func (", "$x", "@a", "0x1F", "1e9", "lambda: ", "value", "values", "va"),
)
MARKUP: Final = (
    *("```", "```python\n", "~~~", "Here is the code:", "Sure, ", "**A", "<|fim_middle|>", "<|"),
    *("<|endoftext|>", "<fim_suffix>", "<EOT>", "</s>", "[/INST]", "<file_sep>", "<|im_", "<｜"),
    *("<｜fim▁hole｜>", "<think>", "</think>", "<| fim_middle|>", "|>", "<PRE> ", " <SUF>", "⏎"),
)
STRANGE: Final = (
    *("\r\n", "\r", "\n", "\n\n", "\x00", "\x0b", "\x0c", "\x1b[31m", "\x7f", "\x85", "\u2028"),
    *("\u2029", "\u00ad", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\ufe0f", "\u3164"),
    *("\U000e0041", "\uffa0", "é", "e\u0301", "漢字", "😀", "👩\u200d👧", "🏴\U000e0067", "\ud83d"),
    *("\ude00", "\ud800", "\udfff", "ﷺ", "İ", "ß", "\U0010ffff", "\ufffe", "ا\u200cب", "𝒳"),
)
NEWLINES: Final = ("\n", "\n", "\n", "\r\n", "\r")
LANGUAGES: Final = (
    *("python", "typescript", "javascript", "typescriptreact", "rust", "go", "ruby", "c", "cpp"),
    *("java", "markdown", "html", "makefile", "shellscript", "plaintext", "", "no such", "dotenv"),
)


def text(random: Random, pieces: int, *, strange: float = 0.15) -> str:
    """A text of so many pieces; so many of them ``strange``."""
    newline = random.choice(NEWLINES)
    made = []
    for _ in range(pieces):
        lot = random.random()
        if lot < strange:
            made.append(random.choice(STRANGE))
        elif lot < strange + 0.05:
            made.append(random.choice(MARKUP))
        elif lot < strange + 0.06:
            made.append(chr(random.choice((random.randrange(0x300), random.randrange(0x110000)))))
        elif lot < 0.45:
            made.append(newline)
        else:
            made.append(random.choice(CODE))
    return "".join(made)


SCALARS: Final = (
    *(None, True, False, 0, 1, -1, 2**31 - 1, 2**31, 2**63, -(2**70), 10**400, 0.5, -0.0, 1e308),
    *("", " ", "a", "auto", "true", "0", "\x00", "\ud800", "😀", "x" * 300, "{prefix}{suffix}"),
)


def json_value(random: Random, depth: int = 3) -> Any:
    """Any JSON, nested so deep at the most."""
    lot = random.random()
    if depth and lot < 0.2:
        return [json_value(random, depth - 1) for _ in range(random.randrange(4))]
    if depth and lot < 0.4:
        names = (*KEYS, "a", "", "\ud800", "textDocument", "uri", "id", "jsonrpc", "infill-ls")
        return {
            random.choice(names): json_value(random, depth - 1) for _ in range(random.randrange(4))
        }
    if lot < 0.5:
        # What is no document is no secret.
        return text(random, random.randrange(4)).replace(CANARY, "setting")
    if lot < 0.55:
        return random.choice((float("inf"), float("nan"), random.random(), random.randrange(10**6)))
    return random.choice(SCALARS)


# What settings may be, each key with values that are right; wrong ones come from json_value.
SETTINGS: Final[dict[str, tuple[Any, ...]]] = {
    "engine": ("auto", "ollama", "openai", "embedded"),
    "url": ("http://127.0.0.1:1", "https://example.org/v1", "http://[::1]:8"),
    "model": ("auto", "qwen2.5-coder:1.5b", "starcoder2", "no/such:1"),
    "apiKeyEnv": ("NO_SUCH_KEY",),
    "headers": ({}, {"X-A": "b"}),
    "caFile": ("/no/such.pem",),
    "maxTokens": (1, 16, 128, 4096, "64"),
    "multiline": ("auto", "always", "never"),
    "eagerness": ("low", "normal", "high"),
    "temperature": (0, 0.2, 2, "1"),
    "debounceMs": ("auto", 0, 0, 100, 10_000),
    "latencyMs": (100, 1000, 10_000),
    "contextTokens": ("auto", 64, 2048, 131_072),
    "keepAlive": ("30m", 0, -1, "-1"),
    "mode": ("auto", "raw", "suffix", "plain"),
    "fim": ({"template": "<P>{prefix}<S>{suffix}<M>"}, []),
    "weightsFrom": ("auto", "hub"),
    "exclude": ([], ["*.private"], ["!.env"], ["["], ["a/**/b", "\\"], ["**", "!*.py"]),
    "enabled": (*[True] * 8, False, "no"),
    "languages": ({"markdown": {"enabled": False}}, {"python": {"multiline": "never"}}),
    "recitation": ({"folders": []},),
    "audit": ("/no/such/folder/audit.jsonl",),
    "stats": (*[True] * 8, False, "no"),
    "log": ("error", "warning", "info", "debug", "debug", "trace"),
}
KEYS: Final = tuple(SETTINGS)


def settings(random: Random, *, wrong: float = 0.3) -> Any:
    """A table of settings, or something else altogether."""
    if random.random() < wrong / 3:
        return json_value(random)
    made: dict[str, Any] = {}
    for _ in range(random.randrange(5)):
        key = random.choice(KEYS) if random.random() > wrong / 3 else "noSuchKey"
        bad = key not in SETTINGS or random.random() < wrong
        made[key] = json_value(random) if bad else random.choice(SETTINGS[key])
    return made
