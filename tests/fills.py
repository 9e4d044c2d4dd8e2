"""What trim makes of one stream, for one-line tests: ``fill("f(█)", "a)")``."""

from __future__ import annotations

from typing import Final

from holes import at
from infill_ls.completion import policy
from infill_ls.prompt import families
from infill_ls.text.shape import Shape
from infill_ls.trim import Fill, trim

FAMILY: Final = families.find("qwen2.5-coder:1.5b")
assert FAMILY is not None
CONTROL: Final = FAMILY.control


def fill(
    text: str,
    raw: str,
    language: str = "python",
    *,
    shape: Shape | None = None,
    cut_short: bool = False,
) -> str:
    """The fill of one whole stream; its shape is the policy's unless the test says another."""
    return whole(text, raw, language, shape=shape, cut_short=cut_short).text


def whole(
    text: str,
    raw: str,
    language: str = "python",
    *,
    shape: Shape | None = None,
    cut_short: bool = False,
) -> Fill:
    hole = at(text, language)
    return trim(raw, hole, shape or policy.shape(hole, "auto"), CONTROL, cut_short=cut_short)


def so_far(text: str, raw: str, language: str = "python") -> Fill:
    """The fill of a stream that goes on."""
    hole = at(text, language)
    return trim(raw, hole, policy.shape(hole, "auto"), CONTROL, over=False)


def complete_after(text: str, raw: str, language: str = "python") -> str:
    """The part of the stream that is read until the fill is complete."""
    hole = at(text, language)
    shape = policy.shape(hole, "auto")
    for read in range(1, len(raw) + 1):
        if trim(raw[:read], hole, shape, CONTROL, over=False).complete:
            return raw[:read]
    raise AssertionError("the fill never becomes complete")
