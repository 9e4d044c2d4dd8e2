"""Whether a file has changed, and whether it is being saved."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from infill_ls.saving import SAVING, Saving, sign_of
from saving_clock import SavingClock, clock

__all__ = ["clock"]


def test_the_sign_is_another_once_the_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert sign_of(path) == sign_of(path / "b") == ()
    path.write_text("a")
    before = sign_of(path)
    assert before == sign_of(path) != ()
    # A file in the place of a folder is as good as none.
    assert sign_of(path / "b") == ()
    path.write_text("ab")
    assert sign_of(path) != before
    assert sign_of("\0") == (0, 0, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes as files")
def test_what_is_no_file_is_not_empty(tmp_path: Path, clock: SavingClock) -> None:
    os.mkfifo(tmp_path / "a")
    assert not Saving().may_be(sign_of(tmp_path / "a"))
    assert not Saving().may_be(sign_of(tmp_path))


@pytest.mark.parametrize("sign", [(), (1, 1, 0, 1)])
def test_what_is_gone_or_empty_is_waited_for(clock: SavingClock, sign: tuple[int, ...]) -> None:
    saving = Saving()
    assert saving.may_be(sign)
    clock.now += SAVING / 2
    assert saving.may_be(sign)
    assert not saving.is_over()
    clock.now += SAVING / 2
    assert saving.is_over()
    assert not saving.may_be(sign)
    # The next time is another.
    assert not saving.is_over()
    assert saving.may_be(sign)
    assert not saving.may_be((1, 1, 5, 1))
    clock.now += SAVING
    assert not saving.is_over()
