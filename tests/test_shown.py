"""Text that came from outside, on its way to people."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.shown import plain, quoted, without, without_controls

HOSTILE = (
    "\x00\x07\x1b\x7f\x9b\u2028\ud800\u061c\u200e\u202e\u2066\u200b\u3164\uffa0\u115f\U000e0041"
)


@pytest.mark.parametrize("char", HOSTILE)
def test_what_does_something_to_a_terminal_or_to_the_text_is_not_shown(char: str) -> None:
    assert without_controls(f"a{char}b") == "a\ufffdb"
    assert plain(f"a{char}b") == "a\ufffdb"


def test_lines_and_tabs_of_a_fill_stay() -> None:
    assert without_controls("a\n\tb") == "a\n\tb"


def test_a_message_is_one_line() -> None:
    assert plain("no\r\nERROR infill_ls: fake\tline") == "no ERROR infill_ls: fake line"


@pytest.mark.parametrize("text", ["می\u200cخواهم", "👩\u200d👧", "❤\ufe0f", "héllo 世界"])
def test_what_people_spell_names_with_stays(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://me:secret@host/path", "at https://…@host/path"),
        ("at https://me:se/cr:et@host", "at https://…@host"),
        ("at socks5://token@host:1", "at socks5://…@host:1"),
        ("<https://host/a?key=secret>", "<https://host/a?…>"),
        ('"http://host?x=secret&y=1" failed', '"http://host?…" failed'),
        ("http://127.0.0.1:11434 says who?", "http://127.0.0.1:11434 says who?"),
        ("write to me@host", "write to me@host"),
    ],
)
def test_addresses_have_neither_passwords_nor_queries(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text(max_size=80))
def test_whatever_comes_is_one_line_that_a_terminal_only_shows(text: str) -> None:
    line = plain(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", line)
    assert plain(line) == line


def test_no_command_hides_behind_a_link() -> None:
    assert plain("[Mend it](command:evil)") == "[Mend it] (command:evil)"


@pytest.mark.parametrize(
    "text", ["def secret_function(a, b):\n    return 'x'", 'änderung = "größer als"']
)
def test_what_is_quoted_of_a_text_is_left_out(text: str) -> None:
    for quotation in (text, json.dumps(text), repr(text), text[3:20]):
        said = without(f"Bad input: {quotation}!", text)
        assert said.startswith("Bad input: ")
        assert said.endswith("!")
        assert not any(text[at : at + 12] in said for at in range(len(text) - 12))
    assert without("The engine is busy.", text) == "The engine is busy."


def test_a_value_is_quoted_and_short() -> None:
    assert quoted("a\x1b") == r"'a\x1b'"
    assert quoted(5) == "5"
    assert quoted("a" * 99) == "'" + "a" * 59
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    assert quoted(nested) == "something very long"
    assert quoted(10**5000) == "something very long"
