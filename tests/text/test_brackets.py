"""What is open where: brackets, strings, and code in strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.brackets import Open, Scan, closers_in, open_at, passed


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


@pytest.mark.parametrize(
    ("language", "before", "rest", "count"),
    [
        ("python", "f(", ")", 1),
        ("python", "f([", "])", 2),
        ("python", "f({", "} );", 2),
        ("python", "f(", "),", 1),
        ("python", "f(", ") + 1", 0),
        ("python", "f(", "]", 0),
        ("python", "f(", "))", 0),
        ("python", "f(", ";", 0),
        ("python", "f", ")", 0),
        ("python", 'f("', '")', 2),
        ("python", '"""', '"""', 1),
        # No quote is closed behind a word; the bracket's closer is that of what is around it.
        ("python", 'f("a', ")", 1),
        ("python", 'f(f"a {g(', "))", 0),
        ("python", 'f(f"a {g(', ")})", 3),
        ("python", 'f("a', "]", 0),
        ("javascript", "f(`${", "}`)", 3),
        # What a string's own text has opened, or hasn't.
        ("python", "\"select '", "'\"", 2),
        ("python", "\"don't (", ')"', 2),
        ("python", "\"don't (", '"', 1),
        ("javascript", "f(`[${", "}]`)", 4),
        ("javascript", "// see (", ")", 1),
        ("ruby", '"a (#{', '})"', 3),
    ],
)
def test_the_rest_of_a_line_that_an_editor_has_put_there(
    language: str, before: str, rest: str, count: int
) -> None:
    assert len(closers_in(rest, open_at(before, language))) == count


@pytest.mark.parametrize(
    ("language", "before", "rest", "fill", "starts"),
    [
        ("python", "f(", ")", "a) + b", [1]),
        ("python", "f(", ")", "a, g(b)", []),
        ("python", "f([", "])", "a]", [1]),
        ("python", 'f("', '")', 'a", b)', [1, 5]),
        ("python", "\"select '", "'\"", "a' from b\"", [1, 9]),
        # Who leaves the inner one out doesn't close the string either.
        ("python", "\"select '", "'\"", 'a"', []),
        ("javascript", "f(`[${", "}]`)", "a.b()}]`)", [5, 6, 7, 8]),
        ("javascript", "f(`[${", "}]`)", "a}, ", [1]),
        ("python", 'f("a', ")", 'b", c)', [5]),
        ("python", 'f("a', ")", "b)", []),
        # A quote in a comment that nobody closes is not what its bracket is closed by.
        ("javascript", '// f("', ")", 'a"', []),
        ("javascript", '// f("', ")", 'a") b', [2]),
        ("javascript", '// [f("', ")]", 'a") b] c', [2, 5]),
    ],
)
def test_where_a_fill_closes_what_the_rest_closes(
    language: str, before: str, rest: str, fill: str, starts: list[int]
) -> None:
    found = passed(fill, rest, open_at(before, language), language)
    assert [closed.start for closed in found] == starts


def test_only_the_end_of_a_long_line_is_looked_at() -> None:
    assert open_at("(" + "a, " * 10_000 + "f[", "python").code == ("[",)
    assert open_at("(" + "a, " * 2_000 + "f[", "python").code == ("(", "[")


def test_a_regular_expression_has_its_limits() -> None:
    assert Scan("javascript").follow("a = /[(]" + "(" * 100 + "/").opened == []
    assert len(Scan("javascript").follow("a = /" + "(" * 1_000 + "/").opened) == 1_000
    assert len(Scan("javascript").follow("a = /[" + "(" * 1_000 + "]/").opened) == 1_001


def test_only_the_end_of_a_long_text_is_looked_at() -> None:
    assert open_at("(" + "a = 1\n" * 2_000 + "f[", "python").code == ("[",)
    assert open_at('"""\n' + "a (\n" * 2_000 + "f[", "python").code == ('"""',)
    assert open_at("`\n" + "a (\n" * 2_000 + "f[", "typescript").code == ("`",)


@given(
    st.text("ab \n([{)]}\"'`$#\\f", max_size=60), st.sampled_from(["python", "ruby", "swift", ""])
)
def test_any_text_split_anywhere(text: str, language: str) -> None:
    whole = Scan(language, lenient=True).follow(text)
    assert len(whole.opened) == len(whole.places)
    opened = open_at(text, language)
    assert isinstance(opened, Open)
    assert len(opened.code) == len(opened.texts) == len(opened.indents) >= opened.here
