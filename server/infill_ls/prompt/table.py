"""The table of model families: their templates and tokens, and where these are documented.

Data alone; :class:`infill_ls.prompt.family.Family` says what each field means, and
:mod:`infill_ls.prompt.families` looks a model up.
"""

from __future__ import annotations

from typing import Final

from infill_ls.prompt.family import LONE_BLANK, MARK, WHITE, Family

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
_TOOLS: Final = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>")
_THOUGHTS: Final = ("<think>", "</think>")
_QWEN25_CONTROL: Final = (*_QWEN_CONTROL, "<tool_call>", "</tool_call>")
_QWEN3_CONTROL: Final = (*_QWEN_CONTROL, *_TOOLS, *_THOUGHTS)
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
_STARCODER2_CONTROL: Final = (
    *_FIM_CONTROL,
    "<file_sep>",
    "<repo_name>",
    "<|endoftext|>",
    "<issue_start>",
    "<issue_comment>",
    "<issue_closed>",
    "<jupyter_start>",
    "<jupyter_text>",
    "<jupyter_code>",
    "<jupyter_output>",
    "<jupyter_script>",
    "<empty_output>",
    "<code_to_intermediate>",
    "<intermediate_to_code>",
    "<pr_status>",
    "<pr_is_merged>",
    "<pr_base>",
    "<pr_file>",
    "<pr_base_code>",
    "<pr_diff>",
    "<pr_diff_hunk>",
    "<pr_comment>",
    "<pr_event_id>",
    "<pr_review>",
    "<pr_review_state>",
    "<pr_review_comment>",
    "<pr_in_reply_to_review_id>",
    "<pr_in_reply_to_comment_id>",
    "<pr_diff_hunk_comment_line>",
)
_REDACTED: Final = ("<pr>", "<NAME>", "<EMAIL>", "<KEY>", "<PASSWORD>")
_STARCODER_TEMPLATE: Final = "<fim_prefix><fim_suffix>{suffix}<fim_middle>{prefix}"
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
    "[gMASK]",
    "[sMASK]",
    "[MASK]",
    "<sop>",
    "<eop>",
    *_TOOLS,
    *_THOUGHTS,
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
)

# Tokens that people write themselves, as placeholders or as tags: they are broken up in prompts
# like the others, but a fill may have them.
ORDINARY: Final = frozenset(
    (
        *_TOOLS,
        *_THOUGHTS,
        *_REDACTED,
        *("<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
        *("<unk>", "<pad>", "<mask>", "<sop>", "<eop>", "[MASK]"),
    )
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
        goes_with=MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN3_CONTROL,
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
        goes_with=MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN3_CONTROL,
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
        goes_with=MARK,
        template=_QWEN_TEMPLATE,
        stop=_QWEN_STOP,
        control=_QWEN25_CONTROL,
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
        goes_with=WHITE,
        template=_DEEPSEEK_TEMPLATE,
        stop=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        control=_DEEPSEEK_CONTROL,
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
        goes_with=WHITE,
        template=_DEEPSEEK_TEMPLATE,
        stop=("<｜end▁of▁sentence｜>", "<|EOT|>"),
        control=_DEEPSEEK_CONTROL,
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
        control=("<PRE>", "<SUF>", "<MID>", "<EOT>", "<s>", "</s>", "<unk>"),
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
        control=(*_STARCODER2_CONTROL, *_REDACTED),
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
        goes_with=LONE_BLANK,
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
            "<pad>",
            "<unk>",
            "<mask>",
            *(f"<unused{number}>" for number in range(99)),
        ),
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
        control=(
            "[PREFIX]",
            "[SUFFIX]",
            "[MIDDLE]",
            "[INST]",
            "[/INST]",
            "[TOOL_CALLS]",
            "[AVAILABLE_TOOLS]",
            "[/AVAILABLE_TOOLS]",
            "[TOOL_RESULTS]",
            "[/TOOL_RESULTS]",
            "<s>",
            "</s>",
            "<unk>",
        ),
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
        goes_with=MARK,
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
        # Mellum 2's base model fills (12B with 2.5B at work, 8.1 GB with 4 bits); its instruct and
        # thinking models are general ones.
        match=r"mellum",
        unless=r"instruct|thinking",
        template="<fim_suffix>{suffix}<fim_prefix>{prefix}<fim_middle>",
        stop=("<|endoftext|>", "<filename>", "<fim_pad>"),
        control=(*dict.fromkeys((*_STARCODER_CONTROL, *_STARCODER2_CONTROL, *_REDACTED)),),
        example="JetBrains/Mellum-4b-base",
        source="JetBrains/Mellum-4b-base model card; JetBrains/mellum-sdk "
        "MellumCompletionService.kt (the same, but for a line end after the path); "
        "ollama.com/JetBrains/mellum2-base-q4_k_m, 'Fill-in-the-middle (FIM) format'; "
        "MizuchiLabs/tsugi.nvim lua/tsugi/format.lua (Mellum 2 in llama.cpp)",
    ),
    Family(
        name="seed-coder",
        # Trained with the suffix first alone.
        match=r"seed-coder",
        unless=r"instruct|reasoning",
        architectures=("llama",),
        goes_with=MARK,
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
        goes_with=MARK,
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
        goes_with=MARK,
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
        goes_with=MARK,
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
OTHERS: Final = (
    r"(^|-)((meta-)?llama-?\d|tinyllama|gemma|phi-?\d|yi-|(mistral|ministral|mixtral)(-|$)|"
    r"magistral|devstral|qwen-?\d|qwq|deepseek-([rv]\d|llm|chat|moe|math)|gpt-oss|smollm|"
    r"opencoder|granite-?\d|falcon|olmo|nemotron|exaone|command-r|internlm|glm-?\d|kimi|minimax)"
)
# Models that have the tokens in their vocabulary and were not trained with them, by their
# authors' word (ollama/ollama #8320; OpenCoder-8B-Base, discussion 4), and one for agents.
UNTRAINED: Final = r"yi-coder|opencoder|devstral"
CHAT: Final = (
    r"instruct|(^|[-:/])(chat|it|assistant|thinking|reasoning|r1)($|[-:/.])|"
    r"gpt-oss|qwq|magistral|devstral|wizardcoder|starchat|octocoder"
)
BASE: Final = r"(^|[-:/])(base|text|pt|pretrained|completion|fim)($|[-:/.])"
# Models a part of whose memory is recurrent, by GGUF's architecture and, where that isn't known, by
# their names: engines can't take back a part of what such a model has read, so that the cache helps
# little and most of a prompt is read anew after a key ("forcing full prompt re-processing").
# Source: ggml-org/llama.cpp src/llama-arch.cpp, llm_arch_is_recurrent and llm_arch_is_hybrid, and
# #19794; ollama's server/sched.go, which gives such models one call at a time.
RECURRENT: Final = frozenset(
    "mamba mamba2 rwkv6 rwkv6qwen2 rwkv7 arwkv7 jamba falcon-h1 falcon_h1 plamo2 granitehybrid "
    "lfm2 lfm2moe nemotron_h nemotron_h_moe qwen3next qwen35 qwen35moe kimi-linear "
    "deepseek4".split()
)
RECURRENT_NAMES: Final = (
    r"qwen-?3-(coder-)?next|qwen-?3\.[5-9]|granite-?4[\w.]*[-:](h-|[\w.]+-h($|[-:.]))|mamba|rwkv|jamba|"
    r"falcon-?h1|lfm-?2|nemotron-?h|kimi-linear"
)
