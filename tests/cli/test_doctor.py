"""``infill-ls doctor`` as a shell runs it: what is said in each plight, and what mends it."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import stat
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fake_ollama import FakeOllama
from infill_ls import __version__
from infill_ls.diagnosis.check import CHECK_NAMES
from infill_ls.engines.embedded.weights import DEFAULT
from infill_ls.visits import Visit
from infill_ls.visits_file import note

# Nobody can listen on it.
NOWHERE = "http://127.0.0.1:1"
NO_EMBEDDED = "infill_ls.engines.embedded.installation.has_embedded = lambda: False"
INSTALL = "infill_ls.engines.embedded.installation.command = lambda: 'pip install infill-ls[x]'"
# Where Ollama is looked for if it isn't where the settings say: an Ollama may run on this machine.
USUAL = "infill_ls.diagnosis.engine.DEFAULT_URL = {!r}"
HEAD = """\
import sys
import infill_ls.cli, infill_ls.diagnosis.examination
import infill_ls.engines.embedded.installation
"""


@dataclass
class Said:
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def after(self, beginning: str) -> str:
        """The line below the one that begins so: its fix."""
        at = next(number for number, line in enumerate(self.lines) if line.startswith(beginning))
        return self.lines[at + 1].strip()

    def checks(self, name: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = json.loads(self.out)["checks"]
        return [one for one in found if one["name"] == name]


Doctor = Callable[..., Awaitable[Said]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    put_program(tmp_path / "bin", __version__)
    return tmp_path


def put_program(folder: Path, version: str) -> Path:
    """Put a program on the PATH that says that it is infill-ls of a version."""
    folder.mkdir(exist_ok=True)
    program = folder / "infill-ls"
    program.write_text(f"#!/bin/sh\necho infill-ls {version}\n")
    program.chmod(0o755)
    return program


def environment(home: Path, more: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:/usr/bin:/bin",
        "OLLAMA_HOST": NOWHERE,
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        **more,
    }


def command(arguments: Sequence[str], patches: Sequence[str]) -> list[str]:
    if not any("DEFAULT_URL" in one for one in patches):
        patches = (*patches, USUAL.format(NOWHERE))
    run = f"sys.exit(infill_ls.cli.main({['doctor', *arguments]!r}))"
    return [sys.executable, "-c", "\n".join((HEAD, *patches, run))]


@pytest.fixture
def doctor(home: Path) -> Doctor:
    async def doctor(*arguments: str, patches: Sequence[str] = (), **more: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            *command(arguments, patches),
            cwd=home / "work",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment(home, more),
        )
        async with asyncio.timeout(60):
            out, err = await process.communicate()
        # A traceback may show the user's code.
        assert b"Traceback" not in err or more.get("INFILL_LS_LOG") == "trace"
        assert process.returncode is not None
        return Said(process.returncode, out.decode(), err.decode())

    return doctor


async def test_all_is_well(doctor: Doctor, ollama: FakeOllama, home: Path) -> None:
    ollama.running = {"qwen2.5-coder:1.5b": {"size": 10**9, "size_vram": 10**9}}
    note(Visit("Neovim", "0.12.4", at=1, server=__version__, ghost_text=True), editors(home))
    said = await doctor(OLLAMA_HOST=ollama.url)
    assert (said.status, said.err) == (0, "")
    assert [line[0] for line in said.lines if line] == ["✓"] * len(list(filter(None, said.lines)))
    for text in (
        f"✓ infill-ls {__version__}, Python",
        f"✓ Ollama 0.33.0 answers at {ollama.url}.",
        "✓ qwen2.5-coder:1.5b fills in the middle, with the tokens of",
        "✓ The model is on the GPU (1.0 GB), with a context of 4,096 tokens.",
        "✓ A line takes about 0.",
        "✓ Neovim 0.12.4 came",
        "✓ The log",
        "✓ Fills should come.",
    ):
        assert any(line.startswith(text) for line in said.lines), text
    assert len(ollama.generations) == 2


def editors(home: Path) -> Path:
    return home / "state" / "infill-ls" / "editors.json"


async def test_json(doctor: Doctor, ollama: FakeOllama) -> None:
    said = await doctor("--json", OLLAMA_HOST=ollama.url)
    found: dict[str, Any] = json.loads(said.out)
    assert set(found) == {"ok", "checks"}
    assert found["ok"] is True
    for check in found["checks"]:
        assert set(check) == {"name", "status", "message", "fix"}
        assert check["name"] in CHECK_NAMES
        assert check["status"] in ("ok", "warn", "fail")
        assert check["message"]
    assert list(dict.fromkeys(check["name"] for check in found["checks"])) == list(CHECK_NAMES)


async def test_json_of_a_failure(doctor: Doctor) -> None:
    said = await doctor("--json", "--engine", "ollama")
    assert said.status == 1
    assert json.loads(said.out)["ok"] is False
    (engine,) = said.checks("engine")
    assert engine["status"] == "fail"


async def test_nothing_is_installed(doctor: Doctor) -> None:
    said = await doctor(patches=(NO_EMBEDDED, INSTALL))
    assert said.status == 1
    assert said.after(f"✗ Nothing answers at {NOWHERE}. The embedded engine is not installed.") == (
        "pip install infill-ls[x] && infill-ls pull"
    )
    assert said.lines[-1].startswith("✗ One thing keeps fills from coming")
    assert said.out.count("✗") == 3  # the engine's line, and twice in the last


async def test_ollama_is_down(doctor: Doctor, home: Path) -> None:
    (home / "bin" / "ollama").write_text("#!/bin/sh\n")
    (home / "bin" / "ollama").chmod(0o755)
    for more in ((), ("--model", "qwen2.5-coder:7b")):
        said = await doctor("--engine", "ollama", *more)
        assert said.status == 1
        # At another address than the one where that would start it.
        assert said.after(f"✗ Nothing answers at {NOWHERE}.") == "Start it, or mend OLLAMA_HOST."


async def test_ollama_is_down_and_there_are_no_weights(doctor: Doctor) -> None:
    said = await doctor()
    assert said.status == 1
    fix = said.after(f"✗ Nothing answers at {NOWHERE}. The embedded engine has no weights yet.")
    assert fix == "infill-ls pull 0.5b"


CHATS = {"template": "{{ .Messages }}", "model_info": {"general.architecture": "llama"}}


async def test_a_model_that_cant_fill(doctor: Doctor, ollama: FakeOllama) -> None:
    ollama.models, ollama.about = {"llama3.2:3b": ["completion"]}, {"llama3.2:3b": CHATS}
    said = await doctor(OLLAMA_HOST=ollama.url)
    assert said.status == 1
    assert said.after("✗ Ollama has no model that ") == "infill-ls pull qwen2.5-coder:1.5b"
    assert "It has llama3.2:3b." in said.out
    assert not ollama.generations
    ollama.models["qwen2.5-coder:3b"] = ["completion", "insert"]
    said = await doctor(OLLAMA_HOST=ollama.url, INFILL_LS_MODEL="llama3.2:3b")
    assert said.status == 1
    fix = said.after('✗ "llama3.2:3b" can\'t fill in')
    assert fix == "export INFILL_LS_MODEL=auto"


async def test_a_model_that_isnt_there(doctor: Doctor, ollama: FakeOllama, home: Path) -> None:
    ollama.models = {}
    (home / "config" / "infill-ls").mkdir(parents=True)
    (home / "config" / "infill-ls" / "config.toml").write_text('model = "qwen3-coder:7b"\n')
    said = await doctor(OLLAMA_HOST=ollama.url)
    assert said.status == 1
    assert said.after('✗ Ollama has no model "qwen3-coder:7b".') == (
        "infill-ls pull qwen2.5-coder:7b && infill-ls settings set model qwen2.5-coder:7b"
    )


async def test_an_address_that_is_none_is_asked_nothing(doctor: Doctor, ollama: FakeOllama) -> None:
    said = await doctor(
        OLLAMA_HOST=ollama.url, INFILL_LS_URL="127.0.0.1:1", patches=(USUAL.format(ollama.url),)
    )
    assert said.status == 1
    assert said.after(
        "✗ The setting \"url\" in the environment (INFILL_LS_URL) is '127.0.0.1:1'"
    ) == ("unset INFILL_LS_URL")
    assert ollama.calls == []


async def test_an_address_at_which_nobody_is(doctor: Doctor, ollama: FakeOllama) -> None:
    said = await doctor(INFILL_LS_URL=NOWHERE, patches=(USUAL.format(ollama.url),))
    assert said.status == 1
    fix = said.after(f"✗ Nothing answers at {NOWHERE}.")
    assert fix == "unset INFILL_LS_URL"


async def test_an_address_of_something_else(doctor: Doctor, ollama: FakeOllama) -> None:
    ollama.fault = "not ollama"
    said = await doctor("--engine", "ollama", OLLAMA_HOST=ollama.url)
    assert said.status == 1
    (line,) = (line for line in said.lines if ollama.url in line and line.startswith("✗"))
    assert "not Ollama" in line


async def test_a_proxy_in_the_way(doctor: Doctor) -> None:
    far = "http://gpu.invalid:11434"
    proxy = {"HTTP_PROXY": "http://me:canary-password@127.0.0.1:1"}
    for more in ((), ("--json",)):
        said = await doctor(*more, INFILL_LS_URL=far, **proxy)
        assert said.status == 1
        out = said.out.replace("\\u2026", "…")
        assert "export NO_PROXY=gpu.invalid" in out
        assert "It is asked through the proxy http://…@127.0.0.1:1." in out
        assert "canary" not in said.out + said.err


async def test_a_proxy_beside_an_engine_on_this_machine(doctor: Doctor, ollama: FakeOllama) -> None:
    said = await doctor(OLLAMA_HOST=ollama.url, https_proxy=NOWHERE)
    assert said.status == 0
    assert "https_proxy is set, but an engine on this machine is asked without a proxy." in said.out


async def test_a_home_that_cant_be_written(doctor: Doctor, ollama: FakeOllama, home: Path) -> None:
    locked = home / "locked"
    locked.mkdir()
    # The system's administrator, as whom tests may run, can write everywhere.
    refusing = "import os; os.access = lambda path, mode, **_: 'locked' not in str(path)"
    said = await doctor(
        OLLAMA_HOST=ollama.url,
        patches=(refusing,),
        XDG_STATE_HOME=str(locked),
        XDG_CACHE_HOME=str(locked),
    )
    assert said.status == 0
    assert said.after(
        "! No rates and counts, no weights can be kept (~/locked can't be written)."
    ) == ("export XDG_STATE_HOME=FOLDER XDG_CACHE_HOME=FOLDER")
    said = await doctor(OLLAMA_HOST=ollama.url, XDG_STATE_HOME="/dev/null/state")
    assert said.status == 0
    assert said.after("! No rates and counts can be kept (/dev/null is no folder).") == (
        "export XDG_STATE_HOME=FOLDER"
    )


async def test_broken_weights(doctor: Doctor, home: Path) -> None:
    models = home / "cache" / "infill-ls" / "models"
    models.mkdir(parents=True)
    (models / DEFAULT.file_name).write_bytes(b"broken")
    said = await doctor("--engine", "embedded")
    assert said.status == 1
    path = models / DEFAULT.file_name
    assert said.after(f"✗ {path} is not the file that it should be.") == "infill-ls pull 0.5b"
    assert sum(line.startswith("✗") for line in said.lines) == 2


async def test_two_versions_on_the_path(doctor: Doctor, ollama: FakeOllama, home: Path) -> None:
    other = put_program(home / "other", "0.0.9")
    path = f"{home / 'other'}:{home / 'bin'}:/usr/bin:/bin"
    said = await doctor(OLLAMA_HOST=ollama.url, PATH=path)
    assert said.status == 0
    fix = said.after(
        f"! Editors start the first infill-ls on the PATH, and this is {__version__}: "
        f"0.0.9 in ~/other/infill-ls; {__version__} in ~/bin/infill-ls."
    )
    assert fix == "python3 -m pip uninstall infill-ls"
    assert other.exists()


async def test_no_program_of_the_project_runs(
    doctor: Doctor, ollama: FakeOllama, home: Path
) -> None:
    """A relative folder on the PATH is the project's."""
    program = put_program(home / "work" / "tools", "0.0.9")
    program.write_text(f"#!/bin/sh\ntouch {home}/ran\n")
    await doctor(OLLAMA_HOST=ollama.url, PATH="tools:/usr/bin:/bin")
    assert not (home / "ran").exists()


