"""Whether a fill has a window of tokens in common with a file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infill_ls.project.windows import LONGEST_STEP, Known, Windows, tokens


class Corpus:
    """Files, and their records by their hashes."""

    def __init__(self, size: int, files: Sequence[str]) -> None:
        self.windows = Windows(size)
        self.count = 0
        self._known: dict[int, list[Known]] = defaultdict(list)
        for number, text in enumerate(files):
            records, count = self.windows.records(text, number)
            self.count += count
            for record in records:
                assert len(record) == self.windows.record_size
                self._known[int.from_bytes(record[:8])].append(self.windows.known(record))

    def find(self, hash: int) -> Iterable[Known]:
        return self._known.get(hash, ())

    def found(self, before: str, fill: str, after: str = "") -> set[int]:
        return set(self.windows.found(before, fill, self.find, after))


def windows_of(found: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(found[at : at + size]) for at in range(len(found) - size + 1)}


def naive(size: int, files: Sequence[str], before: str, fill: str) -> set[int]:
    """The same by comparing texts: every window that has a part of a token of the fill."""
    whole = tokens(before + fill)
    # Tokens that end with the text before the cursor, and so have no part of the fill.
    old = len(tokens(before))
    if before and tokens(before + fill)[:old] != tokens(before):
        old -= 1  # the fill goes on with a word
    wanted = windows_of(whole[max(0, old - size + 1) :], size)
    return {n for n, text in enumerate(files) if wanted & windows_of(tokens(text), size)}


WORD = st.sampled_from(["a", "b", "if", "x1", "é", "(", ")", "\ud800", "==", "_"])
BLANK = st.sampled_from(["", " ", "\n    ", "\t"])
TEXT = st.lists(st.builds(lambda word, blank: word + blank, WORD, BLANK), max_size=40).map("".join)


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, list[str], str, str]:
    """A size, files, and a text that has parts of them, cut into what was before and the fill."""
    size = draw(st.integers(1, 14))
    files = draw(st.lists(TEXT, min_size=1, max_size=4))
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        text = draw(st.sampled_from(files))
        start = draw(st.integers(0, len(text)))
        parts.append(text[start : start + draw(st.integers(0, 60))] + draw(BLANK))
        parts.append(draw(st.one_of(st.just(""), TEXT)))
    whole = "".join(parts)
    cursor = draw(st.integers(0, len(whole)))
    return size, files, whole[:cursor], whole[cursor:]


@given(cases())
@example((3, ["a b c"], "a b", " c"))
@example((3, ["a bc d"], "a b", "c d"))
@example((3, ["a b c"], "a b c", " d"))
@example((1, [""], "", ""))
def test_a_window_is_found_exactly_where_comparing_texts_finds_one(
    case: tuple[int, list[str], str, str],
) -> None:
    size, files, before, fill = case
    assert Corpus(size, files).found(before, fill) == naive(size, files, before, fill)


FILE = " ".join(f"word{number}" for number in range(200))


@pytest.mark.parametrize("start", range(0, 150, 7))
def test_each_window_of_the_usual_size_is_found_and_nothing_shorter(start: int) -> None:
    corpus = Corpus(50, ["other " * 100, FILE])
    fill = " ".join(FILE.split()[start : start + 50])
    assert corpus.found("x = ", fill) == {1}
    assert corpus.found("x = ", fill.rpartition(" ")[0] + " other") == set()


@pytest.mark.parametrize("size", [10, 50, 51, 1000])
def test_what_is_kept_of_a_text(size: int) -> None:
    windows = Windows(size)
    text = " ".join(f"word{number}" for number in range(5000))
    records, count = windows.records(text, 7)
    assert count == 5000 - size + 1
    assert windows.step <= LONGEST_STEP
    assert len(records) == (5000 - windows.anchor) // windows.step + 1
    assert {windows.known(record)[0] for record in records} == {7}
    assert windows.known(windows.renumbered(records[0], 9))[0] == 9
    # Nothing of the text itself.
    assert not any(b"word" in record for record in records)


def test_line_by_line_is_no_way_around() -> None:
    words = FILE.split()
    corpus = Corpus(50, [FILE])
    accepted = " ".join(words[:45]) + "\n"
    assert corpus.found("", accepted) == set()
    assert corpus.found(accepted, " ".join(words[45:49])) == set()
    assert corpus.found(accepted, " ".join(words[45:50])) == {0}
    # What the user has of it already says nothing against another fill.
    whole = " ".join(words[:60]) + "\n"
    assert corpus.found(whole, "something = else_(1)") == set()
    assert corpus.found(whole, "\n") == set()


def test_layout_says_nothing_and_every_word_counts() -> None:
    code = "def add(a, b):\n    # the sum\n    return a + b\n"
    corpus = Corpus(10, [code])
    assert corpus.found("", "def add ( a ,b ) :\n\n\n# the sum\n\treturn a+b") == {0}
    assert corpus.found("", code.replace("add", "sum")[:21]) == set()


def test_the_end_of_what_stands_before_is_enough() -> None:
    windows = Windows(10)
    long = "a_rather_long_name + " * 1000
    end = windows.end_of(long)
    assert len(end) < 500
    assert long.endswith(end)
    assert len(tokens(end)) > 10
    # Hardly any token in it: all of it.
    assert windows.end_of("x" + " " * 5000) == "x" + " " * 5000


@pytest.mark.parametrize("size", [10, 20, 50])
def test_what_stands_after_the_fill_counts_too(size: int) -> None:
    words = [f"word{number}" for number in range(3 * size)]
    corpus = Corpus(size, [" ".join(words)])
    third = size // 3 + 1
    before, fill, after = (
        " ".join(part) for part in (words[:third], words[third : 2 * third], words[2 * third :])
    )
    assert corpus.found(f"{before} ", f"{fill} ", after) == {0}
    # Only windows that have something of the fill.
    assert corpus.found(f"{before} ", "other ", after) == set()
    assert corpus.found(f"{before} ", " ", after) == set()
    assert corpus.found("", "other ", " ".join(words)) == set()


def test_what_stands_after_the_fill_may_have_few_tokens_in_much_white_space() -> None:
    words = [f"word{number}" for number in range(40)]
    corpus = Corpus(20, [" ".join(words)])
    assert corpus.found(f"{' '.join(words[:5])} ", "word5 ", (" " * 300).join(words[6:])) == {0}
