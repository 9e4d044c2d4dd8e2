"""The keyboard: what of a document is typed when, what is asked, and what is accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast, get_args

import pytest

from infill_ls.bench.edits import Edit
from infill_ls.bench.figures import PATIENCE, Measured
from infill_ls.bench.keyboard import ASK_AFTER, Keyboard
from infill_ls.completion.answer import MESSAGES, OF_THE_MODEL, Answer, Reason
from infill_ls.completion.completer import Completer
from infill_ls.completion.offers import Offer
from infill_ls.errors import BadAnswer, InfillError
from infill_ls.project.rules import Rules
from infill_ls.settings import Settings
from infill_ls.text.hole import Hole

RULES = Rules(Settings(headers={}))
EDIT = Edit(3, "def f():\n", "    first = one()\n\n    return first", "\n\n\ndef g():\n")
URI = "file:///bench/0"


@dataclass
class Answers:
    """In the place of a completer. ``fill``: what is suggested for a hole, after ``delay`` s."""

    fill: Callable[[Hole], str] = lambda hole: ""
    delay: float = 0.0
    reason: Reason = "nothing"
    error: InfillError | None = None
    holes: list[Hole] = field(default_factory=list)
    asked: list[Hole] = field(default_factory=list)
    cancelled: int = 0
    accepted: list[object] = field(default_factory=list)

    def use(self, uri: str, rules: Rules) -> None:
        assert (uri, rules) == (URI, RULES)

    def document_changed(self, uri: str, holes: list[Hole]) -> None:
        self.holes += holes

    def accept(self, number: object) -> None:
        self.accepted.append(number)

    async def complete(self, uri: str, hole: Hole, *, waited: float) -> Answer:
        assert (uri, waited) == (URI, ASK_AFTER)
        self.asked.append(hole)
        try:
            await asyncio.sleep(self.delay)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        fill = self.fill(hole)
        if self.error is not None:
            return Answer("problem", error=self.error)
        if not fill:
            return Answer(self.reason)
        return Answer("fill", (Offer(len(self.asked), uri, hole, fill),))


async def typed(answers: Answers, edit: Edit = EDIT) -> Measured:
    measured = Measured("ollama", "coder")
    keyboard = Keyboard(cast(Completer, answers), measured, counts_from=0.0, until=1e6)
    await keyboard.type(URI, "python", RULES, edit)
    # What was asked last is cancelled by now.
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return measured


def rest(hole: Hole) -> str:
    """What is still to be typed at a hole of the edit."""
    return EDIT.target[len(hole.prefix) - len(EDIT.before) :]


@pytest.mark.looptime(start=0)
async def test_every_key_changes_the_document() -> None:
    answers = Answers()
    measured = await typed(answers)
    texts = [hole.prefix for hole in answers.holes]
    assert texts[0] == EDIT.before + "    "
    assert texts[-1] == EDIT.before + EDIT.target
    assert {hole.suffix for hole in answers.holes} == {EDIT.after}
    assert {hole.language for hole in answers.holes} == {"python"}
    # A line end brings the indentation of its line along.
    assert EDIT.before + "    first = one()\n" in texts
    assert EDIT.before + "    first = one()\n\n    " in texts
    assert EDIT.before + "    first = one()\n\n  " not in texts
    assert measured.typed == len(EDIT.target) - 4
    assert answers.accepted == []
    assert {look.outcome for look in measured.looks} == {"nothing"}


@pytest.mark.looptime(start=0)
async def test_the_next_key_cancels_what_was_asked() -> None:
    answers = Answers(delay=60)
    measured = await typed(answers)
    assert answers.cancelled == len(answers.asked) > 10
    assert {look.outcome for look in measured.looks} == {"late"}
    waited = asyncio.get_running_loop().time()
    assert waited > PATIENCE * len(measured.looks)


@pytest.mark.looptime(start=0)
async def test_what_is_right_is_accepted() -> None:
    answers = Answers(fill=rest, delay=0.2)
    measured = await typed(answers)
    (look,) = measured.looks
    assert look.right
    assert look.first_line_right
    assert look.has_more_lines
    assert look.wait == pytest.approx(ASK_AFTER + 0.2)
    assert (measured.typed, measured.accepted) == (0, len(EDIT.target) - 4)
    assert answers.accepted == [1]
    assert answers.holes[-1].prefix == EDIT.before + EDIT.target


@pytest.mark.looptime(start=0)
async def test_what_is_wrong_is_typed_over() -> None:
    answers = Answers(fill=lambda hole: rest(hole)[:2] + "wrong")
    measured = await typed(answers)
    assert (answers.accepted, measured.accepted) == ([], 0)
    assert {look.right for look in measured.looks} == {False}
    assert answers.holes[-1].prefix == EDIT.before + EDIT.target


@pytest.mark.looptime(start=0)
async def test_a_first_line_may_be_right_alone() -> None:
    answers = Answers(fill=lambda hole: "first = one()\nwrong" if rest(hole)[:5] == "first" else "")
    measured = await typed(answers)
    (look,) = measured.suggestions[:1]
    assert (look.right, look.first_line_right, look.has_more_lines) == (False, True, True)


@pytest.mark.looptime(start=0)
async def test_what_was_visible_stays_while_it_is_typed() -> None:
    # Two letters are typed, not accepted; then no more is known.
    edit = Edit(0, "x = ", "ab", "\n")
    answers = Answers(fill=lambda hole: "ab" if hole.prefix.endswith("= ") else "")
    measured = await typed(answers, edit)
    assert measured.looks[0].right
    assert measured.typed == 2
    assert answers.accepted == []


@pytest.mark.looptime(start=0)
async def test_where_nothing_is_asked_for_nothing_counts() -> None:
    measured = await typed(Answers(reason="secret"))
    assert measured.looks == []
    assert measured.typed > 0
    assert measured.without_looks == MESSAGES["secret"]


# Of an answer without a fill: the model was asked, and has nothing that can be shown.
OF_ITS_OWN = ("fill", "recalled", "nothing", "trimmed", "recited", "unshowable", "unsure")
NOT_ASKED = (
    *("disabled", "excluded", "secret", "mid word", "superseded", "cancelled", "outdated"),
    *("closed", "unasked", "slow", "unread", "not running", "stalled", "busy", "unauthorized"),
    *("no model", "cannot insert", "too long", "bad answer", "settings", "no weights", "no index"),
    *("cannot load", "problem"),
)


def test_each_reason_is_the_models_or_is_not() -> None:
    assert sorted((*OF_ITS_OWN, *NOT_ASKED)) == sorted(get_args(Reason))
    assert set(OF_ITS_OWN) == OF_THE_MODEL


@pytest.mark.looptime(start=0)
@pytest.mark.parametrize("reason", OF_ITS_OWN)
async def test_a_model_whose_fills_come_to_nothing_has_as_many_looks(reason: Reason) -> None:
    measured = await typed(Answers(reason=reason))
    assert [look.outcome for look in measured.looks] == ["nothing"] * len(measured.looks)
    assert len(measured.looks) == len((await typed(Answers())).looks) > 0


@pytest.mark.looptime(start=0)
async def test_nothing_but_errors_ends_it() -> None:
    answers = Answers(error=BadAnswer("It broke."))
    with pytest.raises(BadAnswer, match="It broke"):
        await typed(answers, Edit(0, "", "a line of it\n" * 9, "\n"))


@pytest.mark.looptime(start=0)
async def test_an_error_now_and_then_does_not() -> None:
    answers = Answers(fill=lambda hole: "wrong")

    def fill(hole: Hole) -> str:
        answers.error = None if len(answers.asked) % 4 else BadAnswer("Busy.")
        return "wrong"

    answers.fill = fill
    measured = await typed(answers, Edit(0, "", "a line of it\n" * 9, "\n"))
    assert measured.typed == len("a line of it\n") * 9
