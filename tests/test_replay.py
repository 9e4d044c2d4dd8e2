"""The benchmark itself: the same seed gives the same figures, and what it must show is so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from typing import TypeVar

import looptime
import pytest

from bench.closing import closed
from bench.editors import EDITORS, Editor, Helix, Neovim, VSCode
from bench.levers import LEVERS
from bench.peers import POLICIES, Peer, Policy
from bench.replay import OURS, Run, chosen, everything, figures_of
from bench.results import Figures
from bench.session import Session
from bench.simulated_engine import PROFILES, SimulatedEngine
from bench.world import World
from infill_ls.bench.edits import Edit
from infill_ls.bench.typist import Typist
from infill_ls.completion.answer import Answer
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Chunk, Engine
from infill_ls.lsp.server import Server
from infill_ls.prompt.build import Request
from infill_ls.settings import Settings
from infill_ls.text.hole import between

T = TypeVar("T")

# Everything that closers meet: lines of their own, here or there, strings with brackets, comments
# with quotes, a docstring, a prefix, a bracket that is closed below.
CLOSED_IN_MANY_WAYS = '''
    """A docstring, with "quotes" and (brackets."""
    a = call(one[0], {"two": [3, ()]}, "four (", 'it is "five"')
    text = f"{name}: {values['x']}" + r'[(]' + ""
    # It's a (comment) with "quotes" and one ( that isn't closed.
    call(
        a,
        other(b, [c for c in d if c[0]]),
    )
    d = {
        "key": (1, 2),
        "it's": [
            3],
    }
    if (a and
            b):
        call(()
        )
    late = call(
'''.strip("\n")


def run(
    *policies: str, editor: str, profile: str, windows: int = 1, count: int = 2
) -> dict[str, Figures]:
    runs = chosen(
        policies=policies,
        editors=[editor],
        profiles=[profile],
        seeds=["7"],
        count=count,
        windows=windows,
    )
    return {one.policy: one for one in everything(runs)}


def test_the_same_seed_gives_the_same_figures() -> None:
    first = run(OURS, "Continue", editor="Neovim", profile="two cores", count=1)
    again = run(OURS, "Continue", editor="Neovim", profile="two cores", count=1)
    assert list(first) == [OURS, "Continue"]
    assert first == again


@pytest.mark.parametrize("editor", ["VS Code", "Neovim"])
def test_what_it_must_show(editor: str) -> None:
    figures = run(editor=editor, profile="two cores", count=1)
    ours = figures.pop(OURS)
    assert set(figures) == {policy.name for policy in POLICIES}
    assert ours.busy_per_saved <= min(one.busy_per_saved for one in figures.values())
    assert ours.right_in_pause >= max(one.right_in_pause for one in figures.values())
    # What waits for all that is written saves next to nothing on such an engine.
    for waits in ("llm.nvim", "tabby-agent"):
        assert ours.saved_per_100 >= 3 * figures[waits].saved_per_100
    assert ours.cached_share >= 0.9
    assert ours.calls_per_100 <= 20


def test_two_editors_share_an_engine() -> None:
    alone = run(OURS, editor="Neovim", profile="two cores")[OURS]
    shared = run(OURS, editor="Neovim", profile="two cores", windows=2)[OURS]
    assert shared.saved_per_100 >= alone.saved_per_100 * 0.75
    assert shared.busy_per_saved <= alone.busy_per_saved * 1.3


def typed(
    target: str, editor_class: type[Editor], *, right: float = 0.8, seed: str = "1"
) -> tuple[str, Session]:
    """The file after the target was typed into it, brackets being closed."""
    edit = Edit(0, "def f(name):\n", target, "\n        b)\n")
    world = World(right, seed, edit, any_names=True)

    async def type_it() -> tuple[str, Session]:
        editor, engine = at_desk(editor_class, world)
        session = Session(world, editor, Typist(seed))
        await session.type()
        await editor.server.completer.aclose()
        await engine.aclose()
        return editor.text, session

    return in_virtual_time(type_it)


def at_desk(editor_class: type[Editor], world: World) -> tuple[Editor, Engine]:
    engine = SimulatedEngine(PROFILES[0], world.continuation)

    async def connect(_: Settings) -> Engine:
        return engine

    server = Server()
    server.completer = Completer(connect, Settings(headers={}, engine="ollama"))
    editor = editor_class(server, closes=True)
    editor.start({"engine": "ollama"})
    return editor, engine


def in_virtual_time(action: Callable[[], Coroutine[None, None, T]]) -> T:
    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(start=0)) as runner:
        # What still runs is cancelled.
        return runner.run(action())


def keys(*pressed: str, editor_class: type[Editor] = VSCode, before: str = "") -> str:
    """The text with the cursor in it after these keys."""

    async def press() -> str:
        editor, engine = at_desk(editor_class, World(0.0, "1"))
        editor.open(before, len(before))
        for key in pressed:
            editor.insert(key)
        await editor.server.completer.aclose()
        await engine.aclose()
        return editor.text[: editor.cursor] + "█" + editor.text[editor.cursor :]

    return in_virtual_time(press)


@pytest.mark.parametrize("seed", ["1", "2", "3"])
@pytest.mark.parametrize("right", [0.0, 0.8, 1.0])
@pytest.mark.parametrize("editor", EDITORS)
def test_what_is_typed_is_there_to_the_byte(editor: type[Editor], right: float, seed: str) -> None:
    text, session = typed(CLOSED_IN_MANY_WAYS, editor, right=right, seed=seed)
    assert text == f"def f(name):\n{CLOSED_IN_MANY_WAYS}\n        b)\n"
    assert session.record.accepted or not right


@pytest.mark.parametrize(
    ("before", "pressed", "there"),
    [
        ("", "f(", "f(█)"),
        ("", "f(a)", "f(a)█"),
        ("", "f([{", "f([{█}])"),
        ("", "f([])", "f([])█"),
        ("", '"', '"█"'),
        ("", '"a"', '"a"█'),
        ("", '"""', '"""█'),
        ("", '"it\'s"', '"it\'s"█'),
        ("", "don't", "don't█"),
        ("", 'f"', 'f"█"'),
        ("", 'xf"', 'xf"█'),
        ("", '"(', '"(█)"'),
        ("", "f('')", "f('')█"),
    ],
)
def test_what_vs_code_closes(before: str, pressed: str, there: str) -> None:
    assert keys(*pressed, before=before) == there


def test_enter_between_brackets_puts_the_closer_below() -> None:
    assert keys("f", "(", "\n        ", before="    ") == "    f(\n        █\n    )"
    assert keys("(", "[", "\n    ") == "([\n    █\n])"
    # Behind something else the closer stays where it is, and so does a quote.
    assert keys("f", "(", "a", "\n    ") == "f(a\n    █)"
    assert keys('"', "\n") == '"\n█"'


def test_only_before_blanks_and_closers_something_is_closed() -> None:
    for key, after, closer in (
        *(("(", "", ")"), ("(", "\n", ")"), ("(", " a", ")"), ("(", "]", ")"), ("(", '"', ")")),
        *(("(", "a", ""), ("(", "(", ""), ('"', "", '"'), ('"', ")", '"'), ('"', "a", "")),
        *(('"', "'", ""), ("a", "", "")),
    ):
        assert closed(key, "", after, "", prefixes=True) == closer, (key, after)


def test_helix_closes_no_quote_behind_a_prefix() -> None:
    assert keys("f", '"', editor_class=Helix) == 'f"█'
    assert keys("=", '"', editor_class=Helix) == '="█"'


@pytest.mark.parametrize(("editor", "closes"), [(VSCode, True), (Helix, True), (Neovim, False)])
async def test_who_closes_by_default(editor: type[Editor], closes: bool) -> None:
    assert editor(Server()).closes is closes
    assert editor(Server(), closes=not closes).closes is not closes


def test_a_suggestion_goes_through_the_closer() -> None:
    async def ask_and_accept() -> tuple[str, int, str]:
        edit = Edit(0, "", "def f(name):\n    return name", "\n")
        world = World(1.0, "1", edit, "def f", any_names=True)
        editor, engine = at_desk(VSCode, world)
        editor.open(world.text, len("def f"))
        world.typed += "("
        editor.insert("(")
        await editor.changed.wait()
        shown, replaced = editor.visible, editor.replaced
        editor.accept()
        await editor.server.completer.aclose()
        await engine.aclose()
        return shown, replaced, editor.text

    shown, replaced, text = in_virtual_time(ask_and_accept)
    assert shown.startswith("name):")
    assert replaced == 1
    assert text == f"def f({shown}\n"


def test_what_would_be_there_twice_is_not_right() -> None:
    async def judge() -> dict[tuple[str, int], bool]:
        world = World(1.0, "1", Edit(0, "", "def f(name):\n    return name", "\n"))
        editor, engine = at_desk(VSCode, world)
        session = Session(world, editor, Typist("1"))
        session.open()
        for key in "def f(":
            world.typed += key
            editor.insert(key)
        found = {}
        for text, editor.replaced in (("name", 0), ("name):", 1), ("name):", 0), ("name", 1)):
            found[text, editor.replaced] = session.is_right(text)
        await editor.server.completer.aclose()
        await engine.aclose()
        return found

    assert in_virtual_time(judge) == {
        ("name", 0): True,
        ("name):", 1): True,
        ("name):", 0): False,
        ("name", 1): False,
    }


@pytest.mark.parametrize("policy", POLICIES, ids=lambda one: one.name)
def test_others_get_the_closers_and_replace_nothing(policy: Policy) -> None:
    prompts = []

    def write(prompt: str) -> Iterator[str]:
        prompts.append(prompt)
        yield "name):\n"

    async def ask() -> tuple[Answer, str]:
        engine = SimulatedEngine(PROFILES[0], write)
        peer = Peer(policy, engine)
        answer = await peer.complete("file:///a.py", between("def f(", ")\n", "python"))
        prompt = prompts[0]
        await peer.aclose()
        await engine.aclose()
        return answer, prompt

    answer, prompt = in_virtual_time(ask)
    assert prompt in (
        "<|fim_prefix|>def f(<|fim_suffix|>)\n<|fim_middle|>",
        # llama.vim gives the cursor's line by itself.
        "<|fim_prefix|><|fim_suffix|>)\n<|fim_middle|>def f(",
    )
    assert [(one.fill, one.replaced) for one in answer.offers] == [("name", 0)]


def test_what_a_lever_has_switched_off_is_on_again_afterwards() -> None:
    run = Run(OURS, "Neovim", "GPU", count=1, seed="3")
    before = figures_of(run)
    for lever in LEVERS:
        with LEVERS[lever]():
            pass
    assert figures_of(run) == before


def test_a_lever_changes_what_it_comes_to() -> None:
    run = Run(OURS, "Neovim", "GPU", count=1, seed="3")
    assert figures_of(run) != figures_of(replace(run, lever="speculation"))


def test_the_engine_says_how_likely_its_tokens_are() -> None:
    world = World(1.0, "1", Edit(0, "", "b = 1\nc = 2", "\nd\n"), any_names=True)

    async def ask() -> list[Chunk]:
        engine = SimulatedEngine(PROFILES[2], world.continuation)
        prompt = "<|fim_prefix|><|fim_suffix|>\nd\n<|fim_middle|>b ="
        request = Request(prompt, None, True, (), (), max_tokens=3, temperature=0.0)
        chunks = [chunk async for chunk in engine.generate(request)]
        await engine.aclose()
        return chunks

    chunks = in_virtual_time(ask)
    assert [token.text for chunk in chunks for token in chunk.tokens] == [" 1", "\n", "c"]
    assert all(token.logprob <= 0.0 for chunk in chunks for token in chunk.tokens)
