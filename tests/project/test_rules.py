"""What counts for a document: whose word is the last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infill_ls.project.project_file import PROJECT_FILE
from infill_ls.project.rules import Rulebook, Rules
from infill_ls.settings import Settings, load


class Desk:
    """A project, its user's settings, and what counts in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.book = Rulebook(self.told.append)
        self.settings = Settings()
        self.book.use((), [str(folder)])

    def user(self, **sources: Any) -> None:
        self.settings, problems = load(**sources)
        assert problems == []
        self.book.use(self.settings.exclude, [str(self.folder)])

    def project(self, text: str, *folder: str) -> None:
        path = self.folder.joinpath(*folder, PROJECT_FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name("new")
        new.write_text(text)
        new.rename(path)

    def rules(self, *path: str, language: str = "python") -> Rules:
        name = str(self.folder.joinpath(*(path or ("main.py",))))
        return self.book.rules_for(name, language, self.settings)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    folder = tmp_path / "project"
    folder.mkdir()
    return Desk(folder)


def test_without_a_project_the_users_settings_count(desk: Desk) -> None:
    assert desk.rules() == Rules(desk.settings)
    assert desk.rules().settings is desk.settings
    # As long as nothing changes it is the same object.
    assert desk.rules() is desk.rules()
    assert desk.rules().allow


def test_the_project_counts_for_more_than_editor_and_file(desk: Desk) -> None:
    desk.user(editor={"multiline": "always"}, file={"debounceMs": 7, "maxTokens": 64})
    desk.project('multiline = "never"\neagerness = "low"\ndebounceMs = 50\n')
    counts = desk.rules().settings
    assert (counts.multiline, counts.debounce_ms, counts.max_tokens) == ("never", 50, 64)
    assert counts.eagerness == "low"


@pytest.mark.parametrize("source", ["command_line", "environment"])
def test_command_line_and_environment_count_for_more(desk: Desk, source: str) -> None:
    given = {
        "multiline": "always",
        "debounceMs": "7",
        "eagerness": "high",
        "enabled": "true",
        "languages": "{}",
    }
    if source == "environment":
        names = ("MULTILINE", "DEBOUNCE_MS", "EAGERNESS", "ENABLED", "LANGUAGES")
        desk.user(
            environment={f"INFILL_LS_{n}": v for n, v in zip(names, given.values(), strict=True)}
        )
    else:
        desk.user(command_line={**given, "languages": {}})
    desk.project(
        'multiline = "never"\ndebounceMs = 50\neagerness = "low"\n'
        'enabled = false\nexclude = ["b.py"]\n'
        "[languages.python]\nmaxTokens = 3\n"
    )
    assert desk.rules().settings == desk.settings
    # That is no value: it adds up.
    assert desk.rules("b.py").excluded


def test_nearer_files_count_for_more(desk: Desk) -> None:
    desk.project('multiline = "never"\nexclude = ["a.py"]\n')
    desk.project('multiline = "always"\nexclude = ["!a.py", "b.py"]\n', "inner")
    assert desk.rules("main.py").settings.multiline == "never"
    assert desk.rules("inner", "main.py").settings.multiline == "always"
    # What they exclude adds up, and a file takes back only its own.
    assert desk.rules("inner", "a.py").excluded == f'a.py" in "{desk.folder / PROJECT_FILE}'
    assert desk.rules("inner", "b.py").excluded
    assert not desk.rules("b.py").excluded


def test_patterns_are_relative_to_their_file(desk: Desk) -> None:
    desk.project('exclude = ["/a.py", "src/*.gen.py", "*.tmp.*", "!kept.tmp.py"]\n', "inner")
    assert desk.rules("inner", "a.py").excluded
    assert not desk.rules("inner", "src", "a.py").excluded
    assert desk.rules("inner", "src", "a.gen.py").excluded
    assert not desk.rules("src", "a.gen.py").excluded
    assert desk.rules("inner", "deep", "er", "a.tmp.py").excluded
    assert not desk.rules("inner", "kept.tmp.py").excluded


def test_a_project_takes_back_nothing_of_the_users(desk: Desk) -> None:
    desk.user(editor={"exclude": ["*.private.py"]})
    desk.project('exclude = ["!.env", "!*.private.py", "!*"]\nenabled = true\n')
    assert desk.rules(".env").excluded == ".env*"
    assert desk.rules("a.private.py").excluded == "*.private.py"
    desk.user(editor={"enabled": False})
    desk.project("enabled = true\n[languages.python]\nenabled = true\n")
    assert not desk.rules().allow
    desk.user(editor={"languages": {"python": {"enabled": False, "maxTokens": 20}}})
    desk.project("[languages.python]\nenabled = true\nmaxTokens = 4000\n")
    assert not desk.rules().allow
    assert desk.rules().settings.max_tokens == 20
    assert desk.rules(language="go").settings.max_tokens == 128


def test_a_project_turns_off(desk: Desk) -> None:
    desk.project("[languages.markdown]\nenabled = false\n[languages.python]\nmaxTokens = 9\n")
    assert not desk.rules(language="markdown").allow
    assert desk.rules().settings.max_tokens == 9
    desk.project("enabled = false\n")
    assert not desk.rules().allow
    assert not desk.rules().excluded


def test_the_users_languages(desk: Desk) -> None:
    said = {"multiline": "never", "maxTokens": 400}
    desk.user(editor={"multiline": "always", "languages": {"python": said}})
    counts = desk.rules().settings
    assert (counts.multiline, counts.max_tokens) == ("never", 400)
    assert desk.rules(language="go").settings is desk.settings
    # Who says it on the command line means all languages, unless he names them there too.
    environment = {"INFILL_LS_MULTILINE": "auto"}
    desk.user(environment=environment, file={"languages": {"python": said}})
    counts = desk.rules().settings
    assert (counts.multiline, counts.max_tokens) == ("auto", 400)
    desk.user(
        environment={**environment, "INFILL_LS_LANGUAGES": '{"python":{"multiline":"never"}}'}
    )
    assert desk.rules().settings.multiline == "never"
    # The language is off all the same: it would be on for the others.
    off = {"languages": {"python": {"enabled": False}}}
    desk.user(environment={"INFILL_LS_ENABLED": "true"}, file=off)
    assert not desk.rules().allow
    assert desk.rules(language="go").allow


def test_a_file_outside_of_all_folders_has_no_project(desk: Desk) -> None:
    (desk.folder.parent / PROJECT_FILE).write_text('exclude = ["*"]\nenabled = false\n')
    assert desk.rules().allow
    outside = desk.book.rules_for(str(desk.folder.parent / "a.py"), "", desk.settings)
    assert outside.allow
    assert desk.book.rules_for("", "python", desk.settings).allow
    assert desk.book.rules_for("", "dotenv", desk.settings).excluded == "dotenv"


def test_of_folders_in_each_other_the_outer_one_counts(desk: Desk) -> None:
    desk.project('exclude = ["a.py"]\n')
    inner = desk.folder / "inner"
    inner.mkdir()
    desk.book.use((), [str(inner), str(desk.folder)])
    assert desk.rules("inner", "a.py").excluded


def test_links(desk: Desk) -> None:
    """A link is what it points to as well; the way to the folder may be one."""
    link = desk.folder.parent / "link"
    link.symlink_to(desk.folder)
    desk.project('exclude = ["a.py", "here.py"]\n"key" = 1\n')
    (desk.folder / "a.py").touch()
    (desk.folder / "b.py").symlink_to(desk.folder / "a.py")
    (desk.folder / "here.py").symlink_to(desk.folder.parent)
    for folders in ([str(link)], [str(desk.folder)]):
        desk.book.use((), folders)
        for name in ("a.py", "b.py", "here.py"):
            for folder in (desk.folder, link):
                found = desk.book.rules_for(str(folder / name), "", desk.settings)
                if folders == [str(link)] or folder is desk.folder or name != "here.py":
                    assert found.excluded
    assert len(desk.told) == 1


def test_what_no_file_is_named(desk: Desk) -> None:
    desk.project('exclude = ["a*"]\n')
    for name in ("a\0b", "a\ud800", "a" * 5000, "a/../a", "a/" * 3000):
        assert desk.rules(name).excluded == f'a*" in "{desk.folder / PROJECT_FILE}'


def test_it_counts_at_once(desk: Desk) -> None:
    assert desk.rules("a.py").allow
    desk.project('exclude = ["a.py"]\n')
    assert not desk.rules("a.py").allow
    desk.project("# nothing\n")
    assert desk.rules("a.py").allow


def test_only_so_many_documents_are_kept(desk: Desk) -> None:
    for number in range(150):
        desk.rules(f"{number}.py")
    assert len(desk.book._kept) == 100


def test_a_pattern_that_is_shown_is_visible(desk: Desk) -> None:
    desk.project('exclude = ["*\\u001b*", "b*"]\n')
    assert desk.rules("a\x1b.py").excluded.startswith("*\ufffd*")
