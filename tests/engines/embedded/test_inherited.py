"""What the embedded engine's child has of the environment."""

from __future__ import annotations

import pytest

from infill_ls.engines.embedded import engine as embedded
from infill_ls.engines.embedded.inherited import needed

NEEDED = {
    "PATH": "/bin",
    "HOME": "/home/a",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "LD_LIBRARY_PATH": "/own",
    "DYLD_LIBRARY_PATH": "/own",
    "PYTHONPATH": "/own",
    "VIRTUAL_ENV": "/own",
    "OMP_NUM_THREADS": "2",
    "CUDA_VISIBLE_DEVICES": "0",
    "SystemRoot": "C:\\Windows",
    "TMPDIR": "/tmp",
}
SECRET = dict.fromkeys(
    (
        *("OPENAI_API_KEY", "MY_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"),
        *("INFILL_LS_TOKEN", "INFILL_LS_HEADERS", "HTTP_PROXY", "SSH_AUTH_SOCK", "LLAMA_API_KEY"),
        *("PYTHON_KEYRING_PASSWORD", "CUDA_TOKEN", "LS_COLORS", "HOMEBREW_X"),
    ),
    "canary-4711",
)


def test_it_has_what_it_needs_and_no_more() -> None:
    assert needed({**NEEDED, **SECRET}) == NEEDED


async def test_a_real_child_has_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name, value in SECRET.items():
        monkeypatch.setenv(name, value)
    # It says what it has as if that were what went wrong.
    script = (
        "import json, os, sys\n"
        "print(json.dumps({'kind': 'Has', 'text': ' '.join(sorted(os.environ))}), flush=True)\n"
        "sys.stdin.read()"
    )
    monkeypatch.setattr(embedded, "COMMAND", ("-c", script))
    child = await embedded._Child.start()
    told = await child.serve({"key": "k"})
    assert not isinstance(told, str)
    assert "PATH" in told.text.split()
    assert not SECRET.keys() & set(told.text.split())
