"""Real files are typed in by a simulated typist, through the real server, in virtual time.

The engine is simulated too, with a cost model; so the figures are the same on every machine, and
whoever changes a policy sees at once what that does.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import cycle, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import looptime

from bench.editors import ALL_EDITORS, EDITORS, Editor, Neovim
from bench.levers import LEVERS
from bench.peers import POLICIES, Peer, Policy
from bench.plot import debounce_plot, plot
from bench.results import Figures, from_json, medians, reckoned, table, to_json
from bench.session import Session
from bench.simulated_engine import PROFILES, SimulatedEngine
from bench.world import SOURCES, World, edits
from infill_ls.bench.edits import Edit
from infill_ls.bench.typist import Typist
from infill_ls.completion.completer import Completer
from infill_ls.engines.engine import Engine
from infill_ls.lsp.server import Server
from infill_ls.settings import Settings

OURS: Final = "infill-ls"


@dataclass(frozen=True)
class Run:
    """What is run. Names are those of ``POLICIES`` (or ``OURS``), ``ALL_EDITORS``, ``PROFILES``.

    ``right`` and ``any_names``: see :class:`bench.world.World`. ``count``: blocks that are typed in
    each file. ``windows``: editors that share the engine, each with a server of its own.
    ``closing``: whether editors close brackets and quotes; as each does by default if None.
    ``lever``: of ``LEVERS``, what is off. ``debounce``: ours, in ms; as the server chooses if None.
    """

    policy: str
    editor: str
    profile: str
    right: float = 0.8
    seed: str = "1"
    count: int = 2
    windows: int = 1
    closing: bool | None = None
    any_names: bool = False
    lever: str = "all"
    debounce: int | None = None


def figures_of(run: Run) -> Figures:
    """Return what a run comes to."""
    # What is ready runs before the clock goes on in any case, so that no idle rounds are needed.
    loop = looptime.new_event_loop(start=0, noop_cycles=0)
    with LEVERS[run.lever](), closing(loop):
        found = loop.run_until_complete(_type(run))
        loop.run_until_complete(loop.shutdown_asyncgens())
    return found


async def _type(run: Run) -> Figures:
    profile = next(one for one in PROFILES if one.name == run.profile)
    policy = next((one for one in POLICIES if one.name == run.policy), None)
    world = World(run.right, run.seed, any_names=run.any_names)
    engine = SimulatedEngine(profile, world.continuation, reuse=policy.reuse if policy else 0)
    opened = [_open(run, policy, engine) for _ in range(run.windows)]
    session = Session(world, opened[0], Typist(run.seed), engine.account.arrive)
    turns = cycle(opened)
    for edit in typed_edits(run.count, run.seed):
        world.edit, world.typed = edit, ""
        session.turn_to(next(turns))
        await session.type()
    took = asyncio.get_running_loop().time()
    for editor in opened:
        await editor.server.completer.aclose()
    await engine.aclose()
    # Requests that the editor still waits for, and what those leave.
    while left := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return reckoned(run.policy, run.profile, run.right, run.seed, session, engine, took)


@lru_cache(maxsize=32)
def typed_edits(count: int, seed: str) -> list[Edit]:
    """What is typed, each with a number of its own."""
    found = [
        edit
        for source in sorted(SOURCES.glob("*.txt"))
        for edit in edits(source.read_text("utf-8"), count, f"{seed} {source.name}")
    ]
    return [replace(edit, number=number) for number, edit in enumerate(found)]


def _open(run: Run, policy: Policy | None, engine: Engine) -> Editor:
    """An editor with a server of its own."""
    server = Server()
    if policy is None:
        server.completer = _ours(engine)
    else:
        completer: Any = Peer(policy, engine)
        server.completer = completer
    editor_class = next(one for one in ALL_EDITORS if one.name == run.editor)
    editor = editor_class(server, closes=run.closing)
    if policy is not None and policy.at_key and isinstance(editor, Neovim):
        editor.pause = 0.0
    # Nothing is kept of it, nor does it learn from what others have typed on this machine.
    options: dict[str, Any] = {"engine": "ollama", "stats": False}
    if run.debounce is not None:
        options["debounceMs"] = run.debounce
    editor.start(options)
    return editor


def _ours(engine: Engine) -> Completer:
    async def connect(_: Settings) -> Engine:
        return engine

    return Completer(connect, Settings(headers={}, engine="ollama"))


def everything(runs: Iterable[Run], processes: int = 1) -> list[Figures]:
    """Return what each run comes to, in their order; ``processes`` of them beside each other."""
    if processes == 1:
        return [figures_of(run) for run in runs]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(figures_of, runs))


def chosen(
    *,
    policies: Sequence[str] = (),
    editors: Sequence[str] = (),
    profiles: Sequence[str] = (),
    rights: Sequence[float] = (0.8,),
    seeds: Sequence[str] = ("1",),
    **same: Any,
) -> list[Run]:
    """Return the runs of all rows of a table, for each seed; all that there are where none is
    named. ``same``: what is the same in all of them, as :class:`Run` has it.
    """
    return [
        Run(policy, editor, profile, right, seed, **same)
        for right, profile, editor, policy, seed in product(
            rights,
            [one.name for one in PROFILES if not profiles or one.name in profiles],
            [
                one.name
                for one in (ALL_EDITORS if editors else EDITORS)
                if not editors or one.name in editors
            ],
            [
                name
                for name in (OURS, *(one.name for one in POLICIES))
                if not policies or name in policies
            ],
            seeds,
        )
    ]


def _seeds(text: str) -> tuple[str, ...]:
    first, _, last = text.partition("-")
    return tuple(map(str, range(int(first), int(last or first) + 1)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument(
        "--right",
        type=float,
        action="append",
        default=[],
        help="share of lines that the model knows; 0.8 if not given, may be repeated",
    )
    parser.add_argument(
        "--any-names", action="store_true", help="it knows names that its prompt doesn't have, too"
    )
    parser.add_argument("--edits", type=int, default=2, help="blocks typed in each file")
    parser.add_argument(
        "--seeds", type=_seeds, default=("1",), metavar="1-6", help="medians over all of them"
    )
    parser.add_argument("--processes", type=int, default=1, help="runs beside each other")
    parser.add_argument("--windows", type=int, default=1, help="editors that share the engine")
    parser.add_argument(
        "--closing",
        action=argparse.BooleanOptionalAction,
        help="editors close brackets and quotes; VS Code and Helix do if not given",
    )
    parser.add_argument("--policy", action="append", default=[])
    parser.add_argument("--editor", action="append", default=[])
    parser.add_argument("--profile", action="append", default=[])
    parser.add_argument("--json", action="store_true", help="all figures; --stored reads them")
    parser.add_argument("--stored", type=Path, metavar="FILE", help="run nothing, read this")
    parser.add_argument("--levers", action="store_true", help="ours, each lever off by itself")
    parser.add_argument(
        "--lever", action="append", default=[], choices=list(LEVERS), help="of these alone"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw one profile and editor as SVG")
    parser.add_argument(
        "--debounce",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[],
        metavar="0,100,400",
        help="ours, with each of these instead of what the server chooses, in ms",
    )
    parser.add_argument(
        "--plot-debounce", metavar="FILE", help="draw what they come to in one editor, as SVG"
    )
    return parser


def _variants(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Ours in other ways, by how the table names them; empty if it is beside the others."""
    if options.levers or options.lever:
        levers = ["all", *(options.lever or [lever for lever in LEVERS if lever != "all"])]
        return {
            OURS if lever == "all" else f"without {lever}": {"lever": lever} for lever in levers
        }
    if options.debounce:
        return {OURS: {}} | {f"{ms} ms": {"debounce": ms} for ms in options.debounce}
    return {}


