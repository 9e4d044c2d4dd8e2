"""What is known of editors by their names."""

from __future__ import annotations

import pytest

from infill_ls.editors import (
    HELIX_TRIGGERS,
    TRIGGERS,
    keeps_line_ends_apart,
    names_servers,
    pause,
    shows_range,
    trigger_characters,
)

# As they name themselves.
NAMES = (
    *("Neovim", "helix", "GNU Emacs", "emacs", "Visual Studio Code", "VSCodium", "Kakoune", "kate"),
    *("LSP4IJ", "IntelliJ IDEA", "PyCharm", "Android Studio", "Zed", "coc.nvim", ""),
)


@pytest.mark.parametrize("name", NAMES)
def test_line_ends(name: str) -> None:
    assert keeps_line_ends_apart(name) is (name == "Neovim")


@pytest.mark.parametrize("name", NAMES)
def test_ranges(name: str) -> None:
    only_insert = ("LSP4IJ", "IntelliJ IDEA", "PyCharm", "Android Studio")
    assert shows_range(name) is (name not in only_insert)


@pytest.mark.parametrize("name", NAMES)
def test_who_says_which_server_a_message_is_from(name: str) -> None:
    assert names_servers(name) is (name == "Neovim")


@pytest.mark.parametrize("name", NAMES)
def test_triggers(name: str) -> None:
    assert trigger_characters(name) == (HELIX_TRIGGERS if name == "helix" else TRIGGERS)


def test_each_of_helix_s_triggers_is_told_once() -> None:
    assert len(set(HELIX_TRIGGERS)) == len(HELIX_TRIGGERS)
    assert "" not in HELIX_TRIGGERS


@pytest.mark.parametrize("name", NAMES)
def test_how_long_editors_wait_after_a_key(name: str) -> None:
    known = {"Neovim": 0.2, "helix": 0.25, "GNU Emacs": 0.2, "emacs": 0.2}
    assert pause(name) == known.get(name, 0.045)


@pytest.mark.parametrize(
    "text",
    [
        "yield ",
        "    yield ",
        "if len(word) ",
        "for word in ",
        "[word for word in words if ",
        "\treturn not ",
        "const ",
        "  for (const ",
        "if (x) ",
        "} else ",
        "xs[0] ",
        "for (i = 0; ",
        "x > 3 ",
        "fn f() { let mut ",
        "throw new ",
        "Vec::",
        "self->",
        'open("',
        "names['",
        'kind == "',
        '<a href="',
        "</",
        "items.map(|",
        "SELECT ",
        "SELECT name FROM ",
        'echo "$',
    ],
)
def test_helix_asks_where_an_expression_or_a_name_begins(text: str) -> None:
    assert f"\n{text}".endswith(HELIX_TRIGGERS)


@pytest.mark.parametrize(
    "text",
    [
        "# ",
        "# a ",
        "# the words of ",
        "# for ",
        "// with ",
        "the main ",  # not "in "
        "an error ",  # not "or "
        "this ",
        "a command ",
        "int main",
        "# let ",
        "names ",
        'say("a" ',
    ],
)
def test_helix_asks_nobody_in_prose(text: str) -> None:
    assert not f"\n{text}".endswith(HELIX_TRIGGERS)
