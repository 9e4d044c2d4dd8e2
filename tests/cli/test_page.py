"""Pages: well-formed, escaped, alone in the world."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from infill_ls.cli.page import STYLE, Figures, Heading, Paragraph, Plots, Table, page
from infill_ls.cli.plots import COLOURS, Bars, Columns, Lines, Series, cumulative

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
