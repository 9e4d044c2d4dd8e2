"""Which of Ollama's models "auto" takes."""

from __future__ import annotations

import pytest

from infill_ls.engines.ollama_choice import (
    Installed,
    Machine,
    Running,
    best,
    in_order,
    loadable,
    rank,
)
from infill_ls.engines.rates import SLOWEST_USEFUL_READ, SLOWEST_WRITE, Rates
from infill_ls.prompt.families import Model
from infill_ls.values import OwnTemplate

GB = 10**9
SMALL = Installed("qwen2.5-coder:1.5b", 1.5, 986_000_000, "qwen2")
MIDDLE = Installed("qwen2.5-coder:3b", 3.1, 1_900_000_000, "qwen2")
LARGE = Installed("qwen2.5-coder:7b", 7.6, 4_700_000_000, "qwen2")
HUGE = Installed("qwen3-coder:30b", 30.5, 18_600_000_000, "qwen3moe")
RECURRENT = Installed("qwen3-coder-next:latest", 79.7, 52 * GB, "qwen3next")
CHAT = Installed("llama3.1:8b", 8.0, 4_900_000_000, "llama")
ALL = (SMALL, MIDDLE, LARGE, HUGE, RECURRENT)


def order(installed: tuple[Installed, ...], machine: Machine) -> list[str]:
    names = [one.model.name for one in in_order(installed, machine)]
    # The order in which Ollama has them says when they were fetched, and no more.
    assert [one.model.name for one in in_order(installed[::-1], machine)] == names
    return [name.rpartition(":")[2] for name in names]


@pytest.mark.parametrize(
    ("rates", "first"),
    [
        # Nothing measured: the largest that is comfortable as a rule.
        ({}, "7b"),
        # The large one was measured and is too slow: the next time it is a smaller one, and which
        # one follows from the speed of the large one.
        ({LARGE.name: Rates(write=5, read=200)}, "3b"),
        ({LARGE.name: Rates(write=2, read=200)}, "1.5b"),
        # That one was measured as well.
        ({LARGE.name: Rates(write=5), MIDDLE.name: Rates(write=7.9)}, "1.5b"),
        ({LARGE.name: Rates(write=5), MIDDLE.name: Rates(write=8.1)}, "3b"),
        # Reading decides too.
        ({LARGE.name: Rates(write=9, read=SLOWEST_USEFUL_READ - 1)}, "3b"),
        ({LARGE.name: Rates(write=9, read=SLOWEST_USEFUL_READ)}, "7b"),
        ({LARGE.name: Rates(write=SLOWEST_WRITE)}, "7b"),
        # What was measured and is fast may be of any size.
        ({HUGE.name: Rates(write=60, read=900)}, "30b"),
        ({HUGE.name: Rates(write=6, read=900)}, "7b"),
        # A large one of which only some parameters work at a time says nothing of small ones.
        ({HUGE.name: Rates(write=2)}, "7b"),
        # A small one tells of larger ones.
        ({SMALL.name: Rates(write=100)}, "7b"),
        ({SMALL.name: Rates(write=12)}, "1.5b"),
        # Nothing is fast enough: the smallest.
        ({one.name: Rates(write=1) for one in ALL}, "1.5b"),
        # What is slow by its kind comes last, whatever it wrote.
        ({RECURRENT.name: Rates(write=90, read=2000)}, "7b"),
        ({one.name: Rates(write=1) for one in ALL[:4]}, "1.5b"),
    ],
)
def test_the_best_model_that_is_fast_enough(rates: dict[str, Rates], first: str) -> None:
    names = order(ALL, Machine(rates))
    assert names[0] == first
    assert names[-1] == "latest"
    assert sorted(names) == sorted(one.name.rpartition(":")[2] for one in ALL)


def test_of_what_is_too_slow_the_smallest_comes_first() -> None:
    assert order(ALL, Machine({LARGE.name: Rates(write=3)})) == [
        "1.5b",
        "3b",
        "7b",
        "30b",
        "latest",
    ]


@pytest.mark.parametrize("only", ALL)
def test_the_only_model_is_the_first(only: Installed) -> None:
    for rates in ({}, {only.name: Rates(write=0.1)}):
        assert [one.model for one in in_order([only], Machine(rates, memory=1))] == [only]