async def test_an_ollama_that_leaks(doctor: Doctor, ollama: FakeOllama) -> None:
    ollama.version = "0.16.3"
    said = await doctor(OLLAMA_HOST=ollama.url)
    assert said.status == 0
    fix = said.after("! Ollama before 0.17.1 leaks prompts (CVE-2026-7482).")
    assert "https://ollama.com/" in fix


async def test_a_file_that_is_excluded(doctor: Doctor, ollama: FakeOllama, home: Path) -> None:
    (home / "work" / ".env").write_text("A=1\n")
    said = await doctor(OLLAMA_HOST=ollama.url)
    assert "✓ 1 file in this folder is never completed: .env (.env*)." in said.lines
    said = await doctor(".env", OLLAMA_HOST=ollama.url)
    assert said.status == 0
    (line,) = (line for line in said.lines if "as it should be" in line)
    assert line.startswith("✓ .env is never completed")
    assert "settings set exclude" not in said.out
    assert said.lines[-1].startswith("✓ Fills should come, but none in .env.")
    said = await doctor("no-such-file", OLLAMA_HOST=ollama.url)
    assert (said.status, said.err) == (2, "infill-ls: There is no file no-such-file.\n")
    said = await doctor(".", OLLAMA_HOST=ollama.url)
    assert said.status == 2
    assert said.err.startswith("infill-ls: . is a folder. Name a file in it")
    said = await doctor("/dev/null", OLLAMA_HOST=ollama.url)
    assert said.status == 2
    assert said.err.startswith("infill-ls: /dev/null is no regular file.")


