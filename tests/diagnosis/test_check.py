"""Results, and what all of them come to."""

from __future__ import annotations

from infill_ls.diagnosis.check import Check, failed, is_well, summary, to_json
from infill_ls.errors import NotRunning

WELL = Check("program", "ok", "It works.")
DOUBTFUL = Check("fill", "warn", "It is slow.", "infill-ls bench")
WRONG = Check("engine", "fail", "Nothing answers.", "ollama serve")


def test_only_a_failure_is_in_the_way() -> None:
    assert is_well([WELL, DOUBTFUL])
    assert not is_well([WELL, WRONG])


def test_json_has_no_password_and_no_controls() -> None:
    check = Check("engine", "fail", "asked through http://me:secret@host\x1b[31m", "a\nb")
    assert to_json([WELL, check]) == {
        "ok": False,
        "checks": [
            {"name": "program", "status": "ok", "message": "It works.", "fix": ""},
            {
                "name": "engine",
                "status": "fail",
                "message": "asked through http://…@host\ufffd[31m",
                "fix": "a b",
            },
        ],
    }


def test_an_error_is_a_failure() -> None:
    error = NotRunning("Nothing answers.", "Start it.")
    assert failed("engine", error) == Check("engine", "fail", "Nothing answers.", "Start it.")
    assert failed("engine", error, "ollama serve").fix == "ollama serve"


def test_the_last_line() -> None:
    assert summary([WELL]).message == "Fills should come."
    assert summary([WELL, DOUBTFUL]).message == (
        "Fills should come. 1 line with ! may be worth a look."
    )
    assert summary([DOUBTFUL, DOUBTFUL]).status == "ok"
    spared = Check("excluded", "ok", "It is excluded.", spared="a.py")
    assert summary([WELL, spared]).message == "Fills should come, but none in a.py."
    one = summary([WRONG])
    assert (one.status, one.message) == ("fail", "One thing keeps fills from coming: see ✗ above.")
    assert summary([WRONG, WRONG, DOUBTFUL, DOUBTFUL]).message == (
        "2 things keep fills from coming: see ✗ above. 2 lines with ! may be worth a look."
    )
