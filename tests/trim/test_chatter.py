"""What models write that is no code: control tokens, unsafe characters, fences, prose."""

from __future__ import annotations

import random
import re
import sysconfig
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import infill_ls
from fills import CONTROL, fill, so_far, whole
from holes import at
from infill_ls.text.hole import between
from infill_ls.trim import Fill, trim
from infill_ls.trim.chatter import without_control_tokens
from infill_ls.trim.site import Draft, known
from infill_ls.trim.unseen import DEFAULT_IGNORABLE


@pytest.mark.parametrize(
    "token",
    [
        *CONTROL,
        # Tokens of other families, which fine-tuned and merged models leak.
        "<|EOT|>",
        "<fim_middle>",
        "<fim-suffix>",
        "<file_sep>",
        "<｜fim▁end｜>",
        "<|some_token|>",
    ],
)
def test_a_control_token_ends_the_fill(token: str) -> None:
    assert whole("a = █\n", f"b{token}c") == Fill("b", "control token")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("b<|endo", "b"),
        ("b<|im_end|", "b"),
        ("b<fim_mid", "b"),
        ("b<file_", "b"),
        # Operators, and too short to be told from them.
        ("b <", "b <"),
        ("b <|", "b <|"),
        ("b <|e", "b <|e"),
        ("b <| end", "b <| end"),
    ],
)
def test_a_control_token_that_the_stream_breaks_off_in(raw: str, expected: str) -> None:
    assert fill("a = █\n", raw, language="") == expected


@pytest.mark.parametrize("begun", ["<", "<|", "<|endoftext|", "<|any", "<|any_other|", "<｜fim"])
def test_what_may_become_a_control_token_is_held_back(begun: str) -> None:
    assert so_far("a = █\n", f"b{begun}") == Fill("b")


def test_an_operator_is_given_out_with_the_character_after_it() -> None:
    assert so_far("a = █\n", "b <") == Fill("b")
    assert so_far("a = █\n", "b < c") == Fill("b < c")


def test_a_family_s_own_tokens_end_the_fill() -> None:
    hole = at("a = █\n")
    assert trim("b <END> c", hole, "statement", ("<END>",)).text == "b"
    assert trim("b <END> c", hole, "statement", ()).text == "b <END> c"


@pytest.mark.parametrize("language", ["python", "go", "rust", "typescriptreact", "java", "c", ""])
@pytest.mark.parametrize(
    "token",
    [
        *("</fim_middle>", "<fim-hole>", "<eos>", "</eos>", "<bos>", "</s>", "<EOT>", "<eot_id>"),
        *("<end_of_turn>", "<start_of_turn>", "<endoftext>", "<think>", "</think>", "<tool_call>"),
        *("[/INST]", "<</SYS>>", "<unused12>", "<extra_id_0>", "<SUF>", "<MID>", "<0x0A>"),
        *("<|EOT_2|>", "<|reserved_special_token_7|>", "<|end-of-text|>"),
    ],
)
def test_control_text_is_told_by_its_shape(token: str, language: str) -> None:
    text = "f {\n  █\n}\n"
    assert whole(text, f"b(){token}", language) == Fill("b()", "control token")
    assert fill(text, f"b(){token}\n  c()", language) == "b()"
    assert fill(text, f"b(){token}{token}", language) == "b()"


