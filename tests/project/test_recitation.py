"""Folders of real files are indexed, and fills that repeat them are known."""

from __future__ import annotations

import json
import os
import stat
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from infill_ls.errors import RecitationError, SettingsError
from infill_ls.project import recitation
from infill_ls.project.recitation import Built, Filter, build
from infill_ls.project.recitation_index import Index
from infill_ls.values import Recitation

CODE = "".join(f"def name{number}(a, b):\n    return a * {number} + b\n" for number in range(40))
OTHER = "".join(f"for x{number} in range({number}): print(x{number})\n" for number in range(40))
Build = Callable[..., Built]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "others"
    (folder / "deeper").mkdir(parents=True)
    (folder / "code.py").write_text(CODE)
    (folder / "deeper" / "other.py").write_text(OTHER)
    return folder


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "recitation" / "index"


def nothing(*_: object) -> None:
    """Nobody looks at the progress."""


def setting(*folders: Path, window: int = 20) -> Recitation:
    return Recitation(tuple(map(str, folders)), window)


def test_a_fill_that_repeats_a_file_is_known_by_its_name(folder: Path, path: Path) -> None:
    built = build(setting(folder), nothing, path)
    assert (built.files, built.read, built.size) == (2, 2, path.stat().st_size)
    judge = Filter(setting(folder), path)
    assert judge.problem() is None
    assert judge.file_for("/mine/a.py", "x = 1\n", CODE[:200]) == str(folder / "code.py")
    assert judge.file_for("", "x = 1\n", OTHER[100:300]) == str(folder / "deeper" / "other.py")
    assert judge.file_for("/mine/a.py", "x = 1\n", "y = 2\nz = 3\n" * 9) == ""
    # Line by line is no way around.
    assert judge.file_for("/mine/a.py", CODE[:60], CODE[60:75]) == str(folder / "code.py")


