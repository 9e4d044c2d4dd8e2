"""Each link in the pages leads somewhere, and each page can be found from the README."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.pages import NAMES, PAGES, ROOT, anchors, links, plain_text


def test_the_pages_are_there() -> None:
    assert {"README.md", "docs/models.md", "docs/editors/neovim.md"} <= set(NAMES)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_each_link_leads_somewhere(page: Path) -> None:
    """Nothing is asked of a network: of other hosts' addresses only the form is looked at."""
    wrong = []
    for link in links(page):
        address = urlsplit(link)
        if address.scheme:
            good = address.scheme == "https" and "." in address.netloc
        else:
            path = unquote(address.path)
            there = (page.parent / path).resolve() if path else page
            good = there.is_relative_to(ROOT) and there.exists()
            if good and address.fragment:
                good = there.suffix == ".md" and address.fragment in anchors(there)
        if not good:
            wrong.append(link)
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_link_lacks_its_address(page: Path) -> None:
    """Of ``[text][name]`` without a line that says where, Markdown makes text."""
    assert not re.search(r"\]\[|\]\(", plain_text(page))


def test_the_readme_has_each_page() -> None:
    readme = ROOT / "README.md"
    linked = {(ROOT / urlsplit(link).path).resolve() for link in links(readme)}
    for_users = [page for page in PAGES if page.parent != ROOT and "docs" in page.parts]
    assert [str(page) for page in for_users if page not in linked] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 210


def test_anchors_are_made_as_github_makes_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What's `--tcp` for?\n## A, B & C\n## A, B & C\n", "utf-8")
    assert anchors(page) == {"whats---tcp-for", "a-b--c", "a-b--c-1"}
