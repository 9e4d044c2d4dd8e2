"""A language server that does next to nothing, for editors to run beside infill-ls."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

server = LanguageServer("other", "1")


@server.feature(lsp.TEXT_DOCUMENT_COMPLETION)
def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
    return []


@server.command("other.command")
def command() -> None:
    """So that it counts as a server that has commands."""


if __name__ == "__main__":
    server.start_io()
