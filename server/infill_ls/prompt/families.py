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

from infill_ls.settings import OwnTemplate

# The character that a tokenizer makes one with the word behind it, as a regular expression.
# Byte-level tokenizers cut a text up first: GPT-2's and StarCoder's by " ?\p{L}+", DeepSeek's by
# "\s?\p{L}+", those after GPT-4's (Qwen's, Llama 3's) by "[^\r\n\p{L}\p{N}]?\p{L}+", where a mark
# goes with a blank or a mark before it instead (" ?[^\s\p{L}\p{N}]+"). Of a run of blanks they
# leave the last one to the word ("\s+(?!\S)"), and so does Llama's SentencePiece; in Gemma's a run
# of blanks is a token of its own. Source: ggml-org/llama.cpp src/llama-vocab.cpp, regex_exprs; the
# vocabularies.
BLANK: Final = " "
_WHITE: Final = r"[ \t]"
_MARK: Final = r"(?:[ \t]|(?<![^\w\n])[^\w\s])"
_LONE_BLANK: Final = "(?<! ) "


@dataclass(frozen=True, slots=True)
class Model:
    """What an engine says of one of its models; empty where it doesn't say.

    ``can_insert``: the server has a template of its own for prefix and suffix.
    ``can_begin``: it can be told what its answer begins with.
    ``architecture``: GGUF's ``general.architecture`` ("qwen2", "llama").
    ``own_name``: what its metadata calls it, whatever the user has named it: GGUF's basename,
    version, size and finetune ("Qwen2.5-Coder-1.5B-Instruct"), or the file that is served.
    ``finetune``: GGUF's ``general.finetune`` ("Instruct", "base").
    ``chats``: the server's template for it is one of a chat. ``thinks``: it can think first.
    ``has_fim_tokens``: its metadata lists tokens to fill in the middle with.
    """

    name: str
    can_insert: bool = False
    can_begin: bool = False
    architecture: str = ""
    own_name: str = ""
    finetune: str = ""
    chats: bool = False
    thinks: bool = False
    has_fim_tokens: bool = False


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models is asked.

    ``match``: regular expression, searched in the model's name as :func:`_plain` gives it.
    ``unless``: likewise; members that it finds can't fill in the middle.
    ``architectures``: what the architecture of every member begins with; none if it may be any.
    ``template``: the prompt. Where the family was trained to, or does as well, the suffix comes
    first: then what is typed stands at the prompt's end, and all before it stays in the engine's
    cache.
    ``stop``: text that ends a fill; engines take these as stop strings.
    ``control``: every text that the tokenizer turns into a control token. It is broken up where
    it stands in the user's code, and ends a fill in which it appears.
    ``goes_with``: the character that the tokenizer makes one with the word behind it, as a regular
    expression.
    ``cross_file``: the documented form with another file before this one, which goes on with the
    whole prompt or with the prefix in it. None if there is none.
    ``example``: a member that can fill, to name to the user.
    ``library``: those that can fill in Ollama's library, one of each size, by the name under which
    they are fetched (ollama.com/library, the page of that name, "Tags"); none if not known.
    ``source``: where template and tokens are documented, and what they were checked against.
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
    cross_file: str | None = None
    example: str = ""
    library: tuple[str, ...] = ()

    @property
    def prefix_is_last(self) -> bool:
        """Whether the model goes on with the prefix itself, and not behind a token."""
        return self.template.endswith("{prefix}")


