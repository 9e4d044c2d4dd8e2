"""infill-ls stats, as a shell runs it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import counters_sample
from cli.conftest import OnTerminal, Run
from infill_ls.counters import COUNTED, Counters, Subject
from infill_ls.counters_file import CountersFile, days_ago
from infill_ls.experience import Experience
from infill_ls.experience_file import ExperienceFile


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's state is; the statistics are in ``infill-ls/statistics``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def sample(state: Path) -> Path:
    counters_sample.write(state)
    return state / "infill-ls" / "statistics"


async def test_tables(run: Run, sample: Path) -> None:
    ran = await run("stats")
    assert (ran.status, ran.err) == (0, "")
    assert "Fills on 46 days from 2026-10-12 to 2026-11-27" in ran.out
    assert re.search(r"^accepted +1,304 +32 %", ran.out, re.M)
    assert re.search(r"^python +1,960 +714 +36 % +635 +27,687 +200 ms", ran.out, re.M)
    assert re.search(r"^qwen2\.5-coder:3b +1,863 ", ran.out, re.M)
    assert "Half of the fills were there within 300 ms, 90 % within 750 ms." in ran.out
    assert f"Kept in {sample}, and nowhere else. stats = false turns it off." in ran.out


async def test_a_terminal_of_80_columns_has_room_for_all(
    on_terminal: OnTerminal, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    shown = await on_terminal("stats")
    assert "qwen2.5-coder:1.5b" in shown
    assert "half within" in shown
    assert max(map(len, shown.splitlines())) <= 80


async def test_before_anything_was_counted_it_says_what_to_do(run: Run, state: Path) -> None:
    ran = await run("stats")
    assert (ran.status, ran.err) == (0, "")
    assert "Nothing has been counted yet." in ran.out
    assert "infill-ls doctor" in ran.out
    assert not state.exists()


async def test_off_is_said_and_what_was_counted_before_is_shown(run: Run, sample: Path) -> None:
    ran = await run("stats", INFILL_LS_STATS="false")
    assert ran.status == 0
    assert "Nothing is counted: the setting stats is false." in ran.out
    assert re.search(r"^accepted +1,304", ran.out, re.M)


async def test_off_from_the_beginning(run: Run, state: Path) -> None:
    ran = await run("stats", INFILL_LS_STATS="false")
    assert "the setting stats is false" in ran.out
    assert "infill-ls settings set stats true" in ran.out
    assert "yet" not in ran.out


def leaves(value: Any) -> Iterator[Any]:
    """All that is in JSON but tables."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    else:
        yield value


async def test_json_is_numbers_alone(run: Run, sample: Path) -> None:
    ran = await run("stats", "--json")
    counted = json.loads(ran.out)
    assert all(type(one) is int for one in leaves(counted))
    assert {*COUNTED} < set(counted)
    assert (counted["shown"], counted["accepted"], counted["rejected"]) == (4125, 1304, 1875)
    assert counted["latency_ms"] == {"p50": 300, "p90": 750, "p99": 1500}
    assert list(counted["by_language"]) == ["python", "typescript", "rust", "markdown"]
    assert list(counted["by_model"]) == ["qwen2.5-coder:1.5b", "qwen2.5-coder:3b"]
    for name in ("by_language", "by_model", "by_day"):
        for count in (*COUNTED,):
            assert sum(one[count] for one in counted[name].values()) == counted[count]
    assert list(counted["by_day"]) == sorted(counted["by_day"])


async def test_json_of_nothing(run: Run, state: Path) -> None:
    counted = json.loads((await run("stats", "--json")).out)
    assert set(leaves(counted)) == {0}
    assert {"shown", "accepted", "rejected", "typed_through", "characters_saved"} <= set(counted)


async def test_the_last_days(run: Run, state: Path) -> None:
    subject = Subject.of("python", "ollama", "m")
    file = CountersFile(state / "infill-ls" / "statistics")
    for ago in (0, 2, 3):
        file.add(days_ago(ago), {subject: Counters(shown=10**ago)})
    for days, shown in ((3, 101), (4, 1101)):
        ran = await run("stats", "--json", "--days", str(days))
        assert json.loads(ran.out)["shown"] == shown


async def test_a_page(run: Run, sample: Path, tmp_path: Path) -> None:
    ran = await run("stats", "--html", "page.html")
    assert (ran.status, ran.out.strip()) == (0, "✓ The page is page.html.")
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    ran = await run("stats", "--html", "-")
    assert ran.out == (tmp_path / "page.html").read_text("utf-8")
    # Both at once.
    ran = await run("stats", "--html", "page.html", "--yes", "--json")
    assert json.loads(ran.out)["shown"] == 4125


async def test_they_are_removed(run: Run, sample: Path) -> None:
    experience = Experience()
    experience.note("line", "python", 0.5, right=True)
    ExperienceFile(sample).add(experience)
    ran = await run("stats", "--reset")
    assert (ran.status, ran.out.strip()) == (0, "✓ The counters of 46 days are removed.")
    assert [path.name for path in sample.iterdir()] == ["lock"]
    again = await run("stats", "--reset")
    assert (again.status, again.out) == (0, "✓ Nothing was counted, so nothing is removed.\n")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--days", "0"], 2, "--days 0 is no number of days. Say --days 30."),
        (["--days", "many"], 2, "invalid int value"),
        (["--html", "no/page.html"], 1, "can't be written"),
        (["--html", "."], 1, "can't be written"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence(
    run: Run, state: Path, arguments: list[str], status: int, said: str
) -> None:
    ran = await run("stats", *arguments)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


async def test_a_file_that_is_none_of_ours_is_left_out(run: Run, sample: Path) -> None:
    (sample / "2026-11-27.json").write_text("{")
    assert "Fills on 45 days" in (await run("stats")).out
