"""infill-ls bench, as a shell runs it: for a few seconds, on the simulated Ollama."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
import sys
from pathlib import Path

import pytest

from cli.conftest import OnTerminal, Run
from fake_ollama import FakeOllama, by_heart
from infill_ls.bench.figures import Look, Measured
from infill_ls.cli import main
from infill_ls.engines.inventory import EngineModels, InstalledModel
from infill_ls.settings import Settings

MODEL = "qwen2.5-coder:1.5b"
SHORT = ("bench", "--seconds", "6")
CANARY, EXCLUDED, FOLDER = "canary_4721", "canary_4722", "canary_folder_4723"
CODE = "import os\n\n\n" + "".join(
    f"def {CANARY}_{n}():\n    {CANARY}_a = {n}\n    {CANARY}_b = {n}\n    return {n}\n\n"
    for n in range(12)
)


def written(folder: Path) -> str:
    return "".join(
        f"{path}\n{path.read_text('utf-8', 'replace') if path.is_file() else ''}"
        for path in folder.rglob("*")
    )


async def test_what_is_left_of_the_users_code(
    run: Run, ollama: FakeOllama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing: neither in what is printed, nor in the page, nor in what is kept."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "kept" / name))
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / f"{CANARY}.py").write_text(CODE)
    (folder / "credentials.py").write_text(CODE.replace(CANARY, EXCLUDED))
    (folder / "own.py").write_text(CODE.replace(CANARY, EXCLUDED))
    (folder / ".infill-ls.toml").write_text('exclude = ["own.py"]\n')
    ollama.fill = by_heart(CODE)
    ran = await run(*SHORT, FOLDER, "--json", "--html", "page.html")
    assert ran.status == 0
    sent = "".join(call.body["prompt"] for call in ollama.generations)
    assert CANARY in sent
    assert EXCLUDED not in sent
    page = (tmp_path / "page.html").read_text("utf-8")
    assert stat.S_IMODE((tmp_path / "page.html").stat().st_mode) == 0o600
    kept = written(tmp_path / "kept") + written(tmp_path / "cache")
    assert "rates.json" in kept
    for text in (ran.out, ran.err, page, kept.replace(str(tmp_path), "")):
        assert not re.search("canary", text)
    found = json.loads(ran.out)
    assert (found["files"], found["languages"]) == ("folder", ["python"])
    assert [one["model"] for one in found["models"]] == [MODEL]
    assert found["models"][0]["looks"] >= 1
    # Opens without a network.
    assert not re.search(r"https?:|//|url\(|@import|<script", page)
    assert MODEL in page
    assert "Share of suggestions that are there" in page


async def test_no_model_can_be_measured(run: Run, ollama: FakeOllama) -> None:
    ollama.models = {"llama3.1:8b": ["completion"]}
    ran = await run("bench")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("\n") == 1
    assert "There is no model to measure." in ran.err
    ran = await run("bench", "--model", "nobody")
    assert ran.status == 1
    assert ran.err == (
        'infill-ls: No engine here has a model "nobody". Those that there are: infill-ls models\n'
    )
    await ollama.stop()
    ran = await run("bench")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    assert "infill-ls pull" in ran.err


async def test_a_model_that_fails(run: Run, ollama: FakeOllama) -> None:
    ollama.refusal = (500, "it broke")
    ran = await run(*SHORT)
    assert (ran.status, ran.out) == (1, "")
    assert "it broke" in ran.err
    assert ran.err.endswith("No model could be measured.\n")


async def test_a_model_of_which_nothing_can_be_shown(run: Run, ollama: FakeOllama) -> None:
    ollama.fill = "```python\n```\n"
    ran = await run(*SHORT, "--json")
    assert (ran.status, "could be measured" in ran.err) == (0, False)
    (one,) = json.loads(ran.out)["models"]
    assert one["looks"] > 0
    assert one["shown"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone"], "There is no folder gone. Name one with code of yours."),
        (["."], ". has no file of code to be typed. Name another"),
        (["--seconds", "1"], "A model can be measured for 5 to 3600 seconds."),
        (["--minutes", "90"], "A model can be measured for 5 to 3600 seconds."),
        (["--minutes", "nan"], "A model can be measured for 5 to 3600 seconds."),
    ],
)
async def test_wrong_calls(run: Run, arguments: list[str], said: str) -> None:
    ran = await run("bench", *arguments)
    assert ran.status == 2
    assert ran.err.startswith(f"infill-ls: {said}")
    assert ran.err.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has another Ctrl-C")
async def test_ctrl_c_gives_what_was_measured(ollama: FakeOllama, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "infill_ls", "bench", "--seconds", "600", "--json", "--write"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "OLLAMA_HOST": ollama.url, "XDG_CACHE_HOME": str(tmp_path)},
    )
    await ollama.until(lambda: len(ollama.generations) > 2, limit=30)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"Nothing was measured." in err
    assert out == b""


async def test_on_a_terminal(on_terminal: OnTerminal) -> None:
    shown = await on_terminal(*SHORT, "--model", MODEL)
    assert f"{MODEL}: getting ready" in shown
    assert re.search(r"100%\|.*\| 6/6 s", shown)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r\n", "\n")
    assert max(len(line.rpartition("\r")[2]) for line in plain.split("\n")) <= 80


# What was measured is given below; what is made of it is looked at.


def given(monkeypatch: pytest.MonkeyPatch, *measured: Measured, interrupted: bool = False) -> None:
    """Let this have been measured."""

    async def measure_all(*_: object, into: list[Measured], **__: object) -> None:
        into += measured
        if interrupted:
            raise KeyboardInterrupt

    async def inventory(_: Settings) -> list[EngineModels]:
        models = tuple(InstalledModel(one.engine, one.model, mode="raw") for one in measured)
        return [EngineModels("ollama", "there", models)]

    monkeypatch.setattr("infill_ls.bench.measure.measure_all", measure_all)
    monkeypatch.setattr("infill_ls.engines.inventory.inventory", inventory)


def coder(name: str = "coder", wait: float = 0.3, right: int = 9) -> Measured:
    looks = [Look("shown", wait, number < right, number < right) for number in range(20)]
    return Measured("ollama", name, looks=looks, typed=60, accepted=40, memory=1_500_000_000)


def test_a_table_and_a_recommendation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, coder(), coder("larger", 1.9, 11), Measured("ollama", "bad", problem="No."))
    assert main(["bench", "--seconds", "30"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith(
        "Measuring 3 models, 30 s of typing each: about 2 minutes.\n"
        "Ctrl-C ends it; what was measured by then is shown.\n"
    )
    assert err.endswith("infill-ls: bad: No.\n")
    assert [line.split() for line in out.split("\n")[:5] if "─" not in line] == [
        "model half in 90 % in right saved memory".split(),
        "coder 0.30 s 0.30 s 45 % 40 % 1.5 GB".split(),
        "larger 1.9 s 1.9 s 55 % 40 % 1.5 GB".split(),
        "bad - - - - -".split(),
    ]
    assert "30 s of typing each, in files that come with infill-ls (c, go, java, python," in out
    assert "✓ With coder half of the suggestions are there within 0.30 s" in out
    assert "larger was right more often (55 %), but takes 1.9 s." in out
    assert out.split()[-5:] == "infill-ls settings set model coder".split()


def test_what_the_settings_say_already(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, coder())
    monkeypatch.setenv("INFILL_LS_MODEL", "coder")
    assert main(["bench"]) == 0
    assert capsys.readouterr().out.rstrip().endswith("Your settings name it already.")


def test_none_is_fast_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given(monkeypatch, coder(wait=2.2))
    assert main(["bench"]) == 0
    assert "! No model that was measured is fast enough here" in capsys.readouterr().out


def test_too_little(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given(monkeypatch, Measured("ollama", "coder", looks=[Look("late")]))
    assert main(["bench", "--write"]) == 0
    out, err = capsys.readouterr()
    assert "! Too little was measured to recommend a model." in out
    assert out.rstrip().endswith("infill-ls bench --minutes 3")
    assert "Nothing was written: there is nothing to recommend." in err


@pytest.mark.parametrize(
    ("measured", "why"),
    [
        (Measured("ollama", "coder", passed_over="The cursor is inside a word."), "inside a word"),
        (Measured("ollama", "coder"), "There was no time"),
        (Measured("ollama", "coder", problem="It broke."), "It broke."),
    ],
)
def test_where_nothing_could_be_measured_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    measured: Measured,
    why: str,
) -> None:
    given(monkeypatch, measured)
    assert main(["bench"]) == 1
    said, last = capsys.readouterr().err.splitlines()[-2:]
    assert said.startswith("infill-ls: coder: ")
    assert why in said
    assert last == "infill-ls: No model could be measured."


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "infill-ls" / "config.toml"
    path.parent.mkdir()
    path.write_text('# mine\nmaxTokens = 40 # short\nmodel = "auto"\n')
    return path


def test_written_to_the_settings_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    given(monkeypatch, coder())
    assert main(["bench", "--write"]) == 0
    out, err = capsys.readouterr()
    assert "infill-ls settings set" not in out
    assert f'model = "coder" is in {config} now.' in err
    assert config.read_text() == '# mine\nmaxTokens = 40 # short\nmodel = "coder"\n'


def test_where_the_environment_counts_for_more(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    given(monkeypatch, coder())
    monkeypatch.setenv("INFILL_LS_MODEL", "other")
    assert main(["bench", "--write"]) == 0
    assert 'model = "coder"' in config.read_text()
    assert "INFILL_LS_MODEL in the environment counts for more" in capsys.readouterr().err


def test_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    given(monkeypatch, coder(), interrupted=True)
    assert main(["bench", "--json", "--write"]) == 130
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["interrupted"] is True
    assert found["models"][0]["suggestions"] == 20
    assert found["recommendation"]["model"] == "coder"
    assert "Nothing was written to your settings: it was interrupted." in err
    assert 'model = "auto"' in config.read_text()


def test_the_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    given(monkeypatch, coder(), coder("<b>larger", 1.9, 11), Measured("ollama", "bad", problem="&"))
    assert main(["bench", "--html", "-"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("<!DOCTYPE html>")
    assert out.rstrip().endswith("</html>")
    assert "&lt;b&gt;larger was right more often" in out
    assert "bad: &amp;" in out
    # Both lines of the plot, and both bars.
    assert out.count('<path class="line s1"') == 2
    assert "<td" in out
    assert "45 %" in out


@pytest.mark.parametrize("file", ["missing/page.html", ".", "main.py/page.html"])
async def test_a_page_that_cannot_be_written_is_told_before_anything_is_measured(
    run: Run, ollama: FakeOllama, code: Path, file: str
) -> None:
    ran = await run(*SHORT, "--html", file)
    assert (ran.status, ran.out) == (1, "")
    assert re.fullmatch(rf"infill-ls: {file} can't be written.+\.\n", ran.err)
    assert ollama.calls == []


def test_a_page_that_cannot_be_written_any_more_costs_no_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    given(monkeypatch, coder())
    page = config.parent / "gone" / "page.html"
    page.parent.mkdir()
    monkeypatch.setattr("infill_ls.cli.new_file.claim", lambda *_, **__: page.parent.rmdir())
    assert main(["bench", "--write", "--html", str(page)]) == 1
    out, err = capsys.readouterr()
    assert "With coder half of the suggestions are there" in out
    assert 'model = "coder"' in config.read_text()
    assert err.endswith(f"{page} can't be written (No such file or directory).\n")


def test_after_an_interrupt_it_is_said_how_long_was_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = coder()
    one.seconds = 7.2
    given(monkeypatch, one, interrupted=True)
    assert main(["bench", "--seconds", "30"]) == 130
    out = capsys.readouterr().out
    assert "It was interrupted: the last one was measured for 7 s. 30 s of typing each were" in out


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
async def test_the_embedded_engine(run: Run) -> None:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    ran = await run("bench", "--seconds", "8", "--model", "0.5b", "--json", XDG_CACHE_HOME=cache)
    assert ran.status == 0
    (one,) = json.loads(ran.out)["models"]
    assert one["engine"] == "embedded"
    assert one["memory_bytes"] > 400_000_000
    assert one["problem"] == ""
