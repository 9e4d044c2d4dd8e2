"""The extension's own server: nothing is fetched unasked, and none is lost for a newer one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infill_ls.setup import configs

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node")
STAND_IN = Path(__file__).with_name("vscode_stand_in.js")
INSTALL = "Install for My Ollama"
# Makes what uv makes, if there is a network.
UV = """\
#!/bin/sh
echo "$@" >> "$CALLS"
for last; do :; done
case "$1" in
venv) mkdir -p "$last/bin" ;;
pip)
  test -e "$OFFLINE" && echo "no network" && exit 1
  program="$(dirname "$4")/infill-ls"
  printf '#!/bin/sh\\n' > "$program"
  chmod +x "$program"
  ;;
esac
"""


class Machine:
    """A machine with uv and the extension, and nothing of infill-ls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls, self.offline = folder / "calls", folder / "offline"
        self.servers = folder / "storage/server"
        for name in ("extension/wheel", "bin", "home", "project/bin"):
            (folder / name).mkdir(parents=True)
        (folder / "extension/wheel/infill_ls.whl").touch()
        (folder / "bin/uv").write_text(UV)
        (folder / "bin/uv").chmod(0o755)

    def does(
        self, work: str, *, version: str = "0.1.0", button: str = "", path: str | None = None
    ) -> tuple[Any, list[str]]:
        """Have the extension do something; what that returns, and what the user was told."""
        bare = f"{self.folder}/bin:/usr/bin:/bin"
        assert NODE
        ran = subprocess.run(
            [
                *(NODE, str(STAND_IN), str(self.folder / "extension")),
                *(str(self.folder / "storage"), version, button, work),
            ],
            cwd=configs.folder() / "vscode",
            env={
                "PATH": bare if path is None else path,
                "HOME": str(self.folder / "home"),
                "CALLS": str(self.calls),
                "OFFLINE": str(self.offline),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found = json.loads(ran.stdout)
        return found.get("result"), found["said"]

    def command(self) -> str | None:
        result, _ = self.does("return server.command(context)")
        return None if result is None else str(result[0])

    def installed(self) -> set[str]:
        return {one.name for one in self.servers.iterdir()}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def own(machine: Machine) -> str:
    """The program of the extension's own server, which is installed."""
    result, _ = machine.does("return server.offer(context, log)", button=INSTALL)
    assert result is True
    program = machine.command()
    assert program is not None
    assert Path(program).parents[2] == machine.servers
    machine.calls.unlink()
    return program


UPDATE = "return server.offerUpdate(context, log)"


def test_an_update_is_offered_and_nothing_is_fetched_unasked(machine: Machine, own: str) -> None:
    assert machine.does("return server.isOutdated(context)") == (False, [])
    assert machine.does("return server.isOutdated(context)", version="0.2.0") == (True, [])
    result, said = machine.does(UPDATE, version="0.2.0")
    assert result is False
    (text,) = said
    assert "The installed server is 0.1.0, and the extension has 0.2.0. Update it?" in text
    assert not machine.calls.exists()
    assert machine.command() == own


def test_without_a_network_the_one_that_is_there_stays(machine: Machine, own: str) -> None:
    before = machine.installed()
    machine.offline.touch()
    result, said = machine.does(UPDATE, version="0.2.0", button="Update")
    assert result is False
    assert said[-1] == "infill-ls: Installing the server failed: no network"
    assert machine.command() == own
    assert machine.installed() == before
    machine.offline.unlink()
    assert machine.does(UPDATE, version="0.2.0", button="Update")[0] is True
    assert machine.command() not in (None, own)


def test_the_one_before_stays_for_windows_that_run_it(machine: Machine, own: str) -> None:
    programs = [own]
    for version in ("0.2.0", "0.3.0"):
        assert machine.does(UPDATE, version=version, button="Update")[0] is True
        assert machine.does("return server.isOutdated(context)", version=version)[0] is False
        programs.append(str(machine.command()))
        assert Path(programs[-2]).exists()
    assert len(set(programs)) == 3
    assert not Path(own).exists()
    assert {name.partition("-")[0] for name in machine.installed()} == {
        *("installed.json", "0.2.0", "0.3.0")
    }


def test_two_windows_do_not_install_at_once(machine: Machine, own: str) -> None:
    (machine.servers / "lock").write_text(str(os.getpid()))
    before = machine.installed()
    for work, button in (
        (UPDATE, "Update"),
        ("return server.offer(context, log)", INSTALL),
        ("await server.remove(context, log)", ""),
    ):
        _, said = machine.does(work, version="0.2.0", button=button)
        assert "The server is being installed already." in said[-1]
    assert machine.installed() == before
    assert not machine.calls.exists()
    assert machine.command() == own


def test_a_window_that_is_gone_keeps_nobody_out(machine: Machine, own: str) -> None:
    gone = subprocess.Popen(["/bin/true"])
    gone.wait()
    (machine.servers / "lock").write_text(str(gone.pid))
    (machine.servers / "0.2.0-halfway").mkdir()
    assert machine.does(UPDATE, version="0.2.0", button="Update")[0] is True
    assert not {"lock", "0.2.0-halfway"} & machine.installed()


def test_what_is_installed_is_removed(machine: Machine, own: str) -> None:
    _, (said,) = machine.does("await server.remove(context, log)")
    assert said == "infill-ls: The server that the extension had installed is removed."
    assert not machine.servers.exists()
    assert machine.command() is None
    _, (said,) = machine.does("await server.remove(context, log)")
    assert said == "infill-ls: The extension has installed no server."


@pytest.mark.usefixtures("own")
def test_the_server_that_is_there_is_started_before_anybody_answers(machine: Machine) -> None:
    work = """
        const both = Promise.all([happened("ran"), happened("said")]);
        await extension().activate(context);
        return (await both)[0];
    """
    program = machine.command()
    result, said = machine.does(work, version="0.2.0", button="never")
    assert result == program
    assert len(said) == 1
    assert "Update it?" in said[0]
    assert not machine.calls.exists()


def test_a_program_of_the_workspace_is_never_taken(machine: Machine) -> None:
    vscode = configs.folder() / "vscode"
    folder = Path(os.path.relpath(machine.folder / "project", vscode))
    for place in (machine.folder / "project", machine.folder / "project/bin"):
        (place / "infill-ls").touch(0o755)
    for path in (str(folder), f"{folder}/bin", "", f":{folder}/bin"):
        assert machine.does("return server.command(context)", path=path)[0] is None
    whole = f"{folder}:{machine.folder}/project/bin"
    found, _ = machine.does("return server.command(context)", path=whole)
    assert found == [f"{machine.folder}/project/bin/infill-ls", "serve"]
