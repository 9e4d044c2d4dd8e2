"""Closers right of the cursor, and fills that go through them."""

from __future__ import annotations

import pytest

from infill_ls.text.closing import closers_in, passed
from infill_ls.text.opened import open_at


@pytest.mark.parametrize(
    ("language", "before", "rest", "count"),
    [
        ("python", "f(", ")", 1),
        ("python", "f([", "])", 2),
        ("python", "f({", "} );", 2),
        ("python", "f(", "),", 1),
        ("python", "f(", ") + 1", 0),
        ("python", "f(", "]", 0),
        ("python", "f(", "))", 0),
        ("python", "f(", ";", 0),
        ("python", "f", ")", 0),
        ("python", 'f("', '")', 2),
        ("python", '"""', '"""', 1),
        # No quote is closed behind a word; the bracket's closer is that of what is around it.
        ("python", 'f("a', ")", 1),
        ("python", 'f(f"a {g(', "))", 0),
        ("python", 'f(f"a {g(', ")})", 3),
        ("python", 'f("a', "]", 0),
        ("javascript", "f(`${", "}`)", 3),
        # What a string's own text has opened, or hasn't.
        ("python", "\"select '", "'\"", 2),
        ("python", "\"don't (", ')"', 2),
        ("python", "\"don't (", '"', 1),
        ("javascript", "f(`[${", "}]`)", 4),
        ("javascript", "// see (", ")", 1),
        ("ruby", '"a (#{', '})"', 3),
    ],
)
def test_the_rest_of_a_line_that_an_editor_has_put_there(
    language: str, before: str, rest: str, count: int
) -> None:
    assert len(closers_in(rest, open_at(before, language))) == count


@pytest.mark.parametrize(
    ("language", "before", "rest", "fill", "starts"),
    [
        ("python", "f(", ")", "a) + b", [1]),
        ("python", "f(", ")", "a, g(b)", []),
        ("python", "f([", "])", "a]", [1]),
        ("python", 'f("', '")', 'a", b)', [1, 5]),
        ("python", "\"select '", "'\"", "a' from b\"", [1, 9]),
        # Who leaves the inner one out doesn't close the string either.
        ("python", "\"select '", "'\"", 'a"', []),
        ("javascript", "f(`[${", "}]`)", "a.b()}]`)", [5, 6, 7, 8]),
        ("javascript", "f(`[${", "}]`)", "a}, ", [1]),
        ("python", 'f("a', ")", 'b", c)', [5]),
        ("python", 'f("a', ")", "b)", []),
        # A quote in a comment that nobody closes is not what its bracket is closed by.
        ("javascript", '// f("', ")", 'a"', []),
        ("javascript", '// f("', ")", 'a") b', [2]),
        ("javascript", '// [f("', ")]", 'a") b] c', [2, 5]),
    ],
)
def test_where_a_fill_closes_what_the_rest_closes(
    language: str, before: str, rest: str, fill: str, starts: list[int]
) -> None:
    found = passed(fill, rest, open_at(before, language), language)
    assert [closed.start for closed in found] == starts