async def test_what_can_only_be_read_or_written_in_part(
    doctor: Doctor, ollama: FakeOllama, home: Path
) -> None:
    (home / "work" / "a.py").write_bytes("ä = 1\n".encode("latin-1"))
    said = await doctor("a.py", OLLAMA_HOST=ollama.url, INFILL_LS_AUDIT="~/no/record.jsonl")
    assert said.status == 0
    assert said.after("! a.py is not UTF-8") == "Save it as UTF-8."
    fix = said.after('! The record ~/no/record.jsonl ("audit") can\'t be written')
    assert fix == "export INFILL_LS_AUDIT=FILE"
    assert "lines with ! may be worth a look." in said.lines[-1]


async def test_what_goes_wrong_inside_is_a_line_of_its_own(
    doctor: Doctor, ollama: FakeOllama
) -> None:
    for name in ("program", "settings", "environment", "editors", "folders", "log"):
        said = await doctor(
            OLLAMA_HOST=ollama.url, patches=(f"infill_ls.diagnosis.wording.{name} = None",)
        )
        assert said.status == 0, name
        assert "! This can't be told: something went wrong inside (TypeError)." in said.out
        assert "✓ A line takes about" in said.out


@pytest.mark.parametrize("level", ["warning", "trace"])
async def test_where_it_went_wrong_is_said_as_promised(
    doctor: Doctor, ollama: FakeOllama, level: str
) -> None:
    broken = ("infill_ls.diagnosis.wording.program = None",)
    said = await doctor(OLLAMA_HOST=ollama.url, INFILL_LS_LOG=level, patches=broken)
    assert said.status == 0
    assert "a check failed: TypeError" in said.err
    assert ("in _program" in said.err) is (level == "trace")


