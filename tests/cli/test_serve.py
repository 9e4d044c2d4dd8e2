"""The arguments of infill-ls serve."""

from __future__ import annotations

import pytest

from cli.conftest import Run
from fake_ollama import FakeOllama
from infill_ls.engines.embedded import weights

SMALL, LARGE = (one.name for one in weights.ALL)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("0.0.0.0:7777", "add --allow-remote"),
        ("192.0.2.1:7777", "add --allow-remote"),
        ("nonsense", "is not HOST:PORT"),
        ("127.0.0.1:99999", "is not HOST:PORT"),
        ("127.0.0.1:²", "is not HOST:PORT"),
        ("a..b:0", "is not HOST:PORT"),
        (f"{'a' * 70}:0", "is not HOST:PORT"),
        (f"127.0.0.1:{'1' * 5000}", "is not HOST:PORT"),
    ],
)
async def test_a_socket_for_this_machine_only(run: Run, address: str, said: str) -> None:
    ran = await run("serve", "--tcp", address)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (["0.0.0.0:0", "--allow-remote"], "", "set INFILL_LS_TOKEN to at least 16 characters"),
        (["0.0.0.0:0", "--allow-remote"], "x" * 15, "too short"),
        (["0.0.0.0:0"], "canary-of-16-and-more", "add --allow-remote"),
        (["127.0.0.1:0"], "canary", "too short"),
    ],
)
async def test_other_machines_need_a_token(
    run: Run, arguments: list[str], token: str, said: str
) -> None:
    ran = await run("serve", "--tcp", *arguments, INFILL_LS_TOKEN=token)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "canary" not in ran.err


async def test_a_port_that_is_taken(run: Run, ollama: FakeOllama) -> None:
    ran = await run("serve", "--tcp", f"127.0.0.1:{ollama.port}")
    assert (ran.status, ran.out) == (2, "")
    assert f"127.0.0.1:{ollama.port}" in ran.err