# Small, fast on any machine, and fills well for its size.
SUGGESTED_MODEL: Final = "qwen2.5-coder:1.5b"

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
_QWEN_CROSS_FILE: Final = (
    "<|repo_name|>{repo}\n<|file_sep|>{other_path}\n{other_code}\n<|file_sep|>{path}\n{prompt}"
)
_DEEPSEEK_CONTROL: Final = (
    "<｜fim▁begin｜>",
    "<｜fim▁hole｜>",
    "<｜fim▁end｜>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<|EOT|>",
)
_DEEPSEEK_TEMPLATE: Final = "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>"
# Its repositories were joined into one text for training, each file under its path.
_DEEPSEEK_CROSS_FILE: Final = "#{other_path}\n{other_code}\n#{path}\n{prompt}"
_FIM_CONTROL: Final = ("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<fim_pad>")
_STARCODER_CONTROL: Final = (
    *_FIM_CONTROL,
    "<|endoftext|>",
    "<reponame>",
    "<filename>",
    "<gh_stars>",
    "<issue_start>",
    "<issue_comment>",
    "<issue_closed>",
    "<jupyter_start>",
    "<jupyter_text>",
    "<jupyter_code>",
    "<jupyter_output>",
    "<empty_output>",
    "<commit_before>",
    "<commit_msg>",
    "<commit_after>",
)
_STARCODER_TEMPLATE: Final = "<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}"
_STARCODER_CROSS_FILE: Final = "<reponame>{repo}<filename>{path}\n{prompt}"
_DOCUMENTED: Final = "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>"
_GLM_CONTROL: Final = (
    "<|code_prefix|>",
    "<|code_suffix|>",
    "<|code_middle|>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|observation|>",
    "<|endoftext|>",
)

