"""infill-ls complete, as a shell runs it."""

from __future__ import annotations

import json
import os
import re
import signal
from hashlib import sha256
from pathlib import Path

import pytest

from cli.conftest import Run, StartOnTerminal
from fake_ollama import DIGEST, FakeOllama
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


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
        # A prompt that is too long is refused, not cut.
        "truncate": False,
        "keep_alive": "30m",
        # How sure it was.
        "logprobs": True,
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
    assert "The model wrote it. qwen2.5-coder:1.5b (ollama): " in ran.err
    assert "\nended by: model\nthe model wrote: 'x for x in xs'\n" in ran.err
    assert "How sure" not in ran.err


async def test_how_sure_the_model_was(run: Run, ollama: FakeOllama, code: Path) -> None:
    ollama.logprob = -9.0
    ran = await run("complete", "-v", "main.py:2:13")
    # Who asks by hand is shown it all the same.
    assert ran.out == "x for x in xs"
    sure = r'\nHow sure the model was: \d+ % \(with eagerness "{}" editors show from {} % on\)\n'
    assert re.search(sure.format("normal", 5), ran.err)
    ran = await run("complete", "-v", "main.py:2:13", INFILL_LS_EAGERNESS="low")
    assert re.search(sure.format("low", 25), ran.err)


async def test_why_there_is_nothing(run: Run, ollama: FakeOllama, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n\nb = 2\nc = 3\n")
    ollama.fill = "b = 2\nc = 3\n"
    said = (
        'Nothing is left of what the model wrote: it only repeats the lines below (filter "below").'
    )
    ran = await run("complete", "a.py:2")
    assert (ran.status, ran.out, ran.err) == (1, "", f"infill-ls: {said}\n")
    ran = await run("complete", "-v", "a.py:2")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"{said} qwen2.5-coder:1.5b (ollama): ")
    assert ran.err.count(said) == 1


async def test_tokens_that_ollama_has_not_counted_yet_are_estimated(
    run: Run, ollama: FakeOllama, code: Path
) -> None:
    # The fill ends the call, and Ollama counts at the end.
    ollama.fill = "x for x in xs]\n\n\nand so on"
    ran = await run("complete", "-v", "main.py:2:13")
    asked = ollama.generations[0].body["prompt"]
    # 3.6 characters a token.
    assert f"; about {len(asked) / 3.6:.0f} tokens read, 4 written.\n" in ran.err
    figures = json.loads((await run("complete", "--json", "main.py:2:13")).out)
    assert (figures["prompt_tokens"], figures["cached_tokens"]) == (None, None)
    ollama.fill = "x for x in xs"
    ran = await run("complete", "-v", "main.py:2:13")
    assert f"; {len(asked) // 4 + 1} tokens read, 4 written.\n" in ran.err


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
    assert ran.err == (
        "infill-ls: Nothing is left of what the model wrote: "
        'it only repeats the lines above (filter "repetition").\n'
    )


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("main.py", "is not FILE:LINE[:COL]"),
        ("none.py:1", "none.py can't be read (No such file or directory)"),
        ("main.py:9", "main.py has no line 9; its last is 3"),
        ("main.py:0", "main.py has no line 0"),
        ("main.py:9999999999", "main.py has no line 9999999999; its last is 3"),
        ("main.py:99999999999:1", "main.py has no line 99999999999; its last is 3"),
        (f"main.py:{'1' * 5000}", f"main.py has no line {'1' * 18}; its last is 3"),
        ("main.py:1:99999999999", "has no column 99999999999; its last is 11"),
        ("main.py:1:99", "Line 1 of main.py has no column 99; its last is 11"),
        (".:1", "can't be read (Is a directory)"),
        ("latin.py:1", "latin.py is not UTF-8"),
        ("large.py:1", "large.py is too large: files over 64 MB are not read"),
        ("/dev/zero:1", "/dev/zero is no file but a device or a pipe"),
        ("pipe:1", "pipe is no file but a device or a pipe"),
    ],
)
async def test_a_wrong_place_is_status_2_and_one_line(
    run: Run, code: Path, tmp_path: Path, place: str, said: str
) -> None:
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    (tmp_path / "large.py").touch()
    os.truncate(tmp_path / "large.py", 64 * 1024 * 1024 + 1)
    if os.name != "nt":
        os.mkfifo(tmp_path / "pipe")
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
        "infill-ls: Weights of 1117 MB are not fetched yet. Run: infill-ls pull 1.5b\n"
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
    assert re.fullmatch(r"infill-ls: [^\n]+ (Start it, or .*|Run: infill-ls pull.*)\n", ran.err)


