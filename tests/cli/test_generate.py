"""infill-ls generate, as a shell runs it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import OnTerminal, Run
from fake_ollama import FakeOllama
from infill_ls.cli.generate import model_options
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


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
    assert "broke off" in ran.err
    ollama.fault = "cut"
    ran = await run("generate", "p")
    assert (ran.status, ran.out) == (1, "1111")
    assert "hung up" in ran.err


async def test_an_option_of_the_wrong_type(run: Run) -> None:
    ran = await run("generate", "p", "-o", "temperature=abc")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "infill-ls: The option \"temperature\" must be a number. Say it so: -o 'temperature=0.5'\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "temperature"], '"-o temperature" is not KEY=VALUE'),
        (["--format", "none.json"], "The schema none.json can't be read"),
        (["--image", "none.png"], "The image none.png can't be read"),
        (["--image", "/dev/zero"], "/dev/zero is too large: files over 64 MB are not read"),
        (["--format", "/dev/zero"], "/dev/zero is too large: files over 64 MB are not read"),
        (["--format", "deep.json"], "The schema deep.json can't be read"),
        (["--format", "list.json"], "The schema list.json is not a JSON object"),
    ],
)
async def test_wrong_arguments_of_generate(
    run: Run, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "list.json").write_text("[]")
    ran = await run("generate", "p", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


async def test_an_error_in_the_middle_of_the_answer(run: Run, ollama: FakeOllama) -> None:
    ollama.fault = "error line"
    ran = await run("generate", "p")
    assert (ran.status, ran.out) == (1, "x fo")
    assert "Ollama broke off" in ran.err


def test_options_are_json_or_texts_as_they_stand() -> None:
    deep = "[" * 10_000
    assert model_options(["a=1", "b=x y", "c=", "d=true", f"e={deep}", "f=g=h"]) == {
        "a": 1,
        "b": "x y",
        "c": "",
        "d": True,
        "e": deep,
        "f": "g=h",
    }
    assert model_options(["stop=a", "stop=1"]) == {"stop": ["a", "1"]}
    assert model_options(['stop=["a", "b"]', "stop=c"]) == {"stop": ["a", "b", "c"]}
