"""What attrs writes for the protocol's types is compiled once, and kept as Python keeps modules.

attrs writes the methods of each class as text, which every process compiles anew (attrs#575). For
the 554 classes of lsprotocol.types (2025.0.0) that is more than half of the time in which they are
loaded (``make bench-starts``). The code lies beside this module's own in ``__pycache__``, and
by the same rules: who can't write there, or has Python write none, compiles as before.

Nothing that attrs does changes but where code for a text comes from, and that text is compared to
the letter: another version of attrs or lsprotocol finds nothing and compiles. One that doesn't call
``compile`` in ``attr._make`` any more isn't affected at all.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import marshal
import os
import sys
import zlib
from collections.abc import Iterator
from types import CodeType
from typing import Any, Final

from infill_ls.private import for_all_to_read

# Code by its text and by the name of the file that it pretends to be from.
_Codes = dict[tuple[str, str], CodeType]

# Where attrs compiles, by this name.
_MAKER: Final = "attr._make"
_NAME: Final = "compile"
# Bytes before the codes: their check sum.
_HEAD: Final = 4


def beside(compiled_module: str | None) -> str | None:
    """Return the path of the kept code, given that of a module's. None where Python keeps none."""
    return f"{compiled_module.removesuffix('.pyc')}.attrs" if compiled_module else None


@contextlib.contextmanager
def once(path: str | None = beside(__spec__.cached if __spec__ else None)) -> Iterator[None]:
    """Have attrs compile only what hasn't been kept at ``path``, until the ``with`` block ends.

    What is new is kept then, and what wasn't used is forgotten. Raises nothing of its own.
    """
    maker = _maker()
    if path is None or maker is None:
        yield
        return
    kept = _read(path)
    used: _Codes = {}

    def compiled(source: Any, filename: Any, mode: str, *rest: Any, **more: Any) -> Any:
        """Stand in for ``compile``, with its arguments."""
        text = source, filename
        if mode != "exec" or rest or more or not all(isinstance(part, str) for part in text):
            return builtins.compile(source, filename, mode, *rest, **more)
        code = kept.get(text) or builtins.compile(source, filename, mode)
        used[text] = code
        return code

    setattr(maker, _NAME, compiled)
    try:
        yield
    finally:
        delattr(maker, _NAME)
    if used.keys() - kept.keys() and not sys.dont_write_bytecode:
        # The folder may be somebody else's, or the disk full: then this is done at each start.
        with contextlib.suppress(OSError):
            _write(path, used)


def _maker() -> Any:
    """Return the module in which attrs compiles; None if it isn't as it is known here."""
    try:
        maker = importlib.import_module(_MAKER)
    except ImportError:
        return None
    # With a `compile` of its own there is no telling what that does.
    return None if hasattr(maker, _NAME) else maker


def _sum(codes: bytes) -> bytes:
    """Return the check sum of codes that this very Python has written."""
    return zlib.crc32(codes, zlib.crc32(sys.version.encode())).to_bytes(_HEAD, "little")


def _read(path: str) -> _Codes:
    """Return the codes that are kept; none if the file isn't there, or isn't whole."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return {}
    # marshal believes whatever it is given.
    codes: _Codes = marshal.loads(data[_HEAD:]) if data[:_HEAD] == _sum(data[_HEAD:]) else {}
    return codes


def _write(path: str, codes: _Codes) -> None:
    """Keep codes. Other processes may do so at the same time. Raises :class:`OSError`."""
    data = marshal.dumps(codes)
    unfinished = f"{path}.{os.getpid()}"
    try:
        with open(unfinished, "xb", opener=for_all_to_read) as file:
            file.write(_sum(data) + data)
        os.replace(unfinished, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
