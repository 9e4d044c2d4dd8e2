"""When a fill is right: the numbers that were fitted for it. Data alone.

All but the thresholds are as `make calibrate` prints them: a logistic regression on lines of fills
for holes in real files of eight languages, with both weights of the embedded engine and prompts of
256 and 1,024 tokens (docs/how-sure.md). A line's chance to be right is that of its score, which is
in natural logarithms of odds: the number of its place, more or less for the model, less the slope
times its doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What a doubt of 1 takes off.
SLOPE: Final = 3.81
# A first line without any doubt, by the kind of place (`confidence.Kind`).
PLACES: Final[Mapping[str, float]] = {
    "line": 4.94,
    "word": 5.1,
    "closed": 4.19,
    "middle": 4.21,
    "empty": 4.38,
}
# A line behind lines that are right, without any doubt.
LATER: Final = 4.64
# What models add, by parts of their names in lower case; all others are between these two.
MODELS: Final[tuple[tuple[tuple[str, ...], float], ...]] = (
    (("qwen2.5-coder", "0.5b"), -0.2),
    (("qwen2.5-coder", "1.5b"), 0.2),
)
# How likely what is shown has to be right, by the setting "eagerness". Chosen on the split "tune".
# On "check", where 48 % of all fills are right, 54 % of those are that "high" shows, 58 % with
# "normal" and 70 % with "low"; 0.1, 0.5 and 6 % of the right ones are not shown (`make calibrate`).
# What is not right to the letter may still be of use, so that "normal" is no surer.
THRESHOLDS: Final[Mapping[str, float]] = {"low": 0.25, "normal": 0.05, "high": 0.02}
