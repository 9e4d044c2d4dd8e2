"""What is open at a place, by the text before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from infill_ls.text.opened import open_at


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
