"""When a fill is right: fills that are judged, numbers that are fitted, the curve."""

from __future__ import annotations

import json
import math
import random
import threading
from collections.abc import Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from eval import calibrate, elsewhere, fills, logistic, scores
from eval.curve import Curve, plot
from eval.fills import Judged
from eval.tasks import Task
from infill_ls.completion import calibration
from infill_ls.completion.confidence import chance
from infill_ls.engines.embedded import weights

AXES = ("of those shown, right", "of the right ones, shown")
TEXT = "int a(int b) {\n    int c = b + 1;\n    return c;\n}\n\n"


def task(text: str, truth: str, language: str = "python") -> Task:
    """A hole at the mark, in which this stood."""
    prefix, suffix = text.split("█")
    return Task("file:1:1", "end of line", language, prefix, suffix, truth)


@pytest.mark.parametrize(
    ("text", "truth", "fill", "expected"),
    [
        ("a = █\nb = 2\n", "1", "1", (True,)),
        ("a = █\nb = 2\n", "f( 1,  2)", "f( 1, 2)", (True,)),
        ("a = █\nb = 2\n", "1", "2", (False,)),
        # It stops earlier, which is right only where a comment follows.
        ("a = █\nb = 2\n", "f(1)", "f(", (False,)),
        ("a = █\nb = 2\n", "1  # One.", "1", (True,)),
        ("a = █\nb = 2\n", "1 // 2", "1", (False,)),
        # With what stands right of it, of which it may take the place.
        ("f(█, 2)\n", "1", "1", (True,)),
        ("f(█, 2)\n", "1, 3", "1", (False,)),
        ("f(█)\n", "a[1]", "a[1])", (True,)),
        # What stands below already is there once more.
        ("a = █\nb = 2\n", "1", "1\nb = 2", (True, False)),
        ("if a:\n    █\n", "b()\n\n    c()", "b()\n    c()\n    d()", (True, True, False)),
        ("if a:\n    █\n", "b()\n    c()", "b()\n\n    c()", (True, None, True)),
        ("if a:\n    █\n", "b()\n    c()", "b()\nc()", (True, False)),
    ],
)
def test_which_lines_of_a_fill_are_right(
    text: str, truth: str, fill: str, expected: tuple[bool | None, ...]
) -> None:
    assert fills.right(task(text, truth), fill) == expected


def test_comments_are_those_of_the_language() -> None:
    assert fills.right(task("a = █\n", "1; // One.", "c"), "1;") == (True,)
    assert fills.right(task("a = █\n", "1 # 2", "c"), "1") == (False,)


