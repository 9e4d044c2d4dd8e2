"""``python -m editors.pauses``: at how many places Helix shows a fill without being asked.

Lines of several languages are typed, with a pause before each word and after each blank; the engine
knows what comes. Then a comment, beside another server that offers names wherever it is asked:
Helix asks it, too, after what infill-ls wants to be asked after.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from editors import folder, other_server
from editors.editor import KEY_PAUSE, LOOK
from editors.engine import Engine
from editors.helix import Helix
from editors.processes import INFILL_LS, assert_gone, environment, in_front

# The file's ending, what stands above, and what is typed.
LINES: Final = (
    ("py", "def longest(words):\n    ", "for word in sorted(words, key=len):"),
    ("py", "def longest(words):\n    for word in words:\n        ", "if len(word) > 3:"),
    ("py", "def letters(words):\n    for word in words:\n        ", "yield word.strip()"),
    ("py", "def count(words):\n    ", "return {word: len(word) for word in words if word}"),
    ("py", "", "from pathlib import Path"),
    ("py", "def check(word):\n    ", 'if word is None or not word.isalpha() and "-" not in word:'),
    ("py", "def check(word):\n    ", 'raise ValueError(f"not a word: {word}")'),
    ("js", "async function load(url) {\n  ", "const answer = await fetch(url);"),
    ("js", "function copy(words) {\n  ", "for (const word of words) copied.push(new Word(word));"),
    ("js", "function first(words) {\n  ", 'if (typeof words !== "object") throw new Error();'),
    ("tsx", "const List = ({ words }) => {\n  ", 'return <ul className="words">{words}</ul>;'),
    ("go", "func Total(words []string) (total int) {\n\t", "for _, word := range words {"),
    ("go", "func open(name string) error {\n\t", "file, err := os.Open(name)"),
    ("rs", "fn f(w: &[String]) {\n    ", "let mut best = w.iter().map(|word| word.len()).max();"),
    ("java", "class Words {\n    ", "private final List<String> words = new ArrayList<>();"),
    ("sh", 'for file in "$@"; do\n    ', 'if [ -f "$file" ]; then echo "$file"; fi'),
    ("html", "<ul>\n  ", '<li class="word">first</li>'),
    ("css", ".word {\n  ", "margin: 0 auto 2em;"),
)
COMMENT: Final = (
    "# What is left in the list and not in the other is a word that nobody has typed for a while, "
    "or one (see above) that is to be shown with its count: if there are more, the first."
)
# s. A fill that was asked for at once, or after Helix' own pause, is there after this.
PAUSE: Final = 0.8
_PLACE: Final = re.compile(r"(?<=\s)(?=\S)|(?<=\W)(?=\w)")


def main() -> None:
    engine = Engine()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        made = environment(OLLAMA_HOST=engine.url, INFILL_LS_ENGINE="ollama")
        made["PATH"] = in_front(
            made["PATH"], place / "bin", "pylsp", sys.executable, other_server.__file__
        )
        made["PATH"] = in_front(made["PATH"], place / "first", "infill-ls", INFILL_LS)
        helix = Helix.start(folder(), place / "home", made)
        try:
            shown = places = 0
            for number, (ending, before, line) in enumerate(LINES):
                file = place / f"{number}.{ending}"
                found, all_ = _typed(helix, engine, file, before, line)
                shown, places = shown + found, places + all_
            print(f"a fill at {shown} of {places} pauses")
            menus = _commented(helix, engine, place / "comment.py")
            print(f"a menu at {menus} of {len(COMMENT)} keys of a comment")
        finally:
            helix.quit()
            engine.close()
        assert_gone(made)


def _typed(helix: Helix, engine: Engine, file: Path, before: str, line: str) -> tuple[int, int]:
    """At how many places of a line a fill was shown, and how many there are."""
    file.write_text(f"{before}\n")
    engine.reset()
    engine.writes(line)
    helix.open(file, before.count("\n"), len(before.rpartition("\n")[2]))
    places = {found.start() for found in _PLACE.finditer(line)}
    seen = ""
    for at, key in enumerate(line):
        if at in places:
            end = time.monotonic() + PAUSE
            while not helix.offers() and time.monotonic() < end:
                time.sleep(LOOK)
            seen += "«" if helix.offers() else "·"
        seen += key
        helix.key(key)
        time.sleep(KEY_PAUSE)
    print(f"{file.suffix[1:]:5} {seen}", flush=True)
    return seen.count("«"), len(places)


def _commented(helix: Helix, engine: Engine, file: Path) -> int:
    """After how many keys of a comment a menu is open."""
    file.write_text("\n")
    engine.reset()
    helix.open(file, 0, 0)
    menus = 0
    for key in COMMENT:
        helix.key(key)
        time.sleep(KEY_PAUSE)
        menus += bool(helix.labels())
    return menus


if __name__ == "__main__":
    main()
