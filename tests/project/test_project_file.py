"""A project's own file: what is read of it, when, and what is said."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.project.project_file import (
    LONGEST_LINE,
    MOST_BYTES,
    MOST_FILES,
    MOST_PATTERNS,
    MOST_TOLD,
    PROJECT_FILE,
    PROJECT_KEYS,
    ProjectFile,
    ProjectFiles,
    shown,
)
from infill_ls.saving import SAVING
from saving_clock import SavingClock, clock

__all__ = ["clock"]


@dataclass
class Project:
    """A folder, and what its user was told."""

    folder: Path
    told: list[str]
    files: ProjectFiles

    def write(self, text: str | bytes, *folder: str) -> None:
        """Write the file as editors do, by renaming: each one is another."""
        path = self.folder.joinpath(*folder, PROJECT_FILE)
        new = path.with_name("new")
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        new.rename(path)

    def above(self, *path: str) -> list[ProjectFile]:
        return list(self.files.above(str(self.folder.joinpath(*path)), str(self.folder)))

    def excludes(self, name: str) -> bool:
        return any(file.exclude.deciding(name) for file in self.above("main.py"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    told: list[str] = []
    return Project(tmp_path, told, ProjectFiles(told.append))


def test_a_project_without_one(project: Project) -> None:
    assert project.above("a", "b", "main.py") == []
    assert project.told == []


def test_what_a_project_may_set(project: Project) -> None:
    project.write(
        'exclude = ["*.gen.py"]\nenabled = false\nmultiline = "never"\ndebounceMs = 50\n'
        'eagerness = "low"\n'
        "[languages.markdown]\nenabled = false\n"
    )
    (file,) = project.above("main.py")
    assert tuple(file.values) == PROJECT_KEYS
    assert (file.values["enabled"], file.values["debounceMs"]) == (False, 50)
    assert file.exclude.deciding("a.gen.py")
    assert project.told == []


def test_those_on_the_way_count_from_the_outermost(project: Project) -> None:
    (project.folder / "a" / "b").mkdir(parents=True)
    for folder in ((), ("a", "b")):
        project.write("enabled = true\n", *folder)
    (project.folder.parent / PROJECT_FILE).write_text("enabled = false\n")
    found = project.above("a", "b", "main.py")
    assert [file.folder for file in found] == [str(project.folder), str(project.folder / "a" / "b")]
    assert [file.folder for file in project.above("a", "main.py")] == [str(project.folder)]
    (project.folder.parent / PROJECT_FILE).unlink()


def test_a_change_counts_at_once(project: Project) -> None:
    project.write('exclude = ["a.py"]\n')
    before = project.above("main.py")
    assert project.above("main.py") == before
    project.write('exclude = ["b.py"]\n')
    assert (project.excludes("a.py"), project.excludes("b.py")) == (False, True)
    project.write("# nothing\n")
    assert not project.excludes("b.py")
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")


@pytest.mark.parametrize("way", ["emptied", "taken away"])
def test_one_that_is_being_saved_counts_as_before(
    project: Project, clock: SavingClock, way: str
) -> None:
    path = project.folder / PROJECT_FILE
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")
    for _ in range(2):
        path.write_text("") if way == "emptied" else path.unlink()
        assert project.excludes("a.py")
        clock.now += SAVING / 2
        assert project.excludes("a.py")
        path.write_text('exclude = ["a.py", "b.py"]\n')
        assert project.excludes("b.py")
        clock.now += 2 * SAVING
        assert project.excludes("b.py")
    path.write_text("") if way == "emptied" else path.unlink()
    assert project.excludes("b.py")
    clock.now += SAVING
    assert not project.excludes("b.py")
    assert len(project.above("main.py")) == (way == "emptied")
    assert project.told == []


def test_what_a_project_may_not_set_is_said_once(project: Project) -> None:
    project.write('url = "http://evil.example"\n[headers]\nx = "y"\n')
    for _ in range(3):
        (file,) = project.above("main.py")
    assert not file.values
    (told,) = project.told
    assert str(project.folder / PROJECT_FILE) in told
    assert '"url", "headers"' in told
    assert "evil" not in told


@pytest.mark.parametrize(
    ("wrong", "closed"),
    [
        ('exclude = "a.py"', True),
        ('exclude = ["a.py", "[z-a]*.py"]', True),
        ('exclude = ["./a.py"]', True),
        ("enabled = 7", True),
        ("languages = 7", True),
        ('multiline = "sideways"', False),
        ("debounceMs = -1", False),
        ('engine = "foo"', False),
    ],
)
def test_what_was_wrong_from_the_start_and_restricts_excludes_everything(
    project: Project, wrong: str, closed: bool
) -> None:
    project.write(f"{wrong}\n")
    assert project.excludes("any.py") == closed
    (told,) = project.told
    assert ("nothing below is completed until then" in told) == closed
    project.write("enabled = true\n")
    assert not project.excludes("any.py")


def test_what_is_wrong_counts_as_before(project: Project) -> None:
    project.write('exclude = ["a.py"]\nenabled = false\n')
    assert project.excludes("a.py")
    project.write('exclude = "a.py"\nenabled = 7\nmultiline = "sideways"\n')
    assert project.excludes("a.py")
    (file,) = project.above("main.py")
    assert (file.values["enabled"], "multiline" in file.values) == (False, False)
    assert all(f'"{key}" must be' in project.told[0] for key in ("exclude", "enabled", "multiline"))


@pytest.mark.parametrize(
    "broken",
    [
        b"exclude = [",
        b"\xff\xfe\x00",
        b"a = " + b"[" * 900,
        b"a = [\n" * 2000,
        b"a = " + b"9" * 900 + b"x",
        b"#\n" * (MOST_BYTES // 2 + 1),
        b"#" * (LONGEST_LINE + 1),
        b"a." * 30_000 + b"a = 1",
        b"x = 1\n" * 2,
        b"exclude = []\x00",
    ],
)
def test_a_broken_one_excludes_what_it_did(project: Project, broken: bytes) -> None:
    project.write(broken)
    assert [file.values for file in project.above("main.py")] == [{}]
    # What it was to exclude nobody knows.
    assert project.excludes("any.py")
    assert project.told[0].endswith("Nothing below it is completed until it is mended.")
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")
    assert not project.excludes("any.py")
    project.write(broken)
    assert project.excludes("a.py")
    assert project.told[1].endswith("What it said before still counts.")
    project.write("exclude = []\n")
    assert not project.excludes("a.py")
    assert len(project.told) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes and links as files")
def test_what_is_no_file(project: Project) -> None:
    path = project.folder / PROJECT_FILE
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")

    def replace(make: object) -> None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        assert callable(make)
        make()
        assert project.excludes("a.py")

    replace(path.mkdir)
    replace(lambda: os.mkfifo(path))
    replace(lambda: path.symlink_to(path))
    replace(lambda: path.symlink_to("/dev/zero"))
    assert len(project.told) == 2
    assert all("can't be read" in told for told in project.told)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads everything")
def test_one_that_may_not_be_read(project: Project) -> None:
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")
    (project.folder / PROJECT_FILE).chmod(0)
    assert project.excludes("a.py")


def test_too_many_patterns_count_as_before(project: Project) -> None:
    project.write('exclude = ["a.py"]\n')
    assert project.excludes("a.py")
    many = "".join(f'"b{number}",\n' for number in range(MOST_PATTERNS + 1))
    project.write(f"exclude = [\n{many}]\nenabled = false\n")
    assert project.excludes("a.py")
    assert not project.excludes("b1")
    assert f'"exclude" must be a list of {MOST_PATTERNS} patterns at the most' in project.told[0]


def test_a_repository_of_such_files_does_not_flood_the_user(project: Project) -> None:
    for number in range(50):
        (project.folder / str(number)).mkdir()
        project.write(f'"key {number}" = 1\n', str(number))
        project.above(str(number), "main.py")
    assert len(project.told) == MOST_TOLD


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("multline", ' Did you mean "multiline"?'),
        ("url", ""),
        ("colour", ""),
        ("include", ' Did you mean "exclude"?'),
    ],
)
def test_a_slip_in_a_key_is_told_with_the_one_that_is_meant(
    project: Project, key: str, meant: str
) -> None:
    project.write(f"{key} = 1\n")
    project.above("main.py")
    (told,) = project.told
    assert told.endswith(f"which is ignored.{meant}")


@pytest.mark.parametrize(
    "slip",
    [
        'exlude = ["a.py"]',
        'Exclude = ["a.py"]',
        'excludes = ["a.py"]',
        "enabld = false",
        "ENABLED_ = false",
        "[language.markdown]\nenabled = false",
    ],
)
def test_a_slip_in_a_key_that_restricts_excludes_everything(project: Project, slip: str) -> None:
    project.write('exclude = ["b.py"]\n')
    assert not project.excludes("any.py")
    project.write(f'exclude = ["b.py"]\n{slip}\n')
    assert project.excludes("any.py")
    (told,) = project.told
    assert "Did you mean" in told
    assert told.endswith("Nothing below it is completed until it is mended.")
    project.write('exclude = ["b.py"]\n')
    assert not project.excludes("any.py")


def test_what_is_quoted_is_short_and_visible(project: Project) -> None:
    keys = "".join(f'"\\u001b[31m\\n\\u202e{"x" * 100}{number}" = 1\n' for number in range(90))
    project.write(keys)
    project.above("main.py")
    (told,) = project.told
    assert told.isprintable()
    assert len(told) < 700
    assert "and 87 more" in told
    assert shown("é\u202e\x1b") == "é\ufffd\ufffd"


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["never", "!", "*"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


def toml(value: object) -> str:
    if isinstance(value, dict):
        pairs = (f"{toml(key)} = {toml(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(one):08x}" for one in value) + '"'
    return str(value).lower()


@given(st.dictionaries(st.sampled_from([*PROJECT_KEYS, "url", "\x1b"]), VALUES))
def test_no_file_does_harm(said: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told: list[str] = []
        text = "".join(f"{toml(key)} = {toml(value)}\n" for key, value in said.items())
        Path(folder, PROJECT_FILE).write_text(text, "utf-8", "surrogatepass")
        files = ProjectFiles(told.append)
        for file in files.above(f"{folder}/main.py", folder):
            assert set(file.values) <= set(PROJECT_KEYS)
            file.exclude.deciding("main.py")
        assert len(told) <= 1
        assert all(message.isprintable() for message in told)


def test_of_too_many_nothing_is_known(project: Project) -> None:
    folders = [f"{number}" for number in range(MOST_FILES + 2)]
    for count in range(MOST_FILES):
        folder = project.folder.joinpath(*folders[:count])
        folder.mkdir(parents=True, exist_ok=True)
        project.write(f'exclude = ["{count}.txt"]', *folders[:count])
    below = (*folders[:MOST_FILES], "main.py")
    assert not any(file.exclude.deciding("main.py") for file in project.above(*below))
    project.folder.joinpath(*folders[:MOST_FILES]).mkdir()
    project.write("", *folders[:MOST_FILES])
    assert any(file.exclude.deciding("main.py") for file in project.above(*below))
