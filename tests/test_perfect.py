"""A perfect model is never harmed; and what counts the harm can count."""

from __future__ import annotations

import json
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from eval import perfect, real_files, samples
from eval.gaps import FINDERS
from eval.lexed import Lexed
from eval.perfect import MODES, Options, Trial, trials
from eval.verdict import needed, verdict

_STANDARD = Path(sysconfig.get_path("stdlib"))
_OWN = Path(__file__).parents[1]


def marked(text: str) -> tuple[str, tuple[int, int]]:
    """A file, and the hole between the two marks in it."""
    before, truth, after = text.split("█")
    return before + truth + after, (len(before), len(before) + len(truth))


def judged(
    text: str,
    shown: str,
    language: str = "python",
    *,
    shape: str = "statement",
    closers: str = "",
    replaced: int = 0,
) -> str:
    whole, cut = marked(text)
    return verdict(Lexed(whole, language), cut, closers, shape, shown, replaced)


@pytest.mark.parametrize(
    ("text", "shown", "options", "expected"),
    [
        ("a = █f(b)█\n", "f(b)", {}, "right"),
        ("a = █f(b)█\n", "f(b)  \n", {}, "right"),
        ("a = █f(b)█\n", "f(c)", {}, "harm"),
        ("a = █f(b)█\n", "", {}, "nothing"),
        ("a = █f(b)█\n", " ", {}, "nothing"),
        ("a = █f(b)█\n", "f(b", {}, "short"),
        ("a = █f(b)█\nc\n", "f(b)\nc", {}, "harm"),
        # The text right of the cursor, once and twice.
        ("f(█a, b█)\n", "a, b", {"shape": "line"}, "right"),
        ("f(█a, b█)\n", "a, b)", {"shape": "line"}, "harm"),
        ("f(█a, b█, c)\n", "a", {"shape": "line"}, "harm"),
        # What the editor has closed.
        ("f(█a)█\n", "a)", {"closers": ")", "replaced": 1}, "right"),
        ("f(█a)█\n", "a", {"closers": ")"}, "right"),
        ("f(█a)█\n", "a)", {"closers": ")"}, "harm"),
        ("f(█a)█\n", "a", {"closers": ")", "replaced": 1}, "short"),
        ("f(█a):█\n", "a", {"closers": ")"}, "short"),
        ("f(█a):█\nb\n", "a):", {"closers": ")", "replaced": 2}, "harm"),
        ('f("█a")█\n', 'a"', {"closers": '")', "replaced": 1}, "right"),
        ("f(█\n    a\n)█\n", "\n    a", {"closers": ")"}, "harm"),
        ("f(█\n    a\n)█\n", "\n    a\n)", {"closers": ")", "replaced": 1}, "right"),
        ("█a \nb█\n", "a", {"shape": "line"}, "right"),
        ("█if a: \n    b\nc█\n", "if a:\n    b", {}, "right"),
        # More than the shape, as much, and less.
        ("    █a = 1\n    b = 2█\n    c\n", "a = 1", {}, "right"),
        ("    █a = 1\n    b = 2█\n    c\n", "a = 1\n    b = 2", {}, "right"),
        ("    █a = 1\n    b = 2█\n    c\n", "a = 1", {"shape": "block"}, "short"),
        ("    █a = 1\n    b = 2█\n    c\n", "a = 1\n    b = 2\n    c", {}, "harm"),
        ("█if a:\n    b\nelse:\n    c\nd█\n", "if a:\n    b", {}, "short"),
        ("█if a:\n    b\nelse:\n    c\nd█\n", "if a:\n    b\nelse:\n    c", {}, "right"),
        ("█f(\n    a,\n)\nb█\n", "f(\n    a,", {}, "short"),
        # In one line what stood in two.
        ("  █a: 1\n  █b: 2\n", "a: 1", {"shape": "line"}, "harm"),
        ("  █a: 1\n  █b: 2\n", "a: 1\n  ", {"shape": "line"}, "right"),
    ],
)
def test_what_is_right(text: str, shown: str, options: dict[str, Any], expected: str) -> None:
    assert judged(text, shown, **options) == expected