def _found(options: argparse.Namespace) -> list[Figures]:
    """The figures of what was asked for, run now or read."""
    if options.stored:
        return from_json(options.stored.read_text("utf-8"))
    variants = _variants(options)
    runs, names = [], []
    for name, more in (variants or {"": {}}).items():
        found = chosen(
            policies=[OURS] if variants else options.policy,
            editors=options.editor,
            profiles=options.profile,
            rights=options.right or (0.8,),
            seeds=options.seeds,
            count=options.edits,
            windows=options.windows,
            closing=options.closing,
            any_names=options.any_names,
            **more,
        )
        runs += found
        names += [name or run.policy for run in found]
    each = everything(runs, options.processes)
    return medians([replace(one, policy=name) for one, name in zip(each, names, strict=True)])


def main() -> None:
    options = _parser().parse_args()
    figures = _found(options)
    if options.plot:
        one_table = [
            one
            for one in figures
            if one.editor in (options.editor or [one.editor])
            and one.profile in (options.profile or [one.profile])
        ]
        Path(options.plot).write_text(plot(one_table), "utf-8")
    if options.plot_debounce:
        by_ms = {f"{ms} ms": ms for ms in options.debounce}
        points = [(by_ms[one.policy], one) for one in figures if one.policy in by_ms]
        Path(options.plot_debounce).write_text(debounce_plot(points), "utf-8")
    if options.json:
        print(to_json(figures))
    else:
        print(table(figures))


if __name__ == "__main__":
    main()
