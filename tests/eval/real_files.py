"""Holes in real files of any source tree, as somebody who types makes them.

The same tree and seed give the same holes. Each file gives at most one hole of each kind.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from eval.tasks import Split, Task, split_of
from infill_ls.errors import SettingsError

LANGUAGES: Final = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
    ".h": "c",
    ".java": "java",
    ".cpp": "cpp",
    ".cc": "cpp",
    ".cxx": "cpp",
    ".hpp": "cpp",
}
# Those too of which no model is asked, by the names that editors have for them.
ALL_LANGUAGES: Final = {
    **LANGUAGES,
    ".tsx": "typescriptreact",
    ".css": "css",
    ".scss": "scss",
    ".html": "html",
    ".json": "json",
    ".kt": "kotlin",
    ".lua": "lua",
    ".php": "php",
    ".rb": "ruby",
    ".sh": "shellscript",
    ".bash": "shellscript",
    ".yaml": "yaml",
    ".yml": "yaml",
}
# Characters: shorter files are stubs, longer ones tables or generated.
_SHORTEST: Final = 1_000
_LONGEST: Final = 200_000
# Lines longer than this on average are minified.
_AVERAGE_LINE: Final = 100
# Folders of what others wrote, or of what was generated.
_SKIPPED: Final = frozenset(
    "node_modules vendor dist build target locale locales __pycache__ site-packages".split()
)
# Lines that a body may have.
_BODY_LINES: Final = 8
# Lines that a block may have of which only the rest is a hole.
_REST_LINES: Final = 24
# Tokens (words, marks) that a hole in mid line may have.
_SPAN_TOKENS: Final = 6
# Of the ends of lines so many are asked for with a word half typed.
_HALF_TYPED: Final = 0.3
_COMMENT: Final = re.compile(r"\s*(?:#|//|/?\*|--)")
# A blank in mid line, by what stands before it: a word that something must follow, an operator
# that gives a value, anything else.
_BLANKS: Final = (
    re.compile(r"\b(?:return|if|while|in|and|or|not|new|await|case|for|throw|raise|import) (?=\S)"),
    re.compile(r"[=:<>+*/&|?-] (?=\S)"),
    re.compile(r"\S (?=\S)"),
)
_WORD: Final = re.compile(r"[A-Za-z]\w{3,}")
# What is typed before a name or an expression.
_MARK: Final = re.compile(r"[.(\[{\"'](?=\w)")
_CALL: Final = re.compile(r"\b\w+\(([^()\n]*\w[^()\n]*)\)")

# Those of an evaluation of fills; the others are for what a prompt may end with (eval.ends).
KINDS: Final = ("end of line", "mid line", "argument list", "block body")

Span = tuple[int, int]
Finder = Callable[[str, str, random.Random], Span | None]


def holes(
    folders: Sequence[Path],
    count: int | None = None,
    split: Split = "all",
    seed: int = 1,
    kinds: Sequence[str] = KINDS,
) -> list[Task]:
    """So many holes of each kind in each language; all that there are, if ``count`` is None.

    Raises :class:`SettingsError` if the folders have no source files.
    """
    found: list[Task] = []
    counts: dict[tuple[str, str], int] = {}
    for folder in folders:
        names = sorted(files(folder), key=lambda name: _hash(f"{seed} {name}"))
        if not names:
            raise SettingsError(
                f"There are no source files in {folder}.",
                f"Files are told by their names: {', '.join(LANGUAGES)}.",
            )
        for name in names:
            language = LANGUAGES[Path(name).suffix]
            wanted = [
                kind for kind in kinds if count is None or counts.get((language, kind), 0) < count
            ]
            if not wanted or split not in ("all", split_of(name)):
                continue
            text = read(folder / name)
            if text is None:
                continue
            for kind in wanted:
                if task := hole(text, name, language, kind, seed):
                    counts[language, kind] = counts.get((language, kind), 0) + 1
                    found.append(task)
    return sorted(found, key=lambda task: (list(FINDERS).index(task.kind), task.language, task.id))


def hole(text: str, name: str, language: str, kind: str, seed: int) -> Task | None:
    """A hole of this kind in a file; None if the file has no place for one."""
    chance = random.Random(f"{seed} {name} {kind}")
    span = FINDERS[kind](text, language, chance)
    if span is None:
        return None
    start, end = span
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Task(
        id=f"{name}:{line}:{column}",
        kind=kind,
        language=language,
        prefix=text[:start],
        suffix=text[end:],
        truth=text[start:end],
    )


def _end_of_line(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        words = list(re.finditer(r"\w+|[^\w\s]", line))
        if len(words) < 3:
            continue
        word = chance.choice(words[1:])
        at = word.start()
        if len(word[0]) > 3 and word[0].isalpha() and chance.random() < _HALF_TYPED:
            at += chance.randint(1, 3)
        if _is_telling(line[at:]):
            return start + at, start + len(line)
    return None


def _mid_line(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        words = list(re.finditer(r"\w+|[^\w\s]", line))
        if len(words) < 5:
            continue
        first = chance.randrange(1, len(words) - 3)
        last = min(first + chance.randrange(_SPAN_TOKENS), len(words) - 3)
        begin, end = words[first].start(), words[last].end()
        # Words must stand right of the cursor; where only closers do, it is the end of a line.
        if _is_telling(line[begin:end]) and re.search(r"\w", line[end:]):
            return start + begin, start + end
    return None


def _argument_list(text: str, language: str, chance: random.Random) -> Span | None:
    calls = [
        (start + call.start(1), start + call.end(1))
        for start, line in _code_lines(text, language)
        if not re.match(r"\s*(?:def|func|fn|function|class)\b", line)
        for call in _CALL.finditer(line)
    ]
    return chance.choice(calls) if calls else None


def _blocks(lines: list[str], language: str, chance: random.Random) -> Iterator[tuple[int, int]]:
    """The head of each block and where its body ends, by line, in the order that chance gives."""
    heads = [number for number, line in enumerate(lines) if _is_head(line, language)]
    while heads:
        head = heads.pop(chance.randrange(len(heads)))
        width = _width(lines[head])
        end = head + 1
        while end < len(lines) and (not lines[end].strip() or _width(lines[end]) > width):
            end += 1
        while not lines[end - 1].strip():
            end -= 1
        yield head, end


def _block_body(text: str, language: str, chance: random.Random) -> Span | None:
    lines = text.split("\n")
    inside = _docstring_lines(text) if language == "python" else set()
    for head, end in _blocks(lines, language, chance):
        body = lines[head + 1 : end]
        if not 1 <= len(body) <= _BODY_LINES or head + 1 in inside:
            continue
        if not body[0].strip() or all(map(_COMMENT.match, body)) or re.match(r"\s*['\"]", body[0]):
            continue
        start = sum(len(line) + 1 for line in lines[: head + 1])
        indentation = len(body[0]) - len(body[0].lstrip())
        return start + indentation, start + len("\n".join(body))
    return None


def _rest_of_a_block(text: str, language: str, chance: random.Random) -> Span | None:
    lines = text.split("\n")
    inside = _docstring_lines(text) if language == "python" else set()
    for head, end in _blocks(lines, language, chance):
        body = range(head + 1, end)
        if not 1 <= len(body) <= _REST_LINES or not lines[head + 1].strip():
            continue
        level = _width(lines[head + 1])
        firsts = [
            number
            for number in body
            if number not in inside
            and len(re.findall(r"\w", lines[number])) > 1
            and _width(lines[number]) == level
            and not _COMMENT.match(lines[number])
        ]
        if not firsts:
            continue
        first = chance.choice(firsts)
        start = sum(len(line) + 1 for line in lines[:first])
        indentation = len(lines[first]) - len(lines[first].lstrip())
        return start + indentation, start + len("\n".join(lines[first:end]))
    return None


def _after_a_blank(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    before = chance.choice(_BLANKS)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        places = [found.end() for found in before.finditer(line)]
        places = [at for at in places if line[:at].strip() and _is_telling(line[at:])]
        if places:
            return start + chance.choice(places), start + len(line)
    return None


def _in_a_word(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        if words := list(_WORD.finditer(line)):
            word = chance.choice(words)
            return start + chance.randrange(word.start() + 1, word.end()), start + len(line)
    return None


def _behind_a_word(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        words = [word.end() for word in _WORD.finditer(line) if _is_telling(line[word.end() :])]
        if words:
            return start + chance.choice(words), start + len(line)
    return None


def _behind_a_mark(text: str, language: str, chance: random.Random) -> Span | None:
    lines = _code_lines(text, language)
    while lines:
        start, line = lines.pop(chance.randrange(len(lines)))
        marks = [mark.end() for mark in _MARK.finditer(line) if _is_telling(line[mark.end() :])]
        if marks:
            return start + chance.choice(marks), start + len(line)
    return None


FINDERS: Final[dict[str, Finder]] = {
    "end of line": _end_of_line,
    "mid line": _mid_line,
    "argument list": _argument_list,
    "block body": _block_body,
    "rest of a block": _rest_of_a_block,
    "after a blank": _after_a_blank,
    "in a word": _in_a_word,
    "behind a word": _behind_a_word,
    "behind a mark": _behind_a_mark,
}
# As eval.tasks.MAX_TOKENS.
MAX_TOKENS: Final = {"end of line": 48, "mid line": 48, "argument list": 48, "block body": 128}


def _is_telling(truth: str) -> bool:
    """Whether there is more to guess than marks."""
    return len(re.findall(r"\w", truth)) > 1


def _is_head(line: str, language: str) -> bool:
    if _COMMENT.match(line):
        return False
    return line.rstrip().endswith(":" if language == "python" else "{")


def _code_lines(text: str, language: str) -> list[tuple[int, str]]:
    """(offset, line without the blanks at its end) of lines with code."""
    found, offset = [], 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(line.split()) > 1 and not _COMMENT.match(line) and re.search(r"\w", line):
            found.append((number, offset, line.rstrip()))
        offset += len(line) + 1
    if language == "python":
        inside = _docstring_lines(text)
        found = [one for one in found if one[0] not in inside]
    return [(offset, line) for _, offset, line in found]


def _docstring_lines(text: str) -> set[int]:
    """Numbers, from 0, of the lines that a triple-quoted string is on."""
    inside: set[int] = set()
    for string in re.finditer(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'', text):
        first = text.count("\n", 0, string.start())
        inside.update(range(first, first + string[0].count("\n") + 1))
    return inside


def _width(line: str) -> int:
    return len(line.expandtabs(8)) - len(line.lstrip().expandtabs(8))


def files(folder: Path, languages: Mapping[str, str] = LANGUAGES) -> Iterator[str]:
    """Source files in a folder, relative to it, ``/`` between the parts."""
    for where, folders, names in os.walk(folder):
        folders[:] = [one for one in folders if one not in _SKIPPED and not one.startswith(".")]
        for name in names:
            path = Path(where, name)
            generated = name.endswith((".d.ts", ".min.js"))
            if path.suffix in languages and not generated and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def read(path: Path) -> str | None:
    """The text of a file that a hole may be cut in, with ``\\n`` for every line end."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.count("\n") + 1
    fits = _SHORTEST <= len(text) <= _LONGEST and len(text) / lines <= _AVERAGE_LINE
    return text if fits else None


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
