"""What is sent to Ollama's ``POST /api/generate``, and the lines of its answer.

Fields and errors as in ollama's ``api/types.go`` and ``server/routes.go``, 0.1 to 0.33.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from infill_ls.engines import logprobs, refusals
from infill_ls.engines.engine import Token
from infill_ls.engines.http import integer
from infill_ls.errors import BadAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """The body of ``POST /api/generate``; None leaves a field out and with it Ollama's default.

    ``keep_alive``: seconds or a duration ("30m"). ``format``: "json" or a JSON schema.
    ``images``: base64. ``context``: tokens of an earlier answer (deprecated by Ollama).
    ``think``: true, false or "low" to "max". ``options``: num_predict, temperature, ...
    """

    model: str
    prompt: str
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: Sequence[int] | None = None
    stream: bool = True
    raw: bool | None = None
    format: str | Mapping[str, Any] | None = None
    keep_alive: str | int | None = None
    images: Sequence[str] | None = None
    options: Mapping[str, Any] | None = None
    think: bool | str | None = None
    truncate: bool | None = None
    shift: bool | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are set."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class GenerateAnswer:
    """One line of the answer to ``POST /api/generate``.

    ``response``: the text of this piece, ``tokens``: how likely its tokens were, where that was
    asked for and the version says it. The last line has ``done``, and with it the counts, in
    tokens, and the durations, in ns.
    """

    response: str
    done: bool
    done_reason: str | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    tokens: tuple[Token, ...] = ()

    @classmethod
    def from_json(cls, data: Any) -> GenerateAnswer:
        """Return a line of the answer, read.

        Raises :class:`BadAnswer` for an error line (:class:`TooLong` if it is about the prompt's
        length), and for what is no answer at all.
        """
        if isinstance(data, dict) and "error" in data:
            if refusals.is_about_length(str(data["error"])):
                raise refusals.of_request(400, str(data["error"]))
            raise BadAnswer(
                f"Ollama broke off: {data['error']!s:.300}",
                "Look at Ollama's own log.",
            )
        if not isinstance(data, dict) or not isinstance(data.get("response", ""), str):
            raise BadAnswer("Ollama's answer makes no sense.", 'Check the setting "url".')
        counts = {
            item.name: integer(data.get(item.name))
            for item in fields(cls)
            if item.name.endswith(("_count", "_duration"))
        }
        reason = data.get("done_reason")
        return cls(
            response=data.get("response", ""),
            done=data.get("done") is True,
            done_reason=reason if isinstance(reason, str) else None,
            tokens=logprobs.read(data.get("logprobs")),
            **counts,
        )
