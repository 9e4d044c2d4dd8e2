"""A language server beside infill-ls, as there is one for most languages: it offers names.

Run as a program it serves on stdin and stdout. Like others it offers every name it knows, wherever
it is asked, and leaves it to the editor to choose.
"""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

NAMES = ("names", "ordered", "print", "sorted", "source", "total")


def main() -> None:
    server = LanguageServer("other", "1")

    @server.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["."]))
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        return [lsp.CompletionItem(name, kind=lsp.CompletionItemKind.Function) for name in NAMES]

    @server.command("other.command")
    def command() -> None:
        """So that it counts as a server that has commands."""

    server.start_io()


if __name__ == "__main__":
    main()