# The first row that matches counts. At most four stops a row: more are refused by some
# OpenAI-compatible servers, and the control tokens end a fill here in any case.
FAMILIES: Final[tuple[Family, ...]] = (
    Family(
        name="qwen3-coder-next",
        # Part of its memory is recurrent: engines can't take back what it has read, so that
        # little of a prompt is ever found in their cache.
        match=r"qwen-?3-coder-next",
        architectures=("qwen3next",),
        goes_with=_MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN_CONTROL,
        cross_file=_QWEN_CROSS_FILE,
        example="qwen3-coder-next",
        source="QwenLM/Qwen3-Coder README, 'Fill in the middle' (of every version); "
        "ggml-org/llama.cpp src/llama-vocab.cpp",
    ),
    Family(
        name="qwen3-coder",
        # There are instruct models alone, and Ollama has no insert template for them. They fill
        # when asked with the bare tokens, and write Markdown when the tokens stand in a chat.
        match=r"qwen-?3-coder",
        architectures=("qwen",),
        goes_with=_MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN_CONTROL,
        cross_file=_QWEN_CROSS_FILE,
        example="qwen3-coder:30b",
        library=("qwen3-coder:30b", "qwen3-coder:480b"),
        source="QwenLM/Qwen3-Coder README, 'Fill in the middle', and #543; ollama/ollama #12387",
    ),
    Family(
        name="qwen-coder",
        match=r"qwen-?2\.5-?coder",
        architectures=("qwen",),
        # 60 whole-line holes of HumanEval-Infilling: of 0.5b 41 pass in this order, 28 in the
        # documented one, 33 without any suffix; of 1.5b 51 and 50.
        goes_with=_MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN_CONTROL,
        cross_file=_QWEN_CROSS_FILE,
        example="qwen2.5-coder:1.5b",
        library=(
            "qwen2.5-coder:0.5b",
            "qwen2.5-coder:1.5b",
            "qwen2.5-coder:3b",
            "qwen2.5-coder:7b",
            "qwen2.5-coder:14b",
            "qwen2.5-coder:32b",
        ),
        source="QwenLM/Qwen2.5-Coder README, 'File-Level Code Completion'; "
        "continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts; "
        "order: measured",
    ),
    Family(
        name="codeqwen",
        # Qwen2.5-Coder's forerunner: no bars in its tokens.
        match=r"code-?qwen",
        unless=r"chat",
        architectures=("qwen",),
        template=_DOCUMENTED,
        stop=("<|endoftext|>", "<fim_pad>", "<|im_end|>", "<file_sep>"),
        control=(
            *_FIM_CONTROL,
            "<reponame>",
            "<file_sep>",
            "<|endoftext|>",
            "<|im_start|>",
            "<|im_end|>",
        ),
        example="codeqwen:7b-code",
        library=("codeqwen:7b-code",),
        source="QwenLM/Qwen3-Coder #13 and #71; TabbyML/registry-tabby models.json, CodeQwen-7B",
    ),
    Family(
        name="deepseek-coder-v2",
        # Only Lite was trained to fill. Ollama's tags without "base" are the instruct model,
        # which has an insert template and pays no heed to the suffix.
        match=r"deepseek-coder-?v2",
        unless=r"instruct|chat|236b|deepseek-coder-v2(:(latest|lite|16b|16b-lite))?$",
        architectures=("deepseek2",),
        goes_with=_WHITE,
        template=_DEEPSEEK_TEMPLATE,
        stop=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        control=_DEEPSEEK_CONTROL,
        cross_file=_DEEPSEEK_CROSS_FILE,
        example="deepseek-coder-v2:16b-lite-base-q4_0",
        library=("deepseek-coder-v2:16b-lite-base-q4_0",),
        source="deepseek-ai/DeepSeek-Coder-V2 README, 'Code Insertion', and #27; "
        "zed-industries/zed crates/edit_prediction/src/fim.rs",
    ),
    Family(
        name="deepseek-coder",
        # The instruct models, Ollama's tags without "base", can't fill (4 % of holes pass, 80 %
        # of the base model's). Some tools stop it at "//", which is Python's floor division.
        match=r"deepseek-coder",
        unless=r"instruct|chat|deepseek-coder(:(latest|[\d.]+b))?$",
        architectures=("llama", "deepseek"),
        goes_with=_WHITE,
        template=_DEEPSEEK_TEMPLATE,
        stop=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        control=_DEEPSEEK_CONTROL,
        cross_file=_DEEPSEEK_CROSS_FILE,
        example="deepseek-coder:1.3b-base",
        library=(
            "deepseek-coder:1.3b-base",
            "deepseek-coder:6.7b-base",
            "deepseek-coder:33b-base",
        ),
        source="deepseek-ai/DeepSeek-Coder README, 'Code Insertion'; gonglinyuan/safim "
        "model_utils.py; TabbyML/registry-tabby models.json",
    ),
    Family(
        name="codellama",
        # The tokens have a blank in front of them in the vocabulary. Only 7B and 13B were trained
        # to fill; Ollama's tags without "code" are the instruct model.
        match=r"code-?llama",
        unless=r"python|instruct|34b|70b|code-?llama(:(latest|7b|13b))?$",
        architectures=("llama",),
        template="<PRE> <SUF>{suffix} <MID> {prefix}",
        stop=("<EOT>",),
        control=("<PRE>", "<SUF>", "<MID>", "<EOT>", "<s>", "</s>"),
        example="codellama:7b-code",
        library=("codellama:7b-code", "codellama:13b-code"),
        source="meta-llama/codellama llama/generation.py, infilling_prompt_tokens; "
        "arXiv 2308.12950; gonglinyuan/safim model_utils.py",
    ),
    Family(
        name="starcoder2",
        match=r"starcoder-?2",
        unless=r"instruct",
        architectures=("starcoder2",),
        template=_STARCODER_TEMPLATE,
        # <file_sep> is very often the only end that it writes (bigcode-project/starcoder2#10).
        stop=("<file_sep>", "<|endoftext|>"),
        control=(*_FIM_CONTROL, "<file_sep>", "<repo_name>", "<|endoftext|>"),
        # The path of the file itself is the first line of the prefix.
        cross_file="<repo_name>{repo}<file_sep>{other_path}\n{other_code}<file_sep>{prompt}",
        example="starcoder2:3b",
        library=("starcoder2:3b", "starcoder2:7b", "starcoder2:15b"),
        source="arXiv 2402.19173, section 5.1; bigcode-project/starcoder2 #21; "
        "TabbyML/registry-tabby models.json",
    ),
    Family(
        name="starcoder",
        match=r"starcoder",
        unless=r"chat|instruct",
        architectures=("starcoder", "gptbigcode"),
        template=_STARCODER_TEMPLATE,
        stop=("<|endoftext|>", "<filename>", "<fim_pad>"),
        control=_STARCODER_CONTROL,
        cross_file=_STARCODER_CROSS_FILE,
        example="starcoder:3b",
        library=("starcoder:1b", "starcoder:3b", "starcoder:7b", "starcoder:15b"),
        source="arXiv 2305.06161; gonglinyuan/safim model_utils.py; "
        "TabbyML/registry-tabby models.json",
    ),
    Family(
        name="santacoder",
        # StarCoder's forerunner: hyphens in its tokens.
        match=r"santacoder",
        architectures=("starcoder", "gptbigcode"),
        template="<fim-prefix>{prefix}<fim-suffix>{suffix}<fim-middle>",
        stop=("<|endoftext|>", "<fim-pad>"),
        control=("<fim-prefix>", "<fim-suffix>", "<fim-middle>", "<fim-pad>", "<|endoftext|>"),
        example="santacoder",
        source="arXiv 2301.03988; ggml-org/llama.cpp src/llama-vocab.cpp",
    ),
    Family(
        name="codegemma",
        # Ollama's "7b" and "latest" are the instruct model.
        match=r"code-?gemma",
        unless=r"instruct|-it(?![a-z])|code-?gemma(:(latest|7b))?$",
        architectures=("gemma",),
        goes_with=_LONE_BLANK,
        template="<|fim_prefix|><|fim_suffix|>{suffix}<|fim_middle|>{prefix}",
        # The separator is how it ends a fill.
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
        cross_file="{other_path}\n{other_code}<|file_separator|>{path}\n{prompt}",
        example="codegemma:2b",
        library=("codegemma:2b", "codegemma:7b-code"),
        source="CodeGemma documentation, 'Formatting and system instructions'; arXiv 2406.11409; "
        "TabbyML/registry-tabby models.json",
    ),
    Family(
        name="codestral",
        # Ollama's own template has a blank after [PREFIX], the reference encoding has none.
        match=r"codestral",
        unless=r"mamba",
        architectures=("llama", "mistral"),
        template="[SUFFIX]{suffix}[PREFIX]{prefix}",
        stop=("[PREFIX]", "[SUFFIX]", "</s>"),
        control=("[PREFIX]", "[SUFFIX]", "[MIDDLE]", "[INST]", "[/INST]", "<s>", "</s>"),
        cross_file="+++++ {other_path}\n{other_code}\n\n+++++ {path}\n{prefix}",
        example="codestral:22b",
        library=("codestral:22b",),
        source="mistralai/mistral-common, fill-in-the-middle request encoding; "
        "continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts",
    ),
    Family(
        name="granite-code",
        # The base models were trained with both orders; it likes to begin the line once more.
        match=r"granite-(\d+b-)?code",
        architectures=("llama", "starcoder", "gptbigcode", "granite"),
        template=_STARCODER_TEMPLATE,
        stop=("<|endoftext|>", "<filename>", "<fim_pad>"),
        control=_STARCODER_CONTROL,
        cross_file=_STARCODER_CROSS_FILE,
        example="granite-code:3b-base",
        library=(
            "granite-code:3b-base",
            "granite-code:8b-base",
            "granite-code:20b-base",
            "granite-code:34b-base",
        ),
        source="arXiv 2405.04324; ibm-granite/granite-code-models #3",
    ),
    Family(
        name="granite3.3",
        match=r"granite-?3\.3",
        unless=r"vision|speech|guardian",
        architectures=("granite",),
        template=_DOCUMENTED,
        stop=("<|end_of_text|>", "<|endoftext|>", "<filename>", "<fim_pad>"),
        control=(
            *_STARCODER_CONTROL,
            "<|end_of_text|>",
            "<|start_of_role|>",
            "<|end_of_role|>",
        ),
        example="granite3.3:2b",
        library=("granite3.3:2b", "granite3.3:8b"),
        # 3.0 to 3.2 were not trained to fill.
        source="ggml-org/llama.cpp src/llama-vocab.cpp, 'Granite' (the tokens); the order is "
        "StarCoder's, and no second document confirms it",
    ),
    Family(
        name="granite4",
        # Bars in its tokens now. IBM's guide puts them in a chat's user turn, which is for the
        # instruct models. The "h" variants keep little of a prompt in the engine's cache.
        match=r"granite-?4",
        unless=r"vision|speech|guardian|embedding",
        architectures=("granite",),
        goes_with=_MARK,
        template="<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
        stop=("<|end_of_text|>", "<|fim_pad|>", "<|endoftext|>"),
        control=(
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<|fim_pad|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<|start_of_role|>",
            "<|end_of_role|>",
        ),
        example="granite4:micro",
        source="IBM Granite documentation, 'Prompt engineering', FIM; ollama/ollama #12577",
    ),
    Family(
        name="stable-code",
        match=r"stable-?code",
        architectures=("stablelm",),
        template=_DOCUMENTED,
        stop=("<|endoftext|>", "<fim_pad>", "<file_sep>"),
        control=(*_STARCODER_CONTROL, "<repo_name>", "<file_sep>"),
        example="stable-code:3b",
        library=("stable-code:3b",),
        source="stabilityai/stable-code-3b model card, 'Run with Fill in Middle'; "
        "continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts",
    ),
    Family(
        name="mellum",
        # Mellum 2's instruct and thinking models are general ones.
        match=r"mellum",
        unless=r"instruct|thinking",
        template="<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        stop=("<|endoftext|>", "<filename>", "<fim_pad>"),
        control=_STARCODER_CONTROL,
        cross_file="<filename>{other_path}\n{other_code}\n<filename>{path}\n{prompt}",
        example="JetBrains/Mellum-4b-base",
        source="JetBrains/Mellum-4b-base model card; JetBrains/mellum-sdk "
        "MellumCompletionService.kt (the same, but for a line end after the path)",
    ),
    Family(
        name="seed-coder",
        # Trained with the suffix first alone.
        match=r"seed-coder",
        unless=r"instruct|reasoning",
        architectures=("llama",),
        goes_with=_MARK,
        template="<[fim-suffix]>{suffix}<[fim-prefix]>{prefix}<[fim-middle]>",
        stop=("<[end▁of▁sentence]>", "<|file_sep|>", "<|endoftext|>", "<|end|>"),
        control=(
            "<[fim-prefix]>",
            "<[fim-suffix]>",
            "<[fim-middle]>",
            "<[begin▁of▁sentence]>",
            "<[end▁of▁sentence]>",
            "<|file_sep|>",
            "<|endoftext|>",
            "<|end|>",
        ),
        example="Seed-Coder-8B-Base",
        source="arXiv 2506.03524, section 2.2.6; g0t4/ask-openai.nvim "
        "lua/ask-openai/backends/models/fim.lua",
    ),
    Family(
        name="codegeex4",
        # The tokens stand in a chat. What isn't known of the file may be left empty; for other
        # files there are further lines in the chat's turn.
        match=r"codegeex-?4",
        architectures=("chatglm",),
        goes_with=_MARK,
        template="<|user|>\n###PATH:\n###LANGUAGE:\n###MODE:BLOCK\n"
        "<|code_suffix|>{suffix}<|code_prefix|>{prefix}<|code_middle|><|assistant|>\n",
        stop=("<|user|>", "<|endoftext|>", "<|observation|>"),
        control=_GLM_CONTROL,
        example="codegeex4:9b",
        library=("codegeex4:9b",),
        source="THUDM/CodeGeeX4 guides/Infilling_guideline.md; "
        "continuedev/continue core/autocomplete/templating/AutocompleteTemplate.ts",
    ),
    Family(
        name="glm-4.5",
        match=r"glm-?4\.[5-9](?!v)",
        architectures=("glm", "deepseek2"),
        goes_with=_MARK,
        template="<|code_prefix|>{prefix}<|code_suffix|>{suffix}<|code_middle|>",
        stop=("<|endoftext|>", "<|user|>", "<|observation|>"),
        control=_GLM_CONTROL,
        example="GLM-4.5-Air",
        source="ggml-org/llama.cpp src/llama-vocab.cpp, 'GLM-4.5'; "
        "zed-industries/zed crates/edit_prediction/src/fim.rs",
    ),
    Family(
        name="falcon-h1-coder",
        match=r"falcon-?h1-(tiny-)?coder",
        architectures=("falcon-h1", "falcon_h1"),
        goes_with=_MARK,
        template="<|prefix|>{prefix}<|suffix|>{suffix}<|middle|>",
        stop=("<|end_of_text|>", "<|endoftext|>", "<|im_end|>"),
        control=(
            "<|prefix|>",
            "<|suffix|>",
            "<|middle|>",
            "<|end_of_text|>",
            "<|endoftext|>",
            "<|im_start|>",
            "<|im_end|>",
        ),
        example="Falcon-H1-Tiny-Coder-90M",
        source="tiiuae/Falcon-H1-Tiny-Coder-90M, 'FIM format'; ggml-org/llama.cpp #19249",
    ),
)

