r"""What is known of a family of models: a row of the table.

``goes_with`` of a row is one of the four constants here: the character that the tokenizer joins
to the word after it, as a regular expression. Byte-level tokenizers first cut a text into pieces:
GPT-2's and StarCoder's with ``" ?\p{L}+"``, DeepSeek's with ``"\s?\p{L}+"``, those after GPT-4's
(Qwen's, Llama 3's) with ``"[^\r\n\p{L}\p{N}]?\p{L}+"``, where a mark goes with a blank or a mark
before it instead (``" ?[^\s\p{L}\p{N}]+"``). Of several blanks in a row they leave the last one to
the word (``"\s+(?!\S)"``), and so does Llama's SentencePiece; in Gemma's, several blanks in a row
are one token. Source: ggml-org/llama.cpp src/llama-vocab.cpp, regex_exprs; the vocabularies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLANK: Final = " "
WHITE: Final = r"[ \t]"
MARK: Final = r"(?:[ \t]|(?<![^\w\n])[^\w\s])"
LONE_BLANK: Final = "(?<! ) "


@dataclass(frozen=True, slots=True)
class Family:
    """How the models of one family are asked to fill in the middle.

    ``match``: regular expression, searched for in a model's name in lower case, with hyphens in
    the place of blanks and underscores.
    ``template``: the prompt, with ``{prefix}`` and ``{suffix}`` once each; all else in it goes to
    the model as it stands. The fill is what the model writes after it. Servers add the token that
    begins a text themselves, so no template has one. Where the family was trained so, or does as
    well so, the suffix comes first: then what the user types is at the end of the prompt, and all
    before it stays in the engine's cache.
    ``stop``: texts that end a fill; engines take them as stop strings.
    ``control``: every text that the tokenizer turns into a token of its own. It is broken up where
    it stands in the user's code, and ends a fill in which it appears, unless people write it
    themselves (``ORDINARY`` of the table).
    ``source``: where template and tokens are documented, and what they were checked against.
    ``unless``: regular expression as ``match``; the members that it finds can't fill in the middle.
    ``architectures``: what the architecture of every member begins with; none if it may be any.
    ``goes_with``: the character that the tokenizer joins to the word after it, as a regular
    expression.
    ``example``: a member that can fill, to name to the user.
    ``library``: the members in Ollama's library that can fill, one of each size, by the names under
    which they are fetched (ollama.com/library, the page of that name, "Tags"); none if not known.
    """

    name: str
    match: str
    template: str
    stop: tuple[str, ...]
    control: tuple[str, ...]
    source: str
    unless: str = ""
    architectures: tuple[str, ...] = ()
    goes_with: str = BLANK
    example: str = ""
    library: tuple[str, ...] = ()

    @property
    def prefix_is_last(self) -> bool:
        """Whether the prompt ends with the prefix, which the model then goes on with."""
        return self.template.endswith("{prefix}")