async def on_terminal(home: Path, more: dict[str, str]) -> str:
    """What stands on a terminal of 80 columns."""
    terminal, end = pty.openpty()
    loop, shown, over = asyncio.get_running_loop(), bytearray(), asyncio.Event()

    def read() -> None:
        try:
            shown.extend(os.read(terminal, 1 << 16))
        except OSError:  # the other end is closed
            loop.remove_reader(terminal)
            over.set()

    loop.add_reader(terminal, read)
    made = {name: value for name, value in environment(home, {}).items() if name != "NO_COLOR"}
    process = await asyncio.create_subprocess_exec(
        *command([], ()),
        cwd=home / "work",
        stdin=end,
        stdout=end,
        stderr=end,
        env={**made, "TERM": "xterm-256color", "COLUMNS": "80", **more},
    )
    os.close(end)
    async with asyncio.timeout(60):
        await process.wait()
        await over.wait()
    os.close(terminal)
    return shown.decode()


async def test_a_terminal_of_80_columns(ollama: FakeOllama, home: Path) -> None:
    # s; what takes more than one is worth a word.
    ollama.delay = 1.5
    shown = await on_terminal(home, {"OLLAMA_HOST": ollama.url})
    assert "\x1b[1;32m✓" in shown
    assert "Asking for a fill …" in shown
    ollama.delay = 0
    shown = await on_terminal(home, {"OLLAMA_HOST": ollama.url, "NO_COLOR": "1"})
    assert "\x1b[1;32m" not in shown
    # What is being done is written over.
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r\n", "\n")
    lines = [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("✓ Ollama 0.33.0 answers") for line in lines)


CANARIES = {
    "home": "canary-home-1",
    "user": "canaryuser2",
    "host": "canary-host-3",
    "key": "canary-key-4",
    "header": "canary-header-5",
    "file": "canary_file_6.py",
    "pattern": "canary-pattern-7",
    "proxy": "canary-proxy-8",
    "folder": "canary folder 9",
    "far": "canary-far-10",
}
# Values that are paths, or machines without a scheme.
PLIGHTS_OF_ENVIRONMENT = {
    "relative": {"INFILL_LS_MODEL": "work/canary-11/q.gguf"},
    "backslashes": {"INFILL_LS_MODEL": r"canary 12\q.gguf"},
    "file": {"INFILL_LS_MODEL": "canary13.gguf"},
    "embedded": {"INFILL_LS_MODEL": "canary-14/q", "INFILL_LS_ENGINE": "embedded"},
    "openai": {"INFILL_LS_MODEL": "canary-15/q", "INFILL_LS_ENGINE": "openai"},
    "no scheme": {"OLLAMA_HOST": "canary-16.invalid:8080"},
    "proxy": {"OLLAMA_HOST": "canary-17.invalid", "http_proxy": "canary-18.invalid:1"},
    "version 6": {"OLLAMA_HOST": "[fd00::ca:1]:8080", "INFILL_LS_MODEL": "canary-19/q"},
    "no url": {"INFILL_LS_URL": "canary-20.invalid:8080/canary"},
    "certificates": {"INFILL_LS_CA_FILE": "canary-21/ca.pem"},
}

