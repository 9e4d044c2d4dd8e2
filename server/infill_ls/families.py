"""The table of model families: how each one is asked to fill in the middle.

A template holds ``{prefix}`` and ``{suffix}`` once each; everything else in it goes to the
model as it stands. The fill is what the model writes after the template's end. Servers add
the beginning-of-text token themselves, so no template has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final


@dataclass(frozen=True, slots=True)
class Model:
    """What an engine says of one of its models.

    ``can_insert``: the server has a template of its own for prefix and suffix.
    ``can_begin``: it can be told what its answer begins with.
    """

    name: str
    can_insert: bool = False
    can_begin: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models is asked.

    ``match``: regular expression, searched in the model's lower-case name with its tag.
    ``template``: the prompt. Where the family was trained to, or does as well, the suffix comes
    first: then what is typed stands at the prompt's end, and all before it stays in the engine's
    cache.
    ``stop``: text that ends a fill; engines take these as stop strings.
    ``control``: every text that the tokenizer turns into a control token. It is broken up where
    it stands in the user's code, and ends a fill in which it appears.
    ``source``: where template and tokens are documented.
    """

    name: str
    match: str
    template: str
    stop: tuple[str, ...]
    control: tuple[str, ...]
    source: str


_QWEN_CONTROL: Final = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_suffix|>",
    "<|fim_middle|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
_QWEN_STOP: Final = ("<|endoftext|>", "<|im_end|>", "<|fim_pad|>", "<|file_sep|>")
_QWEN_TEMPLATE: Final = "<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}"
_DEEPSEEK_CONTROL: Final = (
    "<｜fim▁begin｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁end｜>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<|EOT|>",
)
_DEEPSEEK_TEMPLATE: Final = "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>"

# The first row that matches counts. At most four stops a row: more are refused by some
# OpenAI-compatible servers, and the control tokens end a fill here in any case.
FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        name="qwen-coder",
        match=r"qwen(2\.5|3)-coder",
        # 60 whole-line holes of HumanEval-Infilling: of 0.5b 41 pass in this order, 28 in the
        # documented one, 33 without any suffix; of 1.5b 51 and 50.
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN_CONTROL,
        source="QwenLM/Qwen3-Coder README, 'Fill in the middle'; order: measured",
    ),
    Family(
        name="deepseek-coder",
        # The instruct models were not trained to infill (4 % of holes pass).
        match=r"deepseek-coder(?!.*instruct)",
        template=_DEEPSEEK_TEMPLATE,
        stop=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        control=_DEEPSEEK_CONTROL,
        source="deepseek-ai/DeepSeek-Coder README, 'Code Insertion'; the same in V2",
    ),
    Family(
        name="codellama",
        # Only 7B and 13B were trained to infill, the Python variant was not.
        match=r"code-?llama(?!.*(python|34b|70b))",
        template="<PRE> <SUF>{suffix} <MID> {prefix}",
        stop=("<EOT>",),
        control=("<PRE>", "<SUF>", "<MID>", "<EOT>", "<s>", "</s>"),
        source="meta-llama/codellama README, 'Code Infilling'; arXiv 2308.12950",
    ),
    Family(
        name="starcoder2",
        match=r"starcoder2(?!.*instruct)",
        template="<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}",
        # <file_sep> is very often the only end that it writes (bigcode-project/starcoder2#10).
        stop=("<file_sep>", "<|endoftext|>"),
        control=(
            "<fim_prefix>",
            "<fim_suffix>",
            "<fim_middle>",
            "<fim_pad>",
            "<file_sep>",
            "<repo_name>",
            "<|endoftext|>",
        ),
        source="arXiv 2402.19173, section 5.1",
    ),
    Family(
        name="codegemma",
        match=r"codegemma(?!.*(instruct|-it))",
        template="<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}",
        stop=("<|file_separator|>", "<eos>", "<end_of_turn>"),
        control=(
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<|file_separator|>",
            "<start_of_turn>",
            "<end_of_turn>",
            "<bos>",
            "<eos>",
        ),
        source="CodeGemma model card, 'Formatting'; arXiv 2406.11409",
    ),
    Family(
        name="codestral",
        match=r"(?<!mamba-)codestral(?!.*mamba)",
        template="[SUFFIX]{suffix}[PREFIX]{prefix}",
        stop=("[PREFIX]", "[SUFFIX]", "</s>"),
        control=("[PREFIX]", "[SUFFIX]", "[MIDDLE]", "[INST]", "[/INST]", "<s>", "</s>"),
        source="mistralai/mistral-common, fill-in-the-middle request encoding",
    ),
)

# Spellings that no programming language has: they end a fill whatever model wrote them, since
# fine-tuned and merged models leak the tokens of their ancestors.
UNMISTAKABLE: Final = re.compile(
    r"<\|[a-z_]{2,24}\|>|<\|EOT\|>|<｜[^｜\n]{2,24}｜>|<fim[_-](?:prefix|suffix|middle|pad)>|<file_sep>"
)


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """The ``fim`` setting: the template of a model that the table doesn't know.

    ``match``: glob for the model's name, with or without its tag.
    """

    match: str
    template: str
    stop: tuple[str, ...] = ()

    def means(self, model_name: str) -> bool:
        name, pattern = model_name.lower(), self.match.lower()
        return any(fnmatchcase(name, pattern) for name in (name, re.sub(r":[^:/]*$", "", name)))

    def family(self) -> Family:
        """A row of the table; what stands between the texts in the template is control."""
        literals = (*re.split(r"\{prefix\}|\{suffix\}", self.template), *self.stop)
        tokens = [
            token
            for literal in literals
            for token in re.findall(r"<[^<>\s]+>|\[[^\[\]\s]+\]", literal) or [literal.strip()]
        ]
        return Family(
            name=f'own template for "{self.match}"',
            match="",
            template=self.template,
            stop=self.stop,
            control=tuple(dict.fromkeys(filter(None, tokens))),
            source="the fim setting",
        )


def find(model_name: str, own: Sequence[OwnTemplate] = ()) -> Family | None:
    """The family of a model by its name, tag included; the user's own templates come first.

    None if nothing is known of it.
    """
    for template in own:
        if template.means(model_name):
            return template.family()
    name = model_name.lower().replace("_", "-")
    return next((family for family in FAMILIES if re.search(family.match, name)), None)


def all_control_tokens() -> tuple[str, ...]:
    """The control tokens of every family, for models of which nothing is known."""
    return tuple(dict.fromkeys(token for family in FAMILIES for token in family.control))