def test_nobody_else_can_read_it(folder: Path, path: Path) -> None:
    before = os.umask(0)
    try:
        build(setting(folder), nothing, path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    # And none of the code is in it.
    content = path.read_bytes()
    assert b"return" not in content
    assert b"name1" not in content


def test_a_file_is_not_held_against_itself(folder: Path, path: Path, tmp_path: Path) -> None:
    (folder / "copy.py").write_text(OTHER)
    (tmp_path / "link").symlink_to(folder)
    build(setting(folder), nothing, path)
    judge = Filter(setting(folder), path)
    for own in (folder / "code.py", tmp_path / "link" / "code.py"):
        assert judge.file_for(str(own), "", CODE[:200]) == ""
        assert judge.file_for(str(own), "", OTHER[:200]) != ""
    # What another file has as well counts.
    assert judge.file_for(str(folder / "copy.py"), "", OTHER[:200]).endswith("other.py")


def test_only_what_has_changed_is_read_again(folder: Path, path: Path) -> None:
    first = build(setting(folder), nothing, path)
    content = path.read_bytes()
    again = build(setting(folder), nothing, path)
    assert (again.files, again.read, again.windows) == (2, 0, first.windows)
    assert path.read_bytes() == content
    (folder / "code.py").write_text("changed = 1\n" * 30)
    (folder / "a.py").write_text("added = 2\n" * 30)
    (folder / "deeper" / "other.py").unlink()
    third = build(setting(folder), nothing, path)
    assert (third.files, third.read, third.gone) == (2, 2, 1)
    judge = Filter(setting(folder), path)
    assert judge.file_for("", "", CODE[:200]) == ""
    assert judge.file_for("", "", OTHER[:200]) == ""
    assert judge.file_for("", "", "changed = 1\n" * 8).endswith("code.py")
    assert judge.file_for("", "", "added = 2\n" * 8).endswith("a.py")
    # The same as if it were new.
    incremental = path.read_bytes()
    path.unlink()
    build(setting(folder), nothing, path)
    assert path.read_bytes() == incremental


def test_a_filter_takes_the_newest_index(folder: Path, path: Path) -> None:
    judge = Filter(setting(folder), path)
    problem = judge.problem()
    assert problem is not None
    assert "infill-ls recitation" in str(problem)
    # Without an index nothing is judged harmless.
    assert judge.file_for("", "", "x") == str(path)
    build(setting(folder), nothing, path)
    assert judge.problem() is None
    assert judge.file_for("", "", "added = 2\n" * 8) == ""
    (folder / "a.py").write_text("added = 2\n" * 30)
    build(setting(folder), nothing, path)
    assert judge.file_for("", "", "added = 2\n" * 8).endswith("a.py")
    path.unlink()
    assert judge.problem() is not None


def test_an_index_of_something_else_is_none(folder: Path, path: Path, tmp_path: Path) -> None:
    build(setting(folder), nothing, path)
    for other in (setting(folder, window=21), setting(folder, tmp_path)):
        problem = Filter(other, path).problem()
        assert problem is not None
        assert 'for another "recitation"' in problem.message
    # The same folder in other words is the same.
    assert Filter(setting(folder, folder / "deeper" / ".."), path).problem() is None
    # With another window everything is read again.
    assert build(setting(folder, window=21), nothing, path).read == 2
    # Whether the folder can be reached now is no matter.
    folder.rename(tmp_path / "gone")
    assert Filter(setting(folder, window=21), path).problem() is None


def test_a_damaged_index_calls_nothing_harmless(folder: Path, path: Path) -> None:
    build(setting(folder), nothing, path)
    content = bytearray(path.read_bytes())
    start, size = content.index(b"}") + 1, Index(path).windows.record_size
    end = start + json.loads(content[12:start])["records"] * size
    for record in range(start, end, size):
        content[record + 8 : record + 12] = b"\xff" * 4
    path.write_bytes(content)
    assert Filter(setting(folder), path).file_for("", "", CODE[:200]) == str(path)


@pytest.mark.parametrize(
    "content", [b"", b"2", b"%12d{}" % 2, b"%12d[]" % 2, b"%12d{" % -1, b"\xff" * 99]
)
def test_what_is_no_index(path: Path, folder: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(RecitationError):
        Index(path)
    assert Filter(setting(folder), path).problem() is not None
    assert build(setting(folder), nothing, path).read == 2


def test_an_index_that_was_cut_short(folder: Path, path: Path) -> None:
    build(setting(folder), nothing, path)
    path.write_bytes(path.read_bytes()[:-1])
    problem = Filter(setting(folder), path).problem()
    assert problem is not None
    assert "damaged" in problem.message


def test_what_is_no_text_is_left_out_and_told(folder: Path, path: Path) -> None:
    (folder / "binary").write_bytes(b"a b c\0" * 100)
    (folder / "latin.py").write_bytes("größe = höhe * 2\n".encode("latin-1") * 30)
    (folder / "wide.txt").write_text("weit = breit * 3\n" * 30, "utf-16")
    (folder / "empty.py").write_text("")
    (folder / ".git").mkdir()
    (folder / ".git" / "kept.py").write_text("kept = 1\n" * 30)
    os.mkfifo(folder / "pipe")
    (folder / "broken").symlink_to("nowhere")
    (folder / "circle").symlink_to(folder)
    with (folder / "large").open("wb") as large:
        large.truncate(recitation.LARGEST_FILE + 1)
    built = build(setting(folder), nothing, path)
    assert (built.files, built.no_text, built.too_large, built.unreadable) == (5, 1, 1, 1)
    judge = Filter(setting(folder), path)
    assert judge.file_for("", "", "größe = höhe * 2\n" * 8).endswith("latin.py")
    assert judge.file_for("", "", "weit = breit * 3\n" * 8).endswith("wide.txt")
    assert judge.file_for("", "", "kept = 1\n" * 30) == ""
    again = build(setting(folder), nothing, path)
    assert (again.read, again.files, again.no_text) == (0, 5, 1)


def test_a_file_that_cannot_be_read_is_tried_again(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is root can read everything.
    with monkeypatch.context() as patch:
        patch.setattr(recitation, "_text_of", lambda path: None if "code" in path else OTHER)
        built = build(setting(folder), nothing, path)
    assert (built.files, built.unreadable) == (1, 1)
    assert build(setting(folder), nothing, path).read == 1


def test_a_folder_that_cannot_be_read_is_told(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refused(where: str) -> object:
        if where.endswith("deeper"):
            raise PermissionError(13, "Permission denied", where)
        return scandir(where)

    monkeypatch.setattr(os, "scandir", refused)
    built = build(setting(folder), nothing, path)
    assert (built.files, built.unreadable) == (1, 1)


@pytest.mark.parametrize(
    ("folders", "says"),
    [
        ((), "names no folder. Name one: infill-ls settings set recitation.folders "),
        (("others",), "is not a whole path"),
        (("/no/such/folder",), "is no folder"),
        ((__file__,), "is no folder"),
    ],
)
def test_nonsense_is_refused(folders: tuple[str, ...], says: str, path: Path) -> None:
    with pytest.raises(SettingsError, match=says):
        build(Recitation(folders), nothing, path)
    assert not path.exists()


def test_a_folder_without_files_is_refused(tmp_path: Path, path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SettingsError, match="no file"):
        build(setting(tmp_path / "empty"), nothing, path)


def test_home_is_meant_by_a_tilde(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert build(Recitation(("~/others",), 20), nothing, path).files == 2
    assert Filter(Recitation(("~/others",), 20), path).problem() is None


def test_an_interrupt_leaves_the_index_as_it_was(folder: Path, path: Path) -> None:
    build(setting(folder), nothing, path)
    before = path.read_bytes()
    (folder / "a.py").write_text("added = 2\n" * 30)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(setting(folder), interrupt, path)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["index"]


def test_an_interrupt_at_the_last_moment_does_too(
    folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(setting(folder), nothing, path)
    assert list(path.parent.iterdir()) == []


def test_an_index_that_cannot_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecitationError, match="can't be written"):
        build(setting(folder), nothing, tmp_path / "file" / "index")


def test_progress_is_in_bytes(folder: Path, path: Path) -> None:
    shown: list[tuple[str, int, int]] = []
    build(setting(folder), lambda *step: shown.append(step), path)
    total = len(CODE) + len(OTHER)
    assert shown[-1] == ("reading", total, total)
    assert [done for _, done, _ in shown] == sorted(done for _, done, _ in shown)


STANDARD = Path(sysconfig.get_paths()["stdlib"])


def test_a_part_of_the_standard_library(tmp_path: Path, path: Path) -> None:
    """Real files: every file is known by any of its windows, and new code by none."""
    real = Recitation((str(STANDARD / "json"), str(STANDARD / "asyncio")))
    built = build(real, nothing, path)
    assert built.files > 30
    # 2.75 bytes for each window, and a row and a name for each file.
    assert built.size < 2.8 * built.windows + 200 * (built.files + built.no_text)
    judge = Filter(real, path)
    decoder = (STANDARD / "json" / "decoder.py").read_text("utf-8")
    lines = decoder.splitlines(keepends=True)
    for start in range(0, len(lines) - 40, 10):
        part = "".join(lines[start : start + 40])
        assert judge.file_for("/mine/a.py", "import json\n\n", part) != ""
    assert judge.file_for(str(STANDARD / "json" / "decoder.py"), "", decoder[:2000]) == ""
    mine = Path(recitation.__file__).read_text("utf-8")
    assert judge.file_for("/mine/a.py", "", mine[:4000]) == ""
