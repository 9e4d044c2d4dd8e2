"""`python -m eval.perfect --files FOLDER`: a perfect model is never harmed.

Holes of every kind (:mod:`eval.gaps`) are cut into real files. The model writes exactly what stood
there; what is shown of it is set into the document, and judged (:mod:`eval.verdict`). No model
runs. Modes:

- ``exact``: it writes what was cut out, and stops.
- ``overrun``: it goes on with the file's own next lines, although they stand below.
- ``+ closed``: every bracket and quote that is open at the cursor and was opened in its line is
  closed right of the cursor, as editors do. Only for holes that reach to the end of a line, behind
  all of these closers.

The same files and seed give the same holes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from eval import real_files
from eval.gaps import FINDERS, TWO_ANSWERS, Cut, natural
from eval.lexed import Lexed
from eval.report import table
from eval.verdict import Verdict, verdict
from infill_ls.completion import policy
from infill_ls.settings import Settings
from infill_ls.text import hole
from infill_ls.text.hole import Hole
from infill_ls.text.shape import Shape
from infill_ls.trim import FILTERS, trim

MODES: Final = ("exact", "exact + closed", "overrun", "overrun + closed")
# Lines that the model writes beyond the hole.
OVERRUN: Final = 20
# Characters: of a larger file the reading takes too long.
_LONGEST: Final = 60_000
# Holes of a kind that one file gives.
_EACH: Final = 3
# Characters that a piece of the stream has at the most.
_PIECE: Final = 12
# Characters around a hole that are kept, and lines that are printed.
_NEAR: Final = 2_000
_LINES_ABOVE, _LINES_BELOW = 4, 3
_CURSOR: Final = "█"


def asked(lines: Sequence[str], line: int, column: int, language: str) -> Shape | None:
    """The shape that an automatic request gets there; None if it is refused."""
    plan = policy.plan(_hole(lines, line, column, language), _SETTINGS)
    return None if isinstance(plan, str) else plan.shape


def shown(
    lines: Sequence[str],
    line: int,
    column: int,
    language: str,
    raw: str,
    *,
    ends: Sequence[int] = (),
    without: str = "",
) -> tuple[str, int]:
    """What will stand from the cursor on, and how many characters right of it that replaces.

    ``raw``: what the model writes there. ``ends``: the stream is looked at when it has so many
    characters, and is closed when the fill is complete. ``without``: a filter that is left out.
    """
    at = _hole(lines, line, column, language)
    shape = policy.shape(at, "auto")
    filters = tuple(one for one in FILTERS if one.name != without)
    for end in ends:
        if trim(raw[:end], at, shape, over=False, filters=filters).complete:
            raw = raw[:end]
            break
    fill = trim(raw, at, shape, over=True, filters=filters).text
    return fill, at.replaced(fill)


FILTER_NAMES: Final = tuple(one.name for one in FILTERS)
_SETTINGS: Final = Settings(headers={}, model="any")


def _hole(lines: Sequence[str], line: int, column: int, language: str) -> Hole:
    return hole.at(lines, line, column, language)


@dataclass(frozen=True, slots=True)
class Trial:
    """A hole in a mode, and what came of it.

    ``truth``: what stood there. ``raw``: what the model wrote. ``before`` and ``after``: the
    document on either side of the cursor, as far as it is of interest. ``mended_by``: the filters
    of which each, left out, makes it right.
    """

    mode: str
    kind: str
    language: str
    place: str
    shape: Shape
    before: str
    after: str
    closers: str
    truth: str
    raw: str
    shown: str
    replaced: int
    verdict: Verdict
    mended_by: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.mode}|{self.kind}|{self.place}"


@dataclass(frozen=True)
class Options:
    """``count``: holes of each kind in each language."""

    count: int = 25
    seed: int = 1
    pieces: bool = False
    kinds: tuple[str, ...] = tuple(FINDERS)
    modes: tuple[str, ...] = MODES
    longest: int = _LONGEST
    causes: bool = False


def trials(folder: Path, names: Sequence[str], language: str, options: Options) -> list[Trial]:
    """What comes of the holes in these files of one language."""
    found: list[Trial] = []
    counts: Counter[str] = Counter()
    for name in names:
        wanted = [kind for kind in options.kinds if counts[kind] < options.count]
        if not wanted:
            break
        text = real_files.read(folder / name)
        if text is None or len(text) > options.longest:
            continue
        lexed = Lexed(text, language)
        for kind in wanted:
            chance = random.Random(f"{options.seed} {name} {kind}")
            most = min(_EACH, options.count - counts[kind])
            for number, (cut, shapes) in enumerate(_cuts(lexed, language, kind, chance)):
                if number == most:
                    break
                counts[kind] += 1
                for mode in options.modes:
                    if mode in shapes:
                        found.append(_trial(lexed, cut, mode, kind, language, name, options))
    return found


def _cuts(
    lexed: Lexed, language: str, kind: str, chance: random.Random
) -> Iterator[tuple[Cut, set[str]]]:
    """The places, and the modes that there are for each."""
    seen: set[int] = set()
    for cut in FINDERS[kind](lexed, chance):
        start, end = cut
        if start in seen or not lexed.text[start:end].strip() or not natural(lexed, cut):
            continue
        seen.add(start)
        if asked(*_document(lexed, cut, ""), language) is None:
            continue
        modes = {"exact", "overrun"}
        closers = closers_at(lexed, cut)
        if closers and asked(*_document(lexed, cut, closers), language) is not None:
            modes |= {"exact + closed", "overrun + closed"}
        yield cut, modes


def closers_at(lexed: Lexed, cut: Cut) -> str:
    """What an editor closes right of the cursor; nothing where it isn't in the cut as well."""
    start, end = cut
    if lexed.text[end : lexed.line_end(end)].strip():
        return ""
    pairs = lexed.open_at(start, lexed.line_start(start))
    if any(pair.closed is None or pair.closed >= end for pair in pairs):
        return ""
    return "".join(pair.closer for pair in pairs)


