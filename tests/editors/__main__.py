"""``python -m editors [NAME ...]``: install the editors that the tests drive."""

from __future__ import annotations

import sys
import time

from editors import EDITORS, folder


def main() -> None:
    names = sys.argv[1:] or [kind.name for kind in EDITORS]
    unknown = set(names) - {kind.name for kind in EDITORS}
    if unknown:
        known = ", ".join(kind.name for kind in EDITORS)
        sys.exit(f"No such editor: {', '.join(sorted(unknown))}. There are {known}.")
    for kind in EDITORS:
        if kind.name in names:
            started = time.monotonic()
            kind.install(folder())
            print(f"{kind.name}: installed, {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
