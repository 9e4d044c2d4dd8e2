"""The evaluation: tasks, store, sandbox, scores."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from eval import __main__ as command
from eval import real_files
from eval.closed import behind_opener, behind_openers
from eval.cuts import best, cuts, needed
from eval.ends import COUNTS, Told, tables, tasks
from eval.generate import Job, Stored, answered, ask, generate, jobs
from eval.lines import Line, fill, judged
from eval.lines import tables as by_line
from eval.logprobs import Tap, tokens
from eval.report import Row, ceiling, rows
from eval.sandbox import Limits, Sandbox
from eval.score import Share, repeats, score
from eval.store import Generation, Generations, Lines
from eval.tasks import Task, humaneval, sample, split_of
from infill_ls.engines.engine import Chunk
from infill_ls.engines.rates import Usage
from infill_ls.errors import CannotInsert, NotRunning, SettingsError, Stalled
from infill_ls.prompt.beginning import Beginning
from infill_ls.prompt.build import SEED, Request
from infill_ls.prompt.families import Model
from infill_ls.settings import Settings
from ready_engine import ReadyEngine

GREEDY = Settings(headers={}, temperature=0.0, context_tokens=1024)
DOUBLE = Task(
    id="Made/HumanEval/900/L1",
    kind="single-line",
    language="python",
    prefix="def double(n):\n",
    suffix="\n    return result\n",
    truth="    result = 2 * n",
    check="assert double(4) == 8\n",
)
TAIL = Task(
    id="Made/HumanEval/901/L1",
    kind="single-line",
    language="python",
    prefix='def last(words):\n    """The last word."""\n',
    suffix="\n",
    truth="    return words[-1]",
    check='assert last(["a", "b"]) == "b"\n',
)


class FakeEngine(ReadyEngine):
    """Writes what it is given, token by token, and breaks down after so many calls."""

    name = "fake"

    def __init__(self, *pieces: str, calls: int = 1000, reason: str = "stop") -> None:
        self._pieces = pieces
        self._reason = reason
        self._left = calls
        self.requests: list[Request] = []

    async def describe(self) -> Model:
        return Model("qwen2.5-coder:0.5b", can_begin=True)

    async def generate(self, request: Request) -> AsyncGenerator[Chunk]:
        if self._left == 0:
            raise Stalled("The fake engine is broken.")
        self._left -= 1
        self.requests.append(request)
        for piece in self._pieces:
            yield Chunk(piece)
        yield Chunk("", Usage(40, 10, len(self._pieces)), self._reason)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Generations]:
    store = Generations(tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as sandbox:
        yield sandbox


async def job(task: Task, variant: str = "ours") -> Job:
    return (await jobs(FakeEngine(), [task], [variant], GREEDY, {}))[0]


def written(*pieces: str, reason: str = "stop") -> Generation:
    return Generation(pieces, tuple(range(len(pieces))), reason)


def data(folder: Path, problems: int = 30) -> Path:
    """A folder with HumanEval-Infilling's files, made up: three holes of each problem."""
    for kind in ("single-line", "multi-line", "random-span"):
        lines = [
            json.dumps(
                {
                    "task_id": f"{kind}/HumanEval/{problem}/{number}",
                    "entry_point": "double",
                    "prompt": f"def double(n):  # {problem} {number}\n",
                    "suffix": "    return result\n",
                    "canonical_solution": "    result = 2 * n\n",
                    "test": "def check(candidate):\n    assert candidate(4) == 8\n",
                }
            )
            for problem in range(problems)
            for number in range(3)
        ]
        (folder / f"{kind}.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


# Tasks


def test_no_problem_is_in_both_splits(tmp_path: Path) -> None:
    tasks = [
        task for kind in ("single-line", "random-span") for task in humaneval(data(tmp_path), kind)
    ]
    tune, check = sample(tasks, None, "tune"), sample(tasks, None, "check")
    assert sorted(one.id for one in tune + check) == sorted(one.id for one in tasks)

    def problems(split: list[Task]) -> set[str]:
        return {one.id.split("/")[2] for one in split}

    assert problems(tune) & problems(check) == set()
    assert len(problems(tune)) > len(problems(check)) > 0


def test_the_first_tasks_of_a_sample_stay_the_first(tmp_path: Path) -> None:
    tasks = humaneval(data(tmp_path), "single-line")
    assert sample(tasks, 20)[:5] == sample(list(reversed(tasks)), 5)
    assert [one.id for one in sample(tasks, 90)] != [one.id for one in tasks]


def test_where_whole_lines_were_cut_out_an_empty_line_stands(tmp_path: Path) -> None:
    task = humaneval(data(tmp_path), "single-line")[0]
    assert task.hole.rest_of_line == ""
    assert task.truth == "    result = 2 * n"
    as_given = humaneval(tmp_path, "single-line", verbatim=True)[0]
    assert as_given.suffix == task.suffix.removeprefix("\n")
    # The product opens a line there by itself.
    assert as_given.hole == replace(task.hole, opens_line=True)
    assert as_given.filled("    result = 2 * n") == task.filled(task.truth)
    assert as_given.filled(as_given.truth) == task.filled(task.truth)


def test_a_folder_without_the_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"There is no single-line\.jsonl\.gz in"):
        humaneval(tmp_path, "single-line")
    (tmp_path / "single-line.jsonl").write_text('{"task_id": "1"}\n')
    with pytest.raises(SettingsError, match="has no field entry_point"):
        humaneval(tmp_path, "single-line")