PLIGHTS_WITH_OLLAMA = ("relative", "backslashes", "file", "certificates")


@pytest.mark.parametrize(
    "plight",
    ["works", "refuses", "far", "wrong", "broken", "versions", *PLIGHTS_OF_ENVIRONMENT],
)
async def test_a_report_has_nothing_of_the_users_own(
    tmp_path: Path, ollama: FakeOllama, plight: str
) -> None:
    home = tmp_path / CANARIES["home"]
    work = home / CANARIES["folder"]
    work.mkdir(parents=True)
    (work / CANARIES["file"]).write_text("canary_code = 1\n")
    (work / ".env").write_text("canary = 1\n")
    put_program(home / "bin", "0.0.9" if plight == "versions" else __version__)
    note(Visit("Some Editor", "1.0", at=1), editors(home))
    more = {
        "USER": CANARIES["user"],
        "LOGNAME": CANARIES["user"],
        "OLLAMA_HOST": ollama.url,
        "INFILL_LS_API_KEY_ENV": "THE_KEY",
        "THE_KEY": CANARIES["key"],
        "INFILL_LS_HEADERS": json.dumps({"X-Secret": CANARIES["header"]}),
        "INFILL_LS_EXCLUDE": json.dumps([CANARIES["pattern"]]),
        "INFILL_LS_AUDIT": str(work / "audit"),
        "HTTPS_PROXY": f"http://me:{CANARIES['proxy']}@127.0.0.1:1",
    }
    if plight == "refuses":
        # What an engine can know, and what else it may see on this machine.
        named = " ".join(CANARIES[one] for one in ("user", "host", "key", "header", "pattern"))
        ollama.refusal = 500, f"can't open {work / 'model.bin'} for {named}"
    if plight == "far":
        more["INFILL_LS_URL"] = f"https://{CANARIES['far']}.invalid:8443/{CANARIES['file']}"
    if plight == "wrong":
        more["INFILL_LS_URL"] = f"{CANARIES['far']}:8443"
        more["INFILL_LS_LOGS"] = CANARIES["file"]
        more["INFILL_LS_CANARY_NAME"] = "x"
    more |= PLIGHTS_OF_ENVIRONMENT.get(plight, {})
    if plight == "broken":
        (home / "cache" / "infill-ls" / "models").mkdir(parents=True)
        (home / "cache" / "infill-ls" / "models" / DEFAULT.file_name).write_bytes(b"broken")
        more["INFILL_LS_ENGINE"] = "embedded"
    host = f"import socket; socket.gethostname = lambda: {CANARIES['host']!r}"
    arguments = ["--report", str(home / "report.md")]
    process = await asyncio.create_subprocess_exec(
        *command([*arguments, str(work / CANARIES["file"])], (host,)),
        cwd=work,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home, more),
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert b"Traceback" not in err
    report = (home / "report.md").read_text()
    assert stat.S_IMODE((home / "report.md").stat().st_mode) == 0o600
    assert "**infill-ls doctor**" in report
    assert f"- infill-ls {__version__}, Python" in report
    answers = "- ok engine: Ollama 0.33.0" in report
    assert answers is (plight in ("works", "refuses", "versions", *PLIGHTS_WITH_OLLAMA))
    assert not re.search("canary|fd00", report, re.IGNORECASE), report
    assert str(tmp_path) not in report
    # So there was something to leave out.
    assert "canary" in (out + err).decode().lower()


async def test_a_report_on_stdout(doctor: Doctor) -> None:
    said = await doctor("--report", "-", patches=(NO_EMBEDDED,))
    assert said.out.startswith("<!-- Made by")
    assert "✓" not in said.out


async def test_a_report_that_cant_be_written(doctor: Doctor) -> None:
    said = await doctor("--report", "/dev/null/report.md", patches=(NO_EMBEDDED,))
    assert said.status == 1
    assert "/dev/null/report.md can't be written" in said.err
