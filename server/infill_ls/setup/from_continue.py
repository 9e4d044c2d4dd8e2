"""Continue's settings of completion as ours, and what of them has no counterpart. Pure.

Sources: Continue's references of ``config.yaml`` and ``config.json`` (docs/reference.mdx and
docs/reference/json-reference.mdx of its repository), and the default addresses of its providers
(core/llm/llms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from infill_ls.prompt.families import SUGGESTED_MODEL
from infill_ls.settings import read_value
from infill_ls.values import Wrong, is_loopback, named

# Providers whose servers have OpenAI's /v1/completions, with the address that Continue takes where
# the user gives none.
_OPENAI: Final[Mapping[str, str]] = {
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "docker": "http://localhost:12434/engines",
    "fireworks": "https://api.fireworks.ai/inference",
    "lemonade": "http://localhost:8000/api",
    "llama.cpp": "http://localhost:8080",
    "llamafile": "http://localhost:8080",
    "lmstudio": "http://localhost:1234",
    "openai": "",
    "openrouter": "https://openrouter.ai/api",
    "text-gen-webui": "http://127.0.0.1:5000",
    "together": "https://api.together.xyz",
    "vllm": "",
}
# Of options, by their names: ours, and Continue's own defaults, which aren't the user's wishes.
_OPTIONS: Final[Mapping[str, tuple[str, tuple[Any, ...]]]] = {
    "debounceDelay": ("debounceMs", (250, 350)),
    "maxPromptTokens": ("contextTokens", (1024,)),
    "multilineCompletions": ("multiline", ("auto",)),
    "showWhateverWeHaveAtXMs": ("latencyMs", (300,)),
    "disableInFiles": ("exclude", ()),
    "temperature": ("temperature", ()),
    "maxTokens": ("maxTokens", ()),
    "caBundlePath": ("caFile", ()),
}
_OTHER_FILES: Final = "a prompt has the text around the cursor, and nothing of other files"
_SHARES: Final = "how much stands before and after the cursor is worked out"
_PROXIES: Final = "proxies are taken from the environment (HTTPS_PROXY, NO_PROXY)"
_LIMITS: Final = "how long is waited depends on the engine's measured rates"
_SAMPLING: Final = "of how tokens are picked, temperature alone can be set"
_RUNNING: Final = "how a model runs is for its engine to say"
_THINKING: Final = "a model is asked without thinking first"
# Why others have no counterpart, and what is said of those that aren't here.
_REASONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("onlyMyCode", "useImports", "useRecentlyEdited", "useRecentlyOpened"),
            *("useOtherFiles", "enableRootPathSnippets", "maxSnippetTokens"),
            *("maxSnippetPercentage", "slidingWindowPrefixPercentage", "slidingWindowSize"),
            *("recentlyEditedSimilarityThreshold", "recentLinePrefixMatchMinLength"),
            *("experimental_includeRecentlyVisitedRanges", "experimental_includeDiff"),
            *("experimental_includeRecentlyEditedRanges",),
        ),
        _OTHER_FILES,
    ),
    **dict.fromkeys(
        ("useCopyBuffer", "experimental_includeClipboard"), "the clipboard is never read"
    ),
    **dict.fromkeys(
        (
            *("topP", "topK", "minP", "presencePenalty", "frequencyPenalty", "repeatPenalty"),
            "mirostat",
        ),
        _SAMPLING,
    ),
    **dict.fromkeys(("numThreads", "numGpu", "useMmap"), _RUNNING),
    **dict.fromkeys(("reasoning", "reasoningBudgetTokens"), _THINKING),
    **dict.fromkeys(("maxSuffixPercentage", "prefixPercentage"), _SHARES),
    **dict.fromkeys(("proxy", "noProxy"), _PROXIES),
    **dict.fromkeys(("timeout", "modelTimeout"), _LIMITS),
    "contextLength": "the model is asked with the context that it was loaded with",
    "transform": "what a model writes is always trimmed to what fits the place",
    "stream": "fills always come as a stream",
    "verifySsl": "certificates are always checked; caFile names an authority of your own",
    "stop": "a model's own stop texts are known",
    "useCache": "fills are always remembered",
}
_NOTHING_LIKE_IT: Final = "infill-ls has nothing like it"
# What else there is where a file has no model that can be taken.
_INSTEAD: Final = f"Take one that runs here: infill-ls pull (or ollama pull {SUGGESTED_MODEL})"
# Blocks of Continue's hub that are named.
_BLOCKS: Final = 3
# What is said of the rest of the file, once.
_OTHER_PARTS: Final = (
    *("rules", "prompts", "docs", "context", "mcpServers", "contextProviders"),
    *("slashCommands", "customCommands", "embeddingsProvider", "reranker", "systemMessage"),
)
# Keys that stand where a server wants some text and looks at none.
_NO_KEYS: Final = re.compile(
    r"(?i)|empty|none|null|dummy|ollama|lm-?studio|not-?needed|sk-no-key.*"
)
_SECRET_VARIABLE: Final = re.compile(
    r"\$\{\{\s*(?:secrets|inputs)\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}"
)
# In a header's name, in its value, in an address.
_LIKE_A_KEY: Final = re.compile(
    r"(?i)auth|token|key|secret|cookie|session|passw|credential|bearer|basic|digest|jwt|signature"
)
# A word, a number, a short mixture of both such as "v1". Keys are longer.
_PLAIN_WORD: Final = re.compile(
    r"(?:[A-Z][a-z]{2,15}){1,3}|[A-Z]?[a-z]{1,15}|[A-Z]{1,15}|[A-Za-z0-9]{1,4}"
)
# Those with a digit, of such words. Keys that are to be typed have groups of four.
_MOST_WITH_DIGITS: Final = 2
_LONGEST_PLAIN: Final = 80
_PLACEHOLDER: Final = re.compile(r"\{\{\{?\s*(\w+)\s*\}?\}\}")


class NoModel(Exception):
    """There is no model for completion that could be taken. The text says why.

    ``fix``: what to do instead, in a sentence; empty if the text says it.
    """

    def __init__(self, why: str, fix: str = "") -> None:
        super().__init__(why)
        self.fix = fix


@dataclass(slots=True)
class Imported:
    """What a file of Continue's becomes.

    ``settings``: values by our keys. ``left``: what of theirs has no counterpart, with the reason;
    values are never in it, which may be keys. ``goes_to``: a sentence on where code goes, empty if
    it stays on this machine. ``advice``: what the user is to do, in sentences.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    goes_to: str = ""
    advice: list[str] = field(default_factory=list)

    def take(self, theirs: str, ours: str, value: Any) -> None:
        """Take a value of theirs, unless ours can't have it."""
        try:
            (read,) = read_value(ours, value).values()
        except Wrong as wrong:
            self.left[theirs] = f"{ours} must be {wrong}"
        else:
            # Tables are written as they were; an address as it is used.
            self.settings[ours] = read if isinstance(read, str | int | float) else value


