"""What is known of languages by their ids, as editors name them."""

from __future__ import annotations

import re
from typing import Final

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
_COMMENT: Final = {
    "//": re.compile(r"\s*(?://|/?\*)"),
    **{mark: re.compile(rf"\s*{mark}") for mark in ("#", "--", ";", "%")},
}


def is_comment(line: str, language: str) -> bool:
    """Whether a line of code is nothing but a comment."""
    return _COMMENT[LINE_COMMENTS.get(language, "//")].match(line) is not None
