"""What is known of languages by their ids, as editors name them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# Language ids as editors name them, by the endings of file names.
_ENDINGS: Final = {
    "c h": "c",
    "cc cpp cxx hh hpp hxx": "cpp",
    "cs": "csharp",
    "css": "css",
    "ex exs": "elixir",
    "go": "go",
    "hs": "haskell",
    "htm html": "html",
    "java": "java",
    "cjs js mjs": "javascript",
    "jsx": "javascriptreact",
    "json": "json",
    "jl": "julia",
    "kt kts": "kotlin",
    "lua": "lua",
    "md": "markdown",
    "ml mli": "ocaml",
    "php": "php",
    "pl pm": "perl",
    "py pyi": "python",
    "r": "r",
    "rb": "ruby",
    "rst": "restructuredtext",
    "rs": "rust",
    "scala": "scala",
    "bash sh zsh": "shellscript",
    "sql": "sql",
    "swift": "swift",
    "toml": "toml",
    "ts": "typescript",
    "tsx": "typescriptreact",
    "vue": "vue",
    "yaml yml": "yaml",
    "zig": "zig",
}
# Languages in which prose and fences are what is written.
PROSE_LANGUAGES: Final = frozenset(
    "markdown mdx rmd quarto restructuredtext rst asciidoc plaintext text tex latex html "
    "gitcommit git-commit mail".split()
)
# A line that ends like this heads a block, or goes on below.
OPENS: Final = re.compile(r"(?:[:{(\[]|=>|->|\b(?:do|then|begin|else|try))$")
# How a comment of one line begins, where it is not //.
LINE_COMMENTS: Final = {
    **dict.fromkeys(
        "python ruby shellscript julia nim gdscript powershell perl r yaml toml dockerfile "
        "makefile elixir coffeescript crystal terraform cmake fish tcl".split(),
        "#",
    ),
    **dict.fromkeys("lua sql haskell elm ada vhdl applescript".split(), "--"),
    **dict.fromkeys("clojure lisp scheme elisp asm ini".split(), ";"),
    **dict.fromkeys("latex erlang prolog matlab".split(), "%"),
}
# Languages in which a single ' stands alone: lifetimes, primes, quoting.
LONE_APOSTROPHE: Final = frozenset("rust haskell ocaml lisp clojure scheme elisp verilog".split())
JAVASCRIPT: Final = "javascript typescript javascriptreact typescriptreact vue svelte".split()
BACKTICK_STRINGS: Final = frozenset({*JAVASCRIPT, "go", "ruby", "shellscript"})
TRIPLE_QUOTES: Final = frozenset(
    "python java kotlin scala swift csharp groovy dart julia elixir".split()
)
# In these a string may follow a word at once.
QUOTE_AFTER_WORD: Final = frozenset({"lua", "shellscript"})
# In these a # begins a comment after a blank, a bracket or a semicolon only.
SPACED_COMMENTS: Final = frozenset({"shellscript", "yaml"})
HASH_COMMENTS: Final = frozenset(
    "python ruby perl r yaml toml makefile julia elixir dockerfile nim powershell "
    "shellscript".split()
)
SLASH_COMMENTS: Final = frozenset(
    "c cpp java javascript javascriptreact typescript typescriptreact go rust csharp kotlin swift "
    "php scala dart groovy objective-c zig scss less jsonc".split()
)
DASH_COMMENTS: Final = frozenset("lua sql haskell elm".split())


class Interpolation(NamedTuple):
    """How code is put into a string: what begins it, and in which strings."""

    opener: str
    strings: tuple[str, ...]


# Language reference of each; for Python and C# the string is marked as one with code in it.
INTERPOLATIONS: Final[dict[str, tuple[Interpolation, ...]]] = {
    **dict.fromkeys(JAVASCRIPT, (Interpolation("${", ("`",)),)),
    **dict.fromkeys(
        ("ruby", "elixir", "crystal", "coffeescript"), (Interpolation("#{", ('"', '"""', "`")),)
    ),
    **dict.fromkeys(
        ("kotlin", "groovy", "scala", "terraform", "hcl"), (Interpolation("${", ('"', '"""')),)
    ),
    "dart": (Interpolation("${", ('"', "'", '"""', "'''")),),
    "swift": (Interpolation("\\(", ('"', '"""')),),
    "php": (Interpolation("{$", ('"',)), Interpolation("${", ('"',))),
    "perl": (Interpolation("${", ('"',)), Interpolation("@{", ('"',))),
    "shellscript": (Interpolation("${", ('"',)), Interpolation("$(", ('"',))),
    "julia": (Interpolation("$(", ('"', '"""')),),
    "python": (Interpolation("{", ('f"', "f'", 'f"""', "f'''")),),
    "csharp": (Interpolation("{", ('f"', 'f"""')),),
}
# What stands before a string that has code in it, and before others.
MARKED_STRINGS: Final = {
    "python": r"(?<!\w)[rR]?[fFtT][rR]?|(?<!\w)[bBrRuU]{1,2}",
    "csharp": r"@?\${1,9}+@?|@",
}
_COMMENT_LINES: Final = {
    "//": re.compile(r"\s*(?://|/?\*)"),
    **{mark: re.compile(rf"\s*{mark}") for mark in ("#", "--", ";", "%")},
}


def language_of(name: str) -> str:
    """Return the language id of a file by the ending of its name, or "" if it is not known."""
    stem, _, ending = name.rpartition(".")
    if not stem:
        return ""
    low = ending.lower()
    return next((known for endings, known in _ENDINGS.items() if low in endings.split()), "")


def is_comment(line: str, language: str) -> bool:
    """Whether a line of code is nothing but a comment."""
    return _COMMENT_LINES[LINE_COMMENTS.get(language, "//")].match(line) is not None
