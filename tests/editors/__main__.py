"""``python -m editors [NAME ...]``: install the editors that the tests drive."""

from __future__ import annotations

import sys
import time

from editors import chosen, folder


def main() -> None:
    for kind in chosen(sys.argv[1:]):
        started = time.monotonic()
        kind.install(folder())
        print(f"{kind.name}: installed, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
