"""What is known of each editor, by its name for itself (``clientInfo``).

A name is compared in lower case, and what is known of an editor holds for every name that has the
editor's in it. An unknown or empty name gets what is right for most.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

# s. How long editors wait after a key before they ask, unless they say so themselves: Neovim 0.12
# by itself 200 ms, Helix 25.07 250 ms, Emacs by an idle timer of 200 ms in our set-up; VS Code asks
# 40 to 50 ms after every key.
PAUSES: Final = {"neovim": 0.200, "helix": 0.250, "emacs": 0.200}
PAUSE_ELSEWHERE: Final = 0.045
# s. The longest that an automatic request waits for its fill; the work goes on into memory
# afterwards. Clients give up at 10 s. The user is promised an answer within 8; the rest is for a
# busy machine.
AUTOMATIC_WAIT: Final = 7.5
# Texts after which editors with menus ask without waiting for two letters of a word: where a name
# or an expression begins.
TRIGGERS: Final = (".", "(", "[", "{", ",", "=", ":", " ", "\t", "\n")
# Words of the languages before an expression, a name or a type: where they stand in a line (after a
# blank or an opening bracket), and those that begin a statement but are common in prose too.
_BEFORE_EXPRESSIONS: Final = (
    *("and", "assert", "async", "await", "case", "catch", "const", "def", "defer", "delete"),
    *("dyn", "echo", "elif", "else", "elseif", "elsif", "enum", "except", "extends", "final", "fn"),
    *("func", "if", "impl", "implements", "import", "in", "instanceof", "lambda", "mut", "new"),
    *("not", "or", "raise", "range", "return", "static", "struct", "throw", "throws", "typeof"),
    *("unless", "var", "yield"),
    # SQL, which is in capitals where it is typed by itself.
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "JOIN", "ON", "BY", "SET", "INTO"),
)
_BEGIN_STATEMENTS: Final = (
    *("class", "del", "do", "export", "for", "from", "function", "interface", "let", "local"),
    *("match", "package", "private", "protected", "pub", "public", "require", "switch", "trait"),
    *("type", "until", "use", "when", "while", "with"),
)
_OPERATOR_MARKS: Final = "=,:+-*/%<>&|?"
# Helix looks for whole texts left of the cursor, and asks all servers after those of any: a blank
# alone would open everybody's menu in the middle of comments, and at each step of indentation. So
# it is a blank after what an expression, a name or another part of a statement follows.
HELIX_TRIGGERS: Final = (
    *(".", "(", "[", "{", "->", "::", "$", "<", "</", "(|"),
    *(f"{mark} " for mark in f"{_OPERATOR_MARKS});]}}0123456789"),
    *(f"{before}{word} " for word in _BEFORE_EXPRESSIONS for before in ("\n", "\t", " ", "(", "[")),
    *(f"{before}{word} " for word in _BEGIN_STATEMENTS for before in ("\n", "\t", "  ")),
    # Within a string, where it is the part of an expression.
    *(before + quote for before in ("(", "[", "{", "=") for quote in "\"'"),
    *(f"{mark} {quote}" for mark in _OPERATOR_MARKS for quote in "\"'"),
    *sorted({"\n" + unit * depth for unit in ("\t", "  ", "    ") for depth in range(7)}),
)
# They send a document with its own line ends, but keep them apart from the text: a CR in what is
# inserted would be shown as one, and stay in the line (Neovim 0.12.4).
_LINE_ENDS_APART: Final = ("neovim",)
# They put the server's name before the messages that it shows: "LSP[infill-ls] ".
_NAME_SERVERS: Final = ("neovim",)
# They put ghost text behind what its range takes the place of, and leave that (LSP4IJ 1.0 in
# JetBrains' editors: "skipped" text there is text that stays).
_ONLY_INSERTS: Final = (
    *("lsp4ij", "intellij", "pycharm", "webstorm", "goland", "clion", "rider", "phpstorm"),
    *("rubymine", "rustrover", "datagrip", "android studio"),
)


def keeps_line_ends_apart(client: str) -> bool:
    """Whether the editor wants ``\\n`` for every line end, whatever the document has."""
    return _is_one_of(client, _LINE_ENDS_APART)


def names_servers(client: str) -> bool:
    """Whether the editor says itself which server a message is from."""
    return _is_one_of(client, _NAME_SERVERS)


def shows_range(client: str) -> bool:
    """Whether ghost text may take the place of what stands right of the cursor."""
    return not _is_one_of(client, _ONLY_INSERTS)


def pause(client: str) -> float:
    """Return how long the editor waits after a key before it asks, in s."""
    known = (pause for editor, pause in PAUSES.items() if _is_one_of(client, [editor]))
    return next(known, PAUSE_ELSEWHERE)


def trigger_characters(client: str) -> tuple[str, ...]:
    """Return the texts after which the editor is to ask for a menu at once."""
    return HELIX_TRIGGERS if _is_one_of(client, ["helix"]) else TRIGGERS


def _is_one_of(client: str, editors: Iterable[str]) -> bool:
    """Whether an editor's name for itself has one of these in it; they are in lower case."""
    return any(name in client.lower() for name in editors)
