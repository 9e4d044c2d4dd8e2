"""The file with what became of fills: several sessions, and what makes no sense."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from infill_ls.counters import Counters, Subject
from infill_ls.counters_file import CountersFile
from infill_ls.experience import Experience
from infill_ls.experience_file import ExperienceFile


def seen(count: int) -> Experience:
    experience = Experience()
    for _ in range(count):
        experience.note("line", "python", 0.5, right=True)
    return experience


def test_sessions_add_up(tmp_path: Path) -> None:
    folder = tmp_path / "statistics"
    for count in (1, 2):
        ExperienceFile(folder).add(seen(count))
    assert ExperienceFile(folder).read().rows() == seen(3).rows()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such modes")
def test_it_is_for_the_user_alone(tmp_path: Path) -> None:
    file = ExperienceFile(tmp_path / "statistics")
    file.add(seen(1))
    assert file.path is not None
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_where_there_is_none_nothing_is_known(tmp_path: Path) -> None:
    file = ExperienceFile(tmp_path / "statistics")
    assert not file.read()
    file.clear()
    file.add(Experience())
    assert not (tmp_path / "statistics").exists()


@pytest.mark.parametrize("text", ["", "{", "[7]", "[" * 100_000, "\ud800", "[" + " " * 300_000])
def test_what_makes_no_sense_is_begun_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / "experience.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    file = ExperienceFile(tmp_path)
    assert not file.read()
    file.add(seen(2))
    assert file.read().rows() == seen(2).rows()


def test_it_is_removed(tmp_path: Path) -> None:
    file = ExperienceFile(tmp_path)
    file.add(seen(2))
    file.clear()
    assert not file.read()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_it_is_no_day_of_the_counters(tmp_path: Path) -> None:
    ExperienceFile(tmp_path).add(seen(1))
    counters = CountersFile(tmp_path)
    counters.add("2026-11-27", {Subject.of("python", "ollama", "m"): Counters(shown=1)})
    assert list(counters.days()) == ["2026-11-27"]


def test_the_users_own_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(CountersFile, "folder", tmp_path)
    assert ExperienceFile().path == tmp_path / "experience.json"
    monkeypatch.setattr(CountersFile, "folder", None)
    file = ExperienceFile()
    assert file.path is None
    file.add(seen(1))
    file.clear()
    assert not file.read()
