"""Choose the model of Ollama's that "auto" takes. Pure.

It is the largest one that is fast enough on its machine, since larger ones are right more often.
What was measured there tells; of what wasn't, size, memory and the speed of others do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from infill_ls.engines.rates import SLOWEST_USEFUL_READ, SLOWEST_WRITE, Rates
from infill_ls.prompt import families
from infill_ls.prompt.families import Model
from infill_ls.values import OwnTemplate

T = TypeVar("T")

# Billions of parameters. Of what isn't measured the largest up to this size is tried: larger models
# write too slowly for completion on the hardware that people own; and where Ollama runs its models
# on the processor, so do those above the second.
COMFORTABLE_SIZE: Final = 8.0
COMFORTABLE_ON_CPU: Final = 2.0
# The part of a model that must be on the GPU for its speed to be the GPU's.
MOSTLY: Final = 0.8
# Memory that a model takes, in sizes of its file: its context and buffers come on top.
TAKES: Final = 1.2
# Why no model that is recurrent is taken before another.
SLOW_BY_KIND: Final = "slow by its kind: part of its memory is recurrent, so no cache helps it"


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that Ollama has.

    ``parameters``: billions of them, 0 where nobody says. ``size``: bytes on its disk, None where
    nobody says. ``architecture``: GGUF's ("qwen2"), empty where nobody says. ``elsewhere``: the
    machine that it runs on, if it is not Ollama's own ("ollama.com"); then what is asked of it goes
    there.
    """

    name: str
    parameters: float = 0.0
    size: int | None = None
    architecture: str = ""
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A model that Ollama has in memory.

    ``memory``: bytes that it takes there. ``on_gpu``: which part of these is on a GPU, 0 to 1. None
    where nobody says.
    """

    name: str
    memory: int | None = None
    on_gpu: float | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What is known of the machine that Ollama runs on, and of its models there.

    ``rates``: what was measured, by the models' names. ``running``: what is in memory now.
    ``memory``: bytes that the machine has; None if unknown.
    """

    rates: Mapping[str, Rates]
    running: Sequence[Running] = ()
    memory: int | None = None

    @property
    def limit(self) -> float:
        """Billions of parameters above which nothing is tried that wasn't measured."""
        on_cpu = any(one.on_gpu == 0 for one in self.running)
        return COMFORTABLE_ON_CPU if on_cpu else COMFORTABLE_SIZE


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model with what speaks for it: ``fast`` if it is fast enough as far as is known.

    ``why``: that in a few words, to be shown.
    """

    model: Installed
    fast: bool
    why: str
    recurrent: bool = False


def in_order(
    installed: Sequence[Installed], machine: Machine, own: Sequence[OwnTemplate] = ()
) -> list[Candidate]:
    """Return the models in the order in which they are to be taken.

    Whether a model can fill in the middle at all is another question (:func:`rank`). ``own``: the
    user's templates. First come those that are fast enough, the largest first; then the others, the
    smallest first; then those that are slow by their kind. What is known by its name comes before
    what only a closer look can tell of. Models that run elsewhere are left out: nobody has agreed
    that code is sent there.
    """
    here = [model for model in installed if not model.elsewhere]
    candidates = [_judged(model, here, machine) for model in here]

    def key(one: Candidate) -> tuple[bool, bool, bool, float, str]:
        size = one.model.parameters
        unknown = families.find(one.model.name, own) is None
        return one.recurrent, not one.fast, unknown, -size if one.fast else size, one.model.name

    return sorted(candidates, key=key)


def rank(model: Model, own: Sequence[OwnTemplate] = ()) -> int | None:
    """Return how well a model fills in the middle: 0 is best, None if it can't.

    Of models with the same rank the first in the order counts. 0: its tokens are known; 1: the
    server has a template; 2: it is slow by its kind.
    """
    family = families.family_of(model, own)
    if family is None and (not model.can_insert or families.why_not(model)):
        return None
    if families.is_recurrent(model):
        return 2
    return 0 if family else 1


def best(ranked: Iterable[tuple[int, T]]) -> T | None:
    """Return the first of those with the best rank, of models in their order; None without any."""
    first = min(ranked, key=lambda one: one[0], default=None)
    return None if first is None else first[1]


def loadable(installed: Sequence[Installed], refused: Collection[str]) -> list[Installed]:
    """Return the models but for those that can't be loaded, and for those that aren't smaller.

    ``refused``: the names of the models that couldn't. Where a size isn't said, it may be loaded.
    """
    sizes = [one.size for one in installed if one.name in refused and one.size is not None]
    limit = min(sizes, default=None)
    return [
        one
        for one in installed
        if one.name not in refused and (limit is None or one.size is None or one.size < limit)
    ]


def _judged(model: Installed, others: Sequence[Installed], machine: Machine) -> Candidate:
    if families.is_recurrent(Model(model.name, architecture=model.architecture)):
        return Candidate(model, fast=False, why=SLOW_BY_KIND, recurrent=True)
    rates = machine.rates.get(model.name, Rates())
    too_slow = _too_slow(rates)
    if too_slow:
        return Candidate(model, fast=False, why=too_slow)
    if rates.write is not None:
        return Candidate(model, fast=True, why=f"writes {rates.write:.0f} tokens/s here")
    in_the_way = _in_the_way(model, machine) or _expected_too_slow(model, others, machine)
    return Candidate(model, fast=not in_the_way, why=f"not measured yet{in_the_way}")


def _too_slow(rates: Rates) -> str:
    """Return in which way measured rates are too slow; empty if they aren't."""
    if rates.write is not None and rates.write < SLOWEST_WRITE:
        return f"too slow here: writes {rates.write:.1f} tokens/s, {SLOWEST_WRITE:.0f} are needed"
    if rates.read is not None and rates.read < SLOWEST_USEFUL_READ:
        least = f"{SLOWEST_USEFUL_READ:.0f} are needed"
        return f"too slow here: reads {rates.read:.0f} tokens/s, {least}"
    return ""


def _in_the_way(model: Installed, machine: Machine) -> str:
    """Return why a model that wasn't measured is not to be tried; empty if nothing is known."""
    share = next((one.on_gpu for one in machine.running if one.name == model.name), None)
    if share and share < MOSTLY:
        return f"; only {share:.0%} of it fits into the GPU's memory"
    if model.parameters > machine.limit:
        where = "" if machine.limit == COMFORTABLE_SIZE else " without a GPU"
        return f"; over {machine.limit:.0f} billion parameters are too slow as a rule{where}"
    needed = (model.size or 0) * TAKES
    if not share and machine.memory is not None and needed > machine.memory:
        return f"; needs {needed / 1e9:.1f} GB of memory, and there are {machine.memory / 1e9:.1f}"
    return ""


def _expected_too_slow(model: Installed, others: Sequence[Installed], machine: Machine) -> str:
    """Return why a model must be too slow, by the speed of the one that is nearest in size.

    Empty if nothing is known. A model writes as fast as its parameters are read from memory, but
    for large ones that use only some of them at a time.
    """
    measured = [
        (abs(other.parameters - model.parameters), other.name, other.parameters, write)
        for other in others
        if 0 < other.parameters <= COMFORTABLE_SIZE
        and (write := machine.rates.get(other.name, Rates()).write) is not None
    ]
    if not measured or not model.parameters:
        return ""
    _, name, parameters, write = min(measured)
    expected = write * parameters / model.parameters
    if expected >= SLOWEST_WRITE:
        return ""
    return f"; {name} writes {write:.0f} tokens/s here, so it must be too slow"
