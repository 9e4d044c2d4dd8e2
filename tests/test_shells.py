"""Commands for the shell that the user has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infill_ls.shells import Shell


def test_a_posix_shell() -> None:
    shell = Shell()
    assert shell.exports("A_B", "c") == "export A_B=c"
    assert shell.unsets("A_B") == "unset A_B"
    assert shell.with_variable("A_B", "c", "infill-ls doctor") == "A_B=c infill-ls doctor"
    assert shell.then("a", "b") == "a && b"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_posix_shell_takes_it() -> None:
    shell = Shell()
    script = "\n".join(
        [
            shell.exports("A_B", "c"),
            'echo "$A_B"',
            shell.then(shell.unsets("A_B"), 'echo "${A_B-none}"'),
            shell.with_variable("A_B", "d", "sh -c 'echo $A_B'"),
        ]
    )
    ran = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["c", "none", "d"]


def test_powershell() -> None:
    shell = Shell(windows=True)
    assert shell.exports("A_B", "c") == '$env:A_B = "c"'
    assert shell.unsets("A_B") == "Remove-Item Env:A_B"
    assert shell.with_variable("A_B", "c", "infill-ls doctor") == (
        '$env:A_B = "c"; infill-ls doctor'
    )
    assert shell.then("a", "b") == "a; b"