# Regular expressions, compiled when the first model is looked up and not when the server starts.
#
# Models that are known and are none of the above. Where a model's own metadata says that it is
# one of these, its name counts for nothing.
_OTHERS: Final = (
    r"(^|-)((meta-)?llama-?\d|tinyllama|gemma|phi-?\d|yi-|(mistral|ministral|mixtral)(-|$)|"
    r"magistral|devstral|qwen-?\d|qwq|deepseek-([rv]\d|llm|chat|moe|math)|gpt-oss|smollm|"
    r"opencoder|granite-?\d|falcon|olmo|nemotron|exaone|command-r|internlm|glm-?\d|kimi|minimax)"
)
# Models that have the tokens in their vocabulary and were not trained with them, by their
# authors' word (ollama/ollama #8320; OpenCoder-8B-Base, discussion 4), and one for agents.
_UNTRAINED: Final = r"yi-coder|opencoder|devstral"
_CHAT: Final = (
    r"instruct|(^|[-:/])(chat|it|assistant|thinking|reasoning|r1)($|[-:/.])|"
    r"gpt-oss|qwq|magistral|devstral|wizardcoder|starchat|octocoder"
)
_BASE: Final = r"(^|[-:/])(base|text|pt|pretrained|completion|fim)($|[-:/.])"

