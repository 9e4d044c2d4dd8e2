"""What the embedded engine's child has of its parent's environment. Pure.

Where the editor is started, the environment often has keys and passwords, which native code has no
use for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# What Python, the loader of native code, the C library, OpenMP and drivers look at; and what a
# process of Windows doesn't start without.
_NEEDED: Final = re.compile(
    r"(?:PATH|HOME|USER|LANG|LANGUAGE|TZ|TMPDIR|TEMP|TMP|VIRTUAL_ENV|"
    r"SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT|USERPROFILE|APPDATA|LOCALAPPDATA|"
    r"PROCESSOR_ARCHITECTURE|NUMBER_OF_PROCESSORS|"
    r"(?:LC|LD|DYLD|PYTHON|OMP|GOMP|KMP|OPENBLAS|GGML|CUDA|NVIDIA|HIP|HSA|ROCR|VK|MALLOC)"
    r"[A-Z0-9_]*)"
)
# Whatever the rest of its name is.
_BY_ITS_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH")


def needed(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the child needs, of all that its parent has."""
    return {
        name: value
        for name, value in environment.items()
        if _NEEDED.fullmatch(name.upper()) and not _BY_ITS_NAME.search(name.upper())
    }