# From the holes to the data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source tree with files for both splits."""
    for number in range(6):
        (tmp_path / f"source{number}.c").write_text(TEXT.replace("a(", f"a{number}(") * 25)
    return tmp_path


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Answers like llama-server; every answer is 'b + 1;' behind what it had to begin with."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append(body)
            grammar = body.get("grammar", 'root ::= ""').removeprefix("root ::= ")
            begun, _ = json.JSONDecoder().raw_decode(grammar)
            tokens = [begun, "b +", " 1", ";"] if begun else ["b +", " 1", ";"]
            if body["prompt"] == "fail":
                self.send_error(500)
                return
            answer = {
                "choices": [
                    {
                        "text": "".join(tokens),
                        "finish_reason": "stop",
                        "logprobs": {
                            "content": [
                                {"bytes": list(token.encode()), "logprob": -0.1} for token in tokens
                            ]
                        },
                    }
                ],
                "timings": {"prompt_n": 9},
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Tests say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", heard
        running.shutdown()
        thread.join()


def test_holes_are_asked_for_elsewhere_and_judged_here(
    folder: Path,
    server: tuple[str, list[dict[str, Any]]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, heard = server
    requests, answers, data = (tmp_path / name for name in ("r.jsonl", "a.jsonl", "data"))
    common = ["--files", str(folder), "--count", "9", "--data", str(data)]
    assert fills.main(["requests", str(requests), *common]) == 0
    asked = [json.loads(line) for line in requests.read_text().splitlines()]
    elsewhere.main([str(requests), str(answers), "--url", url, "--url", url, "--at-once", "1"])
    assert len(heard) == len(asked) <= 9
    assert all(body["logprobs"] == 1 and body["temperature"] == 0 for body in heard)
    assert fills.main(["take", str(answers), *common]) == 0
    assert f"{len(asked)} of {len(asked)} answers" in capsys.readouterr().out
    found = fills.load(data)
    assert found
    for one in found:
        assert one.model == weights.DEFAULT.name
        assert one.tokens[-1][0] == len(one.fill)
        assert len(one.right) == one.fill.count("\n") + 1
    # Answers to what was never asked count for nothing.
    answers.write_text(json.dumps({"key": "another"}) + "\n")
    fills.main(["take", str(answers), *common])
    assert fills.load(data) == found


def test_no_call_begins_after_its_time_and_a_failed_one_is_told(
    server: tuple[str, list[dict[str, Any]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, heard = server
    row = {"key": "k", "prompt": "fail", "stop": [], "max_tokens": 1, "temperature": 0.0}
    requests = tmp_path / "r.jsonl"
    requests.write_text(json.dumps({**row, "seed": 1, "begin": None}) + "\n")
    arguments = [str(requests), str(tmp_path / "a.jsonl"), "--url", url]
    elsewhere.main([*arguments, "--seconds", "-1"])
    assert heard == []
    elsewhere.main(arguments)
    said = capsys.readouterr()
    assert said.err.startswith("k: HTTP Error 500")
    assert "0 of 1 answers" in said.out


def test_a_token_may_end_inside_of_a_character() -> None:
    content = [{"bytes": [0xC3], "logprob": -1.0}, {"bytes": [0xA9, 0x21], "logprob": -2.0}]
    choice = {"text": "é!", "finish_reason": "length", "logprobs": {"content": content}}
    found = elsewhere.answer({"key": "k"}, {"choices": [choice]})
    assert found["tokens"] == [["", -1.0], ["é!", -2.0]]
    assert found["stop_reason"] == "length"


# The fit

MODELS = [one.name for one in weights.ALL]


def made(number: int, *, sure: bool, right: bool, split: str = "tune", **other: Any) -> Judged:
    """A fill of one line and one token."""
    return Judged(
        hole=f"{number}",
        split=split,
        language="go" if number % 2 else "c",
        cut="end of line",
        kind="line",
        model=MODELS[number % 2],
        context_tokens=256,
        temperature=0.0,
        fill="ab",
        tokens=((2, -0.01 if sure else -1.5),),
        right=(right,),
        **other,
    )


def some(split: str, count: int = 160) -> list[Judged]:
    """Sure ones are right in three of four, unsure ones in one of four."""
    return [
        made(n, sure=n // 2 % 2 == 0, right=(n // 4 % 4 == 0) != (n // 2 % 2 == 0), split=split)
        for n in range(count)
    ]


def test_the_regression_finds_what_the_data_were_made_with() -> None:
    chances, known = random.Random(1), [0.5, 2.0, -1.0]
    rows = []
    for _ in range(20_000):
        values = [1.0, chances.uniform(-2, 2), chances.uniform(-2, 2)]
        score = sum(weight * value for weight, value in zip(known, values, strict=True))
        rows.append((values, chances.random() < 1 / (1 + math.exp(-score))))
    assert logistic.fitted(rows) == pytest.approx(known, abs=0.1)


def test_equations_are_solved() -> None:
    assert logistic.solved([[0, 2], [3, 1]], [4, 5]) == pytest.approx([1, 2])


def test_the_area_is_how_often_right_ones_are_told_likelier() -> None:
    assert scores.area([(0.9, True), (0.1, False)]) == 1.0
    assert scores.area([(0.1, True), (0.9, False)]) == 0.0
    assert scores.area([(0.2, False), (0.4, True), (0.6, False), (0.8, True)]) == 0.75


def test_the_fit_says_what_was_seen() -> None:
    found = calibrate.fit(some("tune"))
    score = found.places["line"] - found.slope * math.sqrt(math.sqrt(0.01))
    assert 1 / (1 + math.exp(-score)) == pytest.approx(0.75, abs=0.02)
    assert found.apart == pytest.approx(0, abs=0.1)


def test_second_lines_count_on_empty_lines_alone_and_only_behind_right_ones() -> None:
    two = replace(
        made(0, sure=True, right=True),
        fill="a\nb\n\nc",
        tokens=((2, -0.1), (4, -0.1), (6, -0.1)),
        right=(True, False, None, True),
    )
    assert len(calibrate._rows(two)) == 1
    later = calibrate._rows(replace(two, kind="empty"))
    assert [right for _, right in later] == [True, False]
    assert len(calibrate._rows(replace(two, kind="empty", right=(False, True, None, True)))) == 1


def test_a_threshold_is_judged_by_what_it_leaves() -> None:
    check = some("check")
    sure = chance("ab", [(2, -0.01)], model="", kind="line")
    unsure = chance("ab", [(2, -1.5)], model="", kind="line")
    assert sure is not None
    assert unsure is not None
    all_of_them = calibrate.point(check, 0.0)
    assert (all_of_them.shown, all_of_them.lost) == (1.0, 0.0)
    assert all_of_them.first == all_of_them.whole == pytest.approx(0.5)
    surer = calibrate.point(check, (sure + unsure) / 2)
    assert (surer.shown, surer.first) == pytest.approx((0.5, 0.75))
    assert surer.lost == pytest.approx(0.25)
    nothing = calibrate.point(check, 1.0)
    assert (nothing.shown, nothing.lost) == (0.0, 1.0)
    assert math.isnan(nothing.first)


def test_the_command_prints_tables_and_draws_the_curve(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [*some("tune"), *some("check")]
    found.append(replace(found[-1], temperature=0.2))
    (tmp_path / "fills.jsonl").write_text("".join(json.dumps(asdict(f)) + "\n" for f in found))
    drawn = tmp_path / "curve.svg"
    assert calibrate.main(["--data", str(tmp_path), "--plot", str(drawn), "--scores"]) == 0
    printed = capsys.readouterr().out
    assert "# Fitted on 160 fills (tune)" in printed
    assert "| 0.05 (normal)" in printed
    assert "temperature 0.2" in printed
    assert [f"| {one} " in printed for one in scores.SCORES] == [True] * len(scores.SCORES)
    assert [f"| {one}" in printed for one in MODELS] == [True, True]
    assert "0.5B: 50 % of all" in drawn.read_text()


def test_the_plot_has_a_line_and_its_marks_for_each_model() -> None:
    line = [(1.0, 0.5), (0.9, 0.7), (0.4, 0.9)]
    drawn = plot([Curve("A & B", line, {"normal": (0.9, 0.7)}), Curve("C", line, {})])
    assert drawn.count('stroke-width="2"') == 2
    assert "A &amp; B: 50 % of all" in drawn
    assert [f">{axis}</text>" in drawn for axis in AXES] == [True, True]
    assert drawn.count("<circle") == drawn.count(">normal</text>") == 1


def test_the_product_has_numbers_for_the_models_that_it_was_fitted_to() -> None:
    assert [
        all(part in name for part in parts)
        for (parts, _), name in zip(calibration.MODELS, MODELS, strict=True)
    ] == [True, True]
    assert tuple(MODELS) == calibrate._MODELS
