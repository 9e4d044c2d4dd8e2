"""Tables and marked lines, in a pipe and on a terminal of 80 columns."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import subprocess
import sys
import threading

import pytest

from infill_ls.cli.screen import WORTH_SAYING, Screen, Waiting
from infill_ls.errors import InfillError

LONG = "a model of many words " * 6


def piped(encoding: str = "utf-8") -> tuple[Screen, io.BytesIO]:
    content = io.BytesIO()
    return Screen(io.TextIOWrapper(content, encoding, write_through=True)), content


def on_terminal(code: str, **environment: str) -> str:
    """What a program of these lines writes on a terminal of 80 columns."""
    main, side = pty.openpty()
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")
    }
    program = f"from infill_ls.cli.screen import Screen\nscreen = Screen()\n{code}"
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=side,
        env={**clean, "TERM": "xterm-256color", "COLUMNS": "80", **environment},
    )
    os.close(side)
    received = bytearray()

    def read() -> None:
        try:
            while block := os.read(main, 4096):
                received.extend(block)
        except OSError:  # the other side is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    assert process.wait(60) == 0
    reader.join(60)
    os.close(main)
    return received.decode()


def test_a_pipe_gets_whole_lines_without_colour() -> None:
    screen, content = piped()
    screen.line("What works", style="bold")
    screen.marked("ok", LONG)
    screen.marked("fail", "Nothing answers.", "ollama serve")
    screen.table(["model", "size"], [["qwen", 12], ["[bold]x[/bold] :smile:", 3]], right={"size"})
    lines = [line.rstrip() for line in content.getvalue().decode().splitlines()]
    assert lines == [
        "What works",
        "✓ " + LONG.strip(),
        "✗ Nothing answers.",
        "  ollama serve",
        "model                    size",
        "─" * 29,
        "qwen                       12",
        "[bold]x[/bold] :smile:      3",
    ]


def test_what_comes_from_outside_moves_nothing() -> None:
    screen, content = piped()
    screen.marked("warn", "a\x1b[31m\nb", "c\u202ed")
    screen.table(["x\x07"], [["y\x1b]0;title\x07\nz"]])
    shown = content.getvalue().decode()
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "\u202e" not in shown
    assert "a\ufffd[31m b" in shown


@pytest.mark.parametrize(
    ("encoding", "mark"), [("ascii", "x "), ("latin-1", "x "), ("cp1252", "x ")]
)
def test_an_encoding_without_the_marks(encoding: str, mark: str) -> None:
    screen, content = piped(encoding)
    screen.marked("fail", "modèle 模型")
    screen.table(["a"], [["b"]])
    assert content.getvalue().decode(encoding).startswith(mark + "mod")


def test_80_columns() -> None:
    shown = on_terminal(f"screen.marked('fail', {LONG!r}, 'mend it')", NO_COLOR="1")
    assert "\x1b[1;32m" not in shown
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).replace("\r\n", "\n").rstrip().split("\n")
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("✗ a model")
    # The rest stands below the text, not below the mark.
    assert lines[1].startswith("  ")
    assert lines[-1].strip() == "mend it"


def test_colour_on_a_terminal() -> None:
    assert "\x1b[1;32m✓" in on_terminal("screen.marked('ok', 'well')")


def test_a_full_disk() -> None:
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as full:
        with pytest.raises(InfillError, match="can't be written"):
            Screen(full).line("x")
        full.buffer.raw.close()  # type: ignore[attr-defined]


def test_a_name_that_is_too_long_for_its_column_is_all_there() -> None:
    name = "hf.co/somebody/" + "a" * 90
    shown = on_terminal(f"screen.table(['model', 'size'], [[{name!r}, '8.1 GB']])")
    assert "…" not in shown
    assert name in re.sub(r"\s|8\.1 GB|\x1b\[[\d;]*m", "", shown)


@pytest.mark.parametrize("place", ["text", "fix"])
def test_a_path_that_is_too_long_for_a_line_is_all_there(place: str) -> None:
    path = "/home/somebody/" + "a" * 150 + "/infill-ls.lua"
    text, fix = (f"{path} is written.", "") if place == "text" else ("No.", f"Remove {path}")
    shown = on_terminal(f"screen.marked('ok', {text!r}, {fix!r})", NO_COLOR="1")
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r\n", "\n").rstrip().split("\n")
    assert "…" not in shown
    assert max(map(len, lines)) <= 80
    assert path in "".join(line[2:].rstrip() for line in lines)


@pytest.mark.parametrize(
    "command",
    [
        f'export PATH="/home/{"a" * 80}/bin:$PATH"',
        "make vsix && " * 9 + "code",
        f"INFILL_LS_LOG=trace infill-ls doctor {'b' * 60}",
    ],
)
def test_a_command_is_in_one_line_however_long(command: str) -> None:
    shown = on_terminal(f"screen.marked('fail', 'No.', {command!r})", NO_COLOR="1")
    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).replace("\r\n", "\n").rstrip().split("\n")
    assert [line.rstrip() for line in lines] == ["✗ No.", f"  {command}"]


def test_a_title_goes_on_beyond_a_narrow_table() -> None:
    title = "Models that are installed here, and which one is taken"
    shown = on_terminal(f"screen.table(['a'], [['b']], title={title!r})", NO_COLOR="1")
    assert re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()[0].rstrip() == title


# What is waited for


class Terminal(io.TextIOWrapper):
    def __init__(self, encoding: str) -> None:
        self.content = io.BytesIO()
        super().__init__(self.content, encoding, write_through=True)

    def isatty(self) -> bool:
        return True

    def written(self) -> str:
        return self.content.getvalue().decode(self.encoding)


@pytest.mark.looptime
async def test_nothing_is_said_of_what_takes_no_longer_than_a_second() -> None:
    terminal = Terminal("utf-8")
    with Waiting(terminal) as waiting:
        waiting.for_("Loading the model")
        await asyncio.sleep(WORTH_SAYING / 2)
    await asyncio.sleep(WORTH_SAYING)
    assert terminal.written() == ""


@pytest.mark.looptime
@pytest.mark.parametrize(("encoding", "dots"), [("utf-8", "…"), ("ascii", "?")])
async def test_what_takes_longer_is_said_and_taken_away(encoding: str, dots: str) -> None:
    terminal = Terminal(encoding)
    with Waiting(terminal) as waiting:
        waiting.for_("Looking for an engine")
        await asyncio.sleep(2 * WORTH_SAYING)
        waiting.for_("Loading \x1b[31mthe model")
    said = terminal.written()
    assert f"Loading {'�' if encoding == 'utf-8' else '?'}[31mthe model {dots}" in said
    # The line is emptied at last, and the cursor is there again.
    assert re.search(r"\x1b\[\?25h.*\x1b\[2K$", said, re.DOTALL)


@pytest.mark.looptime
async def test_nothing_is_said_in_a_pipe() -> None:
    stream = io.StringIO()
    with Waiting(stream) as waiting:
        waiting.for_("Loading the model")
        await asyncio.sleep(2 * WORTH_SAYING)
    assert stream.getvalue() == ""


def test_whoever_reads_no_more_is_told_of_as_everywhere() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8", buffering=1) as stream:
        with pytest.raises(BrokenPipeError):
            Screen(stream).line("word")
        # For what is left in its buffer.
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
