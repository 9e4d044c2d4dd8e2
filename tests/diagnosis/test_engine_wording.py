"""What is said of the engine, its model, and the timed fill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnosis.given import given, outcome
from infill_ls.diagnosis.check import Check
from infill_ls.diagnosis.engine_wording import embedded, engine, fill, memory, model
from infill_ls.diagnosis.facts import Choice, Chosen, InMemory, Installed, Proxies, Timed
from infill_ls.engines.rates import Usage
from infill_ls.errors import CannotInsert, NotRunning, Stalled, WeightsError
from infill_ls.prompt.families import Model
from infill_ls.shells import Shell

ABSENT = NotRunning("Nothing answers at http://127.0.0.1:11434.", "Start it.")
BROKEN = WeightsError("It is not the file that it should be.", "Fetch it anew.")
BARE = Installed("pip install x")
SMALL, LARGE = "qwen2.5-coder-0.5b-instruct-q4_k_m", "qwen2.5-coder-1.5b-instruct-q4_k_m"
NATIVE = Installed("pip install x", "2026.1", {SMALL: None})
NO_LEAK = ("", "")


def test_an_engine_that_answers() -> None:
    (check,) = engine(given(), Choice("ollama", "0.33.0"), BARE, NO_LEAK, Proxies())
    assert check == Check("engine", "ok", "Ollama 0.33.0 answers at http://127.0.0.1:11434.")
    (check,) = engine(given(), Choice("ollama", ""), BARE, NO_LEAK, Proxies())
    assert check.message == "Ollama answers at http://127.0.0.1:11434."
    other = given({"engine": "openai", "url": "http://127.0.0.1:5"})
    (check,) = engine(other, Choice("openai"), BARE, NO_LEAK, Proxies())
    assert check.message == "A server with /v1 answers at http://127.0.0.1:5."


def test_the_embedded_engine() -> None:
    wanted = given({"engine": "embedded"})
    (check,) = engine(wanted, Choice("embedded"), NATIVE, NO_LEAK, Proxies())
    assert check.message == "The embedded engine is used (llama.cpp in xllamacpp 2026.1)."
    # Who has no Ollama misses none; who has named its address does.
    (check,) = engine(given(), Choice("embedded", absent=ABSENT), NATIVE, NO_LEAK, Proxies())
    assert check.status == "ok"
    assert check.message.endswith("Nothing answers at http://127.0.0.1:11434.")
    named = given(OLLAMA_HOST=":5")
    (check,) = engine(named, Choice("embedded", absent=ABSENT), NATIVE, NO_LEAK, Proxies())
    assert (check.status, check.fix) == ("warn", "infill-ls settings set engine embedded")


def test_no_engine() -> None:
    choice = Choice(absent=ABSENT, error=NotRunning("No engine.", "Do this and that."))
    (check,) = engine(given(), choice, BARE, NO_LEAK, Proxies())
    assert check == Check(
        "engine",
        "fail",
        f"{ABSENT.message} The embedded engine is not installed.",
        "pip install x && infill-ls pull",
    )
    (check,) = engine(given(), choice, replace(NATIVE, weights={}), NO_LEAK, Proxies())
    assert check.message == f"{ABSENT.message} The embedded engine has no weights yet."
    broken = replace(NATIVE, weights={SMALL: BROKEN})
    (check,) = engine(given(), choice, broken, NO_LEAK, Proxies())
    assert check.message == f"{ABSENT.message} It is not the file that it should be."
    (check,) = engine(given(), choice, NATIVE, NO_LEAK, Proxies())
    assert check.message == "No engine."
    (check,) = engine(given({"engine": "ollama"}), choice, BARE, NO_LEAK, Proxies())
    assert check.message == "No engine."
    far = given({"url": "https://gpu.example"})
    (check,) = engine(far, choice, BARE, NO_LEAK, Proxies(("HTTPS_PROXY",), "http://proxy:1"))
    assert check.fix == "export NO_PROXY=gpu.example"
    assert check.message == (
        "Nothing answers at http://127.0.0.1:11434. It is asked through the proxy http://proxy:1."
    )


def test_a_leak_and_a_way_in_the_clear() -> None:
    far = given({"url": "http://gpu.example:11434"})
    leak = ("It leaks.", "Update it.")
    found, leaks, clear = engine(far, Choice("ollama", "0.1.0"), BARE, leak, Proxies())
    assert found.status == "ok"
    assert (leaks.status, leaks.fix) == ("warn", "Update it.")
    assert leaks.message.startswith("It leaks. Whoever reaches its port can read")
    here = Choice("ollama", "0.1.0", get_ollama="get it")
    _, leaks = engine(given(), here, BARE, leak, Proxies())
    assert leaks.fix == "get it"
    assert clear.status == "warn"
    assert clear.fix == "ssh -N -L 11434:127.0.0.1:11434 gpu.example"


QWEN = Chosen(Model("qwen2.5-coder:1.5b"), "raw", "qwen-coder")


@pytest.mark.parametrize(
    ("chosen", "status", "message"),
    [
        (
            replace(QWEN, why="the largest"),
            "ok",
            "qwen2.5-coder:1.5b fills in the middle, with the tokens of qwen-coder (raw). "
            '"auto" takes it (the largest).',
        ),
        (
            replace(QWEN, family='own template for "x"'),
            "ok",
            "qwen2.5-coder:1.5b fills in the middle, with your own template (raw).",
        ),
        (
            Chosen(Model("m"), "suffix"),
            "ok",
            "m fills in the middle, through the engine's template for it (suffix).",
        ),
        (
            replace(QWEN, slow=True),
            "warn",
            "qwen2.5-coder:1.5b fills in the middle, with the tokens of qwen-coder (raw). "
            "It is slow by its kind.",
        ),
        (
            Chosen(Model("m"), "plain"),
            "warn",
            "m only goes on with what stands before the cursor (plain).",
        ),
        (Chosen(error=CannotInsert("None can.")), "fail", "None can. It has none at all."),
        (
            Chosen(error=CannotInsert("None can."), have=("a", "b")),
            "fail",
            "None can. It has a, b.",
        ),
    ],
)
def test_models(chosen: Chosen, status: str, message: str) -> None:
    (check,) = model(given(), chosen)
    assert (check.status, check.message) == (status, message)
    assert bool(check.fix) is (status != "ok")


def test_a_model_that_was_named_and_cant_fill() -> None:
    (check,) = model(given(model="m"), Chosen(error=CannotInsert('"m" can\'t.'), have=("m",)))
    assert check.message == '"m" can\'t.'


def test_a_better_model_than_a_plain_one() -> None:
    plain = Chosen(Model("m"), "plain")
    (check,) = model(given(mode="plain"), plain)
    assert check.fix == "export INFILL_LS_MODE=auto"
    (check,) = model(given({"engine": "openai"}), plain)
    assert check.fix == ""


@pytest.mark.parametrize(
    ("name", "loaded", "status", "message"),
    [
        (
            "ollama",
            InMemory(2.34, 10**9, 1.0, 4096),
            "ok",
            "The model is on the GPU (1.0 GB), with a context of 4,096 tokens; it took 2.3 s to "
            "load.",
        ),
        (
            "ollama",
            InMemory(memory=2 * 10**9, on_gpu=0.6, room=4096),
            "warn",
            "Only 60% of the model (2.0 GB) is on the GPU, which is slow, "
            "with a context of 4,096 tokens.",
        ),
        ("ollama", InMemory(on_gpu=0.0), "ok", "The model is on the processor, none on a GPU."),
        (
            "ollama",
            InMemory(on_gpu=0.0, instead="qwen2.5-coder:1.5b"),
            "warn",
            "That model can't be loaded, so qwen2.5-coder:1.5b is. "
            "The model is on the processor, none on a GPU.",
        ),
        ("openai", InMemory(), "ok", "The engine doesn't say where the model is loaded."),
        ("embedded", InMemory(threads=1), "ok", "The model runs on the processor with 1 thread."),
        ("embedded", InMemory(threads=4), "ok", "The model runs on the processor with 4 threads."),
    ],
)
def test_where_the_model_is(name: str, loaded: InMemory, status: str, message: str) -> None:
    (check,) = memory(given(), Choice(name), loaded)
    assert (check.status, check.message) == (status, message)


def test_the_model_that_can_be_loaded_is_the_one_to_name() -> None:
    (check,) = memory(given(), Choice("ollama"), InMemory(instead="qwen2.5-coder:1.5b"))
    assert check.fix == "infill-ls settings set model qwen2.5-coder:1.5b"


def test_more_room_in_powershell() -> None:
    mine = replace(given(), shell=Shell(windows=True))
    _, check = memory(mine, Choice("ollama"), InMemory(room=256))
    assert check.fix == '$env:OLLAMA_CONTEXT_LENGTH = "4096"; ollama serve'


def test_little_room() -> None:
    _, check = memory(given(), Choice("ollama"), InMemory(room=256))
    assert (check.status, check.fix) == ("warn", "OLLAMA_CONTEXT_LENGTH=4096 ollama serve")
    far = given({"url": "https://gpu.example:8443"})
    _, check = memory(far, Choice("ollama"), InMemory(room=256))
    assert check.fix == "Start Ollama there with OLLAMA_CONTEXT_LENGTH=4096."
    _, check = memory(given(), Choice("openai"), InMemory(room=256))
    assert check.fix == ""


def test_a_model_that_isnt_loaded() -> None:
    error = Stalled("Not loaded after 120 s.", "Wait.")
    (check,) = memory(given(), Choice("ollama"), InMemory(error=error))
    assert check == Check("memory", "fail", "Not loaded after 120 s.", "Wait.")


USAGE = Usage(prompt_tokens=250, cached_tokens=0, fill_tokens=11, read_seconds=2, write_seconds=0.5)


def test_a_fast_fill() -> None:
    timed = Timed(outcome(total_ms=2600, usage=USAGE), outcome(total_ms=430))
    (check,) = fill(given(), timed)
    assert check == Check(
        "fill",
        "ok",
        "A line takes about 0.4 s here, the first one in a file 2.6 s "
        "(125 tokens/s read, 20 tokens/s written).",
    )


def test_a_slow_fill() -> None:
    (check,) = fill(given(), Timed(outcome(total_ms=3000), outcome(total_ms=3200)))
    assert (check.status, check.fix) == ("warn", "infill-ls bench")
    assert check.message.startswith("A line takes about 3.2 s here (")
    assert check.message.endswith("Few will wait for that.")
    patient = given({"latencyMs": 5000})
    (check,) = fill(patient, Timed(outcome(total_ms=3000), outcome(total_ms=3200)))
    assert check.status == "ok"


def test_a_fill_of_which_no_rate_is_known() -> None:
    bare = outcome(first_ms=None, total_ms=100, usage=Usage(fill_tokens=1), about=1)
    (check,) = fill(given(), Timed(bare, bare))
    assert check.message == "A line takes about 0.1 s here."


def test_no_fill() -> None:
    (check,) = fill(given(), Timed(outcome(""), outcome("")))
    assert check.status == "warn"
    assert "wrote nothing" in check.message
    (check,) = fill(given(), Timed(error=Stalled("There is no fill after 60 s.", "Take another.")))
    assert check == Check("fill", "fail", "There is no fill after 60 s.", "Take another.")


def test_the_embedded_engines_weights() -> None:
    (check,) = embedded(Choice("embedded"), NATIVE)
    assert check == Check("embedded", "ok", f"The embedded engine has {SMALL}, verified.")
    (check,) = embedded(Choice("ollama"), BARE)
    assert check.message == "The embedded engine is not installed, nor needed."
    (check,) = embedded(Choice("ollama"), replace(NATIVE, weights={}))
    assert check.message == "The embedded engine has no weights yet (infill-ls pull fetches them)."


def test_broken_weights() -> None:
    both = replace(NATIVE, weights={SMALL: None, LARGE: BROKEN})
    good, broken = embedded(Choice("embedded"), both)
    assert good.status == "ok"
    assert (broken.status, broken.fix) == ("fail", "infill-ls pull 1.5b")
    # Where another engine is used they are in nobody's way.
    _, broken = embedded(Choice("ollama"), both)
    assert broken.status == "warn"


def test_what_the_engines_line_says_is_not_said_again() -> None:
    assert embedded(Choice(error=ABSENT), BARE) == []
    assert embedded(Choice(error=ABSENT), replace(NATIVE, weights={})) == []
    assert embedded(Choice(error=BROKEN), replace(NATIVE, weights={SMALL: BROKEN})) == []


def test_memory_that_is_short() -> None:
    short = replace(NATIVE, needed=2 * 10**9, free=10**9)
    _, check = embedded(Choice("embedded"), short)
    assert check.status == "warn"
    assert check.message == "The model takes 2.0 GB of memory; 1.0 GB are free."
    assert len(embedded(Choice("ollama"), short)) == 1
