"""The commands as a shell runs them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import pty
import re
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fake_ollama import FakeOllama
from infill_ls import __version__
from infill_ls.engines.embedded import weights
from infill_ls.errors import SettingsError


@dataclass
class Ran:
    status: int
    out: str
    err: str


Run = Callable[..., Awaitable[Ran]]
SMALL, LARGE = (one.name for one in weights.ALL)


@pytest.fixture
def run(ollama: FakeOllama, tmp_path: Path) -> Run:
    """Runs ``infill-ls`` in a folder of its own, with the simulated Ollama and an empty cache."""
    cache = tmp_path / "cache"

    async def run(*arguments: str, stdin: bytes = b"", **environment: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "infill_ls", *arguments),
            cwd=tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "OLLAMA_HOST": ollama.url,
                "XDG_CACHE_HOME": str(cache),
                **environment,
            },
        )
        async with asyncio.timeout(30):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        assert b"Traceback" not in err
        return Ran(process.returncode, out.decode(), err.decode())

    return run


OnTerminal = Callable[..., Awaitable[str]]


@pytest.fixture
def on_terminal(ollama: FakeOllama, tmp_path: Path) -> OnTerminal:
    """Runs ``infill-ls`` on a terminal; what stands there at the end."""

    async def run(*arguments: str) -> str:
        terminal, end = pty.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "infill_ls", *arguments),
                cwd=tmp_path,
                stdin=end,
                stdout=end,
                stderr=end,
                env={**os.environ, "OLLAMA_HOST": ollama.url},
            )
            async with asyncio.timeout(30):
                await process.wait()
            return os.read(terminal, 1 << 16).decode()
        finally:
            os.close(end)
            os.close(terminal)

    return run


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "main.py"
    path.write_bytes(b"def f(xs):\r\n    return []\r\n")
    return path


# complete


async def test_exactly_the_documented_request(run: Run, ollama: FakeOllama, code: Path) -> None:
    ran = await run("complete", "main.py:2:13")
    assert (ran.status, ran.out, ran.err) == (0, "x for x in xs", "")
    (call,) = ollama.generations
    assert call.body == {
        "model": "qwen2.5-coder:1.5b",
        "prompt": "<|fim_prefix|><|fim_suffix|>\n<|fim_middle|>def f(xs):\n    return [",
        "raw": True,
        "stream": True,
        "think": False,
        "keep_alive": "30m",
        "options": {
            "num_predict": 128,
            "temperature": 0.2,
            "top_k": 40,
            "top_p": 0.9,
            # As it was loaded.
            "num_ctx": 4096,
            "repeat_penalty": 1.0,
            "seed": 1,
            "stop": call.body["options"]["stop"],
        },
    }
    assert "<|endoftext|>" in call.body["options"]["stop"]


async def test_the_suffix_field_where_the_user_wants_it(
    run: Run, ollama: FakeOllama, code: Path
) -> None:
    ran = await run("complete", "main.py:2:13", INFILL_LS_MODE="suffix")
    assert ran.status == 0
    body = ollama.generations[0].body
    assert (body["prompt"], body["suffix"]) == ("def f(xs):\n    return [", "\n")
    assert "raw" not in body


async def test_what_follows_can_be_left_out(run: Run, ollama: FakeOllama, code: Path) -> None:
    await run("complete", "--no-suffix", "main.py:2:13")
    assert (
        ollama.generations[0]
        .body["prompt"]
        .startswith("<|fim_prefix|><|fim_suffix|><|fim_middle|>")
    )


async def test_without_a_column_the_end_of_the_line_counts(
    run: Run, ollama: FakeOllama, code: Path
) -> None:
    await run("complete", "main.py:1")
    assert ollama.generations[0].body["prompt"].endswith("[]\n<|fim_middle|>def f(xs):")


async def test_figures_as_json(run: Run, code: Path) -> None:
    ran = await run("complete", "--json", "main.py:2:13", "--model", "qwen2.5-coder:1.5b")
    figures = json.loads(ran.out)
    assert figures["fill"] == "x for x in xs"
    assert (figures["engine"], figures["model"]) == ("ollama", "qwen2.5-coder:1.5b")
    assert 0 < figures["first_ms"] <= figures["total_ms"]
    assert set(figures) == {
        *("fill", "model", "engine", "prompt_tokens", "cached_tokens", "fill_tokens"),
        *("stop_reason", "first_ms", "total_ms", "replaces"),
    }


async def test_a_fill_that_goes_through_closers(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text("def fib()\n")
    ollama.fill = "n):\n    return n\n"
    ran = await run("complete", "--json", "main.py:1:9")
    figures = json.loads(ran.out)
    assert (figures["fill"], figures["replaces"]) == ("n):\n    return n", ")")


async def test_the_fill_has_the_files_own_line_ends(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_bytes(b"def f(x):\r\n    ")
    ollama.fill = "if x:\n        return 1\n    return 2\n"
    ran = await run("complete", "a.py:2")
    assert ran.out == "if x:\r\n        return 1\r\n    return 2"


async def test_nothing_to_show_is_status_1(run: Run, ollama: FakeOllama, code: Path) -> None:
    ollama.fill = ""
    ran = await run("complete", "main.py:2:13")
    assert (ran.status, ran.out) == (1, "")
    assert "nothing that is worth showing" in ran.err


async def test_why_it_came_out_so(run: Run, code: Path) -> None:
    ran = await run("complete", "-v", "main.py:2:13")
    assert ran.out == "x for x in xs"
    assert "engine ollama, model qwen2.5-coder:1.5b" in ran.err
    assert "the model wrote: 'x for x in xs'" in ran.err


async def test_tokens_that_ollama_has_not_counted_yet_are_estimated(
    run: Run, ollama: FakeOllama, code: Path
) -> None:
    # The fill ends the call, and Ollama counts at the end.
    ollama.fill = "x for x in xs]\n\n\nand so on"
    ran = await run("complete", "-v", "main.py:2:13")
    asked = ollama.generations[0].body["prompt"]
    # 3.6 characters a token.
    assert f"prompt of about {len(asked) / 3.6:.0f} tokens; 4 written\n" in ran.err
    figures = json.loads((await run("complete", "--json", "main.py:2:13")).out)
    assert (figures["prompt_tokens"], figures["cached_tokens"]) == (None, None)
    ollama.fill = "x for x in xs"
    ran = await run("complete", "-v", "main.py:2:13")
    assert f"prompt of {len(asked) // 4 + 1} tokens; 4 written\n" in ran.err


async def test_an_answer_that_ollama_ends_itself_is_completed_with(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text("def f():\n    \n")
    ollama.fill = "a = g(1)\n    b = " + "1111" * 40
    ran = await run("complete", "a.py:2:5")
    assert (ran.status, ran.out, ran.err) == (0, "a = g(1)", "")
    ollama.fill = "b = " + "1111" * 40
    ran = await run("complete", "a.py:2:5")
    assert (ran.status, ran.out) == (1, "")
    assert "nothing that is worth showing" in ran.err


async def test_the_line_ends_on_a_terminal_and_nowhere_else(
    run: Run, on_terminal: OnTerminal, ollama: FakeOllama, code: Path
) -> None:
    assert await on_terminal("complete", "main.py:2:13") == "x for x in xs\r\n"
    assert await on_terminal("generate", "p") == "x for x in xs\r\n"
    ollama.fill = "x\n"
    assert await on_terminal("generate", "p") == "x\r\n"
    assert (await run("complete", "main.py:2:13")).out == "x"


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("main.py", "is not FILE:LINE[:COL]"),
        ("none.py:1", "none.py can't be read (No such file or directory)"),
        ("main.py:9", "main.py has no line 9; its last is 3"),
        ("main.py:0", "main.py has no line 0"),
        ("main.py:1:99", "Line 1 of main.py has no column 99; its last is 11"),
        (".:1", "can't be read (Is a directory)"),
        ("latin.py:1", "latin.py is not UTF-8"),
    ],
)
async def test_a_wrong_place_is_status_2_and_one_line(
    run: Run, code: Path, tmp_path: Path, place: str, said: str
) -> None:
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    ran = await run("complete", place)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


async def test_a_model_that_is_not_there(run: Run, code: Path) -> None:
    ran = await run("complete", "--model", "no-such:1b", "main.py:2:13")
    assert ran.status == 1
    assert ran.err == (
        'infill-ls: Ollama has no model "no-such:1b". Fetch it: ollama pull no-such:1b\n'
    )


async def test_a_model_of_a_size_that_there_is_none_of(run: Run, code: Path) -> None:
    ran = await run("complete", "--model", "qwen3-coder:7b", "main.py:2:13")
    assert (ran.status, ran.out) == (1, "")
    assert "library has qwen3-coder:30b and qwen3-coder:480b, none of 7b" in ran.err
    assert ran.err.endswith("Fetch another: ollama pull qwen2.5-coder:7b\n")


async def test_weights_that_are_not_fetched(run: Run, code: Path) -> None:
    ran = await run("complete", "--engine", "embedded", "--model", "1.5b", "main.py:2:13")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        f"infill-ls: The embedded engine's weights {LARGE} (1117 MB) are not there yet. "
        "Fetch them: infill-ls pull 1.5b\n"
    )


async def test_weights_that_there_are_none_of(run: Run, code: Path) -> None:
    ran = await run("complete", "--engine", "embedded", "--model", "no-such:1b", "main.py:2:13")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        'infill-ls: The embedded engine has no model "no-such:1b". '
        f"Take {SMALL} (0.5b) or {LARGE} (1.5b).\n"
    )


async def test_no_engine_at_all_is_told_in_one_message(
    run: Run, ollama: FakeOllama, code: Path
) -> None:
    await ollama.stop()
    ran = await run("complete", "main.py:2:13")
    assert ran.status == 1
    assert ran.err.count("\n") == 1
    for what_to_do in ("ollama serve", "ollama pull qwen2.5-coder:1.5b", "infill-ls pull"):
        assert what_to_do in ran.err


async def test_a_wrong_setting_is_told_and_the_default_is_used(run: Run, code: Path) -> None:
    ran = await run("complete", "main.py:2:13", INFILL_LS_MAX_TOKENS="many")
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert '"maxTokens" in the environment' in ran.err


# generate


async def test_every_field_of_generate(run: Run, ollama: FakeOllama, tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    ran = await run(
        *("generate", "-", "--model", "qwen2.5-coder:1.5b", "--system", "Be brief."),
        *("--template", "{{ .Prompt }}", "--format", "schema.json", "--image", "image.png"),
        *("-o", "temperature=0.5", "-o", "num_predict=9", "-o", "stop=a", "-o", "stop=b"),
        stdin=b"from stdin\n",
    )
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert ollama.generations[0].body == {
        "model": "qwen2.5-coder:1.5b",
        "prompt": "from stdin\n",
        "stream": True,
        "system": "Be brief.",
        "template": "{{ .Prompt }}",
        "format": {"type": "object"},
        "images": [base64.b64encode(b"\x89PNG").decode()],
        "options": {"temperature": 0.5, "num_predict": 9, "stop": ["a", "b"]},
    }


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        (["p"], {"prompt": "p", "stream": True}),
        (["p", "--suffix", "s"], {"prompt": "p", "suffix": "s", "stream": True}),
        (["p", "--raw"], {"prompt": "p", "raw": True, "stream": True}),
        (["p", "--no-stream"], {"prompt": "p", "stream": False}),
        (["p", "--format", "json"], {"prompt": "p", "format": "json", "stream": True}),
    ],
)
async def test_nothing_but_what_was_asked_for_is_sent(
    run: Run, ollama: FakeOllama, arguments: list[str], fields: dict[str, Any]
) -> None:
    ran = await run("generate", *arguments)
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert ollama.generations[0].body == {"model": "qwen2.5-coder:1.5b", **fields}


@pytest.mark.parametrize("arguments", [[], ["-"]])
async def test_a_prompt_that_is_piped_in(
    run: Run, ollama: FakeOllama, arguments: list[str]
) -> None:
    ran = await run("generate", *arguments, stdin="é\r\n".encode())
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert ollama.generations[0].body["prompt"] == "é\r\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        ([], b"", "The prompt is empty; with such a one Ollama only loads the model"),
        (["-"], b"", "The prompt is empty"),
        ([""], b"text", "The prompt is empty"),
        (["", "--suffix", "s"], b"", "The prompt is empty"),
        ([], b"\xe9", "What comes on stdin is not UTF-8"),
    ],
)
async def test_a_prompt_that_is_none(
    run: Run, ollama: FakeOllama, arguments: list[str], stdin: bytes, said: str
) -> None:
    ran = await run("generate", *arguments, stdin=stdin)
    assert (ran.status, ran.out, ollama.calls) == (2, "", [])
    assert said in ran.err


async def test_no_prompt_on_a_terminal(on_terminal: OnTerminal, ollama: FakeOllama) -> None:
    said = await on_terminal("generate")
    assert "There is no prompt." in said
    assert ollama.calls == []


async def test_an_answer_that_ollama_ends_itself_is_printed_and_told_once(
    run: Run, ollama: FakeOllama
) -> None:
    ollama.fill = "1111" * 40
    for arguments in (["p"], ["p", "--no-stream"]):
        ran = await run("generate", *arguments)
        assert (ran.status, ran.out) == (0, "1111" * 31)
        assert ran.err.count("Ollama has ended the answer before the model did") == 1
    ollama.fault = "no text"
    ran = await run("generate", "p")
    assert (ran.status, ran.out) == (1, "")
    assert "ended before it was done" in ran.err
    ollama.fault = "cut"
    ran = await run("generate", "p")
    assert (ran.status, ran.out) == (1, "1111")
    assert "broke" in ran.err


async def test_an_option_of_the_wrong_type(run: Run) -> None:
    ran = await run("generate", "p", "-o", "temperature=abc")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "infill-ls: The option \"temperature\" must be a number. Say it so: -o 'temperature=0.5'\n"
    )


@pytest.mark.parametrize("arguments", [["complete", "main.py:1"], ["generate", "p"]])
@pytest.mark.parametrize("name", ["OLLAMA_HOST", "INFILL_LS_URL"])
@pytest.mark.parametrize("address", ["http://me:s3cret@127.0.0.1:9", "[zz]"])
@pytest.mark.usefixtures("code")
async def test_an_address_that_is_none(
    run: Run, arguments: list[str], name: str, address: str
) -> None:
    # Ollama's own address is asked then; nobody is there, or somebody is.
    ran = await run(*arguments, "--model", "no-such:1b", **{"OLLAMA_HOST": "", name: address})
    assert ran.status == 1
    assert "must be an address" in ran.err.splitlines()[0]
    assert "s3cret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "temperature"], '"-o temperature" is not KEY=VALUE'),
        (["--format", "none.json"], "The schema none.json can't be read"),
        (["--image", "none.png"], "The image none.png can't be read"),
    ],
)
async def test_wrong_arguments_of_generate(run: Run, arguments: list[str], said: str) -> None:
    ran = await run("generate", "p", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


async def test_an_error_in_the_middle_of_the_answer(run: Run, ollama: FakeOllama) -> None:
    ollama.fault = "error line"
    ran = await run("generate", "p")
    assert (ran.status, ran.out) == (1, "x fo")
    assert "Ollama broke off" in ran.err


# pull, serve, the rest


async def test_pull_through_ollama(run: Run, ollama: FakeOllama) -> None:
    ran = await run("pull", "qwen2.5-coder:3b")
    assert ran.status == 0
    assert ollama.calls[-1].body == {"model": "qwen2.5-coder:3b"}
    assert "pulling 0123456789ab: 100%" in ran.err
    assert "success" in ran.err


async def test_pull_without_a_network(run: Run, ollama: FakeOllama) -> None:
    registry = 'Get "https://registry.ollama.ai/v2/": dial tcp: lookup registry.ollama.ai'
    ollama.pull_error = f"pull model manifest: {registry}: no such host"
    ran = await run("pull", "--engine", "ollama", "qwen2.5-coder:3b")
    assert ran.status == 1
    assert "no such host. Ollama doesn't reach its registry: check the network" in ran.err
    assert "name" not in ran.err


async def test_pull_of_a_size_that_there_is_none_of(run: Run, ollama: FakeOllama) -> None:
    ollama.pull_error = "pull model manifest: file does not exist"
    ran = await run("pull", "qwen3-coder:7b")
    assert ran.status == 1
    assert "library has qwen3-coder:30b and qwen3-coder:480b, none of 7b" in ran.err
    assert ran.err.endswith("Fetch another: infill-ls pull qwen2.5-coder:7b\n")


async def test_pull_of_what_does_not_exist(run: Run) -> None:
    ran = await run("pull", "no-such")
    assert ran.status == 1
    assert 'can\'t pull "no-such": pull model manifest: file does not exist' in ran.err


@pytest.fixture
def have_weights(tmp_path: Path) -> None:
    """Every file of weights, as far as its size, its time and the note of its digest say."""
    folder = tmp_path / "cache" / "infill-ls" / "models"
    folder.mkdir(parents=True)
    for one in weights.ALL:
        path = folder / one.file_name
        with path.open("wb") as file:
            file.truncate(one.size)
        status = path.stat()
        note = {"sha256": one.sha256, "size": one.size, "mtime_ns": status.st_mtime_ns}
        path.with_suffix(".verified.json").write_text(json.dumps(note))


@pytest.mark.parametrize(
    ("arguments", "fetched"),
    [
        ([], SMALL),
        (["embedded"], SMALL),
        (["--engine", "embedded"], SMALL),
        (["0.5b"], SMALL),
        (["1.5b"], LARGE),
        ([LARGE], LARGE),
        (["--engine", "embedded", "qwen2.5-coder:1.5b"], LARGE),
    ],
)
@pytest.mark.usefixtures("have_weights")
async def test_pull_of_weights(
    run: Run, ollama: FakeOllama, arguments: list[str], fetched: str
) -> None:
    ran = await run("pull", *arguments)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith(f"{fetched} (Apache-2.0) is at ")
    assert ollama.calls == []


@pytest.mark.usefixtures("have_weights")
async def test_pull_of_what_both_engines_have(run: Run, ollama: FakeOllama) -> None:
    assert (await run("pull", "qwen2.5-coder:1.5b")).status == 0
    assert ollama.calls[-1].body == {"model": "qwen2.5-coder:1.5b"}
    ran = await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="embedded")
    assert ran.err.startswith(f"{LARGE} (Apache-2.0) is at ")
    await ollama.stop()
    ran = await run("pull", "qwen2.5-coder:1.5b")
    assert ran.status == 0
    assert "Ollama does not answer" in ran.err
    assert f"{LARGE} (Apache-2.0) is at " in ran.err
    # Who wants Ollama gets nothing else.
    for ran in (
        await run("pull", "--engine", "ollama", "qwen2.5-coder:1.5b"),
        await run("pull", "qwen2.5-coder:1.5b", INFILL_LS_ENGINE="ollama"),
    ):
        assert ran.status == 1
        assert "ollama serve" in ran.err


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--engine", "embedded", "qwen3-coder:7b"], 1, [SMALL, LARGE]),
        (["--engine", "ollama"], 2, ["Which model?"]),
        # The words are argparse's own, and other ones in each version of Python.
        (["--engine", "openai", "m"], 2, ["--engine", "openai", "auto", "ollama", "embedded"]),
    ],
)
async def test_pull_of_nothing(
    run: Run, ollama: FakeOllama, arguments: list[str], status: int, said: list[str]
) -> None:
    ran = await run("pull", *arguments)
    assert (ran.status, ran.out, ollama.calls) == (status, "", [])
    for part in said:
        assert part in ran.err


async def test_help_lists_the_weights_with_their_sizes(run: Run) -> None:
    said = (await run("pull", "--help")).out
    for one in weights.ALL:
        assert re.search(rf"^  {one.short} +{one.name} +{one.size // 10**6} MB ", said, re.M)


async def test_the_version(run: Run) -> None:
    assert await run("--version") == Ran(0, f"infill-ls {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["complete"]])
async def test_a_wrong_call_is_status_2(run: Run, arguments: list[str]) -> None:
    ran = await run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "usage: infill-ls" in ran.err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0.0.0.0:7777", "add --allow-remote"),
        ("192.0.2.1:7777", "add --allow-remote"),
        ("nonsense", "is not HOST:PORT"),
        ("127.0.0.1:99999", "is not HOST:PORT"),
    ],
)
async def test_a_socket_for_this_machine_only(run: Run, address: str, said: str) -> None:
    ran = await run("serve", "--tcp", address)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


async def test_a_port_that_is_taken(run: Run, ollama: FakeOllama) -> None:
    ran = await run("serve", "--tcp", f"127.0.0.1:{ollama.port}")
    assert (ran.status, ran.out) == (2, "")
    assert f"127.0.0.1:{ollama.port}" in ran.err


@pytest.mark.usefixtures("_session")
async def test_the_python_api(ollama: FakeOllama, monkeypatch: pytest.MonkeyPatch) -> None:
    from infill_ls import complete

    monkeypatch.setenv("OLLAMA_HOST", ollama.url)
    fill = await asyncio.to_thread(complete, "def f(xs):\n    return [", "]\n")
    assert fill == "x for x in xs"
    named = await asyncio.to_thread(complete, "a = [", "]\n", "qwen2.5-coder:1.5b")
    assert named == "x for x in xs"
    assert [call.body["raw"] for call in ollama.generations] == [True, True]
    monkeypatch.setenv("INFILL_LS_MODE", "sideways")
    with pytest.raises(SettingsError, match="sideways"):
        await asyncio.to_thread(complete, "a = [", "]\n")