@pytest.mark.parametrize(
    ("text", "raw", "language"),
    [
        # Elements.
        ("<p>█</p>\n", "<s>old</s> new", "html"),
        ("return <p>█</p>;\n", "<s>{old}</s>", "typescriptreact"),
        ("return (\n  <p>\n    █\n  </p>\n);\n", "<s>\n      {old}\n    </s>", "javascriptreact"),
        ("<s>a█\n</p>\n", "b</s>", "vue"),
        ("<tokens>\n  █\n</tokens>\n", "<eos>2</eos>", "xml"),
        ("<p>█\n", "<s>old</s>", "php"),
        # Arguments of types.
        ("let a: Vec<█\n", "Vec<EOT>>;", "rust"),
        ("let a = █\n", "Vec::<EOT>::new();", "rust"),
        ("class A {\n  █\n}\n", "private Map<String, List<EOT>> a;", "java"),
        ("class A {\n  █\n}\n", "<EOT> void f(EOT a) {}", "java"),
        ("int main() {\n  █\n}\n", "std::vector<bos> a;", "cpp"),
        ("val a = █\n", "listOf<EOS>()", "kotlin"),
        ("import EOS\nval a: █\n", "List<EOS>", "kotlin"),
        ("const a = █\n", "new Set<eot>();", "typescript"),
        ("var a = █\n", "new List<BOS> { b };", "csharp"),
        # Headers.
        ("#include <a>\n█\n", "#include <think>", "cpp"),
        ("█\nint a;\n", "#include <eos>", "c"),
        # What is quoted, and what is told of them.
        ("text = █\n", 'text.split("</think>")[-1]', "python"),
        ('SPECIAL = ["█\n', '<s>", "</s>", "<unk>"]', "python"),
        ("a := █\n", 'strings.TrimSuffix(b, "<end_of_turn>")', "go"),
        ("const a = █;\n", "b.replace(/x/, '<|') + `<eos> ${b}`", "javascript"),
        ("# Each ends with █\n", "<eos> or with </s> here", "python"),
        ("The token █\n", "</s> ends it.", "markdown"),
        ("// █\nf();\n", "writes <tool_call> first", "rust"),
        # What the user has himself.
        ("EOS = '<eos>'\nf('█')\n", "<eos>", "python"),
        ("a <eos> b\na = █\n", "c <eos>", ""),
        # Comparisons, shifts, pipes.
        ("if █\n", "a<s and s>b:", "python"),
        ("a = █\n", "b <s || s> c;", "c"),
        ("a = █\n", "b << s >> c;", "cpp"),
        ("let a = █\n", "f <| x |> g", "fsharp"),
        ("a = █\n", "b[/INST/]", "ruby"),
        ("a = █\n", "b[i]", "python"),
    ],
)
def test_what_is_spelled_like_control_text_and_is_code(text: str, raw: str, language: str) -> None:
    assert fill(text, raw, language) == raw


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        # An end of nothing, and an element that no markup has.
        ("return <p>█</p>;\n", "{a}</s>", "typescriptreact", "{a}"),
        ("<p>█</p>\n", "a</think>", "html", "a"),
        ("return (\n  █\n);\n", "<think>\nThe user wants", "javascriptreact", ""),
        # A string that nothing closes, a comment that nothing follows in.
        ('a = "█"\n', "hello</s>", "python", "hello"),
        ("# █\n", "The sum</s>", "python", "The sum"),
        ("let a = █\n", "b<EOT>\nlet c", "rust", "b"),
        ("let a = █\n", "b<EOT>let c", "rust", "b"),
    ],
)
def test_control_text_in_places_that_might_have_it(
    text: str, raw: str, language: str, expected: str
) -> None:
    assert fill(text, raw, language) == expected


@pytest.mark.parametrize(
    "begun", ["</", "</s", "<eos", "<end_of_turn", "</fim_mid", "[/INS", "<s>"]
)
def test_what_may_become_control_text_is_held_back(begun: str) -> None:
    assert so_far("a = █\n", f"b{begun}") == Fill("b")
    assert so_far("const a = █\n", f"'{begun}", "javascript").text == "'"


# What other files of programmers have is no control text, wherever the stream is split.