# Behind an opener


def behind(line: str, below: str = "\n") -> tuple[Task, Task] | None:
    """The two tasks of a line."""
    whole = replace(DOUBLE, prefix="def f(a, b):\n", truth=line, suffix=below)
    opened, closed = behind_opener(whole, "opened"), behind_opener(whole, "closed")
    assert (opened is None) is (closed is None)
    return None if opened is None or closed is None else (opened, closed)


@pytest.mark.parametrize(
    ("line", "left", "closers"),
    [
        ("    return max(a, b)", "    return max(", ")"),
        ("    if a[0] == b:", "    if a[", "]"),
        ('    return "a" + b', '    return "', '"'),
        ("    a = {'one': 1}  # (a)", "    a = {", "}"),
        ("    return f'{a}'", "    return f'{", "}'"),
        ("    return (a, [b])", "    return (a, [", "])"),
    ],
)
def test_the_cursor_stands_behind_an_opener_of_a_line(line: str, left: str, closers: str) -> None:
    found = set()
    # Which of a line's is told by the task's id.
    for number in range(20):
        whole = replace(DOUBLE, id=str(number), prefix="def f(a, b):\n", truth=line, suffix="\n")
        opened, closed = behind_opener(whole, "opened"), behind_opener(whole, "closed")
        assert opened is not None
        assert closed is not None
        assert opened == replace(closed, kind="opened", closers="")
        assert closed.whole == closed.filled(closed.truth) == opened.filled(opened.truth)
        assert closed.whole == whole.whole
        found.add((closed.hole.line_before, closed.closers))
    assert (left, closers) in found


@pytest.mark.parametrize(
    ("line", "below"),
    [
        ("    return a", "\n"),
        ("    return max(a,", "\n        b)\n"),
        ("    return a()", "\n"),
        ("    # What (a) is", "\n"),
        ('    """What a is."""', "\n"),
    ],
)
def test_a_line_without_such_a_place_is_no_task(line: str, below: str) -> None:
    assert behind(line, below) is None


def test_a_fill_takes_the_place_of_the_closers_that_it_has() -> None:
    found = behind("    return max(a, b) + 1")
    assert found is not None
    opened, closed = found
    assert closed.right == ")\n"
    assert closed.filled("a, b) + 1") == opened.filled("a, b) + 1") == closed.whole
    assert closed.filled("a, b") == "def f(a, b):\n    return max(a, b)\n"
    assert closed.filled("") == "def f(a, b):\n    return max()\n"
    # What was never closed by an editor is not taken away.
    span = Task("x", "random-span", "python", "f(", ")\n", "a), g(b")
    assert span.whole == "f(a), g(b)\n"


def test_a_fill_before_the_closer_is_exact_where_nothing_else_is_missing() -> None:
    found = behind("    return max(a, b)")
    assert found is not None
    opened, closed = found
    assert score(closed, "a, b").exact
    assert score(closed, "a, b)").exact
    assert not score(closed, "a").exact
    assert not score(opened, "a, b").exact
    # With the closers there was no error.
    assert score(closed, "a, b))").breaks
    assert not score(closed, "a, b").broken
    assert score(opened, "a, b").broken
    assert not score(opened, "a, b").breaks


