"""Find and read the file with a user's settings of Continue."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from infill_ls.errors import SettingsError
from infill_ls.folders import expanded
from infill_ls.given_file import content_of

# In this order Continue itself looks for them ("Migrating Config to YAML" in its documentation).
_NAMES: Final = ("config.yaml", "config.yml", "config.json")
# A file of settings is never larger; bytes.
_LARGEST: Final = 1 << 20
# In JSON as Continue reads it: texts, which stay, comments, and commas before a closer.
_BESIDE_JSON: Final = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])', re.DOTALL)


def found(given: str | None) -> Path:
    """Return the file that is meant: the one given, or the user's own.

    ``given``: a path, of the file or of its folder; None for ``~/.continue``, or what
    ``CONTINUE_GLOBAL_DIR`` says instead. Raises :class:`SettingsError` if there is none.
    """
    folder = Path(given or os.environ.get("CONTINUE_GLOBAL_DIR") or expanded("~/.continue"))
    if given and not folder.is_dir():
        return folder
    for name in _NAMES:
        if (folder / name).is_file():
            return folder / name
    raise SettingsError(
        f"There is no config.yaml or config.json in {folder}.",
        "Say where it is: infill-ls import continue FILE",
    )


def read(path: Path) -> Mapping[str, Any]:
    """Return what the file says. Raises :class:`SettingsError` if it can't be read."""
    # Not at the head: only this needs it.
    import yaml

    try:
        text = content_of(path, _LARGEST).decode("utf-8-sig")
        if path.suffix == ".json":
            read = json.loads(_BESIDE_JSON.sub(lambda found: found[1] or "", text))
        else:
            read = yaml.safe_load(text)
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}).") from None
    # The errors of the parsers quote the file, which has keys in it.
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingsError(f"{path} is no valid YAML{line}.") from None
    except json.JSONDecodeError as error:
        raise SettingsError(f"{path} is no valid JSON in line {error.lineno}.") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SettingsError(f"{path} is no settings file of Continue's.") from None
    if not isinstance(read, Mapping):
        raise SettingsError(f"{path} is no settings file of Continue's.")
    return read