# But for the two files that name all of them.
SOURCES = [
    path
    for folder, pattern in (
        (Path(__file__).parents[1] / "bench" / "sources", "*.txt"),
        (Path(infill_ls.__file__).parent, "**/*.py"),
        (Path(sysconfig.get_path("stdlib")), "*.py"),
        (Path(sysconfig.get_path("stdlib")) / "html", "*.py"),
    )
    for path in sorted(folder.glob(pattern))
    if path.stat().st_size > 0 and path.name not in ("families.py", "leaked.py")
]
MARKUP = (
    *("<s>{a}</s>", "<b>", "</b>", "<Foo<s>>", "<A.B c={d}>", "<s.t/>", "<>{a}</>", "<br/>"),
    *("<img src='a'>", "<my-element>", "</my-element>", "<S>", "<slot name='s'>", "<td></td>"),
)
TEMPLATES = (
    *(
        "Map<eos, T>",
        "Vec<EOT>;",
        "f<T>(a)",
        "std::array<s, 3>",
        "a < b",
        "a<b",
        "c > d",
        "x <<= 1",
    ),
    *("Vec<Box<dyn Fn(s) -> T>>", "a <= b && c >= d", "vector<vector<int>> a;", "impl<'a> F<'a>"),
    *("func<think>(a)", "Option<&'s str>", "List<? extends T>", "a <=> b", "b >>> 2", "x -> y"),
    *("#include <s.h>", "cout << s << endl;", "f <$> a <*> b", "a[/b/]", "b[i]", "<-c", "i<n;"),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.sampled_from(MARKUP), min_size=1, max_size=6).map(" ".join),
    st.sampled_from("html typescriptreact javascriptreact vue svelte php".split()),
)
def test_markup_passes_unharmed(text: str, language: str) -> None:
    assert _untouched(text, language) == text


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.lists(st.sampled_from(TEMPLATES), min_size=1, max_size=6).map(" ".join),
    st.sampled_from("rust cpp java csharp typescript kotlin dart scala swift".split()),
)
def test_type_arguments_and_comparisons_pass_unharmed(text: str, language: str) -> None:
    assert _untouched(text, language) == text


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.sampled_from(SOURCES), st.randoms(use_true_random=False))
def test_real_code_passes_unharmed(path: Path, chance: random.Random) -> None:
    text = path.read_text("utf-8", "replace")
    start = chance.randrange(len(text))
    end = min(len(text), start + chance.randrange(4_000))
    hole = between(text[:start], text[end:], "python")
    draft = without_control_tokens(
        Draft(text[start:end], final=True), known(hole, "block", CONTROL)
    )
    # What stands at its end may be the start of a token.
    assert text[start:end].startswith(draft.text)
    assert end - start - len(draft.text) <= 30 or re.search(r"<\|\w+\|>", text[start:end])


def _untouched(text: str, language: str) -> str:
    place = known(between("a ", "\n", language), "block", CONTROL)
    shown = ""
    for length in range(len(text) + 1):
        early = without_control_tokens(Draft(text[:length]), place).text
        assert early.startswith(shown)
        shown = early
    return without_control_tokens(Draft(text + ";", final=True), place).text.removesuffix(";")


