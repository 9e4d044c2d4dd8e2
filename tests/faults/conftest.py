"""Fixtures of the fault matrix."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from faults.process import HAS_PROC
from faults.rows import Matrix, Row, keep


@pytest.fixture(scope="session")
def matrix(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Runs rows that need a server process."""
    if not HAS_PROC:
        pytest.skip("there is no /proc, which has what a process holds")
    selected = frozenset(item.name for item in request.session.items)
    return Matrix(selected, tmp_path_factory.mktemp("faults"))


@pytest.fixture(name="keep")
def _keep() -> Callable[[Row], None]:
    """Checks and keeps a row that a test has made itself."""

    def check_and_keep(row: Row) -> None:
        keep(row)
        row.check()

    return check_and_keep
