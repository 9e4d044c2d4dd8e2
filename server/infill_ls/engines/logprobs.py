"""How likely each token was, as engines send it with the pieces of an answer.

There are two forms. Ollama (api/types.go, ``Logprob``, since 0.12.11) and llama-server (llama.cpp,
tools/server/README.md, ``n_probs``) send ``[{"token": ..., "logprob": ...}]``, the latter below
``content``. Servers with OpenAI's completions send ``{"tokens": [...], "token_logprobs": [...]}``
(OpenAI API reference, "Completions"). Whatever has another form says nothing.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from infill_ls.engines.engine import Token
from infill_ls.engines.http import mapping

# Servers write something far below for what can't be: llama-server the least number that there is,
# vLLM -9999. One such token would count for more than all others together.
_LEAST: Final = -50.0


def read(sent: Any) -> tuple[Token, ...]:
    """Return the tokens of a piece, in their order; none where an engine sent something else."""
    if isinstance(sent, dict):
        listed = sent.get("content", ())
        if "content" not in sent:
            texts, values = _list(sent.get("tokens")), _list(sent.get("token_logprobs"))
            listed = [
                {"token": text, "logprob": value}
                for text, value in zip(texts, values, strict=False)
            ]
    else:
        listed = sent
    return tuple(chain.from_iterable(map(_token, _list(listed))))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _token(entry: Any) -> tuple[Token, ...]:
    """Return the token of an entry; none if it is no such entry."""
    about = mapping(entry)
    text, value = about.get("token"), about.get("logprob")
    if not isinstance(text, str) or not isinstance(value, int | float) or isinstance(value, bool):
        return ()
    # What isn't a number (NaN) isn't that either.
    return (Token(text, float(max(value, _LEAST))),) if value <= 0 else ()
