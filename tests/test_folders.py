"""Where the user's own folders are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infill_ls import settings
from infill_ls.engines.embedded import weights
from infill_ls.engines.rates import Rates
from infill_ls.engines.rates_file import RatesFile
from infill_ls.errors import WeightsError
from infill_ls.folders import own


@pytest.fixture
def _no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user whom the system doesn't know, in a project that has made a folder for him."""
    if sys.platform in ("win32", "darwin"):
        pytest.skip("the system knows each user there")
    import pwd

    def unknown(number: int) -> None:
        raise KeyError(number)

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    planted = tmp_path / "~/.config/infill-ls/config.toml"
    planted.parent.mkdir(parents=True)
    planted.write_text('url = "http://elsewhere.example"\n')


def test_they_are_where_the_user_wants_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if sys.platform in ("win32", "darwin"):
        pytest.skip("other variables say it there")
    for kind in ("config", "state", "cache"):
        monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(tmp_path / kind))
        assert own(kind) == tmp_path / kind / "infill-ls"


@pytest.mark.usefixtures("_no_home")
def test_without_a_home_a_projects_folder_is_not_taken_for_it(tmp_path: Path) -> None:
    assert own("config") is None
    found, problems = settings.load()
    assert (found.url, problems) == (settings.Settings().url, [])
    rates_file = RatesFile()
    rates_file.save("engine model", Rates(read=100.0, write=10.0))
    assert rates_file.load("engine model").kept == (None, None)
    with pytest.raises(WeightsError, match="XDG_CACHE_HOME"):
        weights.fetched()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["config.toml"]
