"""A result of the diagnosis, and what all of them come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from infill_ls.errors import InfillError
from infill_ls.shown import plain

Status = Literal["ok", "warn", "fail"]
# What is looked at, in the order in which it is shown.
Name = Literal[
    "program",
    "settings",
    "environment",
    "engine",
    "model",
    "memory",
    "fill",
    "embedded",
    "editor",
    "excluded",
    "folders",
    "log",
]
CHECK_NAMES: Final[tuple[Name, ...]] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Check:
    """One result. ``fail``: no fill will come; ``warn``: it could be better.

    ``message``: what was found, in sentences. ``fix``: the one command that mends it, or what else
    to do; empty if there is nothing to mend. ``public``: the message for a bug report, where the
    message has names that are the user's own; None where it has none. ``spared``: a file that was
    asked about, and that gets no fills because the user wants none there.
    """

    name: Name
    status: Status
    message: str
    fix: str = ""
    public: str | None = None
    spared: str = ""

    def to_json(self) -> dict[str, str]:
        """Return what ``doctor --json`` says of it."""
        return {
            "name": self.name,
            "status": self.status,
            "message": plain(self.message),
            "fix": plain(self.fix),
        }


def failed(name: Name, error: InfillError, fix: str = "") -> Check:
    """Return the result for an error. ``fix``: a better one than the error's own."""
    return Check(name, "fail", error.message, fix or error.fix)


def is_well(checks: Iterable[Check]) -> bool:
    """Whether nothing is in the way of a fill."""
    return all(check.status != "fail" for check in checks)


def to_json(checks: Sequence[Check]) -> dict[str, Any]:
    """Return what ``doctor --json`` prints."""
    return {"ok": is_well(checks), "checks": [check.to_json() for check in checks]}


def summary(checks: Sequence[Check]) -> Check:
    """Return what all of them come to, as the last line says it."""
    wrong = sum(check.status == "fail" for check in checks)
    doubtful = sum(check.status == "warn" for check in checks)
    look = f"{doubtful} {'line' if doubtful == 1 else 'lines'} with ! may be worth a look."
    if wrong:
        also = f" {look}" if doubtful else ""
        what = "One thing keeps" if wrong == 1 else f"{wrong} things keep"
        message = f"{what} fills from coming: see ✗ above.{also}"
        return Check("program", "fail", message)
    spared = next((check.spared for check in checks if check.spared), "")
    come = f"Fills should come, but none in {spared}." if spared else "Fills should come."
    return Check("program", "ok", f"{come}{f' {look}' if doubtful else ''}")