@pytest.mark.parametrize(
    "character",
    [
        *("\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x85", "\x9b"),
        *("\u061c", "\u200b", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e"),
        *("\u2060", "\u2066", "\u2069", "\ufeff", "\U000e0001", "\U000e007f"),
        *("\u3164", "\uffa0", "\u115f", "\u1160", "\u034f", "\u00ad", "\u17b4", "\u180e"),
        *("\u200c", "\u200d", "\ufe00", "\ufe0f", "\U000e0100", "\U000e01f0", "\U0001d173"),
        *("\ud800", "\udfff"),
    ],
    ids=ascii,
)
def test_an_unsafe_character_takes_its_line_with_it(character: str) -> None:
    text = "def f():\n    █\n"
    assert whole(text, f"a = 1\n    b{character} = 2") == Fill("a = 1", "unsafe character")
    assert fill(text, f"b{character} = 2") == ""


@pytest.mark.parametrize(
    "text",
    [
        *("\t", "é", "中", "😀", "\xa0", "ﬀ", "한", "ᄀ"),
        # A family, a flag, a skin tone, a heart on fire, a keycap, signs as pictures and as text.
        *(
            "👨\u200d👩\u200d👧",
            "🏳\ufe0f\u200d🌈",
            "👍🏽\u200d💻",
            "❤\ufe0f\u200d🔥",
            "1\ufe0f\u20e3",
        ),
        *("⚠\ufe0f", "©\ufe0e", "↔\ufe0f", "‼\ufe0f", "ℹ\ufe0f", "Ⓜ\ufe0f", "∪\ufe00"),
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        # Persian, Hindi, Sinhala, Mongolian; a variant of an ideograph.
        *("می\u200cخواهم", "क्\u200dष", "ක්\u200dෂ", "ᠠ\u180b", "葛\U000e0100"),
    ],
    ids=ascii,
)
def test_characters_that_code_and_its_strings_have(text: str) -> None:
    assert fill('a = "█"\n', f'b{text}c"') == f"b{text}c"
    assert fill("# █\n", f"{text} it") == f"{text} it"


@pytest.mark.parametrize(
    "text",
    [
        # What belongs to an emoji or to a letter of another script, without it.
        *("a\u200d👧", "👧\u200da", "a\u200cb", "👧\u200c👧", "می\u200cb", "a\ufe0f", "1\ufe0f"),
        # Bytes hidden in selectors behind an emoji, letters in tags.
        *("😀\ufe0f\ufe01", "😀\U000e0100", "😀\U000e0061", "葛\U000e0100\U000e0101"),
    ],
    ids=ascii,
)
def test_unseen_characters_where_nothing_needs_them(text: str) -> None:
    assert fill('a = "█"\n', f'b{text}c"') == ""


def test_a_joiner_is_judged_when_it_is_known_what_it_joins() -> None:
    assert so_far("# █\n", "so 👩\u200d") == Fill("so 👩")
    assert so_far("# █\n", "so 👩\u200d👧") == Fill("so 👩\u200d👧")
    assert so_far("# █\n", "so 🏴\U000e0067\U000e0062") == Fill("so 🏴")
    assert so_far("# 👩█\n", "\u200d👧 a") == Fill("\u200d👧 a")
    assert fill("# █\n", "so 👩\u200d") == ""


def test_the_characters_that_nobody_sees_are_those_of_the_standard() -> None:
    """The property is derived from others (Unicode 17.0, DerivedCoreProperties.txt)."""
    ignorable = re.compile(f"[{DEFAULT_IGNORABLE}]")
    # Interlinear annotations, Egyptian format controls and prepended marks are to be seen.
    seen = (
        "[\ufff9-\ufffb\U00013430-\U0001345f"
        "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]"
    )
    for number in range(0xE0000):
        char = chr(number)
        name = unicodedata.name(char, "")
        derived = (
            (unicodedata.category(char) == "Cf" and not re.match(seen, char))
            or re.search(r"VARIATION SELECTOR|HANGUL.* FILLER|GRAPHEME JOINER", name)
            or re.match(r"KHMER VOWEL INHERENT", name)
            # Not assigned, but kept for such characters.
            or number in (0x2065, *range(0xFFF0, 0xFFF9))
        )
        assert bool(ignorable.match(char)) == bool(derived), ascii(char)
    assert ignorable.match("\U000e0000")
    assert ignorable.match("\U000e0fff")
    assert not ignorable.match("\U000e1000")


def test_a_fill_that_is_complete_before_an_unsafe_character_keeps_its_line() -> None:
    assert fill("f(█)[0]\n", "a, b)\u200b") == "a, b"


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("def f():\n    █\n", "```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "```\nreturn 1\n```\n", "return 1"),
        ("def f():\n    █\n", "```python\n    return 1\n```", "return 1"),
        ("def f():\n    █\n", "\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "~~~\nreturn 1\n~~~", "return 1"),
        ("def f():\n    █\n", "```python\nreturn 1", "return 1"),
        ("def f():\n    █\n", "```python\nreturn 1\n```\nThis returns 1.", "return 1"),
        ("def f():\n    █\n", "Here is the code:\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "Sure! It is:\n\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "Explanation\n\n```python\nreturn 1\n```", "return 1"),
        ("def f():\n    █\n", "return 1\n```\n\nThis function returns 1.", "return 1"),
        # What is typed and then said again.
        ("total = █\n", "```python\ntotal = sum(xs)\n```", "sum(xs)"),
        ("total = █\n", "```python\nsum(xs)\n```", "sum(xs)"),
        ("def f():\n    return █\n", "```python\n    return 1\n```", "1"),
        # Ticks that are no fence.
        ("# █\n", "`b`", "`b`"),
        ('a = "█"\n', 'b```"', "b```"),
    ],
)
def test_fences(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("const a = `█`;\n", "```ts\n${b}`;\n```", "${b}"),
        ("if (a) {\n} else if (█\n", "```ts\n} else if (b) {\n```", "b) {"),
        ("f {\n  █\n}\n", "\nHere is the code:\n```ts\na();\n```", "a();"),
    ],
)
def test_a_fence_is_told_before_anything_else_is(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, "typescript", shape="block") == expected


@pytest.mark.parametrize(
    "raw",
    [
        "Here is the code that you want.",
        "Here's how:",
        "Sure, this is it",
        "To complete the function, add a line.",
        "This code adds two numbers.",
        "The missing part is a loop.",
        "\nI can help you with that.",
        "**Answer**: add a line",
        "```",
        "```python",
    ],
)
def test_prose_is_no_fill(raw: str) -> None:
    assert fill("def f():\n    █\n", raw) == ""


def test_prose_below_the_code_is_no_part_of_it() -> None:
    raw = "return a[b,\n\nThis function returns something.\n"
    assert whole("def f():\n    █\n", raw, "") == Fill("return a[b,", "prose")


