"""infill-ls comes into a ``languages.toml`` beside what is there and changes nothing of it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from infill_ls.setup import configs
from infill_ls.setup.helix import SERVER, merged
from infill_ls.setup.insertions import ByHand, inserted, taken_out

OURS = configs.read("helix/languages.toml")
OWN_SERVER = '[language-server.ty]\ncommand = "ty"\n'


def after(text: str) -> str:
    new, placed = inserted(text, merged(text, OURS))
    assert taken_out(new, placed) == (text, [])
    return new


def languages(text: str) -> dict[str, Any]:
    return {one["name"]: one for one in tomllib.loads(text)["language"]}


def test_without_a_file_it_is_ours() -> None:
    new = tomllib.loads(after(""))
    assert new == tomllib.loads(OURS)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ('[[language]]\nname = "go"\nlanguage-servers = ["a", "b"]\n', [SERVER, "a", "b"]),
        ('[[language]]\nname = "go"\nlanguage-servers = []\n', [SERVER]),
        ('[[language]]\nname = "go"\nlanguage-servers = [\n  "a", # mine\n]\n', [SERVER, "a"]),
        ('[[language]]\nname = "go"\nlanguage-servers=[ { name = "a" } ]', [SERVER, {"name": "a"}]),
        (
            '[[language]] # of mine\nname = "go"\nauto-format = true\n\n' + OWN_SERVER,
            [SERVER, "gopls", "golangci-lint-lsp"],
        ),
        (
            '[[language]]\r\nname = "go"\r\nlanguage-servers = ["a"]\r\n[x]\r\ny = 1\r\n',
            [SERVER, "a"],
        ),
    ],
)
def test_a_language_keeps_what_it_has(text: str, servers: list[object]) -> None:
    new = languages(after(text))
    assert new["go"]["language-servers"] == servers
    assert new["python"]["language-servers"][0] == SERVER
    before = languages(text)["go"]
    assert {**new["go"], "language-servers": 0} == {**before, "language-servers": 0}


def test_other_languages_and_tables_stay() -> None:
    text = OWN_SERVER + '[[language]]\nname = "own"\nlanguage-servers = ["ty"]\n[other]\nx = 1\n'
    new = tomllib.loads(after(text))
    assert new["other"] == {"x": 1}
    assert new["language-server"]["ty"] == {"command": "ty"}
    assert languages(after(text))["own"]["language-servers"] == ["ty"]


@pytest.mark.parametrize("text", [OURS, OURS.replace("[[language]]\n", "[[language]]\nx = 1\n")])
def test_what_is_there_already_is_not_added_again(text: str) -> None:
    assert merged(text, OURS) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[language]\n", "no valid TOML"),
        ('language = [{ name = "go" }]\n', "not written as"),
        ('[[language]]\nname = "go"\n"language-servers" = ["a"]\n', "not written as"),
        ('language-server = { ty = { command = "ty" } }\n', "unusual"),
        ('x = """\n[[language]]\n"""\n', "not written as"),
        ("language-server = 1\n", "no table of tables"),
        ("language-server = ['infill-ls']\n", "no table of tables"),
        ("language-server.infill-ls = 'infill-ls'\n", "no table of tables"),
        ("[[language-server]]\nname = 'a'\n", "no table of tables"),
        ("[[language]]\nname = 1\n", "no text"),
        ("[[language]]\nname = ['go']\n", "no text"),
        ("[[language]]\nname = {}\n", "no text"),
        ('[[language]]\nname = "go"\nlanguage-servers = 1\n', "no list of servers"),
        ('[[language]]\nname = "go"\nlanguage-servers = "gopls"\n', "no list of servers"),
        ('[[language]]\nname = "go"\nlanguage-servers = [1]\n', "no list of servers"),
        ('[[language]]\nname = "go"\nlanguage-servers = { name = "a" }\n', "no list of servers"),
        ("language = 1\n", "not written as"),
        ("language = [1]\n", "not written as"),
        ("language = { name = 'go' }\n", "not written as"),
        # One header in a text, and one language that isn't a table.
        ('language = [1]\nx = """\n[[language]]\n"""\n', "no text"),
    ],
)
def test_what_is_written_otherwise_is_left_to_the_user(text: str, why: str) -> None:
    with pytest.raises(ByHand, match=why):
        merged(text, OURS)
