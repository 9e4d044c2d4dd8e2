"""``python -m llama_server``: install what the tests here run."""

from __future__ import annotations

import time

from llama_server import install

started = time.monotonic()
install()
print(f"llama-server: installed, {time.monotonic() - started:.1f} s", flush=True)
