"""The file with the index of the recitation filter: its records in order, and its files.

The length of a JSON text and that, the records (see :mod:`infill_ls.project.windows`) sorted as
bytes, a row for each file, the files' names one after another, and the fences, which are the hashes
of the first records of all blocks. Only the fences are kept in memory (8 KB for a million windows);
whoever looks for a hash reads the block that may have it. The file holds hashes of the texts, and
names, and nothing of the texts.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from infill_ls import private
from infill_ls.errors import RecitationError
from infill_ls.folders import own
from infill_ls.project.windows import Known, Windows

FORMAT: Final = 1
# Bytes of the decimal number that the file begins with.
LENGTH_DIGITS: Final = 12
# Records in a block: 3 KB, less than a disk reads at once.
RECORDS_IN_BLOCK: Final = 64
# Of a file that has no text: it is known, so that it need not be read again.
NO_TEXT: Final = -1
# Records are sorted in as many parts, by their first bits, so that sorting takes little memory.
_PARTS: Final = 64
# Where its name ends, size in bytes, time of its last change in ns, windows.
_ROW: Final = struct.Struct(">QQqq")
# Bytes that are written at once.
_BUFFER: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Status:
    """What tells whether a file has changed: its size in bytes, and its last change in ns."""

    size: int
    changed: int


def default_path() -> Path:
    """Return where the index is: in a folder of its own in the user's state directory.

    Raises :class:`RecitationError` if nobody knows where that is.
    """
    folder = own("state")
    if folder is None:
        raise RecitationError('Nobody knows where your home is, and the index of "recitation".')
    return folder / "recitation" / "index"


class Index:
    """An index that can be looked into. Raises :class:`RecitationError` if it isn't one.

    ``folders``: those that were indexed, sorted. ``windows``: how they are cut.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            self._close = weakref.finalize(self, os.close, self._file)
            self._read_head()
        except FileNotFoundError:
            raise RecitationError(
                'The index for "recitation" is not there, so nothing is shown.'
            ) from None
        except OSError as error:
            raise RecitationError(
                f"The index {path} can't be read ({error.strerror}), so nothing is shown."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise RecitationError(f"The index {path} is damaged, so nothing is shown.") from None

    def _read_head(self) -> None:
        # What is damaged may say any number.
        whole = os.fstat(self._file).st_size
        length = int(self._read(0, LENGTH_DIGITS))
        if not 0 < length < whole:
            raise ValueError
        head = json.loads(self._read(LENGTH_DIGITS, length))
        self.folders: list[str] = head["folders"]
        self.windows = Windows(int(head["window"]))
        self._records, self._files = int(head["records"]), int(head["files"])
        self._start = LENGTH_DIGITS + length
        self._rows = self._start + self._records * self.windows.record_size
        self._names = self._rows + self._files * _ROW.size
        fences = self._names + int(head["names"])
        blocks = -(-self._records // RECORDS_IN_BLOCK)
        if head["format"] != FORMAT or fences + 8 * blocks != whole:
            raise ValueError
        self._fences = array("Q", self._read(fences, 8 * blocks))
        if sys.byteorder == "little":
            self._fences.byteswap()

    def __len__(self) -> int:
        """How many files it has, those without text included."""
        return self._files

    def close(self) -> None:
        """Let the file go."""
        self._close()

    def _read(self, at: int, size: int) -> bytes:
        os.lseek(self._file, at, os.SEEK_SET)
        return os.read(self._file, size)

    def find(self, hash: int) -> Iterator[Known]:
        """Yield what is known of the anchors that have this hash."""
        wanted, size = hash.to_bytes(8), self.windows.record_size
        first = max(0, bisect_left(self._fences, hash) - 1)
        for block in range(first, len(self._fences)):
            if block > first and self._fences[block] != hash:
                return
            records = self._block(block)
            at = records.find(wanted)
            while at >= 0:
                if at % size == 0:
                    yield self.windows.known(records[at : at + size])
                at = records.find(wanted, at + 1)

    def _block(self, number: int) -> bytes:
        """Return so many records as a block has; fewer at the end."""
        size, first = self.windows.record_size, number * RECORDS_IN_BLOCK
        count = min(RECORDS_IN_BLOCK, self._records - first)
        return self._read(self._start + first * size, count * size)

    def records(self) -> Iterator[bytes]:
        """Yield all records in order."""
        size = self.windows.record_size
        for number in range(len(self._fences)):
            block = self._block(number)
            yield from (block[at : at + size] for at in range(0, len(block), size))

    def name(self, file: int) -> str:
        """Return the path of the file with this number."""
        start = self._row(file - 1)[0] if file else 0
        return os.fsdecode(self._read(self._names + start, self._row(file)[0] - start))

    def file(self, path: str) -> int | None:
        """Return the number of the file with this path; None if it isn't in the index."""
        wanted = os.fsencode(path)
        at = bisect_left(
            range(self._files), wanted, key=lambda number: os.fsencode(self.name(number))
        )
        return at if at < self._files and self.name(at) == path else None

    def status(self, file: int) -> tuple[Status, int]:
        """Return the status that a file had, and how many windows; ``NO_TEXT`` if it had none."""
        _, size, changed, windows = self._row(file)
        return Status(size, changed), windows

    def _row(self, file: int) -> tuple[int, int, int, int]:
        if not 0 <= file < self._files:
            raise RecitationError(f"The index has no file {file}: it is damaged.")
        return _ROW.unpack(self._read(self._rows + file * _ROW.size, _ROW.size))


class Writer:
    """Writes an index: first its records, in any order, then all of it in one step.

    ``paths``: of the files, in the order of their bytes; a file's number is its place there. Nobody
    but the user can read what is written. Leaving the block without :meth:`finish` leaves nothing.
    """

    def __init__(self, path: Path, folders: Sequence[str], windows: Windows) -> None:
        self._path, self._folders, self._windows = path, folders, windows
        self._stack = ExitStack()
        private.make_folder(path.parent)
        self._parts: list[IO[bytes]] = []

    def __enter__(self) -> Writer:
        for _ in range(_PARTS):
            part = tempfile.TemporaryFile(dir=self._path.parent, buffering=_BUFFER)
            self._parts.append(self._stack.enter_context(part))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, record: bytes) -> None:
        """Add one record."""
        self._parts[record[0] * _PARTS >> 8].write(record)

    def finish(self, files: Mapping[str, tuple[Status, int]]) -> int:
        """Put the index in its place and return its size in bytes.

        ``files``: path to status and number of windows, in the order of their numbers.
        """
        names = [os.fsencode(path) for path in files]
        size = self._windows.record_size
        head = {
            "format": FORMAT,
            "folders": self._folders,
            "window": self._windows.size,
            "records": sum(part.tell() for part in self._parts) // size,
            "files": len(files),
            "names": sum(map(len, names)),
        }
        # mkstemp: nobody else can read it, whatever the umask is.
        handle, unfinished = tempfile.mkstemp(dir=self._path.parent, prefix="unfinished-")
        try:
            with open(handle, "wb", buffering=_BUFFER) as file:
                text = json.dumps(head).encode("ascii")
                file.write(b"%*d" % (LENGTH_DIGITS, len(text)) + text)
                fences = self._write_records(file)
                end = 0
                for name, (status, windows) in zip(names, files.values(), strict=True):
                    end += len(name)
                    file.write(_ROW.pack(end, status.size, status.changed, windows))
                file.writelines(names)
                file.writelines(fences)
                file.flush()
                written = file.tell()
            os.replace(unfinished, self._path)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished)
            raise
        return written

    def _write_records(self, file: IO[bytes]) -> list[bytes]:
        """Write the records in order, and return the fences."""
        size, fences, written = self._windows.record_size, [], 0
        for part in self._parts:
            part.seek(0)
            everything = part.read()
            records = sorted(everything[at : at + size] for at in range(0, len(everything), size))
            fences += [
                record[:8] for record in records[-written % RECORDS_IN_BLOCK :: RECORDS_IN_BLOCK]
            ]
            file.writelines(records)
            written += len(records)
        return fences