def _document(lexed: Lexed, cut: Cut, closers: str) -> tuple[list[str], int, int]:
    """The lines of the document with the hole in it, and the cursor's line and column."""
    start, end = cut
    text = lexed.text[:start] + closers + lexed.text[end:]
    *lines, last = text.split("\n")
    whole = [*(line + "\n" for line in lines), last]
    return whole, lexed.text.count("\n", 0, start), start - lexed.line_start(start)


def written(lexed: Lexed, cut: Cut, mode: str) -> str:
    """What the model writes."""
    start, end = cut
    if mode.startswith("exact"):
        return lexed.text[start:end]
    stop = end
    for _ in range(OVERRUN + 1):
        stop = min(lexed.line_end(stop) + 1, len(lexed.text))
    return lexed.text[start:stop].removesuffix("\n")


def _trial(
    lexed: Lexed, cut: Cut, mode: str, kind: str, language: str, name: str, options: Options
) -> Trial:
    start, end = cut
    closers = closers_at(lexed, cut) if mode.endswith("closed") else ""
    lines, line, column = _document(lexed, cut, closers)
    raw = written(lexed, cut, mode)
    place = f"{name}:{line + 1}:{column + 1}"
    ends = _pieces(raw, f"{options.seed} {place}") if options.pieces else ()
    shape = asked(lines, line, column, language)
    assert shape is not None
    judged = partial(_judged, lexed, cut, closers, shape, kind)
    text, replaced = shown(lines, line, column, language, raw, ends=ends)
    found = judged(text, replaced)
    mended_by: tuple[str, ...] = ()
    if options.causes and found != "right":
        mended_by = tuple(
            name
            for name in FILTER_NAMES
            if judged(*shown(lines, line, column, language, raw, without=name)) == "right"
        )
    return Trial(
        mode=mode,
        kind=kind,
        language=language,
        place=place,
        shape=shape,
        before=lexed.text[max(0, start - _NEAR) : start],
        after=(closers + lexed.text[end : end + _NEAR]),
        closers=closers,
        truth=lexed.text[start:end],
        raw=raw,
        shown=text,
        replaced=replaced,
        verdict=found,
        mended_by=mended_by,
    )


