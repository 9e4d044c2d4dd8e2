"""Pages: well-formed, escaped, alone in the world; and written like a file of the user's own."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

from infill_ls.cli.page import STYLE, Figures, Heading, Paragraph, Plots, Table, check, page, save
from infill_ls.cli.plots import COLOURS, Bars, Columns, Lines, Series, cumulative
from infill_ls.errors import InfillError

# What no text may become; and what a terminal or a reader of bidirectional text would obey.
HARM = "<script>alert(1)</script> \"'&\x1b[31m\u202e"
VOID = ("meta", "path", "rect")


class Read(HTMLParser):
    """A page, read as strictly as it was written: each element is closed in its turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (attributes for name, attributes in self.elements if name == tag)


def full(text: str) -> str:
    """A page with everything that pages can have, each with this text."""
    plots = Plots(
        [
            Columns(text, [text], [Series(text, [1])], text, text),
            Bars(text, [(text, 1)], text, text),
            Lines(text, [cumulative(text, [1])], text, text, text),
        ]
    )
    table = Table([text, f"{text} 2"], [[text, text]], right=[f"{text} 2"], name=text)
    return page(text, [Heading(text), Paragraph(text), Figures([(text, text)]), table, plots])


def test_nothing_of_a_text_is_markup() -> None:
    html = full(HARM)
    read = Read(html)
    assert not list(read.all("script"))
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert sum("<script>alert(1)</script>" in text for text in read.texts) > 20
    tags = [tag for tag, _ in Read(full("word")).elements]
    assert [tag for tag, _ in read.elements] == tags


def test_nothing_is_loaded_from_anywhere() -> None:
    html = full("word")
    read = Read(html)
    assert not re.search(r"https?:|//|url\(|@import", html)
    assert {"src", "href", "srcset", "data"}.isdisjoint(
        name for _, attributes in read.elements for name in attributes
    )
    assert {"http-equiv": "Content-Security-Policy"}.items() <= list(read.all("meta"))[2].items()
    assert "default-src 'none'" in str(list(read.all("meta"))[2]["content"])


def test_whoever_does_not_see_plots_is_told_what_they_are_and_given_the_numbers() -> None:
    read = Read(full("word"))
    plots = [one for one in read.all("svg") if one.get("role") == "img"]
    assert len(plots) == 3
    named = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    labels = [label for one in plots for label in str(one["aria-labelledby"]).split()]
    assert sorted(labels) == sorted(filter(None, named))
    assert len(set(labels)) == 6
    assert len(list(read.all("details"))) == 3
    assert all(one.get("scope") in ("col", "row") for one in read.all("th"))
    assert [tag for tag, _ in read.elements if tag in ("h1", "h2")] == ["h1", "h2"]
    assert list(read.all("html")) == [{"lang": "en"}]


def luminance(colour: str) -> float:
    """Relative luminance, by WCAG 2."""
    digits = colour * 2 if len(colour) == 3 else colour
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_from_their_ground(which: int) -> None:
    schemes = STYLE.split("@media (prefers-color-scheme: dark)")
    colours = dict(re.findall(r"--(\w+): #(\w+);", schemes[which]))

    def contrast(one: str, ground: str) -> float:
        bright, dark = sorted((luminance(colours[one]), luminance(colours[ground])), reverse=True)
        return (bright + 0.05) / (dark + 0.05)

    for ground in ("ground", "card"):
        assert contrast("text", ground) >= 7
        assert contrast("faint", ground) >= 4.5
        for place in range(COLOURS):
            assert contrast(f"c{place + 1}", ground) >= 3


def test_a_page_is_written_for_the_user_alone_and_anew(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    save("one", str(file))
    save("two ✓", str(file))
    assert file.read_text("utf-8") == "two ✓"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_a_link_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link.html"
    link.symlink_to(tmp_path / "page.html")
    save("one", str(link))
    assert link.is_symlink()
    assert (tmp_path / "page.html").read_text() == "one"


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    save("one", str(pipe))
    assert os.read(reading, 9) == b"one"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_dash_is_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    save("one", "-")
    assert capfdbinary.readouterr().out == b"one"


@pytest.mark.parametrize("writes", [check, partial(save, "one")])
@pytest.mark.parametrize("file", ["missing/page.html", ".", "file/page.html"])
def test_what_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, file: str, writes: Callable[[str], None]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InfillError, match=r"^The page .* can't be written \(.+\)\.$"):
        writes(str(tmp_path / file))


def test_looking_whether_it_can_be_written_changes_nothing(tmp_path: Path) -> None:
    check(str(tmp_path / "page.html"))
    check("-")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "page.html").write_text("one")
    check(str(tmp_path / "page.html"))
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("page.html", "one")]


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such pipes")
def test_nobody_waits_for_the_reader_of_a_pipe_to_look_at_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    check(str(tmp_path / "pipe"))