def test_both_kinds_have_the_same_places(tmp_path: Path) -> None:
    row = {
        "task_id": "SingleLineInfilling/HumanEval/1/L2",
        "entry_point": "f",
        "prompt": "def f(a, b):\n",
        "suffix": "    return c\n",
        "canonical_solution": "    c = max(a, min(a, b))\n",
        "test": "def check(candidate):\n    assert candidate(1, 2) == 1\n",
    }
    (tmp_path / "single-line.jsonl").write_text(json.dumps(row))
    (opened,), (closed,) = (behind_openers(tmp_path, kind) for kind in ("opened", "closed"))
    assert (opened.kind, closed.kind) == ("opened", "closed")
    assert (opened.prefix, opened.truth) == (closed.prefix, closed.truth)
    assert closed.closers
    assert not opened.closers


# Holes in real files


def test_holes_in_real_files_are_the_same_each_time_and_fit() -> None:
    folder = Path(real_files.__file__).parent
    found = real_files.holes([folder], 4)
    assert found == real_files.holes([folder], 4)
    assert found != real_files.holes([folder], 4, seed=2)
    assert {task.kind for task in found} == set(real_files.KINDS)
    for task in found:
        name, line, column = task.id.split(":")
        assert task.filled(task.truth) == (folder / name).read_text("utf-8")
        assert task.truth.strip()
        assert task.prefix.count("\n") == int(line) - 1
        assert len(task.hole.line_before) == int(column) - 1


@pytest.mark.parametrize("kind", real_files.KINDS)
def test_a_hole_is_of_its_kind(kind: str) -> None:
    for task in real_files.holes([Path(real_files.__file__).parent], 4):
        if task.kind == "end of line":
            assert not task.hole.rest_of_line
            assert "\n" not in task.truth
        elif task.kind == "mid line":
            assert any(character.isalnum() for character in task.hole.rest_of_line)
        elif task.kind == "argument list":
            assert task.prefix.endswith("(")
            assert task.suffix.startswith(")")
        else:
            assert task.hole.at_line_start
            assert task.hole.lines_above[-1].endswith(":")
            assert not task.hole.rest_of_line


@pytest.mark.parametrize("kind", list(COUNTS))
def test_what_a_hole_of_the_prompts_ends_stands_behind(kind: str) -> None:
    found = real_files.holes([Path(real_files.__file__).parent], 4, kinds=[kind])
    assert {task.kind for task in found} == {kind}
    ends = {"after a blank": r"\S $", "behind a mark": r"[^\w\s]$"}.get(kind, r"\w$")
    for task in found:
        assert re.search(ends, task.hole.line_before)
        assert not task.hole.rest_of_line
        begins = {"in a word": r"\w", "behind a word": r"\W", "behind a mark": r"\w"}
        assert re.match(begins.get(kind, r"\S"), task.truth)


def test_kinds_and_languages_take_turns() -> None:
    found = tasks([Path(real_files.__file__).parent], ["in a word", "behind a word"])
    assert [task.kind for task in found[:4]] == ["in a word", "behind a word"] * 2
    assert len({task.id for task in found}) == len(found)


def test_the_table_of_the_prompts_ends() -> None:
    task = Task("x", "after a blank", "python", "value = ", "\n", "result")
    found = {
        ("after a blank", "as it stands"): [(task, (written("0"), 1)), (task, (written(), 1))],
        ("after a blank", "ours"): [(task, (written("result"), 2))] * 2,
    }
    lines = tables(found).splitlines()
    assert lines[0] == "## after a blank"
    assert [cell.strip() for cell in lines[4].split("|")[1:-1]] == [
        *("as it stands", "2", "0 % (0–66)", "0.00", "2", "0"),
    ]
    assert [cell.strip() for cell in lines[5].split("|")[1:-1]] == [
        *("ours", "2", "100 % (34–100)", "1.00", "0", "2"),
    ]


def test_braces_make_blocks_elsewhere() -> None:
    text = "func main() {\n\tfmt.Println(a)\n\tb()\n}\n"
    task = real_files.hole(text, "a.go", "go", "block body", 1)
    assert task is not None
    assert task.prefix == "func main() {\n\t"
    assert task.truth == "fmt.Println(a)\n\tb()"


