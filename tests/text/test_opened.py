"""What is open at a place, by the text before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.brackets import Scan
from infill_ls.text.opened import open_at, triple_quote


def test_only_the_end_of_a_long_line_is_looked_at() -> None:
    assert open_at("(" + "a, " * 10_000 + "f[", "python").code == ("[",)
    assert open_at("(" + "a, " * 2_000 + "f[", "python").code == ("(", "[")


def test_only_the_end_of_a_long_text_is_looked_at() -> None:
    assert open_at("(" + "a = 1\n" * 2_000 + "f[", "python").code == ("[",)
    assert open_at('"""\n' + "a (\n" * 2_000 + "f[", "python").code == ('"""',)
    assert open_at("`\n" + "a (\n" * 2_000 + "f[", "typescript").code == ("`",)


@given(
    st.text("ab \n([{)]}\"'`$#\\f", max_size=60), st.sampled_from(["python", "ruby", "swift", ""])
)
def test_any_text(text: str, language: str) -> None:
    opened = open_at(text, language)
    assert len(opened.code) == len(opened.texts) == len(opened.indents) >= opened.here


def test_a_long_comment_is_known_by_its_stars() -> None:
    assert open_at("/*\n" + " * a (\n" * 2_000 + " * b", "c").code == ("/*",)
    assert open_at("/*\n" + " * a (\n" * 2_000 + " */ f(", "c").code == ("(",)


@given(
    st.text("ab \n([{)]}\"'`$#\\f/*", max_size=80),
    st.sampled_from(["python", "ruby", "swift", "javascript", "rust", "shellscript", "lua", "c"]),
)
def test_the_lines_above_are_scanned_as_with_the_last_one(text: str, language: str) -> None:
    whole = Scan(language, lenient=True).follow(text)
    found = open_at(text, language)
    line_start = text.rfind("\n") + 1
    assert found.code == tuple(whole.opened)
    assert found.here == sum(position >= line_start for position in whole.positions)
    assert found.indents == tuple(
        text[text.rfind("\n", 0, at) + 1 :][: len(indent or "")]
        for at, indent in zip(whole.positions, found.indents, strict=True)
    )


def test_triple_quotes_come_in_pairs() -> None:
    text = 'a = """b\n\'\'\'"""\nc'
    assert [triple_quote(text, end) for end in (3, 8, 12, 15, len(text))] == [
        *("", '"""', "", '"""', '"""')
    ]