def _judged(
    lexed: Lexed, cut: Cut, closers: str, shape: Shape, kind: str, text: str, replaced: int
) -> Verdict:
    found = verdict(lexed, cut, closers, shape, text, replaced)
    return "right" if found == "nothing" and kind in TWO_ANSWERS else found


def _pieces(raw: str, seed: str) -> list[int]:
    chance, ends = random.Random(seed), [0]
    while ends[-1] < len(raw):
        ends.append(min(len(raw), ends[-1] + chance.randint(1, _PIECE)))
    return ends[1:]


def run(folders: Sequence[Path], languages: Sequence[str], options: Options) -> list[Trial]:
    """All trials; two languages at a time, with what has been done on stderr."""
    jobs = []
    for folder in folders:
        names = real_files.files(folder, real_files.ALL_LANGUAGES)
        by_language: dict[str, list[str]] = {}
        for name in sorted(names, key=lambda one: _hash(f"{options.seed} {one}")):
            language = real_files.ALL_LANGUAGES[Path(name).suffix]
            if not languages or language in languages:
                by_language.setdefault(language, []).append(name)
        jobs += [(folder, of_it, language, options) for language, of_it in by_language.items()]
    found: list[Trial] = []
    begun = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for done, (language, ones) in enumerate(pool.imap_unordered(_job, jobs, 1), 1):
            found += ones
            took = time.monotonic() - begun
            print(
                f"{done}/{len(jobs)} {language}: {len(ones)} trials, {took:.0f} s", file=sys.stderr
            )
    return sorted(found, key=lambda one: one.key)


def _job(job: tuple[Path, list[str], str, Options]) -> tuple[str, list[Trial]]:
    return job[2], trials(*job)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def tables(found: Sequence[Trial]) -> str:
    """The totals by mode, right ones by language and mode, then for each mode by kind."""
    modes = [mode for mode in MODES if any(one.mode == mode for one in found)]
    wrong: tuple[Verdict, ...] = ("short", "nothing", "harm")
    body = []
    for mode in modes:
        counts = Counter(one.verdict for one in found if one.mode == mode)
        size = counts.total()
        shares = [
            f"{100 * counts['right'] / size:.2f} %",
            *(f"{counts[name]} ({100 * counts[name] / size:.2f} %)" for name in wrong),
        ]
        body.append([mode, str(size), *shares])
    totals = table(["mode", "n", "right", *wrong], body)
    return "\n\n".join(
        [totals, _by_language(found, modes), *(_by_kind(found, mode) for mode in modes)]
    )


def _by_language(found: Sequence[Trial], modes: Sequence[str]) -> str:
    body = []
    for language in [*sorted({one.language for one in found}), "all"]:
        ones = [one for one in found if language in (one.language, "all")]
        cells = [_share([one for one in ones if one.mode == mode]) for mode in modes]
        body.append([language, *cells])
    return f"## right % (n)\n\n{table(['language', *modes], body)}"


def _by_kind(found: Sequence[Trial], mode: str) -> str:
    ones = [one for one in found if one.mode == mode]
    languages = sorted({one.language for one in ones})
    kinds = [kind for kind in FINDERS if any(one.kind == kind for one in ones)]
    body = []
    for kind in [*kinds, "all"]:
        of_kind = [one for one in ones if kind in (one.kind, "all")]
        cells = [_share([one for one in of_kind if one.language == name]) for name in languages]
        body.append([kind, *cells, _share(of_kind)])
    return f"## {mode}: right % (n)\n\n{table(['kind', *languages, 'all'], body)}"


