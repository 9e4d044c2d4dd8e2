"""``python -m editors [NAME ...]``: install the editors that the tests drive."""

from __future__ import annotations

import sys
import time

from editors import chosen, folder
from infill_ls.locks import try_lock


def main() -> None:
    kinds = chosen(sys.argv[1:])
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "lock").open("ab") as lock:
        # Another clone's tests may be at it.
        while not try_lock(lock):
            time.sleep(1)
        for kind in kinds:
            started = time.monotonic()
            kind.install(folder())
            print(f"{kind.name}: installed, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