def test_files_of_a_split_are_in_no_other() -> None:
    folder = Path(real_files.__file__).parent
    tune = {task.id.split(":")[0] for task in real_files.holes([folder], None, "tune")}
    check = {task.id.split(":")[0] for task in real_files.holes([folder], None, "check")}
    assert tune
    assert check
    assert not tune & check
    assert {split_of(name) for name in tune} == {"tune"}


def test_a_folder_without_source_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no source files"):
        real_files.holes([tmp_path])


# Requests


async def test_the_products_own_request_is_the_first_variant() -> None:
    ours = (await job(DOUBLE)).request
    assert ours.prompt == (
        "<|fim_prefix|><|fim_suffix|>\n    return result\n<|fim_middle|>def double(n):\n"
    )


@pytest.mark.parametrize(
    ("variant", "prompt"),
    [
        (
            "documented",
            "<|fim_prefix|>def double(n):\n<|fim_suffix|>\n    return result\n<|fim_middle|>",
        ),
        (
            "suffix-first",
            "<|fim_suffix|>\n    return result\n<|fim_prefix|>def double(n):\n<|fim_middle|>",
        ),
        ("no suffix", "def double(n):\n"),
        (
            "with file header",
            "<|repo_name|>project\n<|file_sep|>solution.py\n"
            "<|fim_prefix|><|fim_suffix|>\n    return result\n<|fim_middle|>def double(n):\n",
        ),
    ],
)
async def test_a_variant_differs_in_one_thing(variant: str, prompt: str) -> None:
    request = (await job(DOUBLE, variant)).request
    ours = (await job(DOUBLE)).request
    assert request.prompt == prompt
    assert (request.stop, request.control, request.max_tokens, request.temperature) == (
        *(ours.stop, ours.control, ours.max_tokens, ours.temperature),
    )


async def test_without_healing_nothing_is_given_back() -> None:
    half = Task("x", "mid line", "python", "value = resu", "\n", "lt")
    assert (await job(half)).request.begin == Beginning(" resu", "=")
    assert (await job(half, "ours without healing")).request.begin is None


async def test_three_lines_of_suffix() -> None:
    task = Task("x", "x", "python", "a = ", "\n\nb = 1\nc = 2\nd = 3\ne = 4\n", "0")
    prompt = (await job(task, "suffix 3 lines")).request.prompt
    assert "<|fim_suffix|>\n\nb = 1\nc = 2\nd = 3\n<|fim_middle|>" in prompt


async def test_a_variant_that_the_model_has_not_is_refused() -> None:
    with pytest.raises(CannotInsert, match="does not support insert"):
        await job(DOUBLE, "suffix mode")


# Store


async def test_a_broken_off_run_goes_on_where_it_was(tmp_path: Path) -> None:
    store = Generations(tmp_path)
    wanted = [await job(DOUBLE), await job(TAIL)]
    with pytest.raises(Stalled):
        await generate(FakeEngine("x", calls=1), wanted, store, progress=False)
    store.close()
    # As if the process had been killed while it wrote.
    with (tmp_path / "generations.jsonl").open("a") as file:
        file.write('{"key": "half a li')
    again, engine = Generations(tmp_path), FakeEngine("y")
    assert await generate(engine, wanted, again, progress=False) == 0
    assert [request.prompt for request in engine.requests] == [wanted[1].request.prompt]
    again.close()
    third = Generations(tmp_path)
    model = await engine.describe()
    found = [third.get(model, one.request, SEED) for one in wanted]
    third.close()
    assert [one and one.raw for one in found] == ["x", "y"]


async def test_what_stands_before_the_cursor_is_taken_off_what_was_written(
    store: Generations,
) -> None:
    half = Task("x", "mid line", "python", "value = resu", "\n", "lt")
    for pieces, can_begin, raw, calls in (
        ((" re", "sult", "s"), False, "lts", 1),
        ((" re", "sult"), True, "lt", 1),
        ((" va", "lue"), False, " value", 2),
    ):
        told = Told(FakeEngine(*pieces), can_begin=can_begin)
        model = replace(await told.describe(), name=f"fake {pieces}")
        request = (await jobs(told, [half], ["ours"], GREEDY, {}))[0].request
        while isinstance(found := answered(request, partial(store.get, model, seed=SEED)), Request):
            store.add(model, found, SEED, await ask(told, found))
        generation, call = found
        assert (generation.raw, call) == (raw, calls)
        assert len(generation.pieces) == len(generation.times) == len(pieces)


