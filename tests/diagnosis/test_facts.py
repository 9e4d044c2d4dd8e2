"""Values of settings, as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from infill_ls.diagnosis.facts import Given, Set, value_shown
from infill_ls.settings import Settings, Source


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (False, "false"),
        (64, "64"),
        ("auto", '"auto"'),
        ("x" * 100, '"' + "x" * 58 + "…"),
    ],
)
def test_values(value: Any, shown: str) -> None:
    assert value_shown(value) == shown


def test_where_a_setting_is_from() -> None:
    assert Set("model", "x", Source("environment", "INFILL_LS_MODEL")).place == "INFILL_LS_MODEL"
    assert Set("model", "x", Source("file", "/home/me/config.toml")).place == "settings file"
    assert Set("model", "x", Source("command line")).place == "command line"
    assert Given(Settings()).source_of("model") == Source("default")
