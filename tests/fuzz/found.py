"""What fuzzing finds, and what it has done."""

from __future__ import annotations

from collections import Counter


class Found(Exception):
    """Something that must never be. ``kind``: which rule was broken; the text has the details."""

    def __init__(self, kind: str, details: object = "") -> None:
        super().__init__(f"{kind}: {details!s:.2000}")
        self.kind = kind


class Counts(Counter[str]):
    """How many operations, requests and so on there were."""
