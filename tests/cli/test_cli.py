"""The command line as a whole."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from cli.conftest import Ran, Run
from fake_ollama import FakeOllama
from infill_ls import __version__
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


async def test_the_version(run: Run) -> None:
    assert await run("--version") == Ran(0, f"infill-ls {__version__}\n", "")


async def test_without_a_command_it_says_what_it_can_do(run: Run) -> None:
    ran = await run()
    assert (ran.status, ran.err) == (0, "")
    assert "infill-ls doctor" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["no-such-command"], ["complete"]])
async def test_a_wrong_call_is_status_2(run: Run, arguments: list[str]) -> None:
    ran = await run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "usage: infill-ls" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is full here")
@pytest.mark.parametrize("arguments", [[], ["--version"], ["--help"], ["complete", "--help"]])
async def test_a_full_disk_is_told_by_help_too(run: Run, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = await run(*arguments, stdout=full)
    assert ran.status == 1
    assert ran.err == "infill-ls: The output can't be written (No space left on device).\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other pipes")
@pytest.mark.parametrize("arguments", [[], ["--version"], ["settings", "set", "--help"]])
async def test_a_reader_of_the_help_that_has_left(run: Run, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as left:
        ran = await run(*arguments, stdout=left)
    assert (ran.status, ran.err) == (141, "")


async def test_help_is_a_command_too(run: Run) -> None:
    assert await run("help") == await run("--help")
    ran = await run("help", "complete")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("usage: infill-ls complete ")
    assert await run("help", "settings", "set") == await run("settings", "set", "--help")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("compelte main.py:1", 'there is no "compelte"; did you mean "complete"?'),
        ("help compelte", 'there is no "compelte"; did you mean "complete"?'),
        ("settings unst model", 'there is no "unst"; did you mean "unset"?'),
        ("import contniue", 'there is no "contniue"; did you mean "continue"?'),
        ("completions zhs", 'there is no "zhs"; did you mean "zsh"?'),
        ("pull --engine olama x", 'there is no "olama"; did you mean "ollama"?'),
        ("completions csv", 'there is no "csv"; there are bash, zsh, fish, powershell'),
    ],
)
async def test_a_slip_has_what_was_meant(run: Run, arguments: str, said: str) -> None:
    ran = await run(*arguments.split())
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.endswith(f"{said}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that one is in")
@pytest.mark.parametrize("name", ["secrets", "json", "argparse", "httpx"])
async def test_a_projects_module_is_not_taken_for_pythons(
    run: Run, code: Path, tmp_path: Path, name: str
) -> None:
    """``python -m infill_ls`` in a folder with a secrets.py ran that."""
    (tmp_path / f"{name}.py").write_text("open('it_was_run', 'w').close()\n")
    ran = await run("complete", "main.py:2:13")
    assert (ran.status, ran.out, ran.err) == (0, "x for x in xs", "")
    assert not (tmp_path / "it_was_run").exists()


async def test_what_the_environment_has_python_import_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "secrets.py").write_text("open('it_was_run', 'w').close()\n")
    named = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    ran = await run("doctor", "--json", PYTHONPATH=named)
    assert ran.status in (0, 1)
    assert (tmp_path / "it_was_run").exists()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ("settings", 1),
        ("complete {file}:1", 1),
        ("stats --html page.html", 1),
        ("doctor", None),
        ("editor", 0),
        ("models", 0),
    ],
)
async def test_in_a_folder_that_was_removed(
    ollama: FakeOllama, tmp_path: Path, code: Path, arguments: str, status: int | None
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", 'rmdir "$PWD"; exec "$0" -P -m infill_ls "$@"', sys.executable),
        *arguments.format(file=code).split(),
        cwd=gone,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "OLLAMA_HOST": ollama.url, "HOME": str(tmp_path)},
    )
    async with asyncio.timeout(30):
        said = (await process.communicate())[0].decode()
    assert "went wrong inside" not in said
    assert "check failed" not in said
    if status is not None:
        assert process.returncode == status
    if status == 1:
        assert said == "infill-ls: The folder that you are in was removed. Go to another: cd\n"
    elif status is None:
        assert "! The folder that you are in was removed.\n  Go to another: cd\n" in said