async def test_only_an_engine_that_takes_a_grammar_is_told_how_to_begin() -> None:
    half = Task("x", "mid line", "python", "value = resu", "\n", "lt")
    for can_begin in (False, True):
        engine = FakeEngine(" resu", "lt")
        told = Told(engine, can_begin=can_begin)
        await ask(told, (await jobs(told, [half], ["ours"], GREEDY, {}))[0].request)
        assert (engine.requests[0].begin is not None) is can_begin


async def test_what_was_written_comes_back_as_it_was(store: Generations, tmp_path: Path) -> None:
    engine = FakeEngine("é\n", " ", "\u2028x", reason="length")
    one = await job(DOUBLE)
    await generate(engine, [one], store, progress=False)
    again = Generations(tmp_path)
    kept = again.get(await engine.describe(), one.request, SEED)
    again.close()
    assert kept is not None
    assert kept.pieces == ("é\n", " ", "\u2028x")
    assert kept.cut_short
    assert (kept.prompt_tokens, kept.cached_tokens, kept.fill_tokens) == (40, 10, 3)
    assert kept.ends == [2, 3, 5]


async def test_another_request_is_another_generation(store: Generations) -> None:
    engine = FakeEngine("x")
    ours = await jobs(engine, [DOUBLE], ["ours"], GREEDY, {})
    warm = await jobs(engine, [DOUBLE], ["ours"], replace(GREEDY, temperature=0.2), {})
    await generate(engine, [*ours, *warm], store, progress=False)
    assert len(engine.requests) == 2
    await generate(engine, [*ours, *warm], store, progress=False)
    assert len(engine.requests) == 2


async def test_time_may_be_limited(store: Generations) -> None:
    wanted = [await job(DOUBLE), await job(TAIL)]
    assert await generate(FakeEngine("x"), wanted, store, seconds=-1, progress=False) == 2


async def test_a_store_serves_without_an_engine(store: Generations) -> None:
    with pytest.raises(NotRunning, match="has nothing of the model"):
        Stored(store, "auto")
    one = await job(DOUBLE)
    await generate(FakeEngine("x"), [one], store, progress=False)
    assert await generate(Stored(store, "auto"), [one], store, progress=False) == 0
    with pytest.raises(NotRunning, match="without --stored"):
        await generate(Stored(store, "auto"), [await job(TAIL)], store, progress=False)


def test_the_tokens_of_a_line_of_a_stream() -> None:
    ours = b'data: {"choices": [{"logprobs": {"content": [{"token": "a", "logprob": -0.12345}]}}]}'
    assert tokens(ours, 0.0) == [("a", -0.123)]
    sampled = (
        b'data: {"choices": [{"logprobs": {"content": [{"token": "a", "prob": 0.96969697,'
        b' "top_probs": [{"prob": 0.96969697}, {"prob": 0.03030303}]}]}}]}'
    )
    # 32 to 1, of which the fifth root is 2 to 1.
    assert tokens(sampled, 0.2) == [("a", -0.405)]
    theirs = (
        b'data: {"choices": [{"logprobs": {"tokens": ["a", "b"], "token_logprobs": [null, -1]}}]}'
    )
    assert tokens(theirs, 0.2) == [("b", -1)]
    for line in (b"data: [DONE]", b'data: {"choices": []}', b": ping", b'data: {"choices": [{}]}'):
        assert tokens(line, 0.2) == []


def test_an_engine_that_knows_no_logprobs_is_refused() -> None:
    with pytest.raises(SettingsError, match="does not say how likely"):
        Tap(FakeEngine())


# Sandbox


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("assert 1 + 1 == 2", "pass"),
        ("assert 1 + 1 == 3", "fail"),
        ("def", "fail"),
        ("import sys; sys.exit(0)", "fail"),
        ("import os; os._exit(0)", "fail"),
        ("x = bytearray(1 << 33)", "fail"),
        ("open('/tmp/elsewhere.txt', 'w')", "fail"),
        ("import os; os.remove('/tmp')", "fail"),
        ("import subprocess; subprocess.run(['true'])", "fail"),
        ("import os; os.fork()", "fail"),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", "fail"),
        ("open('here.txt', 'w').write('x'); assert open('here.txt').read() == 'x'", "pass"),
        ("open('here.txt', 'w').write('x' * (1 << 22))", "fail"),
        ("print('x' * 100_000); import math, typing, collections", "pass"),
        ("input()", "fail"),
        ("def f(): f()\nf()", "fail"),
    ],
)
def test_a_program_ends_as_it_should(sandbox: Sandbox, program: str, verdict: str) -> None:
    assert sandbox.run(program) == verdict