def _share(ones: Sequence[Trial]) -> str:
    if not ones:
        return ""
    right = sum(one.verdict == "right" for one in ones)
    return f"{100 * right / len(ones):.3g} ({len(ones)})"


def described(one: Trial) -> str:
    """A trial with the text around it, what was written, shown, and what became of the document."""
    above = "\n".join(one.before.split("\n")[-_LINES_ABOVE - 1 :])
    below = "\n".join(one.after.split("\n")[: _LINES_BELOW + 1])
    rest = "\n".join(one.after[one.replaced :].split("\n")[: _LINES_BELOW + 1])
    mended = f" mended without: {', '.join(one.mended_by) or 'no single filter'}\n"
    return (
        f"=== {one.verdict}: {one.mode}, {one.kind}, {one.shape}: {one.language} {one.place}\n"
        f"{above}{_CURSOR}{below}\n"
        f"--- written: {one.raw!r}\n"
        f"---    what stood there: {one.truth!r}\n"
        f"--- shown, replacing {one.replaced}: {one.shown!r}\n{mended}"
        f"--- document:\n{above}{one.shown}{rest}\n"
    )


def changed(found: Sequence[Trial], earlier: dict[str, str]) -> Iterator[tuple[Trial, str]]:
    """The trials whose verdict is another than it was."""
    for one in found:
        before = earlier.get(one.key)
        if before is not None and before != one.verdict:
            yield one, before


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.perfect", description=__doc__)
    parser.add_argument("--files", type=Path, action="append", required=True, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=Options.count, help="of a kind and language")
    parser.add_argument("--seed", type=int, default=Options.seed)
    parser.add_argument("--pieces", action="store_true", help="stream it, and stop when complete")
    parser.add_argument("--kind", action="append", choices=list(FINDERS), help="may be repeated")
    parser.add_argument("--mode", action="append", choices=MODES, help="may be repeated")
    parser.add_argument("--language", action="append", default=[], help="may be repeated")
    parser.add_argument("--failures", type=int, default=0, metavar="N", help="print so many")
    parser.add_argument("--verdict", action="append", help="of failures; may be repeated")
    parser.add_argument(
        "--causes", action="store_true", help="find the filters that, left out, mend a failure"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the verdicts")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="list those that changed")
    given = parser.parse_args(arguments)
    options = Options(
        count=given.count,
        seed=given.seed,
        pieces=given.pieces,
        kinds=tuple(given.kind or FINDERS),
        modes=tuple(given.mode or MODES),
        causes=given.causes,
    )
    found = run(given.files, given.language, options)
    print(tables(found))
    wrong = [one for one in found if one.verdict != "right"]
    if given.causes:
        print(f"\n{causes(wrong)}")
    chosen = [one for one in wrong if not given.verdict or one.verdict in given.verdict]
    # In an order of chance, so that the first are of all kinds.
    for one in sorted(chosen, key=lambda one: _hash(one.key))[: given.failures]:
        print(f"\n{described(one)}", end="")
    if given.compare:
        for one, before in changed(found, json.loads(given.compare.read_text("utf-8"))):
            print(f"\nwas {before}\n{described(one)}", end="")
    if given.save:
        verdicts = {one.key: one.verdict for one in found}
        given.save.write_text(json.dumps(verdicts, indent=0), "utf-8")
    return 0


def causes(wrong: Sequence[Trial]) -> str:
    """Failures by mode, verdict and the filters that mend them."""
    counts = Counter(
        (one.mode, one.verdict, ", ".join(one.mended_by) or "no single filter") for one in wrong
    )
    body = [[*key, str(count)] for key, count in counts.most_common()]
    return table(["mode", "verdict", "right without", "n"], body)


if __name__ == "__main__":
    sys.exit(main())
