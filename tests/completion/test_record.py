"""What is put on record of a fill, and which call has written it."""

from __future__ import annotations

import json
from typing import Any

from holes import at
from infill_ls.completion.answer import Outcome
from infill_ls.completion.offers import Offers
from infill_ls.completion.record import PLACES_KEPT, Origin, Origins, digest_of, entry
from infill_ls.engines.rates import Usage
from infill_ls.text.hole import Hole

URI = "file:///a.py"
CANARY = "canary_4711"


def outcome(prompt: str = "prompt", fill: str = "fill", tokens: int | None = 5) -> Outcome:
    usage = Usage(tokens, None, 3)
    return Outcome(fill, "line", "m", "ollama", 1.0, 2.0, usage, fill, 99, "", prompt, "abc")


def origin(prompt: str = "prompt", *, ahead: bool = False) -> Origin:
    return Origin.of(outcome(prompt), ahead=ahead)


def test_sizes_hashes_and_names_and_no_code() -> None:
    written = Origin.of(outcome(f"{CANARY} = ", tokens=None))
    one = entry(
        *("shown", f"{CANARY}()\r\n\ud800"),
        origin=written,
        language="python",
        file="/a.py",
        number=7,
    )
    assert one == {
        "event": "shown",
        "offer": 7,
        "source": "fill",
        "engine": "ollama",
        "model": "m",
        "digest": "abc",
        "language": "python",
        "files": ["/a.py"],
        "prompt": {"sha256": digest_of(f"{CANARY} = "), "characters": 14, "tokens": None},
        "fill": {"sha256": digest_of(f"{CANARY}()\r\n\ud800"), "characters": 16, "lines": 2},
    }
    assert CANARY not in json.dumps(one)


def test_what_nobody_knows_is_null() -> None:
    one = entry("accepted", "x", origin=None)
    assert (one["model"], one["digest"], one["prompt"]["sha256"], one["files"]) == (
        *(None, None, None),
        [],
    )


def test_the_hash_is_the_one_that_everybody_knows() -> None:
    assert digest_of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_fill_is_its_calls_while_it_is_typed() -> None:
    origins = Origins()
    first, other = origin("first"), origin("other")
    origins.note(URI, at("total = █"), "sum(prices)\nreturn total", first)
    origins.note(URI, at("other = █"), "1", other)
    assert origins.find(URI, at("total = █"), "sum(prices)") == (first, "fill")
    assert origins.find(URI, at("total = sum(█)"), "prices") == (first, "recalled")
    assert origins.find(URI, at("total = █"), "sum(prices)") == (first, "recalled")
    assert origins.find(URI, at("total = max(█"), "prices)") == (None, "recalled")
    assert origins.find("file:///b.py", at("total = █"), "sum(prices)") == (None, "recalled")


def test_of_several_calls_for_one_place_the_one_that_wrote_it() -> None:
    origins = Origins()
    calls = [origin(str(number)) for number in range(12)]
    for number, call in enumerate(calls):
        origins.note(URI, at("x = █"), f"{number} + 1", call)
    assert origins.find(URI, at("x = █"), "11 + 1") == (calls[11], "fill")
    assert origins.find(URI, at("x = █"), "6 + 1") == (calls[6], "fill")
    assert origins.find(URI, at("x = █"), "0 + 1") == (None, "recalled")


def test_what_was_written_before_anybody_asked() -> None:
    origins = Origins()
    origins.note(URI, at("x = █"), "1", origin(ahead=True))
    assert origins.find(URI, at("x = █"), "1")[1] == "speculated"
    assert origins.find(URI, at("x = █"), "1")[1] == "recalled"


def test_lines_that_were_shown_early_are_the_beginning_of_the_same_fill() -> None:
    origins = Origins()
    origins.note(URI, at("x = █"), "[\n    1,", origin())
    assert origins.find(URI, at("x = █"), "[\n    1,")[1] == "fill"
    origins.note(URI, at("x = █"), "[\n    1,\n    2,\n]", origin())
    assert origins.find(URI, at("x = [\n    1,█"), "\n    2,\n]") == (origin(), "recalled")


def test_a_long_fill_is_known_to_its_end() -> None:
    origins, written = Origins(), "".join(f"line {number}\n" for number in range(80))
    origins.note(URI, Hole("x = ", ""), written, origin())
    for typed in range(0, len(written) - 1, 100):
        hole = Hole("x = " + written[:typed], "")
        assert origins.find(URI, hole, written[typed:])[0] == origin()


def test_the_oldest_places_are_forgotten() -> None:
    origins = Origins()
    for number in range(PLACES_KEPT + 1):
        origins.note(URI, Hole(f"x{number} = ", ""), "1", origin())
    assert origins.find(URI, Hole("x0 = ", ""), "1")[0] is None
    assert origins.find(URI, Hole("x1 = ", ""), "1")[0] is not None


def recorded(offers: Offers) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    offers.record = entries.append
    return entries


def test_each_fill_that_is_shown_and_the_one_that_is_accepted() -> None:
    offers = Offers()
    entries = recorded(offers)
    hole = at("x = █\r\n")
    offers.written(URI, hole, "(\n)", outcome(), ahead=False)
    first, _ = offers.make(URI, hole, ["(\n)", "1"])
    offers.accept(first.number)
    assert [(one["event"], one["offer"]) for one in entries] == [
        ("shown", 1),
        ("shown", 2),
        ("accepted", 1),
    ]
    assert entries[0]["fill"]["sha256"] == digest_of("(\r\n)")
    assert (entries[0]["model"], entries[1]["model"]) == ("m", None)
    assert entries[2] == {**entries[0], "event": "accepted"}
    assert entries[0]["files"] == [URI]


def test_what_was_shown_before_the_record_began_is_on_it_when_it_is_accepted() -> None:
    offers = Offers()
    (offer,) = offers.make(URI, at("x = █"), ["1"])
    entries = recorded(offers)
    offers.accept(offer.number)
    assert [one["event"] for one in entries] == ["accepted"]


def test_entries_go_with_their_offers() -> None:
    offers = Offers()
    recorded(offers)
    for number in range(40):
        offers.make(URI, at("x = █"), [str(number)])
    assert offers._entries.keys() == offers._offers.keys()
    offers.forget(URI)
    assert offers._entries == {}