@pytest.mark.parametrize("loop", ["while True: pass", "import time\ntime.sleep(1000)"])
def test_an_endless_program_is_killed(loop: str) -> None:
    with Sandbox(Limits(wall=0.2, cpu=1), workers=1) as sandbox:
        assert sandbox.run(loop) == "timeout"
        assert sandbox.run("assert True") == "pass"


def test_a_program_is_run_once(tmp_path: Path) -> None:
    outcomes = Lines(tmp_path / "outcomes.jsonl")
    with Sandbox(workers=2, outcomes=outcomes) as sandbox:
        verdicts = sandbox.run_all(["assert True", "assert False"] * 5)
    assert verdicts == ["pass", "fail"] * 5
    outcomes.close()
    assert 2 <= len((tmp_path / "outcomes.jsonl").read_text().splitlines()) <= 4
    for row in outcomes.found.values():
        row["verdict"] = "timeout"
    with Sandbox(workers=1, outcomes=outcomes) as sandbox:
        assert sandbox.run("assert True") == "timeout"


# Cuts


async def test_the_cuts_of_a_raw_output() -> None:
    generation = written("    result", " = 2 * n", "\n    return", " result\n", "\n# Test")
    one = await job(DOUBLE)
    fills = {name: cut(one, generation) for name, cut in cuts().items()}
    assert fills["raw"] == generation.raw
    assert fills["first line"] == fills["trim"] == "    result = 2 * n"
    assert needed(one, generation) == 4


async def test_the_best_cut_is_found(sandbox: Sandbox) -> None:
    one = await job(DOUBLE)
    generation = written("    n *= 1", "\n    result", " = n + n", "\n    return", " 0")
    assert best(one, generation, sandbox.run) == "    n *= 1\n    result = n + n"
    assert best(one, generation, sandbox.run, one_line=True) is None
    assert best(one, written("    result = 3"), sandbox.run) is None


async def test_the_best_cut_may_be_inside_of_a_token(sandbox: Sandbox) -> None:
    task = replace(DOUBLE, prefix="def double(n):\n    return ", suffix="m([n, n])\n", truth="su")
    assert best(await job(task), written("sum", "([n, n])"), sandbox.run) == "su"


async def test_under_the_rule_of_shapes_words_on_the_right_demand_one_line(
    sandbox: Sandbox,
) -> None:
    span = Task(
        id="x",
        kind="random-span",
        language="python",
        prefix="def double(n):\n    ",
        suffix="turn result\n",
        truth="result = 2 * n\n    re",
        check="assert double(4) == 8\n",
    )
    generated = [(await job(span), written("result", " = 2 * n", "\n    re", "turn result"))]
    top = ceiling(generated, sandbox, 1)
    assert top is not None
    assert (top.any_cut, top.one_line) == (Share(1, 1), Share(0, 1))


async def test_the_rows_of_a_table(sandbox: Sandbox) -> None:
    generated = [
        (await job(DOUBLE), written("    result = 2 * n", "\n    return result\n")),
        (await job(TAIL), written("    return words[0]", "\n\n\ndef")),
    ]
    found: dict[str, Row] = {row.cut: row for row in rows(generated, cuts(), sandbox)}
    trimmed, raw = found["trim"].figures(), found["raw"].figures()
    assert (trimmed["pass@1"]["count"], trimmed["pass@1"]["of"]) == (1, 2)
    assert trimmed["repeats"]["count"] == 0
    assert raw["repeats"]["count"] == 1
    assert (raw["syntax error"]["count"], trimmed["syntax error"]["count"]) == (1, 0)


# Scores


