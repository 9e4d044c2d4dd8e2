"""What must work in every editor, against the simulated engine.

What is typed ends in a word, because menus open only after one.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from editors.conftest import Document
from editors.editor import Ability, Editor
from editors.engine import Engine

# Calls per 20 typed characters, at most; an engine that knows the text is asked far less.
FEW = 6


def test_a_fill_is_seen_and_accepted(editor: Editor, engine: Engine, document: Document) -> None:
    file = document("add.py", "def add(first, second):\n    ‸\n\n\nprint(add(1, 2))\n")
    engine.writes("return first + second")
    editor.type("return fi")
    editor.until_shown("rst + second")
    editor.accept()
    wanted = "def add(first, second):\n    return first + second\n\n\nprint(add(1, 2))\n"
    editor.until_text(wanted)
    editor.save()
    assert file.read_bytes() == wanted.encode()
    assert len(engine.generations) <= FEW


def test_one_undo_takes_an_accepted_fill_back(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("undo.py", "total = 0\n‸\n")
    engine.writes("result = compute(total)")
    editor.type("result = co")
    editor.until_shown("mpute(total)")
    editor.accept()
    editor.until_text("total = 0\nresult = compute(total)\n")
    editor.undo()
    editor.until(
        lambda: "mpute(total)" not in editor.text() and editor.text().startswith("total = 0\n"),
        "the text without the fill",
    )


def test_typing_through_a_fill_asks_nobody(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("through.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    engine.until_quiet()
    before = engine.asked_within("ordered = sorted(names)")
    editor.type("rted")
    editor.until_shown("(names)")
    engine.until_quiet()
    assert engine.asked_within("ordered = sorted(names)") == before
    editor.accept()
    editor.until_text("names = []\nordered = sorted(names)\n")


def test_typing_against_a_fill_brings_another(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("against.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", "ordered = source(names)")
    editor.type("ordered = sort")
    editor.until_shown("ed(names)")
    for _ in range(2):
        editor.backspace()
    editor.type("ur")
    editor.until_shown("ce(names)")
    editor.accept()
    editor.until_text("names = []\nordered = source(names)\n")


def test_moving_away_hides_the_fill(editor: Editor, engine: Engine, document: Document) -> None:
    document("away.py", "names = []\n\n\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    editor.move(0, 0)
    editor.until(lambda: editor.shown() == "", "no suggestion")
    assert editor.text() == "names = []\n\n\nordered = so\n"


def test_closing_the_document_frees_a_slow_engine(
    editor: Editor, engine: Engine, document: Document
) -> None:
    # Before the document, since an editor may ask as it comes there.
    engine.writes("ordered = sorted(names)", delay=3600.0)
    document("closed.py", "names = []\n‸\n")
    editor.type("ordered = so")
    engine.until(lambda: bool(engine.generations))
    editor.close()
    engine.until_quiet()
    assert all(call.state == "cancelled" for call in engine.generations)


@pytest.mark.needs(Ability.MULTI_LINE)
def test_a_fill_of_several_lines_in_a_block(
    editor: Editor, engine: Engine, document: Document
) -> None:
    before = "class Shop:\n    def total(self, prices):\n"
    document("block.py", f"{before}        ‸\n\n    def close(self):\n        pass\n")
    # Where something stands in the line a statement is asked for, with its block.
    whole = "for price in prices:\n            self.sum += price\n            self.count += 1"
    engine.writes(whole)
    editor.type("for pri")
    editor.until_shown(whole.removeprefix("for pri"))
    editor.accept()
    editor.until_text(f"{before}        {whole}\n\n    def close(self):\n        pass\n")


def test_a_fill_before_a_bracket(editor: Editor, engine: Engine, document: Document) -> None:
    document("bracket.py", "words = []\nprint(‸)\n")
    engine.writes("print(sorted(words)")
    editor.type("so")
    editor.until_shown("rted(words)")
    editor.accept()
    editor.until_text("words = []\nprint(sorted(words))\n")


def test_brackets_close_themselves(editor: Editor, engine: Engine, document: Document) -> None:
    """What the tests after this one rest on."""
    document("closed.js", "‸\n")
    editor.close_brackets()
    editor.type('add([{"')
    editor.until_text('add([{""}])\n')


def until_offered(editor: Editor, rest: str, whole: str) -> None:
    """Until it can be seen how the document will be; in a menu, what is to be added.

    That doesn't have the closers at its end which stay where they are.
    """
    if Ability.GHOST_TEXT in editor.abilities:
        editor.until_seen(whole)
    else:
        kept = rest.rstrip(')];"')
        editor.until(
            lambda: rest.startswith(shown := editor.shown()) and shown.startswith(kept),
            f"the suggestion {rest!r}",
        )


FIB = "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)"
AFTER_FIB = "\n\n\nprint(fib(9))\n"


@pytest.mark.parametrize(
    ("name", "typed", "rest", "newline"),
    [
        ("fib.py", "def fib(", FIB.removeprefix("def fib("), "\n"),
        ("crlf.py", "def fib(", FIB.removeprefix("def fib("), "\r\n"),
        ("quotes.py", 'print("', 'done", end="")', "\n"),
        ("unicode.js", 'say("größe 😀", f(', "x), 1)", "\n"),
        ("array.js", "const all = [[", "1, 2], [3, 4]];", "\n"),
    ],
    ids=["bracket", "crlf", "quote", "unicode", "two brackets"],
)
@pytest.mark.needs(Ability.MULTI_LINE)
def test_a_fill_through_what_closed_itself(
    editor: Editor,
    engine: Engine,
    document: Document,
    name: str,
    typed: str,
    rest: str,
    newline: str,
) -> None:
    file = document(name, f"‸{AFTER_FIB}".replace("\n", newline))
    editor.close_brackets()
    whole = typed + rest
    engine.writes(whole)
    editor.type(typed)
    until_offered(editor, rest, whole + AFTER_FIB)
    editor.accept()
    editor.until_text(whole + AFTER_FIB)
    editor.save()
    assert file.read_bytes() == (whole + AFTER_FIB).replace("\n", newline).encode()


def test_undo_after_a_fill_through_a_bracket(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("undo.js", "let x = 1;\n‸\n")
    editor.close_brackets()
    engine.writes("add(x, 2);")
    editor.type("add(")
    until_offered(editor, "x, 2);", "let x = 1;\nadd(x, 2);\n")
    editor.accept()
    editor.until_text("let x = 1;\nadd(x, 2);\n")
    editor.undo()
    # Each has its own idea of what is undone with it, but none leaves half of it.
    editor.until(
        lambda: editor.text().removeprefix("let x = 1;\n") in ("\n", "add\n", "add()\n"),
        "the text without the fill",
    )


@pytest.mark.needs(Ability.MULTI_LINE)
def test_a_block_over_the_brace_that_closed_itself(
    editor: Editor, engine: Engine, document: Document
) -> None:
    file = document("add.js", "‸\n\nadd(1, 2);\n")
    editor.close_brackets()
    whole = "function add(a, b) {\n  return a + b;\n}"
    engine.writes(whole)
    editor.type("function add(a, b) {")
    until_offered(editor, "\n  return a + b;\n}", f"{whole}\n\nadd(1, 2);\n")
    editor.accept()
    editor.until_text(f"{whole}\n\nadd(1, 2);\n")
    editor.save()
    assert file.read_bytes() == f"{whole}\n\nadd(1, 2);\n".encode()


@pytest.mark.needs(Ability.GHOST_TEXT)
def test_closers_that_go_to_another_line_are_seen_only_there(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("effect.js", "const use = (run) => run();\n‸;\n")
    editor.close_brackets()
    whole = "const use = (run) => run();\nuse(() => {\n  load();\n}, [1]);\n"
    engine.writes("use(() => {\n  load();\n}, [1]);")
    editor.type("use(() => {")
    editor.until_seen(whole)
    editor.accept()
    editor.until_text(whole)


@pytest.mark.needs(Ability.ACCEPT_WORD)
def test_word_by_word_through_a_bracket_that_closed_itself(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("words.py", f"‸{AFTER_FIB}")
    editor.close_brackets()
    engine.writes(FIB)
    editor.type("def fib(")
    editor.until_seen(FIB + AFTER_FIB)
    editor.accept_word()
    editor.until_text(f"def fib(n){AFTER_FIB}")
    editor.until_seen(FIB + AFTER_FIB)
    editor.accept_word()
    # Each has its own idea of where a word ends.
    editor.until(lambda: editor.text().startswith("def fib(n):"), "the next word")
    assert ")" not in editor.text().removeprefix("def fib(n):").removesuffix(AFTER_FIB)
    editor.until_seen(FIB + AFTER_FIB)
    editor.accept()
    editor.until_text(FIB + AFTER_FIB)


@pytest.mark.needs(Ability.ACCEPT_WORD)
def test_a_bracket_that_the_fill_opens_is_not_the_one_that_closed_itself(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("nested.py", "‸\nend = 1\n")
    editor.close_brackets()
    whole, after = "show(pair(first), (second))", "\nend = 1\n"
    engine.writes(whole)
    editor.type("show(")
    while (text := editor.text()) != whole + after:
        # The closer may have gone with the first one that the fill writes, but not both.
        assert whole.startswith(text.removesuffix(after).rstrip(")"))
        editor.until_seen(whole + after)
        editor.accept_word()
        editor.until(lambda text=text: editor.text() != text, "the next word")  # type: ignore[misc]


@pytest.mark.needs(Ability.GHOST_TEXT)
def test_typing_through_a_fill_and_the_brackets_that_close_themselves(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("typed.py", f"‸{AFTER_FIB}")
    editor.close_brackets()
    engine.writes(FIB)
    editor.type("def fi")
    editor.until_seen(FIB + AFTER_FIB)
    for key, closed in {"b": "", "(": ")", "n": ")", ")": "", ":": ""}.items():
        editor.key(key)
        typed = FIB[: FIB.index(key, len("def fi")) + 1]
        editor.until_text(typed + closed + AFTER_FIB)
        editor.until_seen(FIB + AFTER_FIB)
    editor.accept()
    editor.until_text(FIB + AFTER_FIB)


@pytest.mark.needs(Ability.GHOST_TEXT)
def test_what_fits_no_longer_is_not_seen(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("stale.py", "‸\nend = 1\n")
    engine.writes("import os")
    editor.type("import ")
    editor.until_seen("import os\nend = 1\n")
    # Nothing comes in its place.
    engine.writes("import re", delay=3600.0)
    typed = "import "
    for key in "re\n":
        editor.key(key)
        typed += key
        editor.until_text(f"{typed}\nend = 1\n")
        editor.until_seen(f"{typed}\nend = 1\n")
    editor.close()


@pytest.mark.needs(Ability.GHOST_TEXT)
def test_what_fits_no_longer_is_not_accepted(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("against.py", "‸\nend = 1\n")
    engine.writes("import os")
    editor.type("import ")
    editor.until_shown("os")
    # All at once: nothing can come in between. The key does what it always does, if anything.
    editor.type("re", pause=0.0)
    editor.accept()
    editor.key("x")
    editor.until(lambda: "x" in editor.text(), "the last key")
    assert "".join(editor.text().split()) == "importrexend=1"


@pytest.mark.parametrize(
    "left", ["'😀'", "'漢字'", "'e\u0301'", "'👩‍👩‍👧'"], ids=["emoji", "cjk", "combining", "joined"]
)
def test_unicode_left_of_the_cursor(
    editor: Editor, engine: Engine, document: Document, left: str
) -> None:
    document("unicode.py", f"names = []\npair = ({left}, ‸)\n")
    engine.writes(f"pair = ({left}, sorted(names)")
    editor.type("so")
    editor.until_shown("rted(names)")
    editor.accept()
    editor.until_text(f"names = []\npair = ({left}, sorted(names))\n")


def test_a_fill_with_unicode(editor: Editor, engine: Engine, document: Document) -> None:
    document("unicode_fill.py", "names = []\n‸\n")
    engine.writes("greeting = 'héllo 漢字 😀'")
    editor.type("greeting")
    editor.until_shown(" = 'héllo 漢字 😀'")
    editor.accept()
    editor.until_text("names = []\ngreeting = 'héllo 漢字 😀'\n")


@pytest.mark.needs(Ability.MULTI_LINE)
@pytest.mark.parametrize(
    ("newline", "unit"), [("\r\n", "    "), ("\n", "\t")], ids=["crlf", "tabs"]
)
def test_a_file_keeps_its_line_ends_and_tabs(
    editor: Editor, engine: Engine, document: Document, newline: str, unit: str
) -> None:
    text = f"def count(end):\n{unit}‸\n\n\ncount(2)\n"
    file = document("kept.py", text.replace("\n", newline))
    fill = f"for step in range(end):\n{unit}{unit}print(step)"
    engine.writes(fill)
    editor.type("for st")
    editor.until_shown(fill.removeprefix("for st"))
    editor.accept()
    editor.until(lambda: "print(step)" in editor.text(), "the accepted fill")
    editor.save()
    assert file.read_bytes() == text.replace("‸", fill).replace("\n", newline).encode()


@pytest.mark.parametrize("delay", [1.0, 1.5])
def test_a_slow_engine_is_waited_for(
    editor: Editor, engine: Engine, document: Document, delay: float
) -> None:
    document("slow.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", delay=delay)
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    editor.accept()
    editor.until_text("names = []\nordered = sorted(names)\n")
    assert len(engine.generations) <= FEW


def test_an_engine_that_dies_and_comes_back(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("dies.py", "names = []\n‸\n")
    # No other document has this word: meanwhile VS Code would open its own menu with it, which the
    # key that accepts is for then.
    fill = "soonest = earliest(names)"
    engine.writes(fill)
    engine.die()
    editor.type("soonest = ea")
    editor.until(lambda: "Start it, or" in editor.messages(), "a message about Ollama")
    engine.start()
    # It is left alone for a while yet. The last key's request waits for up to 6 s of that; on a
    # busy machine more may be left, and somebody types on.
    for typed in ("soonest = ear", "soonest = earl", "soonest = earli"):
        editor.type(typed[-1])
        left = fill.removeprefix(typed)
        with suppress(AssertionError):
            editor.until_shown(left, limit=10.0)
            break
    editor.until_shown(left)
    editor.accept()
    editor.until_text("names = []\nsoonest = earliest(names)\n")


def test_two_windows_on_one_file(editor: Editor, engine: Engine, document: Document) -> None:
    document("windows.py", "names = []\n\n\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    editor.split()
    editor.move(1, 0)
    engine.writes("words = list(names)")
    editor.type("words = li")
    editor.until_shown("st(names)")
    editor.accept()
    editor.until_text("names = []\nwords = list(names)\n\nordered = so\n")


def test_two_files(editor: Editor, engine: Engine, document: Document) -> None:
    document("first.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("ordered = so")
    editor.until_shown("rted(names)")
    document("second.py", "words = []\n‸\n")
    engine.writes("longest = max(words)")
    editor.type("longest = ma")
    editor.until_shown("x(words)")
    editor.accept()
    editor.until_text("words = []\nlongest = max(words)\n")


@pytest.mark.needs(Ability.ACCEPT_WORD)
def test_the_rest_after_a_word_comes_from_memory(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("word.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.type("order")
    editor.until_shown("ed = sorted(names)")
    engine.until_quiet()
    before = engine.asked_within("ordered = sorted(names)")
    editor.accept_word()
    editor.until(lambda: "ordered" in editor.text(), "the first word")
    editor.until(lambda: editor.shown().endswith("sorted(names)"), "the rest")
    assert "sorted" not in editor.text()
    engine.until_quiet()
    assert engine.asked_within("ordered = sorted(names)") == before


@pytest.mark.needs(Ability.ACCEPT_LINE)
def test_the_rest_after_a_line_comes_from_memory(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("line.py", "def count(end):\n    ‸\n\n\ncount(2)\n")
    whole = "for step in range(end):\n        print(step)"
    engine.writes(whole)
    editor.type("for st")
    editor.until_shown(whole.removeprefix("for st"))
    engine.until_quiet()
    before = engine.asked_within(whole)
    editor.accept_line()
    editor.until(lambda: "range(end):" in editor.text(), "the first line")
    editor.until(lambda: editor.shown().strip() == "print(step)", "the rest")
    assert "print" not in editor.text()
    engine.until_quiet()
    assert engine.asked_within(whole) == before


@pytest.mark.needs(Ability.CANDIDATES)
def test_asking_by_hand_offers_other_candidates(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("candidates.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", "ordered = list(names)", "ordered = tuple(names)")
    editor.type("ordered")
    editor.until(lambda: editor.shown() != "", "a suggestion")
    first = editor.shown()
    before = engine.asked_within(f"ordered{first}")
    editor.ask()
    # A key before the answer may well be the end of the request.
    engine.until(lambda: engine.asked_within(f"ordered{first}") > before)
    engine.until_quiet()
    editor.until(lambda: editor.shown() != "", "a suggestion")
    seen = {first}
    for _ in range(2):
        editor.next_candidate()
        editor.until(lambda: editor.shown() not in {"", *seen}, "another candidate")
        seen.add(editor.shown())
    assert seen == {" = sorted(names)", " = list(names)", " = tuple(names)"}
    last = editor.shown()
    editor.accept()
    editor.until_text(f"names = []\nordered{last}\n")


@pytest.mark.needs(Ability.TOGGLE)
def test_off_is_off(editor: Editor, engine: Engine, document: Document) -> None:
    document("off.py", "offers = []\n‸\n")
    engine.writes("ordered = sorted(names)")
    editor.toggle()
    # So slowly that it would ask at each key.
    editor.type("order", pause=2 * editor.pause)
    # What came after the last test's fill may be asked for until now; Helix asks as it comes here.
    assert engine.asked_about("offers = []\no") == 0
    editor.toggle()
    editor.type("ed = so")
    editor.until_shown("rted(names)")


@pytest.mark.needs(Ability.STATUS)
def test_the_status_says_what_is_the_matter(
    editor: Editor, engine: Engine, document: Document
) -> None:
    document("status.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", delay=1.0)
    editor.type("ordered = so")
    editor.until(lambda: editor.status() == "asking", "the state asking")
    editor.until_shown("rted(names)")
    editor.until(lambda: editor.status() == "idle", "the state idle")
    editor.toggle()
    editor.until(lambda: editor.status() == "off", "the state off")
    editor.toggle()
    editor.until(lambda: editor.status() == "idle", "the state idle")


@pytest.mark.needs(Ability.CANCELLATION)
def test_typing_on_cancels_at_the_engine(
    editor: Editor, engine: Engine, document: Document
) -> None:
    """However the editor does it: a call that is of no use any more is closed at once.

    What was written of it tells; of a call that has written nothing, nobody knows.
    """
    document("cancel.py", "names = []\n‸\n")
    engine.writes("ordered = sorted(names)", stalls=True)
    editor.type("or")
    engine.until(lambda: any(call.sent for call in engine.generations))
    first = next(call for call in engine.generations if call.sent)
    engine.writes("orbit = source(names)", stalls=True)
    editor.type("bit")
    engine.until(lambda: first.state == "cancelled")
    engine.flows()
    editor.until_shown(" = source(names)")
