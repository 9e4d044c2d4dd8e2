"""The least that a pygls server can be: what the round trip is compared with."""

from __future__ import annotations

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

server = LanguageServer("empty", "0")


@server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())
async def inline_completion(params: lsp.InlineCompletionParams) -> lsp.InlineCompletionList:
    return lsp.InlineCompletionList(items=[])


if __name__ == "__main__":
    server.start_io()