@pytest.mark.parametrize(
    ("shown", "expected"), [("", "right"), ("a = 1", "harm"), ("a = 1\n    ", "right")]
)
def test_a_line_above_another_is_shown_whole_or_not_at_all(
    shown: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = "def f():\n    a = 1\n    b = 2\n" + "# nothing\n" * 100
    (tmp_path / "a.py").write_text(text, "utf-8")
    monkeypatch.setattr(perfect, "shown", lambda *_, **__: (shown, 0))
    options = Options(count=1, kinds=("line above",), modes=("exact",))
    (one,) = trials(tmp_path, ["a.py"], "python", options)
    assert one.truth == "a = 1\n    "
    assert one.verdict == expected


@pytest.mark.parametrize(
    ("language", "before", "closers"),
    [
        ("python", "f(a, [", "])"),
        ("python", "x = ('a(', b[", "])"),
        ("python", "f('a", "')"),
        ("python", 'f"{a[', ']}"'),
        ("python", "# see (", ")"),
        ("python", "# isn't", ""),
        ("javascript", "f(`a ${b(", ")}`)"),
        ("javascript", "a.b(function () {", "})"),
        ("javascript", "f('it\\'s", "')"),
        ("go", "a := []string{", "}"),
        ("rust", "fn a<'b>(c: &'b [", "])"),
        ("c", "printf(\"%d(\", f('(', ", "))"),
        ("ruby", 'puts("a #{b[', ']}")'),
        ("json", '{"a": ["b', '"]}'),
        ("shellscript", 'echo "${a', '}"'),
        ("css", "a { color: rgb(", ")}"),
    ],
)
def test_what_an_editor_closes(language: str, before: str, closers: str) -> None:
    whole = before + "1" + closers + "\n"
    lexed = Lexed(whole, language)
    assert "".join(one.closer for one in lexed.open_at(len(before), 0)) == closers


@pytest.mark.parametrize(
    ("language", "text", "shape", "expected"),
    [
        ("c", "█if (a) {\n    b;\n} else {\n    c;\n}\nd;█", "statement", 5),
        ("python", "█@a\ndef b():\n    c\n\nd█", "statement", 3),
        ("python", "  █a\n\n  b\nc█", "block", 3),
        ("python", "█a\nb\n\nc█", "block", 2),
        ("yaml", "█a:\n  b: 1\nc: 2█", "statement", 2),
        ("python", "█a\nb█", "line", 1),
    ],
)
def test_how_much_a_shape_is(language: str, text: str, shape: str, expected: int) -> None:
    whole, cut = marked(text)
    size = needed(Lexed(whole, language), cut, shape)
    assert len(whole[cut[0] : cut[0] + size].rstrip().split("\n")) == expected


def small(kinds: tuple[str, ...] = tuple(FINDERS), **options: Any) -> list[Trial]:
    names = ["shlex.py", "textwrap.py", "bisect.py", "queue.py", "fnmatch.py", "heapq.py"]
    return trials(_STANDARD, names, "python", Options(count=8, kinds=kinds, **options))


def test_every_kind_of_hole_is_found_and_the_same_each_time() -> None:
    found = small(modes=("exact",))
    elsewhere = {"`string`", "`string` and on"}
    assert {one.kind for one in found} >= set(FINDERS) - elsewhere - {
        "interpolation",
        "interpolation and on",
    }
    assert found == small(modes=("exact",))
    assert [one.key for one in found] != [one.key for one in small(modes=("exact",), seed=2)]


def test_a_fill_that_says_something_else_is_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    real = perfect.shown

    def other(*place: Any, **options: Any) -> tuple[str, int]:
        text, replaced = real(*place, **options)
        return "x" + text, replaced

    monkeypatch.setattr(perfect, "shown", other)
    assert {one.verdict for one in small()} == {"harm"}


def test_a_fill_that_is_not_shown_is_not_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perfect, "shown", lambda *_, **__: ("", 0))
    wrong = [one.verdict for one in small() if one.kind != "line above"]
    assert set(wrong) <= {"nothing", "right"}
    assert wrong.count("right") < len(wrong) / 100