@pytest.mark.parametrize(
    ("running", "memory", "first"),
    [
        # Ollama runs models on the processor: what is comfortable is smaller.
        ([Running(CHAT.name, 5 * GB, 0.0)], None, "1.5b"),
        # On a GPU, or nobody says.
        ([Running(CHAT.name, 5 * GB, 1.0)], None, "7b"),
        ([Running(CHAT.name)], None, "7b"),
        # The model itself doesn't fit into the GPU's memory.
        ([Running(LARGE.name, 5 * GB, 0.5)], None, "3b"),
        ([Running(LARGE.name, 5 * GB, 0.9)], None, "7b"),
        # It doesn't fit into this machine's memory, but it may be on a GPU.
        ([], 5 * GB, "3b"),
        ([], 2 * GB, "1.5b"),
        ([Running(LARGE.name, 5 * GB, 1.0)], 5 * GB, "7b"),
    ],
)
def test_memory_and_the_gpu_tell_where_nothing_is_measured(
    running: list[Running], memory: int | None, first: str
) -> None:
    assert order(ALL, Machine({}, running, memory))[0] == first


def test_what_was_measured_counts_more_than_memory() -> None:
    machine = Machine({LARGE.name: Rates(write=20)}, [Running(LARGE.name, GB, 0.0)], memory=1)
    assert order(ALL, machine)[0] == "7b"


def test_nothing_that_runs_elsewhere_is_taken() -> None:
    cloud = Installed("qwen3-coder:480b-cloud", elsewhere="ollama.com")
    assert in_order([cloud], Machine({})) == []


def test_what_is_known_by_its_name_comes_first() -> None:
    mine = Installed("mine", 7.9)
    assert order((CHAT, mine, SMALL), Machine({})) == ["1.5b", "8b", "mine"]
    own = (OwnTemplate("mine", "{prefix}<X>{suffix}"),)
    assert [one.model for one in in_order([CHAT, mine], Machine({}), own)] == [mine, CHAT]


@pytest.mark.parametrize(
    ("model", "how_well"),
    [
        (Model("qwen2.5-coder:1.5b"), 0),
        (Model("mine", can_insert=True), 1),
        (Model("mine"), None),
        (Model("llama3", can_insert=True, own_name="yi-coder", chats=True), None),
        (Model("qwen3-coder-next"), 2),
        (Model("mine", can_insert=True, architecture="qwen3next"), 2),
        (Model("qwen2.5-coder:1.5b", architecture="mamba", own_name="qwen2.5-coder"), 2),
        (Model("codestral-mamba"), None),
    ],
)
def test_how_well_a_model_fills(model: Model, how_well: int | None) -> None:
    assert rank(model) == how_well


def test_the_first_of_the_best_rank_is_taken() -> None:
    assert best([(2, "a"), (1, "b"), (1, "c")]) == "b"
    assert best([]) is None


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        (Machine({}), "not measured yet"),
        (Machine({LARGE.name: Rates(write=21.4)}), "writes 21 tokens/s here"),
        (
            Machine({LARGE.name: Rates(write=5.26)}),
            "too slow here: writes 5.3 tokens/s, 8 are needed",
        ),
        (
            Machine({LARGE.name: Rates(read=20)}),
            "too slow here: reads 20 tokens/s, 38 are needed",
        ),
        (
            Machine({}, [Running(LARGE.name, GB, 0.5)]),
            "not measured yet; only 50% of it fits into the GPU's memory",
        ),
        (
            Machine({}, [Running(LARGE.name, GB, 0.0)]),
            "not measured yet; over 2 billion parameters are too slow as a rule without a GPU",
        ),
        (
            Machine({}, memory=4 * GB),
            "not measured yet; needs 5.6 GB of memory, and there are 4.0",
        ),
        (
            Machine({SMALL.name: Rates(write=12.2)}),
            "not measured yet; qwen2.5-coder:1.5b writes 12 tokens/s here, so it must be too slow",
        ),
    ],
)
def test_a_model_has_a_reason(machine: Machine, said: str) -> None:
    reasons = {one.model: one.why for one in in_order(ALL, machine)}
    assert reasons[LARGE] == said
    assert "no cache helps" in reasons[RECURRENT]


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        (set(), [SMALL, MIDDLE, LARGE, HUGE]),
        ({LARGE.name}, [SMALL, MIDDLE]),
        ({HUGE.name}, [SMALL, MIDDLE, LARGE]),
        ({HUGE.name, MIDDLE.name}, [SMALL]),
        ({SMALL.name}, []),
        ({"gone:1b"}, [SMALL, MIDDLE, LARGE, HUGE]),
    ],
)
def test_what_is_smaller_than_a_model_that_can_t_be_loaded(
    refused: set[str], left: list[Installed]
) -> None:
    assert loadable([SMALL, MIDDLE, LARGE, HUGE], refused) == left


def test_of_models_of_an_unknown_size_only_the_one_is_left_out() -> None:
    unknown = [Installed("a:7b"), Installed("b:30b")]
    assert loadable(unknown, {"a:7b"}) == unknown[1:]
    assert loadable([*unknown, SMALL], {SMALL.name}) == unknown