# Spellings that no programming language has: they end a fill whatever model wrote them, since
# fine-tuned and merged models leak the tokens of their ancestors.
UNMISTAKABLE: Final = re.compile(
    r"<\|[A-Za-z][A-Za-z0-9_-]{1,31}\|>|<｜[^｜\n]{2,24}｜>|<fim[_-](?:prefix|suffix|middle|pad)>|<file_sep>"
    r"|<\[fim-[a-z]{6}\]>"
)


def means(own: OwnTemplate, model_name: str) -> bool:
    """Whether one of the user's templates is for a model of this name, with or without its tag."""
    name, pattern = model_name.lower(), own.match.lower()
    return any(fnmatchcase(name, pattern) for name in (name, re.sub(r":[^:/]*$", "", name)))


def own_family(own: OwnTemplate) -> Family:
    """The row of the table for a template of the user's; its other texts are control tokens."""
    literals = (*re.split(r"\{prefix\}|\{suffix\}", own.template), *own.stop)
    tokens = [
        token
        for literal in literals
        for token in re.findall(r"<[^<>\s]+>|\[[^\[\]\s]+\]", literal) or [literal.strip()]
    ]
    return Family(
        name=f'own template for "{own.match}"',
        match="",
        template=own.template,
        stop=own.stop,
        control=tuple(dict.fromkeys(filter(None, tokens))),
        source="the fim setting",
    )


