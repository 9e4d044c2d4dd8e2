"""docs/architecture.md has each room that anybody may use, and each wing."""

from __future__ import annotations

from docs.pages import ROOT, code_in_text


def test_the_map_has_each_of_them() -> None:
    house = ROOT / "server" / "infill_ls"
    wings = {path.parent.name for path in house.glob("*/__init__.py")}
    rooms = {path.stem for path in house.glob("*.py")} - {"__init__", "__main__"}
    named = set(code_in_text(ROOT / "docs" / "architecture.md"))
    assert len(wings) > 8
    assert (wings | rooms) - named == set()