def imported(file: Mapping[str, Any]) -> Imported:
    """Return what the parsed ``config.yaml`` or ``config.json`` becomes.

    Raises :class:`NoModel` if it has no model for completion that infill-ls can use.
    """
    result = Imported()
    model = _chosen(file, result)
    _engine(model, result)
    _key(model, result)
    _options(_merged(file, model), result)
    _template(file, model, result)
    parts = [part for part in _OTHER_PARTS if file.get(part)]
    completing = list(_for_completion(file))
    if any(model not in completing for model in _table_list(file.get("models"))):
        parts.insert(0, "the other models")
    if parts:
        result.left[", ".join(parts)] = "infill-ls completes code and does nothing else"
    return result


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _table_list(value: Any) -> list[Mapping[str, Any]]:
    return [_table(one) for one in value] if isinstance(value, list) else []


def _for_completion(file: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    own = file.get("tabAutocompleteModel")
    yield from _table_list(own) if isinstance(own, list) else [_table(own)] if own else []
    for model in _table_list(file.get("models")):
        roles = model.get("roles") or _table(model.get("override")).get("roles")
        if isinstance(roles, list) and "autocomplete" in roles:
            yield model


def _chosen(file: Mapping[str, Any], result: Imported) -> Mapping[str, Any]:
    """Return the first model for completion that can be used; note the others."""
    chosen: Mapping[str, Any] | None = None
    for model in _for_completion(file):
        name = f'the model "{_name(model)}"'
        why = _unusable(model)
        if why:
            result.left[name] = why
        elif chosen is None:
            chosen = model
        else:
            result.left[name] = "one model completes; this one is not the first"
    if chosen is not None:
        return chosen
    if result.left:
        reasons = "; ".join(f"{name}: {why}" for name, why in result.left.items())
        raise NoModel(reasons, _INSTEAD)
    if blocks := [_name(one) for one in _table_list(file.get("models")) if "uses" in one]:
        more = ", …" if len(blocks) > _BLOCKS else ""
        listed = ", ".join(blocks[:_BLOCKS])
        raise NoModel(
            f"its models are blocks of Continue's hub, which it only names: {listed}{more}",
            _INSTEAD,
        )
    raise NoModel(
        'it has no model for completion (tabAutocompleteModel, or the role "autocomplete")',
        _INSTEAD,
    )


def _name(model: Mapping[str, Any]) -> str:
    for key in ("name", "title", "model", "uses"):
        if isinstance(model.get(key), str):
            return named(model[key])
    return "?"


def _unusable(model: Mapping[str, Any]) -> str:
    """Return why infill-ls can't use a model; empty if it can."""
    if "uses" in model:
        return "it comes from Continue's hub, and the file doesn't say what it is"
    provider = str(model.get("provider"))
    if provider == "ollama" or (
        provider in _OPENAI and (model.get("apiBase") or _OPENAI[provider])
    ):
        return "" if isinstance(model.get("model"), str) else "it has no name"
    if provider == "openai":
        return "OpenAI's own models can't fill in the middle"
    if provider == "vllm":
        return "it has no apiBase"
    if provider in ("mistral", "deepseek"):
        return "its API for the middle is one of its own, which infill-ls doesn't speak"
    return f'infill-ls doesn\'t speak with the provider "{named(provider)}"'


def _engine(model: Mapping[str, Any], result: Imported) -> None:
    provider = str(model["provider"])
    result.settings["engine"] = "ollama" if provider == "ollama" else "openai"
    address = model.get("apiBase") or _OPENAI.get(provider)
    if address:
        result.take("apiBase", "url", address)
        path = str(address).partition("://")[2].partition("/")[2]
        if model.get("apiBase") and not all(map(_is_plain, filter(None, path.split("/")))):
            raise NoModel(
                "the path of its apiBase may hold a key, which isn't copied; without one: "
                "infill-ls settings set url ADDRESS"
            )
        if "url" not in result.settings:
            # Else the code would go to the default address.
            raise NoModel("its apiBase " + result.left["apiBase"].removeprefix("url "))
        if not is_loopback(address):
            result.goes_to = f"Your code goes to {result.settings['url']}, as with Continue."
    name = str(model["model"])
    result.take("model", "model", "auto" if name == "AUTODETECT" else name)


def _key(model: Mapping[str, Any], result: Imported) -> None:
    """Name a variable for the key; the key itself is never copied, nor shown."""
    key = model.get("apiKey")
    if not isinstance(key, str) or _NO_KEYS.fullmatch(key):
        return
    secret = _SECRET_VARIABLE.fullmatch(key.strip())
    provider = re.sub(r"\W", "_", str(model["provider"])).upper()
    variable = secret[1] if secret else f"{provider}_API_KEY"
    result.take("apiKey", "apiKeyEnv", variable)
    where = " (Continue has it in a .env file)" if secret else " (it stands in Continue's file)"
    result.advice.append(f"Put your key into the environment variable {variable}{where}.")


def _merged(file: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that hold for a model: its own before those of the whole file."""
    options: dict[str, Any] = {}
    for name in (
        *("tabAutocompleteOptions", "completionOptions", "defaultCompletionOptions"),
        *("autocompleteOptions", "requestOptions"),
    ):
        options |= {**_table(file.get(name)), **_table(model.get(name))}
    if "contextLength" in model:
        options["contextLength"] = model["contextLength"]
    return options


def _options(options: Mapping[str, Any], result: Imported) -> None:
    for name, value in options.items():
        ours, defaults = _OPTIONS.get(name, ("", ()))
        if name == "disable":
            if value is True:
                result.settings["enabled"] = False
        elif name == "keepAlive":
            result.take(name, "keepAlive", value)
        elif name == "headers":
            _headers(_table(value), result)
        elif name == "template" or value is None:
            continue
        elif not ours:
            result.left[named(str(name))] = _REASONS.get(str(name), _NOTHING_LIKE_IT)
        elif value in defaults:
            result.left[name] = f"it is Continue's default, and {ours} adapts itself"
        else:
            result.take(
                name,
                ours,
                value[0] if name == "caBundlePath" and isinstance(value, list) and value else value,
            )


def _is_plain(value: Any) -> bool:
    """Whether a value is plainly no key: few words as people write them."""
    if not isinstance(value, str) or len(value) > _LONGEST_PLAIN or not value.isascii():
        return False
    words = [word for word in re.split(r"[^A-Za-z0-9]+", value) if word]
    return (
        not _LIKE_A_KEY.search(value)
        and all(map(_PLAIN_WORD.fullmatch, words))
        and sum(any(map(str.isdigit, word)) for word in words) <= _MOST_WITH_DIGITS
    )


def _headers(headers: Mapping[str, Any], result: Imported) -> None:
    """Take headers over whose values are plainly no keys, whatever their names are."""
    harmless: dict[str, Any] = {}
    for name, value in headers.items():
        if _LIKE_A_KEY.search(str(name)) or not _is_plain(value):
            result.left[f"the header {named(str(name))}"] = (
                "it may hold a key; apiKeyEnv is for keys, headers in your own file for others"
            )
        else:
            harmless[name] = value
    if harmless:
        result.take("headers", "headers", harmless)


def _template(file: Mapping[str, Any], model: Mapping[str, Any], result: Imported) -> None:
    options = {
        **_table(file.get("tabAutocompleteOptions")),
        **_table(model.get("autocompleteOptions")),
    }
    text = _table(model.get("promptTemplates")).get("autocomplete") or options.get("template")
    if not isinstance(text, str):
        return
    others = set(_PLACEHOLDER.findall(text)) - {"prefix", "suffix"}
    if others:
        result.left["template"] = (
            f"fim has prefix and suffix alone, not {', '.join(sorted(others))}"
        )
        return
    stop = _merged(file, model).get("stop")
    template = {
        "match": str(model["model"]),
        "template": _PLACEHOLDER.sub(r"{\1}", text),
        "stop": stop if isinstance(stop, list) else [],
    }
    result.take("template", "fim", [template])
    if "fim" in result.settings:
        result.left.pop("stop", None)