@pytest.mark.parametrize("raw", ["Herein = 1", "Sure", "The = 1", "Inthis()", "** 2", "Iam.run()"])
def test_code_that_begins_like_prose(raw: str) -> None:
    assert fill("█\n", raw, language="") == raw


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        ("# █\nx = 1\n", "This function adds.", "This function adds."),
        ("# █\nx = 1\n", "Note that it is slow\nx = 1", "Note that it is slow"),
        ('def f():\n    """█\n', "Here is what it does.", "Here is what it does."),
        (
            'def f():\n    """Do it.\n\n    █\n    """\n',
            "Please call it once.",
            "Please call it once.",
        ),
        ('def f():\n    """█"""\n', "The function.\n", "The function."),
        ("# █\n", "a) this, b) that :-)\n", "a) this, b) that :-)"),
        ("# (█)\n", "this)\n", "this"),
    ],
)
def test_prose_is_wanted_in_comments_and_docstrings(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("// █\nf();\n", "typescript"),
        ("/// █\nfn f() {}\n", "rust"),
        ("/**\n * █\n */\n", "java"),
        ("-- █\nlocal a\n", "lua"),
        ("<!-- █\n<p>\n", "vue"),
    ],
)
def test_prose_is_wanted_in_comments_of_other_languages(text: str, language: str) -> None:
    assert fill(text, "This function is fast", language) == "This function is fast"


def test_prose_and_fences_are_wanted_in_prose() -> None:
    raw = "Here is how to install it:\n```sh\npip install it\n```"
    assert fill("# Install\n█", raw, "markdown") == raw
    assert fill("# Install\n█", raw, "plaintext") == raw


# What was typed, said again.


@pytest.mark.parametrize(
    ("text", "raw", "language", "expected"),
    [
        ("total = █\n", "total = sum(xs)\n", "python", "sum(xs)"),
        ("    return █\n", "return 1\n", "ruby", "1"),
        ("const a = █;\n", "const a = b;\n", "typescript", "b"),
        ("def f():\n    for x in █\n", "    for x in xs:\n        g(x)", "python", None),
        # A word that was begun.
        ("result = 1\nprint(resu█)\n", "result)\n", "python", "lt"),
        ("a = self.conn█\n", "connection.open()\n", "python", "ection.open()"),
        # Not again, though it looks like it.
        ("x = █\n", "x_total\n", "python", "x_total"),
        ("a = [0, 0, █]\n", "0, 0, 0]", "python", "0, 0, 0"),
        ("print(█)\n", "print_all(a)", "python", "print_all(a)"),
        ("# to do: █\n", "# to do: it", "python", "# to do: it"),
        ("a = 'ban█'\n", "banana'", "python", "banana"),
    ],
)
def test_what_was_typed_is_not_said_again(
    text: str, raw: str, language: str, expected: str | None
) -> None:
    assert fill(text, raw, language) == (expected or "xs:\n        g(x)")


def test_what_may_be_typed_text_said_again_is_held_back() -> None:
    assert so_far("total = █\n", "tot") == Fill("")
    assert so_far("total = █\n", "total") == Fill("")
    assert so_far("total = █\n", "totally") == Fill("totally")


def test_a_fence_in_the_middle_of_a_line() -> None:
    assert fill("a = f(█)\n", "```python\nb, c)\n```") == "b, c"


@pytest.mark.parametrize(
    ("text", "raw", "expected"),
    [
        # The head of the call again, or a call in it.
        ("print(█\n", "print(x)\n", "x)"),
        ("print(█\n", "print(x))\n", "print(x))"),
        ("print('█')\n", "print('x", "x"),
        # Two letters, of which few words are made twice.
        ("de█\n", "def", "f"),
        ("de█\n", "fer", "fer"),
        ("de█\n", "+ 1", "+ 1"),
        ("dedef\nde█\n", "def", "def"),
    ],
)
def test_a_call_or_two_letters_are_not_said_again(text: str, raw: str, expected: str) -> None:
    assert fill(text, raw, "") == expected


@pytest.mark.parametrize(
    ("text", "raw"),
    [("print(█\n", "print(x"), ("print(█\n", "pri"), ("de█\n", "d"), ("de█\n", "def")],
)
def test_what_may_be_said_again_is_held_back(text: str, raw: str) -> None:
    assert so_far(text, raw, "").text == ""
