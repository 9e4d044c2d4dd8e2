"""The arguments of infill-ls serve."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from cli.conftest import Run, StartOnTerminal
from fake_ollama import FakeOllama
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0.0.0.0:7777", "add --allow-remote"),
        ("192.0.2.1:7777", "add --allow-remote"),
        ("nonsense", "is not HOST:PORT"),
        ("127.0.0.1:99999", "is not HOST:PORT"),
        ("127.0.0.1:²", "is not HOST:PORT"),
        ("a..b:0", "is not HOST:PORT"),
        (f"{'a' * 70}:0", "is not HOST:PORT"),
        (f"127.0.0.1:{'1' * 5000}", "is not HOST:PORT"),
    ],
)
async def test_a_socket_for_this_machine_only(run: Run, address: str, said: str) -> None:
    ran = await run("serve", "--tcp", address)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (["0.0.0.0:0", "--allow-remote"], "", "set INFILL_LS_TOKEN to at least 16 characters"),
        (["0.0.0.0:0", "--allow-remote"], "x" * 15, "too short"),
        (["0.0.0.0:0"], "canary-of-16-and-more", "add --allow-remote"),
        (["127.0.0.1:0"], "canary", "too short"),
    ],
)
async def test_other_machines_need_a_token(
    run: Run, arguments: list[str], token: str, said: str
) -> None:
    ran = await run("serve", "--tcp", *arguments, INFILL_LS_TOKEN=token)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "canary" not in ran.err


async def test_a_port_that_is_taken(run: Run, ollama: FakeOllama) -> None:
    ran = await run("serve", "--tcp", f"127.0.0.1:{ollama.port}")
    assert (ran.status, ran.out) == (2, "")
    assert f"127.0.0.1:{ollama.port}" in ran.err


async def test_a_terminal_says_what_is_waited_for(start_on_terminal: StartOnTerminal) -> None:
    shell = await start_on_terminal("serve")
    await shell.until(
        "infill-ls: waiting for an editor to speak LSP on stdin; Ctrl-C ends this.\r\n"
    )
    shell.process.send_signal(signal.SIGINT)
    assert await shell.ended() in (130, -signal.SIGINT)
    assert shell.text.count("\n") == 1


async def test_an_editor_is_told_nothing_of_that(run: Run) -> None:
    ran = await run("serve")
    assert (ran.out, ran.err) == ("", "")


# Runs a command that is interrupted when a module is looked for.
INTERRUPTED = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == MODULE:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupt())
from infill_ls.__main__ import main
sys.argv[1:] = ["serve"]
sys.exit(main())
"""


@pytest.mark.parametrize(
    "module", ["infill_ls.cli", "infill_ls.cli.serve", "infill_ls.lsp.transport", "pygls.server"]
)
async def test_an_interrupt_while_modules_are_loaded_is_no_traceback(module: str) -> None:
    code = INTERRUPTED.replace("MODULE", repr(module))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert (process.returncode, out, err) == (-signal.SIGINT, b"", b"")
