"""What is made of pip-audit's answers; it runs by ``make audit``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from advisories import audit

CLEAN = {"name": "h11", "version": "0.16.0", "vulns": []}
FLAW = {"id": "CVE-2025-43859", "fix_versions": ["0.16.0"], "aliases": []}
FLAWED = {"name": "h11", "version": "0.14.0", "vulns": [FLAW]}
UNKNOWN = {"name": "attrs", "skip_reason": "Dependency not found on PyPI"}


def said(*entries: dict[str, Any]) -> str:
    return json.dumps({"dependencies": entries, "fixes": []})


@pytest.mark.parametrize(
    ("answers", "status", "text"),
    [
        ([said(CLEAN)], 0, "1 packages of requirements.lock have no known vulnerability (first)"),
        ([said(CLEAN, UNKNOWN)], 0, "knows nothing of 1 others"),
        ([said(FLAWED)], 1, "h11 0.14.0: CVE-2025-43859, mended in 0.16.0"),
        ([said({**FLAWED, "vulns": [{**FLAW, "fix_versions": []}]})], 1, "no version yet"),
        # A source that isn't there, or that knows nothing: the next one counts.
        (["", said(FLAWED)], 1, "h11 0.14.0"),
        ([said(UNKNOWN), said(CLEAN)], 0, "(second)"),
        # Nobody is asked: that is no success, and is said so.
        ([said(UNKNOWN), ""], 0, "SKIPPED"),
        (["[]", "{}"], 0, "no advisory source (first, second) can be reached"),
    ],
)
def test_what_is_made_of_the_sources_answers(answers: list[str], status: int, text: str) -> None:
    by_source = dict(zip(("first", "second"), answers, strict=False))
    ended, told = audit(lambda source: by_source[source], ("first", "second"))
    assert ended == status
    assert text in told