def test_the_score_of_a_fill() -> None:
    task = Task("x", "x", "python", "total = ", "\nprint(total)\n", "sum(values)")
    right = score(task, "sum(values)  ", True)
    assert (right.exact, right.first_line, right.kept, right.wrong) == (True, True, 1.0, 0)
    half = score(task, "sum(others)")
    assert not half.exact
    assert half.kept == pytest.approx(4 / 11)
    assert half.wrong == 7
    assert half.passed is None
    assert not half.broken
    assert score(task, "sum(values))").broken
    assert score(task, "").empty


def test_a_fill_adds_an_error_only_where_there_was_none() -> None:
    open_call = Task("x", "x", "python", "print(", "", "1)")
    assert (score(open_call, "1").broken, score(open_call, "1").breaks) == (True, False)
    statement = Task("x", "x", "python", "a = 1\n", "\nb = 2\n", "c = 3")
    assert (score(statement, "c = (").broken, score(statement, "c = (").breaks) == (True, True)
    assert score(Task("x", "x", "go", "a := ", "\n", "1"), "((").broken is None


@pytest.mark.parametrize(
    ("suffix", "fill", "expected"),
    [
        ("\n    return result\n", "    a = 1\n    return result", True),
        ("\n\n    return result\n", "    return result\n    more()", True),
        ("\n    return result\n", "    return results", False),
        ("\n}\n", "a();\n}", True),
        ("\n}\n", "if (a) {\n}\nb();", False),
        (" if value else None\nnext_line()\n", "x if value else None", True),
        (")\nnext_line()\n", "x)\nnext_line()\nmore(", True),
        (")\nnext_line()\n", "x", False),
        ("\nnext_line()\n", "", False),
    ],
)
def test_a_fill_that_repeats_what_follows(suffix: str, fill: str, expected: bool) -> None:
    assert repeats(Task("x", "x", "python", "", suffix, "nothing of it"), fill) is expected


def test_what_the_true_text_repeats_too_counts_for_nothing() -> None:
    task = Task("x", "x", "c", "if (a) {\n", "\n}\n", "  if (b) {\n  }")
    assert not repeats(task, "  if (b) {\n  }")


def test_wilsons_interval() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I: 81 of
    # 263, method 3: 0.2553 to 0.3662.
    low, high = Share(81, 263).interval
    assert low == pytest.approx(0.2553, abs=1e-4)
    assert high == pytest.approx(0.3662, abs=1e-4)
    assert Share(0, 20).interval == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert str(Share(0, 0)) == "–"


# The command


def test_the_command_prints_tables_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine("    result = 2 * n", "\n    return", " result")

    async def connect(_: Settings) -> FakeEngine:
        return engine

    monkeypatch.setattr(command, "connect", connect)
    arguments = [
        *("--data", str(data(tmp_path, 4)), "--kind", "single-line", "--count", "3"),
        *("--store", str(tmp_path / "store"), "--json", str(tmp_path / "figures.json")),
        *("--prompt", "ours", "--prompt", "documented", "--failures", "1"),
        *("--model", "qwen2.5-coder:0.5b"),
    ]
    assert command.main([*arguments, "--seconds", "-1"]) == command.UNFINISHED
    assert command.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "## single-line, prompt: documented, 3 tasks" in printed
    assert "## Prompts compared" in printed
    assert "100 % (44–100)" in printed
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert [one["prompt"] for one in figures["results"]] == ["ours", "documented"]
    assert figures["results"][0]["cuts"]["trim"]["pass@1"]["share"] == 1.0
    assert figures["results"][0]["ceiling"]["one_line"] == {"count": 3, "of": 3}
    asked = len(engine.requests)
    assert command.main([*arguments, "--stored"]) == 0
    assert len(engine.requests) == asked


def test_the_command_has_holes_behind_openers_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = FakeEngine("(", "2, n", ")\n", "    return result")
    row = {
        "task_id": "SingleLineInfilling/HumanEval/1/L2",
        "entry_point": "double",
        "prompt": "def double(n):\n",
        "suffix": "    return result\n",
        "canonical_solution": "    result = int.__mul__(2, n)\n",
        "test": "def check(candidate):\n    assert candidate(4) == 8\n",
    }
    (tmp_path / "single-line.jsonl").write_text(json.dumps(row))

    async def connect(_: Settings) -> FakeEngine:
        return engine

    monkeypatch.setattr(command, "connect", connect)
    arguments = [
        *("--data", str(tmp_path), "--kind", "opened", "--kind", "closed"),
        *("--store", str(tmp_path / "store"), "--json", str(tmp_path / "figures.json")),
        *("--model", "qwen2.5-coder:0.5b"),
    ]
    assert command.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "## opened, prompt: ours, 1 tasks" in printed
    assert "## closed, prompt: ours, 1 tasks" in printed
    figures = json.loads((tmp_path / "figures.json").read_text())["results"]
    assert [one["cuts"]["trim"]["pass@1"]["count"] for one in figures] == [1, 1]
    assert figures[1]["cuts"]["trim"]["adds syntax error"]["count"] == 0
    # The model is shown the same: what is closed may be passed.
    assert len(engine.requests) == 1


