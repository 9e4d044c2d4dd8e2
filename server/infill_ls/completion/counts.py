"""Follow what becomes of the fills that are shown, and count it.

A fill is followed from when it is shown until its fate is known, and after it was accepted until it
is known whether it stays. What tells are the requests that come later in its document, since they
say what stands before the cursor by then; the editor's word that it was accepted; and what is put
in at once, as by accepting a word of it. Where a request is of another place, or none comes, the
document itself is looked at; nothing here does so for every key.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from infill_ls.completion.judgement import Judgement
from infill_ls.completion.offers import Offer
from infill_ls.counters import Counters, Counts, Subject, counted_as
from infill_ls.experience import Experience
from infill_ls.text.common import common_start
from infill_ls.text.hole import IDENTITY_REACH, TYPED, Hole, typed_since

# s after which it is looked whether an accepted fill is still there. By then it has been read, and
# what is wrong with it was changed.
KEPT_AFTER: Final = 120.0
# Fills that are followed at once, each in a document of its own.
_FOLLOWED: Final = 16
# Accepted ones that wait to be looked for.
_LOOKED_FOR: Final = 64
# Characters, without blanks, that nobody types between two notifications of an editor: Neovim sends
# what was typed in 150 ms together. Fewer count as typed.
_AT_ONCE: Final = 4
# Texts put in at once that are remembered from one request to the next.
_PIECES: Final = 16
# Characters. A fill has 4,000 at the most; a menu's item also has the word before it.
_LONGEST_PUT_IN: Final = 5000
# Lines on either side of where a fill was accepted in which it may be found again.
_LINES_AROUND: Final = 500
# Characters, without blanks, that are found again by themselves. A shorter fill may stand in many
# places; it is found again with the start of its line.
_UNMISTAKABLE: Final = 12

# Returns the lines of a document; None if it isn't open.
LinesOf = Callable[[str], Sequence[str] | None]


@dataclass(eq=False, slots=True)
class _Followed:
    """A fill that is shown, and what of it stands in the document by now.

    ``hole``: where it goes, cut short. ``offers``: number and text of each candidate that agrees
    with what was typed. ``line``: of the document, from 0. ``agreed``: how many characters of it
    stand behind the hole; ``earlier``: how many keys of it stood before that. ``typed`` and
    ``put_in``: how many keys of it the user has typed, and how many were put in at once.
    ``pieces``: what was put in at once since the last request. ``whole``: all of it stands there;
    ``finished``: and its end was put in at once. ``judged``: what was thought of it, None if it was
    asked for by hand.
    """

    subject: Subject
    hole: Hole
    offers: list[tuple[int, str]]
    line: int
    judged: Judgement | None = None
    agreed: int = 0
    earlier: int = 0
    typed: int = 0
    put_in: int = 0
    pieces: deque[str] = field(default_factory=lambda: deque(maxlen=_PIECES))
    whole: bool = False
    finished: bool = False

    def go_to(self, typed: str) -> bool:
        """Take what stands behind the hole by now; return whether it agrees with the fill."""
        whole = [one for one in self.offers if typed.startswith(one[1].rstrip())]
        agreeing = whole[:1] or [one for one in self.offers if one[1].startswith(typed)]
        text = max(agreeing or self.offers, key=lambda one: common_start(one[1], typed))[1]
        reached = len(text) if whole else common_start(text, typed)
        part = text[self.agreed : reached]
        put_in = min(keys(part), sum(keys(piece) for piece in self.pieces if piece in part))
        taken_back = keys(text[reached : self.agreed])
        self.put_in += put_in
        self.typed = max(0, self.typed + keys(part) - put_in - taken_back)
        self.agreed = reached
        self.pieces.clear()
        self.offers, self.whole = agreeing or self.offers, bool(whole)
        return bool(agreeing)

    def finish_with(self, piece: str) -> bool:
        """Take a text that was put in at once; return whether it is all that was left of a fill."""
        for one in self.offers:
            rest = one[1][self.agreed :].strip()
            if len(rest) >= _AT_ONCE and piece.endswith(rest):
                self.offers, self.whole, self.finished = [one], True, True
                self.put_in += keys(rest)
                return True
        return False

    def go_on(self, offers: Sequence[Offer]) -> bool:
        """Take these offers for its rest, if they are that where they go; return whether so."""
        hole = offers[0].hole
        typed = typed_since(self.hole, hole)
        if typed is None or self.whole:
            return False
        texts = [text[len(typed) :] for _, text in self.offers if text.startswith(typed)]
        rests = [rest for rest in texts if rest.strip()]
        if not any(_agree(rest, one.fill) for rest in rests for one in offers):
            return False
        if self.judged is not None and len(offers[0].fill) > max(map(len, rests)):
            # There is more of it that has to be right by now.
            self.judged = offers[0].judged
        self.go_to(typed)
        if len(typed) > TYPED // 2:
            # It would be out of reach before it is typed to its end.
            self.earlier += keys(typed)
            self.hole, self.agreed, typed = _cut(hole), 0, ""
        # What came early may be longer by now. Or it is shorter: it goes up to a closer that the
        # editor has put in meanwhile.
        self.offers = [
            (
                one.number,
                typed + max([one.fill, *(r for r in rests if _agree(r, one.fill))], key=len),
            )
            for one in offers
        ]
        return True


@dataclass(frozen=True, slots=True)
class _Accepted:
    """A fill that was accepted: what to look for, without blanks, where, and when (s)."""

    subject: Subject
    uri: str
    line: int
    text: str
    due: float

    def stands_in(self, lines: Sequence[str]) -> bool:
        """Whether it is still there."""
        line = min(self.line, len(lines))
        near = lines[max(0, line - _LINES_AROUND) : line + _LINES_AROUND]
        return self.text in _without_blanks("".join(near))


class CountsOfSession:
    """Counts what becomes of the fills of one session.

    ``lines_of`` returns the lines of a document, None if it isn't open. ``now`` is in s of the
    loop's clock. ``experience``: what became of the fills of this session and of those before it.
    """

    def __init__(self, lines_of: LinesOf) -> None:
        self.experience = Experience()
        self._lines_of = lines_of
        self._counts: Counts = {}
        self._learnt = Experience()  # what isn't taken yet
        self._followed: OrderedDict[str, _Followed] = OrderedDict()  # by document
        self._accepted: deque[_Accepted] = deque(maxlen=_LOOKED_FOR)

    def asked(self, uri: str, hole: Hole, now: float) -> None:
        """Take note of a request: of what stands before the cursor by now."""
        followed = self._followed.get(uri)
        if followed is None:
            return
        typed = typed_since(followed.hole, hole)
        if followed.whole or typed is None:
            self._leave(uri, now)
        elif not followed.go_to(typed):
            self._end(uri, now, against=True)

    def shown(
        self, offers: Sequence[Offer], *, engine: str, model: str, ms: float, now: float
    ) -> None:
        """Count a fill that is given to the editor, ``ms`` after it was asked for.

        ``offers``: the candidates, best first. The rest of what was shown before is no other fill.
        """
        uri, hole = offers[0].uri, offers[0].hole
        followed = self._followed.get(uri)
        if followed is not None and followed.go_on(offers):
            return
        self._leave(uri, now)
        subject = Subject.of(hole.language, engine, model)
        line = hole.first_line + hole.prefix.count("\n")
        candidates = [(one.number, one.fill) for one in offers]
        self._followed[uri] = _Followed(subject, _cut(hole), candidates, line, offers[0].judged)
        while len(self._followed) > _FOLLOWED:
            self._leave(next(iter(self._followed)), now)
        counters = self._of(subject)
        counters.shown += 1
        counters.took(ms)

    def put_in(self, uri: str, texts: Iterable[str]) -> None:
        """Take note of a change of a document: of the texts that were put in."""
        followed = self._followed.get(uri)
        if followed is None or followed.whole:
            return
        for text in texts:
            if len(text) <= _LONGEST_PUT_IN and len(_without_blanks(text)) >= _AT_ONCE:
                piece = text.replace("\r\n", "\n")
                if followed.finish_with(piece.rstrip()):
                    return
                followed.pieces.append(piece)

    def accepted(self, number: object, now: float) -> None:
        """Count the fill of this offer as accepted, if it is followed."""
        if not isinstance(number, int) or isinstance(number, bool):
            return
        for uri, followed in self._followed.items():
            for offer in followed.offers:
                if offer[0] == number:
                    del self._followed[uri]
                    saved = followed.earlier + keys(offer[1]) - followed.typed
                    self._accept(uri, followed, offer[1], max(saved, 0), now)
                    return

    def closing(self, uri: str, now: float) -> None:
        """End what is followed in a document that is about to be closed."""
        self._leave(uri, now)
        self._look([one for one in self._accepted if one.uri == uri])

    def settle(self, now: float) -> None:
        """Look for the accepted fills for which it is time."""
        for uri in [uri for uri, followed in self._followed.items() if followed.whole]:
            self._end(uri, now)
        self._look([one for one in self._accepted if one.due <= now])

    def end(self, now: float) -> None:
        """End all that is followed, with the session."""
        for uri in list(self._followed):
            self._leave(uri, now)
        self._look(list(self._accepted))

    @property
    def waits(self) -> bool:
        """Whether there is something to be taken, or to be settled some time later."""
        is_whole = any(one.whole for one in self._followed.values())
        return bool(self._counts or self._accepted) or is_whole

    def take(self) -> Counts:
        """Return what was counted since, and begin anew."""
        taken, self._counts = self._counts, {}
        return taken

    def take_learnt(self) -> Experience:
        """Return what became of fills since, and begin anew."""
        taken, self._learnt = self._learnt, Experience()
        return taken

    def _learn(self, followed: _Followed, *, right: bool) -> None:
        """Note that a fill was right, or wrong, if it was shown unasked."""
        judged = followed.judged
        if judged is not None and judged.expected is not None:
            for each in (self.experience, self._learnt):
                each.note(judged.kind, followed.subject.language, judged.expected, right=right)

    def shift(self, kind: str, language: str) -> float:
        """Return what is added to the threshold of a kind of place in a language, by its id."""
        return self.experience.shift(kind, counted_as(language))

    def put_back(self, counts: Counts, learnt: Experience) -> None:
        """Take back what could not be written."""
        self._learnt.add(learnt)
        for subject, counters in counts.items():
            self._of(subject).add(counters)

    def _of(self, subject: Subject) -> Counters:
        return self._counts.setdefault(subject, Counters())

    def _leave(self, uri: str, now: float) -> None:
        """End what is followed in a document, by what stands there: the user has gone elsewhere."""
        followed, lines = self._followed.get(uri), self._lines_of(uri)
        against = False
        if followed is not None and lines is not None and not followed.whole:
            typed = _typed_at(followed.hole, followed.line, lines)
            against = typed is not None and not followed.go_to(typed)
        self._end(uri, now, against=against)

    def _end(self, uri: str, now: float, *, against: bool = False) -> None:
        """Count the fate of what is followed in a document; ``against``: something else was typed.

        An editor that has a menu doesn't say that the user has accepted.
        """
        followed = self._followed.pop(uri, None)
        if followed is None:
            return
        if followed.whole and (followed.finished or followed.put_in > followed.typed):
            self._accept(uri, followed, followed.offers[0][1], followed.put_in, now)
            return
        if followed.whole or followed.put_in or against:
            self._learn(followed, right=bool(followed.whole or followed.put_in))
        counters = self._of(followed.subject)
        counters.characters_saved += followed.put_in
        if followed.whole:
            counters.typed_through += 1
        elif followed.put_in:
            counters.accepted_partly += 1
        else:
            counters.rejected += 1
            counters.typed_against += against

    def _accept(self, uri: str, followed: _Followed, text: str, saved: int, now: float) -> None:
        self._learn(followed, right=True)
        counters = self._of(followed.subject)
        counters.accepted += 1
        counters.characters_saved += saved
        sought = _without_blanks(text)
        if len(sought) < _UNMISTAKABLE:
            sought = _without_blanks(followed.hole.line_before + text)
        self._accepted.append(
            _Accepted(followed.subject, uri, followed.line, sought, now + KEPT_AFTER)
        )

    def _look(self, accepted: Iterable[_Accepted]) -> None:
        """Count those that are still there."""
        for one in accepted:
            self._accepted.remove(one)
            lines = self._lines_of(one.uri)
            if lines is not None and one.stands_in(lines):
                self._of(one.subject).kept += 1


def keys(text: str) -> int:
    """Return how many characters of a text have to be typed: editors indent by themselves."""
    first, *others = text.split("\n")
    return len(first) + sum(1 + len(line.lstrip(" \t")) for line in others)


def _agree(one: str, other: str) -> bool:
    """Whether one of two texts begins the other."""
    return one.startswith(other.rstrip()) or other.startswith(one.rstrip())


def _typed_at(hole: Hole, line: int, lines: Sequence[str]) -> str | None:
    """Return what stands in a hole by now, near that line; None if more has changed there."""
    line = min(line, len(lines))
    near = range(max(0, line - _LINES_AROUND), min(len(lines), line + _LINES_AROUND))
    places = [at for at in near if lines[at].startswith(hole.line_before)]
    for above in hole.lines_above[-1:]:
        places = [at for at in places if at and lines[at - 1].rstrip("\r\n") == above]
    if not places:
        return None
    at = min(places, key=lambda at: abs(at - line))
    text = "".join(lines[at : at + _LINES_AROUND])[len(hole.line_before) :]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(hole.suffix) < IDENTITY_REACH:
        # All that there was.
        return text.removesuffix(hole.right) if text.endswith(hole.right) else None
    found = text.find(hole.right)
    return text[:found] if found >= 0 else None


def _cut(hole: Hole) -> Hole:
    """Return a hole with no more text than tells its place from others."""
    cut = replace(
        hole,
        suffix=hole.suffix[:IDENTITY_REACH],
        above=hole.above[-IDENTITY_REACH:],
        below=hole.below[:IDENTITY_REACH],
    )
    if len(hole.prefix) <= IDENTITY_REACH:
        return cut
    # It begins in no line that another hole begins in.
    return replace(cut, prefix=hole.prefix[-IDENTITY_REACH:], first_line=-1)


def _without_blanks(text: str) -> str:
    return "".join(text.split())
