"""Make a case that fails smaller, as long as it still breaks the same rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

# s of this process' own time that is spent on it at the most.
LIMIT: Final = 60.0


def shrink(case: Any, fails: Callable[[Any], bool], limit: float = LIMIT) -> Any:
    """Return the smallest JSON found for which ``fails`` still holds."""
    over = time.process_time() + limit

    def test(candidate: Any) -> bool:
        return time.process_time() < over and fails(candidate)

    before = None
    while before != case and time.process_time() < over:
        before = case
        case = _lessened(case, test)
    return case


def _lessened(value: Any, fails: Callable[[Any], bool]) -> Any:
    if isinstance(value, list | str):
        value = _shortened(value, fails)
    if isinstance(value, list):
        for index in range(len(value)):
            value = _replaced(value, index, fails)
    elif isinstance(value, dict):
        for key in list(value):
            without = {name: part for name, part in value.items() if name != key}
            value = without if fails(without) else _replaced(value, key, fails)
    elif value not in (None, 0) and fails(0):
        return 0
    return value


def _replaced(value: Any, key: Any, fails: Callable[[Any], bool]) -> Any:
    """The same with a smaller part under a key or at an index."""

    def made(part: Any) -> Any:
        copy = value.copy()
        copy[key] = part
        return copy

    return made(_lessened(value[key], lambda part: fails(made(part))))


def _shortened(value: Any, fails: Callable[[Any], bool]) -> Any:
    """The same list or text without what isn't needed, larger pieces first."""
    size = len(value)
    while size:
        start = 0
        while start < len(value):
            shorter = value[:start] + value[start + size :]
            if fails(shorter):
                value = shorter
            else:
                start += size
        size //= 2
    return value
