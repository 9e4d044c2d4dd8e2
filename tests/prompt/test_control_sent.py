"""No text of the user's reaches a model as a token, however it is asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fills import fill
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, build, render
from infill_ls.prompt.control import break_up
from infill_ls.prompt.families import Model, own_family
from infill_ls.prompt.family import Family
from infill_ls.prompt.table import FAMILIES, ORDINARY
from infill_ls.text.hole import Hole
from infill_ls.values import OwnTemplate

OWN = own_family(OwnTemplate("mine*", "[PRE]{prefix}[SUF]{suffix}[MID]", ("<END>",)))
# Of chats and of models that no family has.
OTHERS = (
    "<|begin_of_text|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "<|vision_start|>",
    "<|channel|>",
    "<|START_OF_TURN_TOKEN|>",
    "<｜User｜>",
    "<｜tool▁calls▁begin｜>",
)
EVERY = sorted({token for family in (*FAMILIES, OWN) for token in family.control} | {*OTHERS})
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(EVERY),
        # Parts, which may become whole where they meet each other or the template.
        st.sampled_from(EVERY).flatmap(
            lambda token: st.integers(1, len(token) - 1).map(lambda at: token[:at])
        ),
        st.sampled_from(EVERY).flatmap(
            lambda token: st.integers(1, len(token) - 1).map(lambda at: token[at:])
        ),
        st.sampled_from(["\n", " ", "a", "<", "|", ">", "[", "｜", "\ud800"]),
    ),
    max_size=12,
).map("".join)


def sent(hole: Hole, family: Family | None, mode: Mode | None, **model: Any) -> list[list[str]]:
    """The texts that an engine may be sent for a hole, for each call."""
    asked = build(
        hole,
        Model("any", **model),
        family,
        mode=mode,
        context_tokens=4000,
        max_tokens=10,
        temperature=0.0,
    )
    calls = [asked, asked.otherwise] if asked.otherwise else [asked]
    return [[call.prompt, *([call.suffix] if call.suffix else [])] for call in calls]


@pytest.mark.parametrize("family", [*FAMILIES, OWN], ids=lambda family: family.name)
@settings(max_examples=40)
@given(prefix=TEXTS, suffix=TEXTS, begins=st.booleans())
def test_a_raw_prompt_has_the_templates_tokens_alone(
    family: Family, prefix: str, suffix: str, begins: bool
) -> None:
    template = render(family.template, "", "")
    for (prompt,) in sent(Hole(prefix, suffix), family, "raw", can_begin=begins):
        for token in (*family.control, *OTHERS):
            assert prompt.count(token) == template.count(token), token


@pytest.mark.parametrize("mode", ["suffix", "plain"])
@pytest.mark.parametrize(
    "family", [*FAMILIES, OWN, None], ids=lambda one: one.name if one else "unknown"
)
@settings(max_examples=20)
@given(prefix=TEXTS, suffix=TEXTS)
def test_texts_for_the_servers_own_template_have_none(
    family: Family | None, mode: Mode, prefix: str, suffix: str
) -> None:
    control = family.control if family else families.all_control_tokens()
    for call in sent(Hole(prefix, suffix), family, mode, can_insert=True):
        for text in call:
            assert not [token for token in (*control, *OTHERS) if token in text]


@pytest.mark.parametrize("token", ["<tool_call>", "</tool_call>"])
def test_a_token_that_is_ordinary_text_too_may_be_in_a_fill(token: str) -> None:
    family = families.find("qwen2.5-coder:1.5b")
    assert family is not None
    assert token in family.control
    assert token in ORDINARY
    broken = break_up(token, family.control)
    assert broken == f"< {token[1:]}"
    file = f'OPEN = "{token}"\nx = █\n'
    assert fill(file, f'"{broken}"\n') == fill(file, f'"{token}"\n') == f'"{token}"'
