"""What was computed once is kept: generations and outcomes of runs, as lines of JSON.

Files only grow. A line that a broken-off run left unfinished is passed over, and computed anew.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Self

from infill_ls.engines.engine import CUT_SHORT
from infill_ls.prompt.build import Request
from infill_ls.prompt.families import Model


class Lines:
    """A file of JSON objects, one a line, found by their ``key``; the latest counts."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.found: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        if path.exists():
            with path.open("rb") as lines:
                for line in lines:
                    try:
                        row = json.loads(line)
                        self.found[row["key"]] = row
                    except (ValueError, KeyError, TypeError):
                        continue
        broken = path.exists() and path.read_bytes()[-1:] not in (b"\n", b"")
        self._file = path.open("a", encoding="utf-8")
        if broken:
            self._file.write("\n")

    def add(self, row: Mapping[str, Any]) -> None:
        with self._lock:
            self.found[row["key"]] = dict(row)
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class Generation:
    """Everything that a model wrote for one request, and what it took.

    ``pieces``: the stream as it came, a token or a few in each; the raw output is all of them.
    ``times``: ms from the call to each piece. ``stop_reason``: of the last.
    ``logprobs``: (token, natural logarithm of its probability) where the engine was asked.
    """

    pieces: tuple[str, ...]
    times: tuple[int, ...]
    stop_reason: str
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    fill_tokens: int | None = None
    logprobs: tuple[tuple[str, float], ...] | None = None

    @property
    def raw(self) -> str:
        return "".join(self.pieces)

    @property
    def cut_short(self) -> bool:
        return self.stop_reason in CUT_SHORT

    @property
    def ends(self) -> list[int]:
        """Where the pieces end in the raw output."""
        return list(accumulate(map(len, self.pieces)))

    def behind(self, size: int) -> Generation:
        """The same without so many characters at its start."""
        pieces = [self.raw[max(start, size) : end] for start, end in pairwise([0, *self.ends])]
        return replace(self, pieces=tuple(pieces))

    def to_json(self) -> dict[str, Any]:
        row = asdict(self)
        row["raw"], row["ends"] = self.raw, self.ends
        del row["pieces"]
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        raw, ends, logprobs = row["raw"], row["ends"], row.get("logprobs")
        return cls(
            pieces=tuple(raw[start:end] for start, end in pairwise([0, *ends])),
            times=tuple(row["times"]),
            stop_reason=row["stop_reason"],
            prompt_tokens=row["prompt_tokens"],
            cached_tokens=row["cached_tokens"],
            fill_tokens=row["fill_tokens"],
            logprobs=None if logprobs is None else tuple((text, p) for text, p in logprobs),
        )


class Generations:
    """The generations in a folder, by model and exact request."""

    def __init__(self, folder: Path) -> None:
        self._lines = Lines(folder / "generations.jsonl")

    def get(
        self, model: Model, request: Request, seed: int, *, with_logprobs: bool = False
    ) -> Generation | None:
        row = self._lines.found.get(digest(model, request, seed))
        if row is None or (with_logprobs and row.get("logprobs") is None):
            return None
        return Generation.from_json(row)

    def add(
        self, model: Model, request: Request, seed: int, generation: Generation, **about: str
    ) -> None:
        """Keep a generation; ``about`` says to a reader of the file what it belongs to."""
        self._lines.add(
            {
                "key": digest(model, request, seed),
                **about,
                "model": asdict(model),
                "seed": seed,
                "request": asdict(replace(request, otherwise=None)),
                **generation.to_json(),
            }
        )

    def models(self) -> list[Model]:
        """Every model of which there is something, the latest last."""
        known = {field.name for field in fields(Model)}
        return list(
            dict.fromkeys(
                Model(**{name: value for name, value in row["model"].items() if name in known})
                for row in self._lines.found.values()
            )
        )

    def close(self) -> None:
        self._lines.close()


def digest(model: Model, request: Request, seed: int) -> str:
    """The key of a generation: sha256 of the model's name and every byte that is sent.

    What the answer is to begin with is told only to an engine that can make it so.
    """
    told = request.begin if model.can_begin else None
    sent = [
        *(model.name, request.prompt, request.suffix, request.raw, list(request.stop)),
        *(request.max_tokens, request.temperature),
        [told.text, told.before] if told else "",
        seed,
    ]
    return hashlib.sha256(json.dumps(sent).encode()).hexdigest()
