"""How likely each token was, as engines send it with the pieces of an answer.

There are two forms. Ollama (api/types.go, ``Logprob``, since 0.12.11) and llama-server (llama.cpp,
tools/server/README.md, ``n_probs``) send ``[{"token": ..., "logprob": ...}]``, the latter below
``content``. Servers with OpenAI's completions send ``{"tokens": [...], "token_logprobs": [...]}``
(OpenAI API reference, "Completions"). Whatever has another form says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
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
            texts, values = sent.get("tokens"), sent.get("token_logprobs")
            both = isinstance(texts, list) and isinstance(values, list)
            listed = [
                {"token": text, "logprob": value}
                for text, value in (zip(texts, values, strict=False) if both else ())
            ]
    else:
        listed = sent
    entries: Iterable[Any] = listed if isinstance(listed, list) else ()
    return tuple(chain.from_iterable(map(_token, entries)))


def _token(entry: Any) -> tuple[Token, ...]:
    """Return the token of an entry; none if it is no such entry."""
    about = mapping(entry)
    text, value = about.get("token"), about.get("logprob")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    # Not a number (NaN) is neither.
    if not isinstance(text, str) or not is_number or not value <= 0:
        return ()
    return (Token(text, max(float(value), _LEAST)),)
