"""Settings of another tool beside those that the user has already. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# What says where code goes: the address, and with what it is let in there.
_WHERE: Final = ("engine", "url")
_OF_AN_ADDRESS: Final = ("url", "apiKeyEnv", "headers", "caFile")


@dataclass(frozen=True, slots=True)
class Joined:
    """What becomes of a settings file.

    ``settings``: the values to write, by their keys. ``replaced``: those of them of which the file
    has other ones, which are lost. ``without``: keys to take out of the file, since they belong to
    an engine that isn't asked any more.
    """

    settings: dict[str, Any]
    replaced: list[str]
    without: list[str]


def joined(own: Mapping[str, Any], settings: Mapping[str, Any]) -> Joined:
    """Return what becomes of the user's own settings when others come to them.

    What he has excluded stays so, and what is of one address goes to no other: neither the name of
    a key nor a header. ``own``: as the file has them, which may be wrong. ``settings``: with an
    engine.
    """
    elsewhere = any(own.get(key) != settings.get(key) for key in _WHERE)
    without = [key for key in _OF_AN_ADDRESS if elsewhere and key in own and key not in settings]
    replaced = []
    together: dict[str, Any] = {}
    for key, value in settings.items():
        there = own.get(key)
        if key == "exclude" and isinstance(there, list):
            # The last one that matches decides: his own.
            together[key] = [*(one for one in value if one not in there), *there]
        elif key == "headers" and isinstance(there, Mapping) and not elsewhere:
            together[key] = {**there, **value}
            if any(there.get(name, text) != text for name, text in value.items()):
                replaced.append(key)
        elif key == "fim" and there is not None:
            templates = there if isinstance(there, list) else [there]
            matched = [one.get("match") for one in value]
            others = [
                one
                for one in templates
                if not isinstance(one, Mapping) or one.get("match", "*") not in matched
            ]
            # The first one that matches counts.
            together[key] = [*value, *others]
            if any(one not in together[key] for one in templates):
                replaced.append(key)
        else:
            together[key] = value
            if key in own and there != value:
                replaced.append(key)
    return Joined(together, replaced, without)
