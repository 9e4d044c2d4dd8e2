"""One run: everything is started, worked with, measured and ended."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.roundtrip import COMMANDS
from lsp_client import GHOST_TEXT
from soak import files
from soak.client import SoakClient
from soak.faults import Fault, schedule
from soak.files import Project
from soak.machine import MARK, Counts, EngineProcess, Process, Sample, of_this_run
from soak.report import Report
from soak.typist import Typist, project_text

# s between two looks at the server, a tenth of a short run at most.
LOOK: Final = 5.0
# s that a manual request may take, and more.
LAST_ANSWERS: Final = 40.0
CAPABILITIES: Final[dict[str, Any]] = {
    **GHOST_TEXT,
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {"configuration": True},
    "window": {"workDoneProgress": True},
}


@dataclass(frozen=True)
class Plan:
    """``gap`` and ``longest``: s between two faults on average, and that one lasts at the most.

    ``count``: files of the project.
    """

    seconds: float
    seed: int
    count: int = 200
    gap: float = 30.0
    longest: float = 12.0


async def soak(plan: Plan) -> Report:
    """Run it all and return what was seen."""
    with tempfile.TemporaryDirectory(prefix="infill-ls-soak-") as folder:
        return await _Run(plan, Path(folder)).all()


class _Run:
    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder
        self._mark = uuid.uuid4().hex
        self._report = Report(plan.seconds, plan.seed)
        self._began = 0.0
        # The helpers of the tests are found by the processes too.
        found = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        self._environment = {MARK: self._mark, "PYTHONPATH": os.pathsep.join(filter(None, found))}

    def _now(self) -> float:
        return time.monotonic() - self._began

    async def all(self) -> Report:
        report, plan = self._report, self._plan
        (self._folder / "project").mkdir()
        project = files.make(self._folder / "project", plan.seed, plan.count)
        report.project = f"{len(project.files)} files, {project.megabytes:.1f} MB"
        report.machine = (
            f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
            f"Python {platform.python_version()}"
        )
        engine = EngineProcess(project.folder, {**os.environ, **self._environment})
        await engine.start()
        log = (self._folder / "stderr").open("wb")
        client, control = await self._servers(engine, log.fileno())
        try:
            await self._work(project, engine, client, control)
            await self._end(client, control, engine)
        finally:
            log.close()
            for one in (client, control):
                await one.kill()
            await engine.kill()
        self._read_log(project)
        return report

    async def _servers(self, engine: EngineProcess, log: int) -> tuple[SoakClient, SoakClient]:
        counts = self._folder / "counts"
        places = {name: str(self._folder / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        client = await SoakClient.start(
            command=(sys.executable, "-m", "soak.server", "serve"),
            environment={
                **places,
                **self._environment,
                "SOAK_COUNTS": str(counts),
                "OLLAMA_HOST": f"http://127.0.0.1:{engine.port}",
            },
            stderr=log,
        )
        control = await SoakClient.start(
            command=COMMANDS["empty pygls server"], stderr=asyncio.subprocess.DEVNULL
        )
        assert isinstance(client, SoakClient)
        assert isinstance(control, SoakClient)
        await control.initialize()
        control.open("x = []\n" * 300)
        client.configuration = {}
        await client.initialize(
            CAPABILITIES, {"engine": "ollama"}, client="Visual Studio Code", process_id=os.getpid()
        )
        return client, control

    async def _work(
        self, project: Project, engine: EngineProcess, client: SoakClient, control: SoakClient
    ) -> None:
        plan, report = self._plan, self._report
        counts = Counts(self._folder / "counts", client.process.pid)
        self._began = time.monotonic()
        typist = Typist(client, control, project, plan.seed, self._now)
        beside = [
            asyncio.create_task(self._break(engine)),
            asyncio.create_task(self._watch(engine, client, counts, typist)),
        ]
        outcomes: list[object] = []
        try:
            await typist.work(plan.seconds)
            await self._until_quiet(engine, client, counts)
            report.objects.append(await counts.ask(objects=True))
        except Exception as error:
            # What was measured before is told all the same.
            outcomes.append(error)
        for task in beside:
            task.cancel()
        outcomes += await asyncio.gather(*beside, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                traceback.print_exception(outcome)
                report.broken.append(f"{type(outcome).__name__}: {outcome}")
        report.own, report.done = typist.own, dict(typist.done)

    async def _until_quiet(self, engine: EngineProcess, client: SoakClient, counts: Counts) -> None:
        """Wait for the last answers, and for what goes on behind them."""
        until = time.monotonic() + LAST_ANSWERS
        first = self._report.parts()[0]
        while time.monotonic() < until:
            sample = await self._look(engine, client, counts)
            if not client.account.waiting and sample.tasks <= min(one.tasks for one in first):
                break
            await asyncio.sleep(0.2)
        self._report.samples.append(sample)

    async def _break(self, engine: EngineProcess) -> None:
        plan = self._plan
        faults = schedule(plan.seed, plan.seconds, gap=plan.gap, longest=plan.longest)
        for fault in faults:
            await asyncio.sleep(max(0.0, fault.at - self._now()))
            self._report.faults.append(Fault(round(self._now(), 1), fault.seconds, fault.kind))
            await engine.have(fault)

    async def _watch(
        self, engine: EngineProcess, client: SoakClient, counts: Counts, typist: Typist
    ) -> None:
        report = self._report
        told = 0.0
        while True:
            async with typist.quiet:
                if not report.objects and self._now() >= report.warm:
                    report.objects.append(await counts.ask(objects=True))
                report.samples.append(sample := await self._look(engine, client, counts))
            if sample.at >= told:
                told += 60.0
                sys.stderr.write(
                    f"{sample.at / 60:.0f} min: {sample.rss:.1f} MB, {sample.descriptors} "
                    f"descriptors, {sample.tasks} tasks, {typist.done['keys']:,} keys\n"
                )
            await asyncio.sleep(min(LOOK, self._plan.seconds / 40))

    async def _look(self, engine: EngineProcess, client: SoakClient, counts: Counts) -> Sample:
        """Look at the server from outside, and ask for its tasks."""
        process = Process(client.process.pid)
        tasks = (await counts.ask())["tasks"]
        rss, uss = process.memory()
        return Sample(
            at=round(self._now(), 1),
            rss=rss,
            uss=uss,
            descriptors=process.descriptors(),
            threads=process.threads(),
            tasks=tasks,
            cpu=process.cpu(),
            messages=client.account.sent,
            asked=engine.asked,
            connections=engine.connections,
        )

    async def _end(self, client: SoakClient, control: SoakClient, engine: EngineProcess) -> None:
        """End everything, and see what is left."""
        report, account = self._report, client.account
        report.unanswered = [method for method, *_ in account.waiting.values()]
        try:
            report.status = await client.stop()
        except (ConnectionError, TimeoutError) as error:
            report.broken.append(f"the server's end: {type(error).__name__}")
            await client.kill()
            report.status = client.process.returncode or 0
        await control.stop()
        # The engine says how many are connected once a second.
        await asyncio.sleep(2.5)
        report.connections_left = engine.connections
        await engine.stop()
        report.left = len(list(of_this_run(self._mark)))
        report.requests, report.replies = account.requests, account.replies
        report.fills, report.cancelled = account.fills, account.cancelled
        report.unasked, report.errors = account.unasked, account.errors
        report.longest_wait, report.messages = account.longest_wait, account.messages
        report.in_flight, report.asked = engine.most, engine.asked

    def _read_log(self, project: Project) -> None:
        text = (self._folder / "stderr").read_bytes().decode("utf-8", "replace")
        self._report.stderr_bytes = len(text)
        self._report.traces = list(_wrong(text, project_text(project)))


def _wrong(text: str, code: Iterable[str]) -> Iterable[str]:
    """What a log may not have: tracebacks, and lines of the project."""
    yield from (line for line in text.splitlines() if line.startswith("Traceback "))
    yield from (line for line in code if line in text)