def find(model_name: str, own: Sequence[OwnTemplate] = ()) -> Family | None:
    """The family of a model by its name alone, as :func:`family_of` gives it."""
    return family_of(Model(model_name), own)


def family_of(model: Model, own: Sequence[OwnTemplate] = ()) -> Family | None:
    """How a model is asked to fill: the user's own templates come first, then its metadata,
    then its name.

    None if nothing is known of it, or if it can't fill in the middle.
    """
    for template in own:
        if means(template, model.name):
            return own_family(template)
    family = _relatives(model)
    return None if family is None or _is_excluded(model, family) else family


def why_not(model: Model) -> str:
    """Why a model without a family can't fill in the middle; empty if it may be tried.

    Models of a known family that were not trained to fill, and those that talk: they think
    first, are asked through a chat's template, or are called so. What the user or its metadata
    calls a base model isn't one of them, nor what has tokens or a template for it.
    """
    family = _relatives(model)
    if family is not None and _is_excluded(model, family):
        return f"only some of its family were trained to, for instance {family.example}"
    names = (_plain(model.own_name), _plain(model.name))
    untrained = any(re.search(_UNTRAINED, name) for name in names)
    if (model.can_insert or model.has_fim_tokens) and not untrained:
        return ""
    # The user's name for it counts only where its metadata doesn't say for what it was tuned.
    said = names[0] if model.finetune else "-".join(names)
    if re.search(_BASE, said):
        return ""
    if model.thinks:
        return "it thinks before it answers"
    if model.chats or re.search(_CHAT, said):
        return "it was made to chat"
    return ""


