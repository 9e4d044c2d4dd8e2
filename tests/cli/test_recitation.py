"""infill-ls recitation, as a shell runs it."""

from __future__ import annotations

import json
from pathlib import Path

from cli.conftest import Run
from infill_ls.cli.recitation import summary
from infill_ls.project.recitation import Built


async def test_it_says_what_is_in_the_index(run: Run, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "a.py").write_text("a = b * c\n" * 30)
    (tmp_path / "others" / "a.bin").write_bytes(b"\0" * 30)
    setting = {"INFILL_LS_RECITATION": json.dumps({"folders": [str(tmp_path / "others")]})}
    ran = await run("recitation", **setting)
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == "1 file with 101 windows of 50 tokens (1 read, 0 gone)"
    assert lines[1] == "left out: 1 files without text"
    assert Path(lines[2].split(" in ")[1]).is_file()
    assert "100%" in ran.err
    (tmp_path / "others" / "a.py").unlink()
    ran = await run("recitation", **setting)
    assert ran.out.splitlines()[0] == "0 files with 0 windows of 50 tokens (0 read, 1 gone)"


async def test_without_the_setting_it_says_how_to_set_it(run: Run) -> None:
    ran = await run("recitation")
    assert (ran.status, ran.out) == (2, "")
    assert "infill-ls settings set recitation.folders /work/others" in ran.err


async def test_folders_may_be_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "a.py").write_text("a = b * c\n" * 30)
    ran = await run("recitation", "--window", "30", "others")
    assert ran.out.splitlines()[0] == "1 file with 121 windows of 30 tokens (1 read, 0 gone)"
    ran = await run("recitation", "--window", "5", "others")
    assert (ran.status, ran.out) == (2, "")
    assert "window from 10 to 1000" in ran.err


async def test_a_folder_that_is_none(run: Run, tmp_path: Path) -> None:
    missing = json.dumps({"folders": [str(tmp_path / "missing")]})
    ran = await run("recitation", INFILL_LS_RECITATION=missing)
    assert (ran.status, ran.out) == (2, "")
    assert f'"{tmp_path / "missing"}" in "recitation"' in ran.err
    # That stands in no setting.
    ran = await run("recitation", "missing")
    said = "infill-ls: missing is no folder. Say infill-ls recitation FOLDER.\n"
    assert (ran.status, ran.out, ran.err) == (2, "", said)


async def test_its_help_says_what_it_is_not(run: Run) -> None:
    ran = await run("recitation", "--help")
    assert "clears no licences" in ran.out


def test_sizes_are_written_for_people() -> None:
    built = Built(Path("index"), files=1234, windows=5_678_901, size=15_600_000, unreadable=2)
    assert summary(built, 50).splitlines() == [
        "1,234 files with 5,678,901 windows of 50 tokens (0 read, 0 gone)",
        "left out: 2 files or folders that can't be read",
        "15.6 MB in index",
    ]