async def test_an_excluded_file_is_not_completed(
    run: Run, ollama: FakeOllama, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("API_KEY=canary-4711\n")
    place = f"{tmp_path / '.env'}:1:9"
    ran = await run("complete", place)
    assert (ran.status, ran.out) == (1, "")
    assert 'never completed: "exclude" has the pattern ".env*"' in ran.err
    assert ollama.generations == []
    assert (await run("complete", place, INFILL_LS_EXCLUDE='["!.env"]')).status == 0


@pytest.mark.parametrize(
    "arguments",
    [["complete", "main.py:2:13"], ["pull", "qwen2.5-coder:3b"]],
)
async def test_an_ollama_that_leaks_is_told_in_one_line(
    run: Run, ollama: FakeOllama, code: Path, arguments: list[str]
) -> None:
    ollama.version = "0.12.3"
    ran = await run(*arguments)
    assert ran.status == 0
    told = [line for line in ran.err.splitlines() if "CVE-2026-7482" in line]
    assert len(told) == 1


async def test_a_fill_that_repeats_the_users_folders_is_not_printed(
    run: Run, ollama: FakeOllama, code: Path, tmp_path: Path
) -> None:
    (tmp_path / "others").mkdir()
    words = " + ".join(f"word{number}" for number in range(30))
    (tmp_path / "others" / "a.py").write_text(f"[{words}]\n")
    recitation = json.dumps({"folders": [str(tmp_path / "others")], "window": 20})
    ollama.fill = f"{words}]\n"
    ran = await run("complete", "main.py:2:13", INFILL_LS_RECITATION=recitation)
    assert (ran.status, ran.out) == (1, "")
    assert "infill-ls recitation" in ran.err
    assert ollama.generations == []
    await run("recitation", INFILL_LS_RECITATION=recitation)
    ran = await run("complete", "-v", "main.py:2:13", INFILL_LS_RECITATION=recitation)
    assert (ran.status, ran.out) == (1, "")
    assert str(tmp_path / "others" / "a.py") in ran.err
    # Nor is it said what the model wrote.
    assert "word" not in ran.err
    ollama.fill = "x for x in xs]\n"
    ran = await run("complete", "main.py:2:13", INFILL_LS_RECITATION=recitation)
    assert (ran.status, ran.out) == (0, "x for x in xs")


async def test_what_is_printed_is_on_record(
    run: Run, ollama: FakeOllama, code: Path, tmp_path: Path
) -> None:
    path = tmp_path / "record"
    ran = await run("complete", "main.py:2:13", INFILL_LS_AUDIT=str(path))
    assert ran.status == 0
    (line,) = path.read_text("ascii").splitlines()
    assert "for x" not in line
    entry = json.loads(line)
    assert (entry["event"], entry["source"], entry["offer"]) == ("shown", "fill", None)
    assert (entry["files"], entry["language"]) == ([str(code)], "python")
    assert (entry["engine"], entry["digest"]) == ("ollama", DIGEST)
    assert entry["fill"] == {
        "sha256": sha256(b"x for x in xs").hexdigest(),
        "characters": 13,
        "lines": 1,
    }
    # Without a fill there is nothing to record, and a record that can't be kept is no matter.
    ollama.fill = ""
    await run("complete", "main.py:2:13", INFILL_LS_AUDIT=str(path))
    assert len(path.read_text("ascii").splitlines()) == 1
    ollama.fill = "x for x in xs]\n"
    ran = await run("complete", "main.py:2:13", INFILL_LS_AUDIT=str(tmp_path / "no" / "record"))
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert ran.err.count("audit") == 1


async def test_the_project_that_it_runs_in_counts(
    run: Run, ollama: FakeOllama, code: Path, tmp_path: Path
) -> None:
    (tmp_path / ".infill-ls.toml").write_text(
        'url = "http://evil.example"\n[languages.python]\nmaxTokens = 9\n'
    )
    ran = await run("complete", "main.py:2:13")
    assert (ran.status, ran.out) == (0, "x for x in xs")
    assert 'A project can\'t set "url", which is ignored.' in ran.err
    assert ollama.generations[-1].body["options"]["num_predict"] == 9
    (tmp_path / ".infill-ls.toml").write_text('exclude = ["main.py"]\n')
    ran = await run("complete", "main.py:2:13")
    assert (ran.status, ran.out) == (1, "")
    assert f'has the pattern "main.py" in "{tmp_path / ".infill-ls.toml"}"' in ran.err


async def test_a_project_elsewhere_does_not(
    run: Run, ollama: FakeOllama, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / ".infill-ls.toml").write_text('exclude = ["main.py"]\n')
    (elsewhere / "main.py").write_text("a = [\n")
    assert (await run("complete", f"{elsewhere / 'main.py'}:1")).status == 0


@pytest.mark.parametrize("place", ["main.py:1", "main.py:1:12", "main.py:3:1", "main.py:1:16"])
async def test_nothing_is_asked_where_a_secret_stands(
    run: Run, ollama: FakeOllama, tmp_path: Path, place: str
) -> None:
    token = "ghp_" + "q7Rf2kP9xLm4Zt8WvB3nHc6YdJ5sGa1EuKoT"
    (tmp_path / "main.py").write_text(f"a = '{token}'\nb = [\n{token}\n")
    ran = await run("complete", "--no-suffix", place)
    assert (ran.status, ran.out) == (1, "")
    assert "There is a key or a token in the cursor's line" in ran.err
    assert ollama.generations == []
    assert (await run("complete", "main.py:2")).status == 0
    assert token[4:] not in str(ollama.generations)


async def test_a_terminal_says_what_is_waited_for(
    start_on_terminal: StartOnTerminal, ollama: FakeOllama, code: Path
) -> None:
    ollama.loaded = False
    ollama.load_gate.clear()
    ollama.gate.clear()
    shell = await start_on_terminal("complete", "main.py:2:13")
    await shell.until("Loading the model …")
    ollama.load_gate.set()
    await shell.until("The model is writing …")
    ollama.gate.set()
    assert await shell.ended() == 0
    await shell.until("\x1b[2Kx for x in xs\r\n")


async def test_what_takes_no_longer_than_a_second_is_not_mentioned(
    start_on_terminal: StartOnTerminal, code: Path
) -> None:
    shell = await start_on_terminal("complete", "main.py:2:13")
    assert await shell.ended() == 0
    await shell.until("x for x in xs\r\n")


async def test_an_interrupt_leaves_the_terminal_as_it_was(
    start_on_terminal: StartOnTerminal, ollama: FakeOllama, code: Path
) -> None:
    ollama.gate.clear()
    shell = await start_on_terminal("complete", "main.py:2:13")
    await shell.until("The model is writing …")
    shell.process.send_signal(signal.SIGINT)
    assert await shell.ended() == 130
    # The cursor, which was hidden.
    await shell.until("\x1b[?25h")
    assert "Traceback" not in shell.text


@pytest.mark.parametrize("verbose", [(), ("-v",)])
@pytest.mark.parametrize(
    ("own", "project", "variable", "said"),
    [
        ("enabled = false", "", "", '"enabled" is false in {own}'),
        ("", "", "false", '"enabled" is false in INFILL_LS_ENABLED'),
        (
            "[languages.python]\nenabled = false",
            "",
            "",
            '"languages.python.enabled" is false in {own}',
        ),
        ("", "enabled = false", "", "a project's .infill-ls.toml says so"),
        (
            "[languages.python]\nmaxTokens = 9",
            "[languages.python]\nenabled = false",
            "",
            "a project's .infill-ls.toml says so",
        ),
        ("[languages.go]\nenabled = false", "", "", ""),
    ],
)
async def test_it_is_said_that_editors_show_nothing_here(
    run: Run,
    code: Path,
    tmp_path: Path,
    own: str,
    project: str,
    variable: str,
    said: str,
    verbose: tuple[str, ...],
) -> None:
    file = tmp_path / "config" / "infill-ls" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(own)
    (tmp_path / ".infill-ls.toml").write_text(project)
    given = {"INFILL_LS_ENABLED": variable} if variable else {}
    ran = await run(
        "complete", *verbose, "main.py:2:13", XDG_CONFIG_HOME=str(tmp_path / "config"), **given
    )
    # It was asked for by hand.
    assert (ran.status, ran.out) == (0, "x for x in xs")
    line = f"(Completion is off here: {said.format(own=file)}. Editors show nothing.)\n"
    assert ("Completion is off here" in ran.err) == bool(said)
    assert not said or ran.err.startswith(line)
