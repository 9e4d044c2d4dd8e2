"""How likely each token was: how engines are asked, and how they say it with an answer's pieces.

There are three forms. Ollama (api/types.go, ``Logprob``, since 0.12.11) and llama-server
(llama.cpp, tools/server/README.md, ``n_probs``) send ``[{"token": ..., "logprob": ...}]``, the
latter below ``content``. Servers with OpenAI's completions send ``{"tokens": [...],
"token_logprobs": [...]}`` (OpenAI API reference, "Completions").

The third costs llama-server next to nothing (``post_sampling_probs``, in the same README). For a
logarithm it sorts its whole vocabulary for each token; after its samplers it has a few candidates,
sorted, and sends ``prob`` and ``top_probs``. These are tempered: a probability p has become one
proportional to p to the power of 1/T. So it was proportional to theirs to the power of T, and the
candidates' sum makes it a probability again. Whatever has another form says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final

from infill_ls.engines.engine import Token
from infill_ls.engines.http import mapping

# Servers write something far below for what can't be: llama-server the least number that there is,
# vLLM -9999. One such token would count for more than all others together.
_LEAST: Final = -50.0

# The fewest alternatives with which servers say how likely the token was that they chose.
LOGARITHMS: Final[Mapping[str, Any]] = {"logprobs": 1}
# Candidates that are asked for, and how many as likely as the last of them are reckoned for all
# that aren't told. With ten, the ten digits would pass for the start of more. Fitted: `python -m
# eval.tails` in the folder tests, the 0.5B, 625 tokens. A surprise is 0.033 off in the mean, 0.105
# where the model is in doubt; with five and a rest of eight 0.074 and 0.217, with twenty and no
# rest 0.071 and 0.240.
_ASKED_FOR: Final = 12
_TAIL: Final = 20
# After llama-server's samplers. Those that would cut what is unlikely, before the temperature
# (top_p, min_p), are left out; whatever the server was started with, 40 tokens are kept: its own
# number (llama.cpp, tools/server/README.md, ``top_k``).
TEMPERED: Final[Mapping[str, Any]] = {
    "logprobs": _ASKED_FOR,
    "post_sampling_probs": True,
    "samplers": ["penalties", "dry", "top_k", "temperature"],
    "top_k": 40,
}
# Temperatures at which that is asked for. At 0.1 nothing is left of a candidate that is less than
# 0.0002 as likely as the best, at 0.05 of one with 0.01: they are numbers of 32 bits. With a higher
# one, what top_p and min_p cut off would be chosen sometimes: of a million tokens 0.2 at 0.2, 3,000
# at 0.5, 30,000 at 0.8 (`python -m eval.tails`).
_TEMPERATURES: Final = (0.1, 0.5)


def ways(*, llama_server: bool, temperature: float, grammar: bool) -> list[Mapping[str, Any]]:
    """Return what to add to a request's body, the best first, to be told; the last asks nothing.

    ``llama_server``: it is known to be llama.cpp's. ``grammar``: the request has one. A token that
    a grammar demands would pass for certain after sampling, however unlikely it was to the model.
    """
    low, high = _TEMPERATURES
    tempered = llama_server and not grammar and low <= temperature <= high
    return [*((TEMPERED,) if tempered else ()), LOGARITHMS, {}]


def read(sent: Any, temperature: float = 0.0) -> tuple[Token, ...]:
    """Return the tokens of a piece, in their order; none where an engine sent something else.

    ``temperature``: that of the request. Without one, probabilities after sampling say nothing.
    """
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
    return tuple(chain.from_iterable(_token(entry, temperature) for entry in _list(listed)))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _token(entry: Any, temperature: float) -> tuple[Token, ...]:
    """Return the token of an entry; none if it is no such entry."""
    about = mapping(entry)
    text, value = about.get("token"), about.get("logprob")
    if "prob" in about:
        value = _untempered(about["prob"], _list(about.get("top_probs")), temperature)
    if not isinstance(text, str) or not isinstance(value, int | float) or isinstance(value, bool):
        return ()
    # What isn't a number (NaN) isn't that either.
    return (Token(text, float(max(value, _LEAST))),) if value <= 0 else ()


def _untempered(chosen: Any, told: list[Any], temperature: float) -> float | None:
    """Return the logarithm of how likely a token was before the temperature; None if nobody says.

    ``chosen``: its probability after it. ``told``: the likeliest candidates, the best first.
    """
    likely = [value for one in told if (value := _probability(mapping(one).get("prob")))]
    own = _probability(chosen)
    if own is None or not likely or temperature <= 0:
        return None
    if not own:
        return _LEAST
    best = max(likely)
    shares = [(value / best) ** temperature for value in likely]
    # Fewer than were asked for are all that there are.
    rest = _TAIL * min(shares) if len(shares) >= _ASKED_FOR else 0.0
    logarithm = temperature * math.log(own / best) - math.log(sum(shares) + rest)
    return min(0.0, logarithm)


def _probability(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value <= 1 else None
