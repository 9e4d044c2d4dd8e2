"""Prompts, byte by byte."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holes import at, in_cell
from infill_ls.errors import CannotInsert
from infill_ls.prompt import families
from infill_ls.prompt.beginning import Beginning
from infill_ls.prompt.build import (
    Request,
    build,
    choose_mode,
    render,
    window,
)
from infill_ls.prompt.families import Model
from infill_ls.prompt.tokens import SAFE_CHARACTERS_PER_TOKEN
from infill_ls.text.documents import split_lines
from infill_ls.text.hole import Hole
from infill_ls.text.hole import at as hole_at

PLAIN_MODEL = Model("llama3.2:1b")
# Characters for 512 tokens.
ROOM = 512 * SAFE_CHARACTERS_PER_TOKEN


def ask(hole: Hole, model: str = "qwen2.5-coder:1.5b", **changed: Any) -> Request:
    options: dict[str, Any] = {"context_tokens": 512, "max_tokens": 64, "temperature": 0.2}
    return build(hole, Model(model, can_insert=True), families.find(model), **options | changed)


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("qwen2.5-coder:1.5b", "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>a = ["),
        ("qwen3-coder:30b", "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>a = ["),
        ("deepseek-coder:1.3b-base", "<｜fim▁begin｜>a = [<｜fim▁hole｜>\n<｜fim▁end｜>"),
        ("deepseek-coder-v2:16b-lite-base", "<｜fim▁begin｜>a = [<｜fim▁hole｜>\n<｜fim▁end｜>"),
        ("codellama:7b-code", "<PRE> <SUF>\n <MID> a = ["),
        ("starcoder2:3b", "<fim_prefix><fim_suffix>\n<fim_middle>a = ["),
        ("codegemma:2b-code", "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>a = ["),
        ("codestral:22b", "[SUFFIX]\n[PREFIX]a = ["),
    ],
)
def test_each_familys_prompt(model: str, prompt: str) -> None:
    request = ask(at("a = [█]\n"), model)
    assert (request.prompt, request.suffix, request.raw) == (prompt, None, True)
    assert request.stop


@pytest.mark.parametrize(
    ("text", "kept", "begin"),
    [
        ("x = █", "x =", " "),
        ("x =  █", "x = ", " "),
        ("a\n  █", "a\n ", " "),
        ("a\n\t█", "a\n", "\t"),
        ("return so█", "return", " so"),
        ("self.val█", "self", ".val"),
        ("self._val█", "self", "._val"),
        ("a\n(val█", "a\n", "(val"),
        ("if (val█", "if (", "val"),
        ("f((val█", "f((", "val"),
        ("word█", "", "word"),
        ("f(█", "f(", None),
        ("a\n█", "a\n", None),
        ("x1█", "x1", None),
        ("x = 12█", "x = 12", None),
        # The word stands elsewhere: it is a whole one.
        ("result = 1\nreturn result█", "result = 1\nreturn result", None),
        ("results = 1\nreturn result█", "results = 1\nreturn", " result"),
        ("größe█", "größe", None),
    ],
)
@pytest.mark.parametrize("mode", ["raw", "plain"])
def test_what_the_prefix_ends_with_is_left_to_the_model(
    text: str, kept: str, begin: str | None, mode: str
) -> None:
    request, hole = ask(at(text), mode=mode), at(text)
    before = "<|fim_prefix|><|fim_suffix|><|fim_middle|>" if mode == "raw" else ""
    assert request.prompt == (before + kept or "\n")
    assert (request.begin and request.begin.text) == begin
    if begin is None:
        assert request.otherwise is None
    else:
        assert request.otherwise is not None
        assert request.otherwise.prompt == before + hole.prefix
        assert (request.otherwise.begin, request.otherwise.otherwise) == (None, None)


@pytest.mark.parametrize(
    ("model", "text", "kept", "begin"),
    [
        ("codellama:7b-code", "a\n    x█", "a\n   ", " x"),
        ("codellama:7b-code", "self.val█", "self.", "val"),
        ("codellama:7b-code", "a\n\t█", "a\n\t", None),
        ("codegemma:2b", "a\n    x█", "a\n    ", "x"),
        ("codegemma:2b", "a\n    █", "a\n    ", None),
        ("codegemma:2b", "x = █", "x =", " "),
        ("starcoder2:3b", "self.val█", "self.", "val"),
        ("starcoder2:3b", "x = █", "x =", " "),
        ("unknown", "x = █", "x =", " "),
    ],
)
def test_what_goes_with_a_word_is_the_tokenizers_affair(
    model: str, text: str, kept: str, begin: str | None
) -> None:
    request = ask(at(text), model, mode=None if families.find(model) else "plain")
    assert request.prompt.endswith(kept)
    assert (request.begin and request.begin.text) == begin


@pytest.mark.parametrize(
    ("model", "mode"), [("qwen2.5-coder:1.5b", "suffix"), ("deepseek-coder:1.3b-base", "raw")]
)
def test_where_the_suffix_stands_behind_the_prefix_a_word_may_end_anywhere(
    model: str, mode: str
) -> None:
    word, blank = ask(at("x = res█"), model, mode=mode), ask(at("x = █"), model, mode=mode)
    assert "x = res" in word.prompt
    assert word.begin is None
    assert "x = " not in blank.prompt
    assert blank.begin == Beginning(" ", "=")


def test_an_engine_that_takes_a_grammar_is_asked_once() -> None:
    for text, begin in (("x = █", " "), ("self.val█", ".val"), ("f(█", "(")):
        request = build(
            at(text),
            Model("qwen2.5-coder:0.5b", can_begin=True),
            families.find("qwen2.5-coder:0.5b"),
            context_tokens=512,
            max_tokens=64,
            temperature=0.2,
        )
        assert request.begin is not None
        assert request.begin.text == begin
        assert request.otherwise is None


def test_another_draw_is_one_of_both_calls() -> None:
    request = ask(at("x = █")).drawn(7, 0.8)
    assert request.otherwise is not None
    assert (request.seed, request.temperature) == (7, 0.8)
    assert (request.otherwise.seed, request.otherwise.temperature) == (7, 0.8)


def test_the_prompt_stays_the_same_while_a_word_is_typed() -> None:
    prompts = {ask(at(f"x = {typed}█\n")).prompt for typed in ("", "r", "re", "resu", "result")}
    assert prompts == {"<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>x ="}


@pytest.mark.parametrize(
    ("model", "forced", "mode"),
    [
        (Model("qwen2.5-coder:7b", can_insert=True), None, "raw"),
        (Model("unknown:7b", can_insert=True), None, "suffix"),
        (Model("unknown:7b"), None, "plain"),
        (Model("qwen2.5-coder:7b", can_insert=True), "suffix", "suffix"),
        (Model("qwen2.5-coder:7b"), "plain", "plain"),
    ],
)
def test_how_a_model_is_asked(model: Model, forced: Any, mode: str) -> None:
    assert choose_mode(model, families.find(model.name), forced) == mode


@pytest.mark.parametrize(
    ("forced", "said"),
    [("raw", 'Set "fim"'), ("suffix", "does not support insert")],
)
def test_a_mode_that_the_model_has_not(forced: Any, said: str) -> None:
    with pytest.raises(CannotInsert, match=said):
        choose_mode(PLAIN_MODEL, None, forced)


@pytest.mark.parametrize(
    "model",
    [Model("llama3:8b", chats=True), Model("deepseek-coder-v2:16b", can_insert=True)],
)
def test_a_model_that_can_not_fill_is_refused(model: Model) -> None:
    with pytest.raises(CannotInsert) as caught:
        choose_mode(model, families.family_of(model), None)
    assert f'"{model.name}" can\'t fill in' in caught.value.message
    assert caught.value.fix == 'Take qwen2.5-coder:1.5b, or set "mode" to "plain".'
    assert choose_mode(model, None, "plain") == "plain"


def test_the_model_that_is_suggested_can_fill() -> None:
    assert families.find(families.SUGGESTED_MODEL)


@pytest.mark.parametrize(
    ("text", "prompt", "suffix"),
    [("a█b", "a", "b"), ("█", "\n", "\n"), ("a█", "a", "\n"), ("█b", "\n", "\nb")],
)
def test_neither_prompt_nor_suffix_is_ever_empty(text: str, prompt: str, suffix: str) -> None:
    request = ask(at(text), mode="suffix")
    assert (request.prompt, request.suffix, request.raw) == (prompt, suffix, False)


def test_plain_leaves_the_suffix_out() -> None:
    request = ask(at("a = █\nb\n"), mode="plain")
    assert (request.prompt, request.suffix, request.raw) == ("a =", None, True)


@given(
    st.text(alphabet="ab \n{}é", max_size=4000),
    st.integers(0, 4000),
    st.integers(64, 600),
    st.booleans(),
)
def test_a_window_keeps_to_the_budget_and_to_the_text(
    text: str, cut: int, budget: int, with_suffix: bool
) -> None:
    hole = Hole(text[:cut], text[cut:])
    prefix, suffix = window(hole, budget * SAFE_CHARACTERS_PER_TOKEN, with_suffix=with_suffix)
    assert hole.prefix.endswith(prefix)
    assert hole.suffix.startswith(suffix)
    assert len(prefix) + len(suffix) <= budget * SAFE_CHARACTERS_PER_TOKEN
    assert with_suffix or not suffix
    if len(text) <= budget:
        assert prefix == hole.prefix


FILE = [f"value_{number} = compute(value_{number - 1}, {number})\n" for number in range(2_000)]


def start_of_window(lines: list[str], line: int, column: int) -> int:
    hole = hole_at(lines, line, column)
    prefix, _ = window(hole, ROOM)
    return hole.first_line + hole.prefix[: len(hole.prefix) - len(prefix)].count("\n")


def test_the_windows_start_stays_while_a_line_is_typed() -> None:
    lines = [*FILE[:1000], "x" * 200 + "\n", *FILE[1000:]]
    starts = [start_of_window(lines, 1000, column) for column in range(200)]
    assert len(set(starts)) <= 2
    assert starts == sorted(starts)


def test_the_windows_start_moves_once_in_many_lines() -> None:
    starts = [start_of_window(FILE, line, 0) for line in range(1000, 1200)]
    moves = sum(before != after for before, after in pairwise(starts))
    assert moves <= 200 // 8 + 1
    assert all(line - start > 20 for line, start in enumerate(starts, 1000))


def test_the_windows_start_stays_in_one_endless_line() -> None:
    line = "a=1;" * 10_000
    starts = {
        column - len(window(hole_at([line], 0, column), ROOM)[0])
        for column in range(30_000, 30_300)
    }
    assert len(starts) <= 3


def test_the_suffix_ends_with_a_whole_line() -> None:
    _, suffix = window(hole_at(FILE, 1000, 0), ROOM)
    assert suffix.endswith("\n")
    assert len(suffix) > 200


def test_a_window_goes_on_from_the_line_that_it_began_with() -> None:
    start = start_of_window(FILE, 1000, 0)
    for line in range(1000, 1010):
        prefix, _ = window(hole_at(FILE, line, 0), ROOM, start=start)
        assert prefix.startswith(FILE[start])
    for far in (100, 1300, 1999):
        assert window(hole_at(FILE, far, 0), ROOM, start=start) == window(
            hole_at(FILE, far, 0), ROOM
        )


@pytest.mark.parametrize("length", [20, 40, 80, 120, 150, 200])
@pytest.mark.parametrize("budget", [128, 512, 2048])
def test_the_grid_never_gives_up_half_of_the_room(length: int, budget: int) -> None:
    line = "x" * (length - 1) + "\n"
    for number in range(200, 264):
        prefix, suffix = window(Hole(line * number, line * 200), budget * SAFE_CHARACTERS_PER_TOKEN)
        assert len(prefix) + len(suffix) >= budget * SAFE_CHARACTERS_PER_TOKEN / 2


@pytest.mark.parametrize("start", [None, 800, 900, 960])
@pytest.mark.parametrize("most", [0, 1, 40, 700, 1536, 2000, 3000])
def test_a_window_never_exceeds_its_limit(start: int | None, most: int) -> None:
    hole = hole_at(FILE, 1000, 0)
    prefix, suffix = window(hole, ROOM, start=start, limit=most)
    assert len(prefix) + len(suffix) <= most
    if start is not None and most >= ROOM * 1.5 + ROOM / 4:
        assert window(hole, ROOM, start=start) == (prefix, suffix)
    if most >= 700:
        assert len(prefix) + len(suffix) >= min(most, ROOM) / 2


@pytest.mark.parametrize("mode", ["raw", "suffix", "plain"])
@pytest.mark.parametrize(
    ("limits", "characters"),
    [
        ({"most_tokens": 100}, 300),
        ({"most_tokens": 100, "characters_per_token": 1.0}, 100 + 43),
        ({"most_characters": 200}, 200),
        ({"most_tokens": 100, "most_characters": 200}, 200),
        ({"most_tokens": 5}, 43),
        ({"characters_per_token": 0.5}, 256),
    ],
)
def test_a_prompt_never_exceeds_its_limits(
    mode: str, limits: dict[str, Any], characters: int
) -> None:
    for text in ("█", " = x = █", " = self.valu█"):
        before = "".join(FILE[:1000])
        request = ask(at(f"{before}{text}\n{before}"), mode=mode, **limits)
        assert len(request.longest_text) <= characters + (60 if "most_tokens" not in limits else 0)
        for one in (request, request.otherwise or request):
            assert len(one.prompt + (one.suffix or "")) <= len(request.longest_text)


def test_with_shorter_tokens_the_budget_has_less_text() -> None:
    hole = at("".join(FILE[:1000]) + "█\n" + "".join(FILE[1000:]))
    sizes = [len(ask(hole, characters_per_token=each).longest_text) for each in (3, 1.5, 1.0, 0.5)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0] / 4
    assert ask(hole) == ask(hole, characters_per_token=3.0, most_tokens=100_000)


def test_a_prompt_of_code_that_is_about_prompts() -> None:
    request = ask(at('P = "<|fim_prefix|>█<|fim_suffix|>"\n'))
    assert request.prompt == (
        '<|fim_prefix|><|fim_suffix|>< |fim_suffix|>"\n<|fim_middle|>P = "< |fim_prefix|>'
    )


def test_lone_surrogates_are_replaced() -> None:
    lines = split_lines("a\ud800\n")
    assert "a\ufffd" in ask(hole_at(lines, 1, 0)).prompt


def test_braces_are_only_text() -> None:
    assert render("<{prefix}|{suffix}>", "{suffix}", "{prefix}{}") == "<{suffix}|{prefix}{}>"


def test_a_cells_prompt_has_the_cells_around_it() -> None:
    hole = in_cell("b = a[█]\n", "import os", "print(b)")
    prompt = "<|fim_prefix|><|fim_suffix|>\n\n\nprint(b)<|fim_middle|>import os\n\nb = a["
    assert ask(hole).prompt == prompt
    assert ask(hole, mode="plain").prompt == "import os\n\nb = a["
    request = ask(hole, "codestral:22b", mode="suffix")
    assert (request.prompt, request.suffix) == ("import os\n\nb = a[", "\n\n\nprint(b)")


def test_while_one_types_in_a_cell_the_start_of_the_prompt_stays() -> None:
    above = "\n".join(f"line_{number} = {number} * factor" for number in range(400))
    below = "\n".join(f"more_{number}()" for number in range(100))
    typed = "".join(f"typed_{number} = [\n    value,\n]\n" for number in range(12))
    prompts, start = [], None
    for length in range(len(typed)):
        request = ask(in_cell(f"{typed[:length]}█", above, below), "codellama:7b-code", start=start)
        start = request.first_line
        prompts.append(request.prompt.partition("<SUF>")[0].removesuffix(" "))
    whole = ask(in_cell(f"{typed}█", above, below), start=start).prompt
    assert whole.endswith(typed)
    begun = [later.startswith(earlier) for earlier, later in pairwise(prompts)]
    # The window moves at most once.
    assert begun.count(False) <= 1


def test_a_window_begins_at_the_same_line_in_each_cell_of_a_notebook() -> None:
    lines = [f"line_{number} = {number} * factor" for number in range(400)]
    one = ask(in_cell("█", "\n".join(lines[:300])))
    other = ask(in_cell("\n".join(lines[298:300]) + "\n█", "\n".join(lines[:297])))
    assert one.first_line == other.first_line > 0