def test_what_runs_over_is_harm_if_it_is_all_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perfect, "shown", lambda *place, **_: (place[-1], 0))
    by_mode = {mode: [one for one in small() if one.mode == mode] for mode in MODES}
    assert {one.verdict for one in by_mode["exact"]} == {"right"}
    over = [one.verdict for one in by_mode["overrun"] if one.raw != one.truth]
    assert set(over) == {"harm"}
    closed = [one.verdict for one in by_mode["exact + closed"]]
    assert "harm" in closed


# Right ones of 100, over all kinds of holes.
FLOORS = {"exact": 99, "exact + closed": 98, "overrun": 99, "overrun + closed": 98}


def test_a_perfect_model_is_not_harmed() -> None:
    """In the standard library, and in this repository's own JavaScript, Lua and shell."""
    found = small()
    own = {"javascript": ".js", "lua": ".lua", "json": ".json"}
    for language, ending in own.items():
        names = sorted(real_files.files(_OWN / "editor-configs", {ending: language}))
        found += trials(_OWN / "editor-configs", names, language, Options(count=8))
    for mode, floor in FLOORS.items():
        ones = [one for one in found if one.mode == mode]
        wrong = [one for one in ones if one.verdict != "right"]
        assert len(ones) >= 50
        share = 100 - 100 * len(wrong) / len(ones)
        print(mode, len(ones), share)
        assert share >= floor, "\n".join(map(perfect.described, wrong))


def test_what_became_of_the_holes_is_told_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "def f(a):\n    b = g(a)\n    return b\n" + "# nothing\n" * 100
    (tmp_path / "a.py").write_text(text, "utf-8")
    (tmp_path / "a.css").write_text(".a {\n  color: red;\n}\n" * 60, "utf-8")
    kept = tmp_path / "kept.json"
    given = ["--files", str(tmp_path), "--count", "2", "--kind", "block body", "--mode", "exact"]
    assert perfect.main([*given, "--save", str(kept)]) == 0
    told = capsys.readouterr()
    assert "| exact |" in told.out
    assert "css" in told.out
    assert "2/2" in told.err
    verdicts = json.loads(kept.read_text("utf-8"))
    assert len(verdicts) == 3
    first = min(verdicts)
    verdicts[first] = "harm"
    kept.write_text(json.dumps(verdicts), "utf-8")
    assert perfect.main([*given, "--compare", str(kept), "--failures", "9", "--causes"]) == 0
    told = capsys.readouterr()
    assert "was harm\n=== right: exact, block body" in told.out
    assert told.out.count("===") == 1


def test_an_evaluation_of_models_keeps_to_its_languages(tmp_path: Path) -> None:
    for name in ("a.py", "a.ts", "a.css", "a.lua", "a.d.ts"):
        (tmp_path / name).touch()
    assert set(real_files.files(tmp_path)) == {"a.py", "a.ts"}
    everything = set(real_files.files(tmp_path, real_files.ALL_LANGUAGES))
    assert everything == {"a.py", "a.ts", "a.css", "a.lua"}
    assert len(set(real_files.LANGUAGES.values())) == len(samples.SAMPLES) == 8
    assert samples.SAMPLES.items() <= samples.ALL_SAMPLES.items()
    assert set(samples.ALL_SAMPLES) == set(real_files.ALL_LANGUAGES.values())


def test_a_stream_that_is_stopped_when_it_is_complete_shows_the_same() -> None:
    whole = {one.key: one.shown for one in small()}
    assert whole == {one.key: one.shown for one in small(pieces=True)}
