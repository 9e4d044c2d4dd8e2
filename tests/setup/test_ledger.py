"""What was written into files is taken out again, and what goes wrong leaves them as they were."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infill_ls import private, visits_file
from infill_ls.errors import InfillError
from infill_ls.locks import try_lock
from infill_ls.setup.insertions import ByHand, Insertion, Occupied, block
from infill_ls.setup.ledger import Entry, Ledger, Undone, planned, there, undone, written
from infill_ls.visits import Visit


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def at_the_end(text: str) -> list[Insertion]:
    return [Insertion(len(text), "ours\n")]


def test_a_new_file_goes_with_the_folders_that_were_made_for_it(home: Path) -> None:
    file = home / "a/b/c"
    (home / "a").mkdir()
    entry = written(planned(file, at_the_end, None))
    assert file.read_text() == "ours\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert undone(entry).what == "removed"
    assert [one.name for one in home.iterdir()] == ["a"]
    assert list((home / "a").iterdir()) == []


def test_a_folder_with_something_else_in_it_stays(home: Path) -> None:
    entry = written(planned(home / "a/b", at_the_end, None))
    (home / "a/mine").touch()
    undone(entry)
    assert [one.name for one in (home / "a").iterdir()] == ["mine"]


def test_a_file_of_the_users_is_asked_for_and_keeps_its_mode_and_its_line_ends(home: Path) -> None:
    file = home / "mine"
    file.write_bytes(b"a\r\n")
    file.chmod(0o640)
    change = planned(file, at_the_end, None)
    assert change.asks
    entry = written(change)
    assert file.read_bytes() == b"a\r\nours\r\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert undone(entry).what == "taken out"
    assert file.read_bytes() == b"a\r\n"


def test_a_link_stays_a_link(home: Path) -> None:
    (home / "dotfiles").write_text("a\n")
    link = home / "mine"
    link.symlink_to(home / "dotfiles")
    entry = written(planned(link, at_the_end, None))
    assert link.is_symlink()
    assert (home / "dotfiles").read_text() == "a\nours\n"
    undone(entry)
    assert link.is_symlink()
    assert (home / "dotfiles").read_text() == "a\n"


def test_a_newer_version_comes_in_the_place_of_the_older_unasked(home: Path) -> None:
    file = home / "mine"
    file.write_text("a\n")
    entry = written(planned(file, at_the_end, None))
    file.write_text("b\n" + file.read_text())
    change = planned(file, lambda text: [Insertion(len(text), "newer\n")], entry)
    assert not change.asks
    entry = written(change)
    assert file.read_text() == "b\na\nnewer\n"
    undone(entry)
    assert file.read_text() == "b\na\n"


def test_what_the_user_has_changed_is_left_unless_it_is_forced(home: Path) -> None:
    entry = written(planned(home / "f", at_the_end, None))
    (home / "f").write_text("mine\n")
    assert undone(entry).what == "edited"
    assert (home / "f").read_text() == "mine\n"
    assert undone(entry, force=True).what == "removed"
    assert undone(entry).what == "gone"


def test_lines_of_the_users_in_a_file_of_ours_stay(home: Path) -> None:
    entry = written(planned(home / "f", at_the_end, None))
    (home / "f").write_text("ours\nmine\n")
    assert undone(entry).left == "mine"
    assert (home / "f").read_text() == "mine\n"


def test_a_file_that_is_no_text_is_left_alone(home: Path) -> None:
    (home / "f").write_bytes(b"\xff\xfe")
    with pytest.raises(ByHand):
        planned(home / "f", at_the_end, None)


def test_a_full_disk_leaves_the_file_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "mine"
    file.write_text("a\n")
    change = planned(file, at_the_end, None)

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InfillError, match="No space left"):
        written(change)
    assert file.read_text() == "a\n"
    assert [one.name for one in home.iterdir()] == ["mine"]


def alone(text: str) -> list[Insertion]:
    """A file of our own."""
    if text == "ours\n":
        return []
    if text:
        raise Occupied("taken")
    return [Insertion(0, "ours\n")]


def test_whatever_ours_comes_in_the_place_of_is_moved_aside_each_time(home: Path) -> None:
    file = home / "f"
    file.write_text("theirs\n")
    entry = written(planned(file, alone, None))
    for edit in ("edited\n", "edited again\n"):
        file.write_text(edit)
        change = planned(file, alone, entry)
        assert change.asks
        assert change.replaces
        entry = written(change)
        assert file.read_text() == "ours\n"
    assert [Path(one).read_text() for one in entry.kept] == ["edited\n", "edited again\n"]
    assert Path(entry.aside).read_text() == "theirs\n"
    undone(entry)
    assert file.read_text() == "theirs\n"


def test_a_file_that_was_moved_aside_is_named_if_it_cant_come_back(home: Path) -> None:
    file = home / "f"
    file.write_text("theirs\n")
    entry = written(planned(file, alone, None))
    file.write_text("ours\nmine\n")
    assert undone(entry).asides == (entry.aside,)
    assert file.read_text() == "mine\n"
    file.write_text("edited\n")
    result = undone(entry)
    assert (result.what, result.asides) == ("edited", (entry.aside,))


def test_a_file_that_was_moved_aside_comes_back_also_where_ours_is_gone(home: Path) -> None:
    file = home / "f"
    file.write_text("theirs\n")
    entry = written(planned(file, alone, None))
    file.write_text("edited\n")
    entry = written(planned(file, alone, entry))
    file.unlink()
    result = undone(entry)
    assert (result.what, result.asides) == ("restored", entry.kept)
    assert file.read_text() == "theirs\n"


def test_a_file_that_the_user_has_taken_from_aside_is_not_looked_for(home: Path) -> None:
    file = home / "f"
    file.write_text("theirs\n")
    entry = written(planned(file, alone, None))
    Path(entry.aside).unlink()
    assert undone(entry) == Undone(file, "removed")
    assert not file.exists()


def test_what_was_moved_aside_is_found_when_nothing_is_noted_of_it(home: Path) -> None:
    file = home / "f"
    file.write_text("theirs\n")
    first = written(planned(file, alone, None))
    file.write_text("edited\n")
    entry = written(planned(file, alone, None))
    assert entry.aside == first.aside
    assert [Path(one).read_text() for one in entry.kept] == ["edited\n"]


def test_a_file_that_was_moved_aside_comes_back_if_ours_cant_be_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "mine"
    file.write_text("a\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28))

    change = planned(file, alone, None)
    assert change.asks
    monkeypatch.setattr(private, "replace", full)
    with pytest.raises(InfillError, match="No space left"):
        written(change)
    assert file.read_text() == "a\n"
    assert [one.name for one in home.iterdir()] == ["mine"]


def test_what_is_noted_is_read_again(home: Path) -> None:
    entry = written(planned(home / "f", at_the_end, None))
    Ledger().note("helix", entry)
    assert Ledger().entries("helix") == [entry]
    assert (home / "state/infill-ls/set-up.json").stat().st_mode & 0o777 == 0o600
    Ledger().forget("helix", entry)
    assert Ledger().entries("helix") == []


def test_what_another_command_has_noted_meanwhile_stays(home: Path) -> None:
    first, second = Ledger(), Ledger()
    one = Entry(str(home / "a"), True, ())
    other = Entry(str(home / "b"), True, ())
    first.note("helix", one)
    second.note("helix", other)
    second.note("emacs", other)
    first.forget("helix", other)
    assert Ledger().entries("helix") == [one]
    assert Ledger().entries("emacs") == [other]


def test_nothing_is_noted_while_another_command_is_at_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = Entry(str(home / "a"), True, ())
    Ledger().note("helix", entry)
    monkeypatch.setattr("infill_ls.setup.ledger._TURN_LIMIT", 0.0)
    with open(home / "state/infill-ls/set-up.lock", "ab") as lock:
        assert try_lock(lock)
        with pytest.raises(InfillError, match="another process is writing there"):
            Ledger().note("emacs", entry)
    assert Ledger().entries("emacs") == []


def test_the_visits_of_editors_are_kept_beside_it(home: Path) -> None:
    visit = Visit("Neovim", "0.12.4", at=100, server="0.1.0")
    entry = Entry(str(home / "f"), True, (Insertion(0, "ours"),), (), str(home / "f.aside"))
    visits_file.note(visit)
    Ledger().note("neovim", entry)
    visits_file.note(visit)
    assert Ledger().entries("neovim") == [entry]
    assert visits_file.last() == [visit]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"helix": [{}]}', '{"helix": 1}', "\ud800"])
def test_a_damaged_note_is_told_and_left_as_it_is(home: Path, text: str) -> None:
    (home / "state/infill-ls").mkdir(parents=True)
    file = home / "state/infill-ls/set-up.json"
    file.write_bytes(text.encode(errors="surrogatepass"))
    before = file.read_bytes()
    with pytest.raises(InfillError, match=r"is damaged\. Look at it, then: mv -i"):
        Ledger()
    assert file.read_bytes() == before


def test_what_stands_between_the_marks_and_is_not_ours_is_asked_for(home: Path) -> None:
    def marked(text: str) -> list[Insertion]:
        return [block(text, "ours\n", "#", "kakoune")]

    file = home / "mine"
    file.write_text("a\n")
    entry = written(planned(file, marked, None))
    assert there(file, entry, "kakoune") == (entry, True)
    file.write_text(file.read_text().replace("ours", "ours, edited"))
    for noted in (entry, None):
        found, certain = there(file, noted, "kakoune")
        assert not certain
        change = planned(file, marked, found, certain=certain)
        assert change.asks
        # What comes in its place is one block, not a second one.
        assert "edited" not in change.after
        assert change.after.count("ours\n") == 1
    file.write_text(change.after)
    found, certain = there(file, None, "kakoune")
    assert not planned(file, marked, found, certain=certain).asks