def not_in_library(model_name: str) -> str:
    """Says that Ollama's library has a model's family, and not in this size; empty if it may have.

    Much that is written of models names such ("qwen3-coder:7b").
    """
    base, size = _base_and_size(model_name)
    row = next((row for row in FAMILIES if base in map(_base_of, row.library)), None)
    if not size or row is None or size in (_base_and_size(name)[1] for name in row.library):
        return ""
    *others, last = row.library
    names = f"{', '.join(others)} and {last}" if others else last
    return (
        f"Of its family Ollama's library has {names}, none of {size} that can fill in the middle."
    )


def to_fetch(model_name: str) -> str:
    """The name under which Ollama's library has a model, or one in its place; any other as it is.

    In the place of a size that there is none of stands the suggested family's own, if it has that.
    """
    if not not_in_library(model_name):
        return model_name
    same_size = f"{_base_of(SUGGESTED_MODEL)}:{_base_and_size(model_name)[1]}"
    exists = any(same_size in row.library for row in FAMILIES)
    return same_size if exists else SUGGESTED_MODEL


def _base_of(model_name: str) -> str:
    return _base_and_size(model_name)[0]


def _base_and_size(model_name: str) -> tuple[str, str]:
    """The two of a name as Ollama has them: "codellama:7b-code" is "codellama" and "7b"."""
    base, _, tag = model_name.lower().partition(":")
    size = re.match(r"[\d.]+[bm](?![a-z0-9])", tag)
    return base, size[0] if size else ""


def _relatives(model: Model) -> Family | None:
    """The row for the model's family, whether or not the model itself can fill."""
    own_name, name = _plain(model.own_name), _plain(model.name)
    by_metadata = next((row for row in FAMILIES if re.search(row.match, own_name)), None)
    if by_metadata is not None or re.search(_OTHERS, own_name):
        return by_metadata
    by_name = next((row for row in FAMILIES if re.search(row.match, name)), None)
    if by_name is None or not (by_name.architectures and model.architecture):
        return by_name
    return by_name if model.architecture.lower().startswith(by_name.architectures) else None


def _is_excluded(model: Model, family: Family) -> bool:
    """Whether the model is one of the family that can't fill."""
    own_name = _plain(model.own_name)
    names = [own_name]
    if not (model.finetune and re.search(family.match, own_name)):
        names.append(_plain(model.name))
    return bool(family.unless) and any(re.search(family.unless, name) for name in names)


def _plain(name: str) -> str:
    """A model's name in lower case, without what is no part of it, and hyphens for blanks."""
    name = re.sub(r"[\s_]+", "-", name.lower())
    return re.sub(r"(-\d{5}-of-\d{5})?\.gguf$", "", name)


def all_control_tokens() -> tuple[str, ...]:
    """The control tokens of every family, for models of which nothing is known.

    Those that people write too ("usage: count <filename>") are left out.
    """
    tokens = dict.fromkeys(token for family in FAMILIES for token in family.control)
    return tuple(token for token in tokens if token not in ("<filename>", "<reponame>"))
