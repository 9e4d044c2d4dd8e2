"""The rows of the table: the bytes of each family's prompt, and that no row is wanting."""

from __future__ import annotations

import re

import pytest

from infill_ls.prompt.build import render
from infill_ls.prompt.families import find
from infill_ls.prompt.family import Family
from infill_ls.prompt.table import FAMILIES

# Indentation on both sides of the seam, which is in the middle of a line.
PREFIX = "def f(x):\n    return "
SUFFIX = "\n\n\tg()\n"
# The exact bytes that each family gets.
PROMPTS = {
    "qwen3-coder-next": (
        "<|fim_prefix|><|fim_suffix|>\n\n\tg()\n<|fim_middle|>def f(x):\n    return "
    ),
    "qwen3-coder": ("<|fim_prefix|><|fim_suffix|>\n\n\tg()\n<|fim_middle|>def f(x):\n    return "),
    "qwen-coder": ("<|fim_prefix|><|fim_suffix|>\n\n\tg()\n<|fim_middle|>def f(x):\n    return "),
    "codeqwen": ("<fim_prefix>def f(x):\n    return <fim_suffix>\n\n\tg()\n<fim_middle>"),
    "deepseek-coder-v2": (
        "<\uff5cfim\u2581begin\uff5c>def f(x):\n    return <\uff5cfim\u2581hole\uff5c>\n\n\tg()\n"
        "<\uff5cfim\u2581end\uff5c>"
    ),
    "deepseek-coder": (
        "<\uff5cfim\u2581begin\uff5c>def f(x):\n    return <\uff5cfim\u2581hole\uff5c>\n\n\tg()\n"
        "<\uff5cfim\u2581end\uff5c>"
    ),
    "codellama": ("<PRE> <SUF>\n\n\tg()\n <MID> def f(x):\n    return "),
    "starcoder2": ("<fim_prefix><fim_suffix>\n\n\tg()\n<fim_middle>def f(x):\n    return "),
    "starcoder": ("<fim_prefix><fim_suffix>\n\n\tg()\n<fim_middle>def f(x):\n    return "),
    "santacoder": ("<fim-prefix>def f(x):\n    return <fim-suffix>\n\n\tg()\n<fim-middle>"),
    "codegemma": ("<|fim_prefix|><|fim_suffix|>\n\n\tg()\n<|fim_middle|>def f(x):\n    return "),
    "codestral": ("[SUFFIX]\n\n\tg()\n[PREFIX]def f(x):\n    return "),
    "granite-code": ("<fim_prefix><fim_suffix>\n\n\tg()\n<fim_middle>def f(x):\n    return "),
    "granite3.3": ("<fim_prefix>def f(x):\n    return <fim_suffix>\n\n\tg()\n<fim_middle>"),
    "granite4": ("<|fim_prefix|>def f(x):\n    return <|fim_suffix|>\n\n\tg()\n<|fim_middle|>"),
    "stable-code": ("<fim_prefix>def f(x):\n    return <fim_suffix>\n\n\tg()\n<fim_middle>"),
    "mellum": ("<fim_suffix>\n\n\tg()\n<fim_prefix>def f(x):\n    return <fim_middle>"),
    "seed-coder": ("<[fim-suffix]>\n\n\tg()\n<[fim-prefix]>def f(x):\n    return <[fim-middle]>"),
    "codegeex4": (
        "<|user|>\n###PATH:\n###LANGUAGE:\n###MODE:BLOCK\n<|code_suffix|>\n\n\tg()\n"
        "<|code_prefix|>def f(x):\n    return <|code_middle|><|assistant|>\n"
    ),
    "glm-4.5": ("<|code_prefix|>def f(x):\n    return <|code_suffix|>\n\n\tg()\n<|code_middle|>"),
    "falcon-h1-coder": ("<|prefix|>def f(x):\n    return <|suffix|>\n\n\tg()\n<|middle|>"),
}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_bytes_of_each_familys_prompt(family: Family) -> None:
    assert render(family.template, PREFIX, SUFFIX) == PROMPTS[family.name]


def test_no_family_is_without_its_bytes() -> None:
    assert list(PROMPTS) == [family.name for family in FAMILIES]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_row_is_whole(family: Family) -> None:
    assert family.template.count("{prefix}") == family.template.count("{suffix}") == 1
    # What is in a template must be known as control, so that the user's text can't spell it.
    for literal in re.split(r"\{prefix\}|\{suffix\}", family.template):
        tokens = re.findall(r"<.*?>|\[.*?\]", literal)
        words = re.sub(r"\s|###[A-Z]+:[A-Z]*", "", literal)
        assert "".join(tokens) == words
        assert set(tokens) <= set(family.control)
    assert 1 <= len(family.stop) <= 4
    assert set(family.stop) <= set(family.control)
    # Named are the document that it is from and one that it was checked against.
    assert ";" in family.source
    found = find(family.example)
    assert found is not None
    assert found.name == family.name
