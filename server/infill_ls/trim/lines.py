"""What one line of code tells of the statement that it is of."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from infill_ls.text.brackets import CLOSING_BRACKETS, Scan
from infill_ls.text.languages import OPENS

# Longer fills are never shown: nobody reads them, and one model in a loop fills the screen.
MAX_CHARACTERS: Final = 4_000
# In these a statement ends with its line, unless the line itself says otherwise. Elsewhere one
# without an end mark may go on below: with a brace, a method call, a body up to its end.
LINE_LANGUAGES: Final = frozenset({"python", "go"})
# Words and marks that go on with the statement above at its own indentation.
CLAUSES: Final = frozenset(
    "else elif elsif elseif except finally rescue ensure catch case default when end fi done esac "
    "then do endif until".split()
) | {*CLOSING_BRACKETS, "{", ".", "|"}
# A line with less than this to tell it by comes twice in much code, in characters.
TELLING: Final = 4
# In these the preprocessor takes lines for itself.
PREPROCESSED: Final = frozenset({"c", "cpp", "objective-c", "objective-cpp", "csharp"})
WORD: Final = re.compile(r"\w+")
FIRST_WORD: Final = re.compile(r"[ \t]*(?:(\w+)(?=\W)|([^\w\s]))")
_TO_LINE_END: Final = frozenset({"#", "//", "--"})
UNFINISHED: Final = re.compile(r"(?:[,\\=+\-*/%&|^<>.?]|\b(?:and|or|not|in|is|if|else))$")


@lru_cache(maxsize=256)
def code_of(line: str, language: str) -> str:
    """Return a line without the blanks and the comment at its end.

    One that is all comment stays. The line begins outside of strings.
    """
    scan = Scan(language, lenient=True).follow(line)
    if scan.quote not in _TO_LINE_END:
        return line.rstrip()
    return line[: scan.positions[-1]].rstrip() or line.rstrip()


def opens(line: str, language: str) -> bool:
    """Whether a line heads a block or goes on below, whatever comment stands at its end."""
    return OPENS.search(code_of(line, language)) is not None


def is_unfinished(line: str) -> bool:
    """Whether a statement goes on below this line, as far as its end tells."""
    code = line.rstrip()
    return bool(OPENS.search(code) or UNFINISHED.search(code))
