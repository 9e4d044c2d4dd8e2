"""What is open where: brackets, strings, and code in strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.brackets import Scan


@pytest.mark.parametrize(
    ("language", "text", "opened"),
    [
        ("python", "f([{", ["(", "[", "{"]),
        ("python", "f(a, # (\n[", ["(", "["]),
        ("python", '"(', ['"']),
        ("python", '"a\n', []),
        ("python", '"""a "b" \'\'\'', ['"""']),
        ("python", "rb'a\\'b(' (", ["("]),
        # Code in strings, and strings in that.
        ("python", 'f"a {b["', ['f"', "<{", "[", '"']),
        ("python", "f'{{a}} {b!r}' + \"it's\"", []),
        ("python", 'rf"{a', ['f"', "<{"]),
        ("python", '"{a', ['"']),
        ("ruby", 'puts "#{a["x"]', ['"', "<#{"]),
        ("ruby", 'puts "#{a}', ['"']),
        ("javascript", "`a ${b ? `c${d}` : 'x'", ["`", "<${"]),
        ("javascript", "`a $b {", ["`"]),
        ("csharp", '$"Hi {', ['f"', "<{"]),
        ("csharp", '@"Hi {', ['"']),
        ("swift", '"a \\(b(c) \\n "', ['"', "<\\(", '"']),
        ("kotlin", '"a $b ${c(', ['"', "<${", "("]),
        ("php", '"a {$b["c"]} {', ['"']),
        ("shellscript", 'echo "$(ls "${a}', ['"', "<$(", '"']),
        ("julia", '"$(a)', ['"']),
        ("dart", "'${a", ["'", "<${"]),
        # What is no quote, and no comment.
        ("rust", "fn f<'a>('(', r#\"a\"(\"#, ", ["("]),
        ("haskell", "f' = g (x'", ["("]),
        ("html", "don't (", ["("]),
        ("shellscript", "foo'b(", ["'"]),
        ("shellscript", "${#a} $# (", ["("]),
        ("yaml", "a: b#(", ["("]),
        ("javascript", "a.replace(/[(\"']/g, x)", []),
        ("javascript", "a / b / c(", ["("]),
        ("lua", "--[[ (\n]] (", ["("]),
        ("cpp", 'f(\'(\', "a\\"(", /* ( */', ["("]),
        ("go", '`json:"a', ["`"]),
    ],
)
def test_what_a_text_leaves_open(language: str, text: str, opened: list[str]) -> None:
    assert Scan(language).follow(text).opened == opened


def test_what_was_open_is_closed() -> None:
    scan = Scan("ruby", opened=("(", '"', "<#{")).follow('name}!" + x) y')
    assert [text.start for text in scan.closed] == [4, 6, 11]
    scan = Scan("python", opened=("(", '"')).follow("name\nfoo)")
    assert (scan.spilled, [text.start for text in scan.closed]) == (4, [8])


def test_a_regular_expression_has_its_limits() -> None:
    assert Scan("javascript").follow("a = /[(]" + "(" * 100 + "/").opened == []
    assert len(Scan("javascript").follow("a = /" + "(" * 1_000 + "/").opened) == 1_000
    assert len(Scan("javascript").follow("a = /[" + "(" * 1_000 + "]/").opened) == 1_001


@given(
    st.text("ab \n([{)]}\"'`$#\\f", max_size=60), st.sampled_from(["python", "ruby", "swift", ""])
)
def test_any_text_split_anywhere(text: str, language: str) -> None:
    whole = Scan(language, lenient=True).follow(text)
    assert len(whole.opened) == len(whole.positions)


@pytest.mark.parametrize("text", ["", "(", "'", "('", "f'{", "f'", "# (", "[](", "()"])
def test_in_brackets(text: str) -> None:
    scan = Scan("python").follow(text)
    assert scan.in_brackets == bool(scan.brackets)