def test_a_wrong_call_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--store", str(tmp_path)]) == 1
    assert "Give --data or --files" in capsys.readouterr().err


@pytest.mark.real
@pytest.mark.usefixtures("_weights")
def test_two_tasks_on_the_real_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "humaneval", lambda *_, **__: [DOUBLE, TAIL])
    arguments = [
        *("--data", str(tmp_path), "--kind", "single-line", "--store", str(tmp_path)),
        *("--max-tokens", "24", "--json", str(tmp_path / "figures.json"), "--logprobs"),
    ]
    assert command.main(arguments) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())["results"][0]
    assert figures["cuts"]["trim"]["pass@1"]["count"] == 2
    assert figures["ceiling"]["any_cut"] == {"count": 2, "of": 2}
    assert figures["cost"]["written"] > figures["cost"]["needed"] > 0
    for line in (tmp_path / "generations.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        assert "".join(text for text, _ in row["logprobs"]).endswith(row["raw"])
        assert all(value <= 0 for _, value in row["logprobs"])


# How many lines of a fill are right.

REST = Task(
    id="made:3",
    kind="rest of a block",
    language="python",
    prefix="def f(a):\n    a()\n    ",
    suffix="\n",
    truth="if a:\n        b()\n    c()",
)


@pytest.mark.parametrize(
    ("written", "over", "expected"),
    [
        ("if a:\n        b()\n    c()", True, [(1, 1, True), (2, 1, True), (3, 2, True)]),
        ("if a:\n\n        b( )\n    c()", True, [(1, 1, True), (2, 1, False)]),
        ("if a:\n    c()\n    c()", True, [(1, 1, True), (2, 2, False)]),
        # The last line may grow.
        ("if a:\n        b", False, [(1, 1, True)]),
        # One line more than there was.
        (
            "if a:\n        b()\n    c()\n    d()",
            True,
            [(1, 1, True), (2, 1, True), (3, 2, True), (4, 3, False)],
        ),
        ("", True, []),
    ],
)
def test_lines_are_judged_up_to_the_first_wrong_one(
    written: str, over: bool, expected: list[tuple[int, int, bool]]
) -> None:
    assert judged(written, REST, over=over) == [Line(*one) for one in expected]


def test_right_lines_are_counted_by_their_number() -> None:
    wholly = judged("if a:\n        b()\n    c()", REST, over=True)
    partly = judged("if a:\n        b()\n    d()", REST, over=True)
    first, second = by_line([wholly, partly]).split("\n\n")
    assert [row.split("|")[1:4:2] for row in first.splitlines()[2:]] == [
        [" 1    ", "   2 "],
        [" 2    ", "   2 "],
        [" 3    ", "   2 "],
    ]
    assert "100 %" in second.splitlines()[2]
    assert "50 %" in second.splitlines()[3]


async def test_the_model_is_stopped_where_a_line_is_wrong() -> None:
    engine = FakeEngine("if a:\n", "        x", "()\n", "    c()\n")
    written = await fill(engine, REST, GREEDY)
    assert written.startswith("if a:\n        x()")
    assert "c()" not in written


def test_the_rest_of_a_block_is_a_hole(tmp_path: Path) -> None:
    body = "".join(f"    value{number} = compute({number})\n" for number in range(9))
    (tmp_path / "a.py").write_text("".join(f"def f{n}():\n{body}\n\n" for n in range(5)))
    (task,) = real_files.holes([tmp_path], kinds=["rest of a block"])
    assert task.prefix.endswith("\n    ")
    assert task.truth.startswith("value")
    assert task.truth.endswith("value8 = compute(8)")
    assert task.suffix.startswith("\n\n\n") or not task.suffix.strip()
