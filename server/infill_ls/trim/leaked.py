"""Control tokens that a model leaks as text, told from markup, type arguments and what is quoted.

Fine-tuned and merged models write the tokens of their ancestors as they are spelled. Those that
no language could have are in :data:`infill_ls.prompt.families.UNMISTAKABLE`. The others look like a
tag, or like the arguments of a type: ``</s>``, ``<eos>``, ``<end_of_turn>``, ``<think>``.
"""

from __future__ import annotations

import re
from typing import Final

from infill_ls.text.brackets import Scan
from infill_ls.trim.site import Site

# What such a token is called: by the way that tokenizers form these names, with the models that
# have them. No element of HTML or SVG is called so, but for s.
_TOKEN_NAME: Final = (
    r"(?:"
    # <eos>, <bos>, <EOT>, <EOD>, <eot_id> (Gemma, CodeLlama, and many tokenizers' defaults)
    r"[eb]o[stdm](?:_id|_token)?|[EB]O[STDM]|"
    # <end_of_turn>, <start_of_turn>, <endoftext>, <begin_of_sentence> (Gemma, GPT-2, DeepSeek)
    r"(?:end|start|begin)(?:_of_|-of-|of)(?:turn|text|sentence|sequence|file|image|code|utterance)|"
    # <fim_end>, </fim_middle>, <fim-hole>
    r"fim[_-][a-z]{2,12}|"
    # <think>, </think>, <tool_call> (Qwen, DeepSeek, and others that reason)
    r"think|thinking|tool_(?:call|calls|response|use)|"
    # <unused12>, <extra_id_0>, <reserved_special_token_3>, <0x0A> (Gemma, T5, Llama, SentencePiece)
    r"unused_?\d{1,4}|extra_id_\d{1,3}|(?:reserved_)?special_token_\d{1,4}|0x[0-9A-F]{2}|"
    # <SUF>, <MID> (CodeLlama), <unk> (SentencePiece), <s>
    r"SUF|MID|unk|s"
    r")"
)
_LEAKED: Final = re.compile(
    rf"<(/?)({_TOKEN_NAME})>|\[/(INST|[A-Z]+_[A-Z]+)\]|<</?(SYS)>>",
)
# What a text may end in that becomes one with more; the longest name has 27 characters.
_BEGUN: Final = re.compile(r"(?:<<?/?[\w-]{0,28}>?|\[(?:/[A-Z_]{0,24})?)\Z")
# Names that are words as well, so that to find one in the file means nothing.
_WORDS: Final = frozenset({"s", "think", "thinking"})
# Tags of these languages may be called anything, and any file of these may have tags of HTML.
_ANY_TAG: Final = frozenset("xml xsl xslt svg ant maven".split())
_TAGS: Final = _ANY_TAG | frozenset(
    "html xhtml javascript javascriptreact typescript typescriptreact vue svelte astro php "
    "markdown mdx handlebars erb eruby ejs pug razor aspnetcorerazor twig jinja jinja-html "
    "django-html htmldjango heex blade liquid".split()
)
# A type has no arguments in angle brackets here.
_NO_TYPE_ARGUMENTS: Final = frozenset(
    "python go ruby lua perl r shellscript sql c yaml toml json jsonc css scss less html "
    "markdown elixir erlang haskell ocaml clojure lisp dockerfile makefile".split()
)
_INCLUDE: Final = re.compile(r"[ \t]*#[ \t]*(?:include|import)\b")
# What may follow type arguments at once, and not a token that was leaked.
_FOLLOWS_TYPE: Final = re.compile(r"[(\[{>,);:.&*?=|!-]|[ \t]+\S")


def first(text: str, site: Site, *, over: bool) -> tuple[int, bool] | None:
    """Return where the first leaked token begins, and whether it is one for certain.

    None without one. Unless the text is ``over``, one that is not certain may turn out not to be
    one, or what stands there may become one.
    """
    if "<" not in text and "[" not in text:
        return None
    texts = _Texts(text, site)
    for found in _LEAKED.finditer(text):
        if _is_known(found, text[: found.start()], site):
            continue
        line, newline, _ = text[found.end() :].partition("\n")
        if not (over or newline) and line.strip()[:1] in ("", "<", "["):
            # What follows may tell that it is none, and may be a token itself.
            return found.start(), False
        if not _is_code(found, texts, line, site):
            return found.start(), True
    if not over and (begun := _BEGUN.search(text, max(0, len(text) - 32))):
        return begun.start(), False
    return None


def _is_known(found: re.Match[str], written: str, site: Site) -> bool:
    """Whether the user has it himself, or what is ``written`` opens what it closes."""
    prefix, suffix = site.hole.whole_prefix, site.hole.whole_suffix
    if found[0] in prefix or found[0] in suffix:
        return True
    name = found[2]
    if not name:
        return False
    if found[1]:
        opener = re.compile(rf"<{re.escape(name)}[\s>]")
        return any(opener.search(part) for part in (written, prefix))
    if name in _WORDS:
        return False
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(word.search(part) for part in (prefix, suffix))


def _is_code(found: re.Match[str], texts: _Texts, line: str, site: Site) -> bool:
    """Whether what is spelled like a token belongs to the language, or to a text in it.

    ``line``: what follows on its line.
    """
    closes, name = found[1], found[2]
    if line.strip() and (site.prose or texts.has(found.start())):
        return True
    if closes or not name:
        return False
    written = found.string[: found.start()]
    language, head = site.language, (site.before + written).rpartition("\n")[2]
    if language in _ANY_TAG or (name == "s" and language in _TAGS) or _INCLUDE.match(head):
        return True
    if language in _NO_TYPE_ARGUMENTS or not _FOLLOWS_TYPE.match(line):
        return False
    return name.isupper() or re.search(r"[\w:.]\Z", head) is not None


class _Texts:
    """The strings and comments of a fill, which is read once, however many tokens are in it."""

    def __init__(self, fill: str, site: Site) -> None:
        self._fill = fill
        self._site = site
        self._scan: Scan | None = None
        self._read = 0

    def has(self, position: int) -> bool:
        """Whether a place, behind those that were asked about before, is in one of them."""
        if self._scan is None:
            self._scan = Scan(self._site.language, quote=self._site.quote, lenient=True)
            if not self._site.quote:
                self._scan.follow(self._site.before)
        self._scan.follow(self._fill[self._read : position])
        self._read = position
        return bool(self._scan.quote)
