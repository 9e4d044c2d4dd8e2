"""Settings: defaults, sources, and what is said of wrong ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infill_ls.setting_names import is_slip, nearest, variable
from infill_ls.settings import (
    DECIDING,
    KEYS,
    Settings,
    Source,
    from_user,
    in_short,
    load,
)
from infill_ls.user_file import UserFile, read_user_file
from infill_ls.values import LanguageSettings, OwnTemplate, Recitation, named, parse_ollama_host

DEFAULT = Settings()
OWN = {"match": "my-model*", "template": "<PRE>{prefix}<SUF>{suffix}<MID>", "stop": ["<EOT>"]}


@pytest.mark.parametrize(
    ("key", "value", "name", "read"),
    [
        ("engine", "embedded", "engine", "embedded"),
        ("url", "http://127.0.0.1:8080/", "url", "http://127.0.0.1:8080"),
        ("url", "https://host/ollama/v1", "url", "https://host/ollama"),
        ("url", "http://[::1]:11434", "url", "http://[::1]:11434"),
        ("model", "qwen3-coder:7b", "model", "qwen3-coder:7b"),
        ("apiKeyEnv", "MY_KEY", "api_key_env", "MY_KEY"),
        ("headers", {"X-A": "", "X-B": "b\t c"}, "headers", {"X-A": "", "X-B": "b\t c"}),
        ("headers", {"X-A": "b"}, "headers", {"X-A": "b"}),
        ("caFile", "/etc/ca.pem", "ca_file", "/etc/ca.pem"),
        ("exclude", ["*.private", "!.env"], "exclude", ("*.private", "!.env")),
        ("exclude", [], "exclude", ()),
        (
            "languages",
            {"markdown": {"enabled": False}, "go": {"multiline": "never", "maxTokens": 40}},
            "languages",
            {
                "markdown": LanguageSettings(enabled=False),
                "go": LanguageSettings(None, "never", 40),
            },
        ),
        ("recitation", {"folders": ["/others"]}, "recitation", Recitation(("/others",))),
        (
            "recitation",
            {"folders": ["~/a", "b"], "window": 30},
            "recitation",
            Recitation(("~/a", "b"), 30),
        ),
        ("recitation", {"folders": []}, "recitation", None),
        ("audit", "/var/log/fills.jsonl", "audit", "/var/log/fills.jsonl"),
        ("maxTokens", 64, "max_tokens", 64),
        ("maxTokens", "64", "max_tokens", 64),
        ("maxTokens", 64.0, "max_tokens", 64),
        ("multiline", "never", "multiline", "never"),
        ("eagerness", "low", "eagerness", "low"),
        ("temperature", 0, "temperature", 0.0),
        ("temperature", "0.7", "temperature", 0.7),
        ("debounceMs", "auto", "debounce_ms", "auto"),
        ("debounceMs", 0, "debounce_ms", 0),
        ("latencyMs", 500, "latency_ms", 500),
        ("contextTokens", 4096, "context_tokens", 4096),
        ("keepAlive", "5m", "keep_alive", "5m"),
        ("keepAlive", -1, "keep_alive", -1),
        ("keepAlive", "1h30m", "keep_alive", "1h30m"),
        ("url", "http://v1", "url", "http://v1"),
        ("keepAlive", "-1", "keep_alive", -1),
        ("mode", "suffix", "mode", "suffix"),
        (
            "fim",
            OWN,
            "fim",
            (OwnTemplate("my-model*", "<PRE>{prefix}<SUF>{suffix}<MID>", ("<EOT>",)),),
        ),
        ("fim", [{"template": "{prefix}{suffix}"}], "fim", (OwnTemplate("*", "{prefix}{suffix}"),)),
        ("weightsFrom", "hub", "weights_from", "hub"),
        ("enabled", False, "enabled", False),
        ("enabled", "off", "enabled", False),
        ("stats", False, "stats", False),
        ("log", "trace", "log", "trace"),
    ],
)
def test_a_good_value(key: str, value: Any, name: str, read: Any) -> None:
    settings, problems = load(editor={key: value})
    assert problems == []
    assert getattr(settings, name) == read


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("engine", "gpu", '"auto", "ollama", "openai", "embedded"'),
        ("url", "127.0.0.1:11434", "an address with http:// before it: http://127.0.0.1:11434"),
        ("url", "ollama.local", "an address such as http://127.0.0.1:11434"),
        ("url", "ftp://host", "an address"),
        ("url", "http://host:99999", "a port up to 65535"),
        ("url", "http://user:secret@host", "without user name and password"),
        ("url", 5, "an address"),
        ("model", "", "a text that is not empty"),
        ("model", ["a"], "a text"),
        ("caFile", "a\0b", "no control characters"),
        ("apiKeyEnv", "\ud800", "the name of an environment variable"),
        ("apiKeyEnv", "sk-12345", "and not the key itself"),
        ("headers", "X-A: b", "a table of header names and texts"),
        ("headers", {"X-A": "b\r\nX-B: c"}, "a table of header names"),
        ("headers", {"X A": "b"}, "a table of header names"),
        ("headers", {"X-A": "é"}, "which are ASCII"),
        ("headers", {"X-A": " b"}, "without blanks at their ends"),
        ("maxTokens", 0, "a whole number from 1 to 4096"),
        ("maxTokens", 1.5, "a whole number"),
        ("maxTokens", True, "a whole number"),
        ("maxTokens", "many", "a whole number"),
        ("maxTokens", float("nan"), "a whole number"),
        ("maxTokens", float("inf"), "a whole number"),
        ("multiline", True, '"auto", "always", "never"'),
        ("temperature", -1, "a number from 0 to 2"),
        ("debounceMs", "fast", '"auto" or a whole number from 0 to 10000'),
        ("contextTokens", 1, '"auto" or a whole number from 64 to 131072'),
        ("keepAlive", "long", "a duration"),
        ("keepAlive", "1.5", "a duration"),
        ("keepAlive", "9" * 5000, "a duration"),
        ("keepAlive", 10**18, "a duration"),
        ("mode", "chat", '"auto", "raw", "suffix", "plain"'),
        ("fim", {"template": "{prefix}"}, "{prefix} and {suffix} once each"),
        ("fim", {**OWN, "stops": []}, "a table such as"),
        ("fim", {**OWN, "stop": [""]}, "a table such as"),
        ("fim", 5, "{prefix} and {suffix} once each"),
        ("fim", False, "once each"),
        ("weightsFrom", "index", '"auto", "hub"'),
        ("exclude", "*.private", "a list of patterns"),
        ("languages", ["go"], "a table of language ids"),
        ("languages", {"go": True}, 'a table with enabled, multiline, maxTokens for "go"'),
        (
            "languages",
            {"go": {"model": "x"}},
            'a table with enabled, multiline, maxTokens for "go"',
        ),
        ("languages", {"go": {"maxTokens": 0}}, 'from 1 to 4096, for "maxTokens" of "go"'),
        ("recitation", ["/others"], "a table such as"),
        ("recitation", {"folders": "/others"}, "a table such as"),
        ("recitation", {"folders": [""]}, "a table such as"),
        ("recitation", {"folders": [], "window": 5}, "window from 10 to 1000"),
        ("recitation", {"folders": [], "size": 5}, "a table such as"),
        ("audit", "", "a text"),
        ("exclude", ["*.private", 5], "a list of patterns"),
        ("exclude", [" "], "a list of patterns"),
        (
            "exclude",
            ["*.a", "[z-a]*.py"],
            'as in a .gitignore, such as ["*.private", "!.env"]; "[z-a]',
        ),
        ("exclude", ["!"], '"!" is none'),
        ("exclude", ["foo\\"], "is none"),
        ("exclude", ["./secret/*"], '"./secret/*" is none'),
        ("enabled", "perhaps", "true or false"),
        ("stats", "never", "true or false"),
        ("stats", ["off"], "true or false"),
        ("log", "loud", '"error", "warning"'),
    ],
)
def test_a_wrong_value_is_told_once_and_the_default_is_used(
    key: str, value: Any, allowed: str
) -> None:
    settings, problems = load(editor={key: value})
    (problem,) = problems
    assert f'The setting "{key}" in the editor\'s settings' in problem
    assert allowed in problem
    if key in DECIDING:
        assert problem.endswith("Nothing is asked until it is mended.")
        assert settings == replace(DEFAULT, wrong=(problem,), unknown=frozenset({key}))
    elif key == "stats":
        assert problem.endswith("Nothing is counted until it is mended.")
        assert settings == replace(DEFAULT, stats=False, unknown=frozenset({key}))
    else:
        assert problem.endswith("It is ignored.")
        assert settings == DEFAULT


def test_every_key_is_tried_above() -> None:
    tried = {
        case[0] for mark in getattr(test_a_good_value, "pytestmark", []) for case in mark.args[1]
    }
    assert tried == set(KEYS)


def test_the_nearer_source_wins() -> None:
    file = dict.fromkeys(("maxTokens", "temperature", "debounceMs", "contextTokens"), 1)
    settings, problems = load(
        file={**file, "contextTokens": 1001, "keepAlive": "1m"},
        editor={"maxTokens": 2, "temperature": 2, "debounceMs": 2},
        environment={"INFILL_LS_MAX_TOKENS": "3", "INFILL_LS_TEMPERATURE": "0.3"},
        command_line={"maxTokens": 4},
    )
    assert problems == []
    assert (settings.max_tokens, settings.temperature) == (4, 0.3)
    assert (settings.debounce_ms, settings.context_tokens) == (2, 1001)
    assert settings.keep_alive == "1m"


# Each with a good and a wrong value of its key.
DECIDED: Final[dict[str, tuple[Any, Any]]] = {
    "engine": ("ollama", "olama"),
    "url": ("http://other:1", "other:1"),
    "model": ("mine", 5),
    "apiKeyEnv": ("MY_KEY", "sk-4711"),
    "headers": ({"X-A": "b"}, "X-A: b"),
    "caFile": ("/ca.pem", False),
    "weightsFrom": ("hub", "index"),
    "exclude": (["*.private"], "*.private"),
    "enabled": (False, "flase"),
    "languages": ({"go": {"enabled": False}}, {"go": False}),
    "recitation": ({"folders": ["/others"]}, ["/others"]),
    "audit": ("/fills.jsonl", ["/fills.jsonl"]),
}


@pytest.mark.parametrize("key", DECIDING)
def test_nothing_takes_the_place_of_a_wrong_value_that_decides(key: str) -> None:
    good, wrong = DECIDED[key]
    behind, problems = load(editor={key: wrong}, file={key: good})
    assert behind.wrong == tuple(problems)
    assert problems[0].endswith("Nothing is asked until it is mended.")
    # A nearer source has said what counts.
    before, problems = load(editor={key: good}, file={key: wrong})
    assert before == load(editor={key: good})[0]
    assert (before.wrong, before.unknown) == ((), frozenset())
    assert problems[0].endswith("It is ignored.")


@pytest.mark.parametrize(
    "sources",
    [
        {"file": {"stats": "never"}},
        {"file": {"stat": False}},
        {"file": {"stats": True, "statistics": "off"}},
        {"environment": {"INFILL_LS_STATS": "never"}, "editor": {"stats": True}},
        {"environment": {"INFILL_LS_STAT": "0"}, "file": {"stats": True}},
    ],
)
def test_nothing_is_counted_where_nobody_knows_whether_to(sources: dict[str, Any]) -> None:
    settings, (problem,) = load(**sources)
    assert (settings.stats, settings.wrong) == (False, ())
    assert "Nothing is counted until it is mended" in problem
    # A nearer source has said it.
    said, _ = load(**sources, command_line={"stats": True})
    assert said == load(command_line={"stats": True})[0]


def test_of_several_problems_one_is_named() -> None:
    settings, problems = load(file={"engine": "a", "url": "b", "caFile": 5, "maxTokens": 0})
    assert in_short(settings.wrong) == f"{problems[0]} And 2 more: infill-ls settings"
    assert in_short(problems[:1]) == problems[0]
    settings, problems = load(file={"engine": "a"}, editor={"url": "b"})
    assert in_short(settings.wrong) == f"{problems[0]} And 1 more: see the log"


def test_which_of_two_wrong_values_counts() -> None:
    settings, (first, second) = load(file={"engine": "a"}, editor={"engine": "b"})
    assert first.endswith("It is ignored.")
    assert (settings.wrong, settings.unknown) == ((second,), frozenset({"engine"}))
    assert settings.sources == {"engine": Source("editor")}


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"command_line": {"engine": "x"}}, 'The setting "engine" on the command line is'),
        ({"environment": {"INFILL_LS_ENGINE": "x"}}, "in the environment (INFILL_LS_ENGINE) is"),
        ({"environment": {"INFILL_LS_ENGINE": "x"}}, "mended, or INFILL_LS_ENGINE unset."),
        ({"editor": {"engine": "x"}}, "in the editor's settings is"),
        ({"file": {"engine": "x"}}, "in the settings file is"),
        ({"file": {"engine": "x"}}, 'is mended ("infill-ls settings set engine VALUE").'),
        ({"environment": {"OLLAMA_HOST": "-"}}, "mended, or OLLAMA_HOST unset."),
    ],
)
def test_a_problem_says_where_it_is_and_how_it_is_mended(
    sources: dict[str, Any], said: str
) -> None:
    assert said in load(**sources)[1][0]


def test_a_problem_in_the_file_says_its_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\nmaxTokens = 0\n")
    (problem,) = from_user(file=UserFile(path))[1]
    assert f"in the settings file ({path}, line 2) is 0" in problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("modle", "model"),
        ("max_tokens", "maxTokens"),
        ("MaxTokens", "maxTokens"),
        ("ulr", "url"),
        ("apiKey", "apiKeyEnv"),
        ("debounce", "debounceMs"),
        ("contexttoken", "contextTokens"),
        ("exlude", "exclude"),
        ("infill-ls.model", ""),
        ("colour", ""),
        ("", ""),
        ("include", "exclude"),
        ("INFILL_LS_EXCLUDES", "exclude"),
    ],
)
def test_the_nearest_known_key(written: str, meant: str) -> None:
    assert nearest(written, KEYS) == meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("INFILL_LS_LOGS", "Did you mean INFILL_LS_LOG?"),
        ("infill_ls_log", "Did you mean INFILL_LS_LOG?"),
        ("INFILL_LS_MAXTOKENS", "Did you mean INFILL_LS_MAX_TOKENS?"),
        ("INFILL_LS_", "All settings: infill-ls settings"),
        ("INFILL_LS_COLOUR", "All settings: infill-ls settings"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_known(name: str, meant: str) -> None:
    settings, (problem,) = load(environment={name: "s3cret", "INFILL_LS_TOKEN": "a" * 16})
    assert settings == DEFAULT
    assert problem == f'The environment variable "{name}" is no setting of infill-ls. {meant}'


@pytest.mark.parametrize(
    ("key", "slips", "others"),
    [
        (
            "exclude",
            "exlude excludes exclude_ Exclude EXCLUDE exclued excklude excludd x_clude ex-clude",
            "include excl excluding exclusive preclude occlude exclusions seclude ignore",
        ),
        ("url", "ulr URL uri urls u_r_l ur", "curly host ul_r_x hurls u r"),
        ("engine", "engin Engine engines egnine INFILL_LS_ENGIN", "engineer ending machine"),
        ("model", "modle models Model modl", "modality mood models_x"),
        ("enabled", "enable enabeld Enabled", "disabled able enabling"),
        ("headers", "header hedaers", "head readers_x leader header_names"),
        ("caFile", "ca_file cafile CA-FILE caFlie", "file certificate cacheFile"),
        ("audit", "audti audits Audit", "auditory edits"),
        # Of a long name two letters may be wrong.
        ("languages", "language langages lnaguages languags langs_uages", "lingua tongues"),
        ("recitation", "recitations recitaton resitatoin", "citation_x recipes rotation"),
        ("weightsFrom", "weights_from weightFrom weihgtFrom", "weights weightsAre"),
        ("apiKeyEnv", "apikeyenv api_key_env apiKeyEn", "apiKey api keyEnvs_x"),
        ("", "", "x url"),
    ],
)
def test_what_is_a_slip_and_what_another_word(key: str, slips: str, others: str) -> None:
    for name in slips.split():
        assert is_slip(name, key), name
        assert nearest(name, KEYS) == key, name
    for name in others.split():
        assert not is_slip(name, key), name


# Other words than a key's, for which it is named all the same.
@pytest.mark.parametrize(("name", "key"), [("include", "exclude"), ("apiKey", "apiKeyEnv")])
def test_another_word_than_a_key_s_stops_nothing(name: str, key: str) -> None:
    settings, (problem,) = load(file={name: DECIDED[key][0]})
    assert settings == DEFAULT
    assert problem.endswith(f'Did you mean "{key}"?')
    settings, (problem,) = load(environment={variable(name): "x"})
    assert settings == DEFAULT
    assert problem.endswith(f"Did you mean {variable(key)}?")


# Names that somebody may have meant to say something with that decides.
SLIPS: Final = {
    "engine": "engin",
    "url": "urll",
    "model": "Model",
    "apiKeyEnv": "apiKeyEnvs",
    "headers": "header",
    "caFile": "ca_file",
    "weightsFrom": "weightFrom",
    "exclude": "exlude",
    "enabled": "enable",
    "languages": "language",
    "recitation": "recitations",
    "audit": "auditt",
}


@pytest.mark.parametrize("key", DECIDING)
def test_a_slip_in_the_name_of_a_key_that_decides(key: str) -> None:
    good, _ = DECIDED[key]
    slip = SLIPS[key]
    for file in ({slip: good}, {key: good, slip: good}, {slip: good, key: good}):
        settings, (problem,) = load(file=file, path=Path("/c.toml"))
        assert (settings.wrong, settings.unknown) == ((problem,), frozenset({key}))
        assert problem == (
            f'Unknown setting "{slip}" in the settings file (/c.toml). Did you mean "{key}"? '
            f'Nothing is asked until it is mended ("infill-ls settings unset {slip}").'
        )
    # A nearer source has said what counts.
    settings, (problem,) = load(file={slip: good}, editor={key: good})
    assert settings == load(editor={key: good})[0]
    assert problem.endswith(f'Did you mean "{key}"?')


@pytest.mark.parametrize(
    ("name", "key"), [("INFILL_LS_URl", "url"), ("INFILL_LS_EXLUDE", "exclude")]
)
def test_a_slip_in_the_name_of_a_variable_that_decides(name: str, key: str) -> None:
    settings, (problem,) = load(environment={name: "s3cret"}, editor={key: DECIDED[key][0]})
    assert (settings.wrong, settings.unknown) == ((problem,), frozenset({key}))
    assert problem == (
        f'The environment variable "{name}" is no setting of infill-ls. '
        f"Did you mean {variable(key)}? Nothing is asked until it is mended, or {name} unset."
    )
    # The command line is nearer; an empty variable says nothing.
    assert load(environment={name: "x"}, command_line={key: DECIDED[key][0]})[0].wrong == ()
    assert load(environment={name: ""})[0].wrong == ()


def test_each_value_has_its_source() -> None:
    settings, _ = load(
        file={"maxTokens": 1, "model": "a", "temperature": 9},
        path=Path("/c.toml"),
        editor={"maxTokens": 2},
        environment={"INFILL_LS_LOG": "info", "OLLAMA_HOST": "box"},
        command_line={"engine": "ollama"},
    )
    assert settings.sources == {
        "engine": Source("command line"),
        "log": Source("environment", "INFILL_LS_LOG"),
        "maxTokens": Source("editor"),
        "model": Source("file", "/c.toml"),
        "url": Source("environment", "OLLAMA_HOST"),
    }
    assert settings.fixed == {"engine", "log"}


def test_a_wrong_value_leaves_what_the_source_behind_it_says() -> None:
    settings, problems = load(file={"maxTokens": 7}, editor={"maxTokens": "many"})
    assert settings.max_tokens == 7
    assert len(problems) == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"url": "http://me:s3cret@host"},
        {"url": "http://me:12/s3cret@host"},
        {"url": "http://host?key=s3cret"},
        {"headers": {"Authorization": "Bearer s3cret", "n": 1}},
    ],
)
def test_no_message_repeats_a_secret(sent: dict[str, Any]) -> None:
    (problem,) = load(editor=sent)[1]
    assert "s3cret" not in problem


@pytest.mark.parametrize(
    ("name", "key"), [("API_KEY_ENV", "api_key_env"), ("CA_FILE", "ca_file"), ("MODEL", "model")]
)
def test_names_in_the_environment(name: str, key: str) -> None:
    assert getattr(load(environment={f"INFILL_LS_{name}": "A"})[0], key) == "A"


@pytest.mark.parametrize(
    ("key", "named"),
    [("\x1b[31m", r"\x1b[31m"), ("\ud800", r"\ud800"), ("a" * 99, "a" * 60), ("größe", "größe")],
)
def test_an_unknown_key_is_named_in_characters_that_can_be_seen(key: str, named: str) -> None:
    (problem,) = load(editor={key: 1})[1]
    assert problem.startswith(f'Unknown setting "{named}" in')


def test_unknown_keys_are_told_with_the_known_ones() -> None:
    settings, problems = load(file={"colour": "red"})
    assert settings == DEFAULT
    assert problems == [
        'Unknown setting "colour" in the settings file. All settings: infill-ls settings'
    ]


@pytest.mark.parametrize("editor", [[], "text", 5, True])
def test_editor_settings_that_are_no_table(editor: Any) -> None:
    settings, problems = load(editor=editor)
    assert settings == DEFAULT
    assert len(problems) == 1


# Whatever JSON can hold, with texts that are no valid Unicode.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ANY_TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["match", "template", "stop"]) | ANY_TEXT, inner),
    ),
    max_leaves=5,
)


@given(ANY_JSON | st.dictionaries(st.sampled_from(KEYS) | ANY_TEXT, ANY_JSON, max_size=4))
def test_whatever_an_editor_sends_is_read_or_told(editor: Any) -> None:
    settings, problems = load(editor=editor)
    if not isinstance(editor, dict):
        assert settings == DEFAULT
        assert len(problems) == (editor is not None)
        return
    given = {key: value for key, value in editor.items() if value is not None}
    like = {key: key if key in KEYS else nearest(key, KEYS) for key in given}
    means = {key for key, one in like.items() if one == "stats" or is_slip(key, one)}
    meant = {key: one if key in KEYS or key in means else "" for key, one in like.items()}
    told = [key for key in given if any(f'setting "{named(key)}"' in one for one in problems)]
    assert len(problems) == len(told)
    # What was good stays good, and nothing else counts.
    good = {key: value for key, value in given.items() if key not in told}
    without, problems = load(editor=good)
    assert problems == []
    mended = replace(settings, wrong=(), unknown=frozenset(), stats=without.stats)
    assert without == mended
    if "stats" in {meant[key] for key in told}:
        assert not settings.stats
    assert len(settings.wrong) == len({meant[key] for key in told} & set(DECIDING))


@given(st.dictionaries(st.sampled_from(KEYS), ANY_TEXT, max_size=3), ANY_TEXT)
def test_whatever_the_environment_has_is_read_or_told(values: dict[str, str], host: str) -> None:
    environment = {variable(key): text for key, text in values.items()}
    settings, problems = load(environment={**environment, "OLLAMA_HOST": host})
    assert settings.engine_url.startswith("http")
    assert all(
        problem.endswith("It is ignored.")
        or problem in settings.wrong
        or "Nothing is counted" in problem
        for problem in problems
    )


@pytest.mark.parametrize("depth", [100, 100_000])
def test_what_is_nested_deeper_than_python_goes(depth: int) -> None:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    for sent in ({"model": value}, value):
        settings, problems = load(editor=sent)
        assert replace(settings, wrong=(), unknown=frozenset()) == DEFAULT
        assert len(problems) == 1
    text = "[" * depth
    assert len(load(environment={"INFILL_LS_HEADERS": text, "INFILL_LS_FIM": text})[1]) == 2


def test_null_means_not_set() -> None:
    assert load(editor={"model": None, "maxTokens": None}) == (DEFAULT, [])


def test_tables_in_the_environment() -> None:
    settings, problems = load(environment={"INFILL_LS_HEADERS": '{"X-A": "b"}'})
    assert (settings.headers, problems) == ({"X-A": "b"}, [])
    assert len(load(environment={"INFILL_LS_HEADERS": "X-A=b"})[1]) == 1


def test_the_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert from_user() == (DEFAULT, [])
    path = tmp_path / "infill-ls" / "config.toml"
    path.parent.mkdir()
    path.write_text('model = "qwen3-coder:7b"\n[headers]\nX-A = "b"\n')
    settings, problems = from_user()
    assert (settings.model, settings.headers, problems) == ("qwen3-coder:7b", {"X-A": "b"}, [])


@pytest.mark.parametrize(
    "content",
    [
        *(b"model = ", b"\xff\xfe", b"a = 1\na = 2\n"),
        *(b"a = " + b"9" * 5000, b"a = " + b"[" * 50_000),
    ],
    ids=["no TOML", "no UTF-8", "twice", "a long number", "deep"],
)
def test_a_file_that_can_not_be_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    values, problems = read_user_file(path)
    assert values == {}
    (problem,) = problems
    assert str(path) in problem
    # Nobody knows what it names and what it excludes.
    assert from_user(file=UserFile(path)) == (replace(DEFAULT, wrong=(problem,)), [problem])
    assert problem.endswith("Nothing is asked until it is mended.")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("127.0.0.1:1234", "http://127.0.0.1:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("host", "http://host:11434"),
        ("host:1234/", "http://host:1234"),
        ("host:1234/path/", "http://host:1234/path"),
        ("http://host", "http://host:80"),
        ("https://host", "https://host:443"),
        ("https://host:1234/path", "https://host:1234/path"),
        ("http://host:1234", "http://host:1234"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        ("[::]:1234", "http://[::1]:1234"),
        ("[::1]:1234", "http://[::1]:1234"),
        ("[::1]", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("host:nonsense", "http://host:11434"),
        ("host:99999", "http://host:11434"),
        ("host:000001234", "http://host:000001234"),
        ("host:" + "1" * 5000, "http://host:11434"),
        ("http://host:", "http://host:80"),
        (' "host:1234" ', "http://host:1234"),
        (" ' box ' ", "http://box:11434"),
        ("'host'", "http://host:11434"),
        ("ollama.com", "https://ollama.com:443"),
    ],
)
def test_ollama_host_in_all_its_forms(text: str, address: str) -> None:
    assert parse_ollama_host(text) == address


def test_where_the_engine_is() -> None:
    host = {"OLLAMA_HOST": "host:1234"}
    assert load()[0].engine_url == "http://127.0.0.1:11434"
    assert load(environment=host)[0].engine_url == "http://host:1234"
    assert load(environment={"OLLAMA_HOST": "  "})[0].engine_url == "http://127.0.0.1:11434"
    named, _ = load(environment=host, editor={"url": "http://other:1"})
    assert named.engine_url == "http://other:1"


MALFORMED = (
    *("user:s3cret@127.0.0.1:9", "http://user:s3cret@127.0.0.1:9", "https://user:s3cret@host"),
    *("user:s3c/s3cret@host", "user:12/s3cret@host:1", "@host", "host?token=s3cret", "host#s3cret"),
    *(
        "[zz]",
        "[zz::1]:1",
        "::zz",
        "a:b:c",
        "http://127.0.0.1:9:9",
        "host name:1",
        "host\tname",
        "ho%st",
    ),
    *("-", "..", "a..b", "*", "host,other", "\\host", "a\x00b", "x" * 64, "a." * 150, "xn--", "🦙"),
)


@pytest.mark.parametrize("text", MALFORMED)
@pytest.mark.parametrize("name", ["OLLAMA_HOST", "INFILL_LS_URL"])
def test_an_address_that_is_none_is_told_and_never_repeated(name: str, text: str) -> None:
    settings, (problem,) = load(environment={name: text})
    assert settings.engine_url == "http://127.0.0.1:11434"
    assert "must be an address" in problem
    assert "s3cret" not in problem
    assert ("without user name and password" in problem) == ("@" in text)
    assert ("OLLAMA_HOST" if name == "OLLAMA_HOST" else '"url" in the environment') in problem


def test_a_wrong_ollama_host_that_does_not_count_is_not_told() -> None:
    environment = {"OLLAMA_HOST": "user:s3cret@host"}
    assert load(environment=environment, editor={"url": "http://other:1"})[1] == []
    assert load(environment=environment, editor={"engine": "embedded"})[1] == []


@pytest.mark.parametrize("url", ["http://box:1", "http://my_box.lan.", "http://[fe80::1]:2"])
def test_an_address_that_is_one(url: str) -> None:
    assert load(editor={"url": url}) == (Settings(headers={}, url=url), [])


@pytest.mark.parametrize("key", ["sk-canary4711", "Bearer canary4711", "a=canary4711"])
def test_a_key_that_stands_in_the_settings_is_not_repeated(key: str) -> None:
    for editor in ({"apiKeyEnv": key}, {"headers": f"X: {key}"}, {"url": f"http://{key}@h"}):
        settings, problems = load(editor=editor)
        assert len(problems) == 1
        assert "canary4711" not in f"{problems}{settings!r}"


def test_headers_are_in_no_repr() -> None:
    settings, problems = load(editor={"headers": {"X-Key": "canary4711"}})
    assert (settings.headers, problems) == ({"X-Key": "canary4711"}, [])
    assert "canary4711" not in repr(settings)


@pytest.mark.parametrize(
    ("editor", "clear"),
    [
        ({}, False),
        ({"url": "http://127.0.0.1:1"}, False),
        ({"url": "http://127.8.8.8:1"}, False),
        ({"url": "http://[::1]:1"}, False),
        ({"url": "http://localhost:1"}, False),
        ({"url": "http://ollama.localhost"}, False),
        ({"url": "https://gpu.example"}, False),
        ({"url": "http://gpu.example"}, True),
        ({"url": "http://gpu.example", "engine": "openai"}, True),
        # A private network has other people on it.
        ({"url": "http://192.168.1.7:11434"}, True),
        ({"url": "http://[fd00::1]:11434"}, True),
        # What it resolves to may change.
        ({"url": "http://localhost.example"}, True),
    ],
)
def test_code_that_goes_over_a_network_in_the_clear_is_told(
    editor: dict[str, Any], clear: bool
) -> None:
    settings, problems = load(editor=editor)
    assert problems == []
    said = settings.in_the_clear("ollama")
    assert bool(said) is clear
    assert "key" not in said.partition(" goes")[0]
    assert settings.in_the_clear("embedded") == ""
    if clear:
        assert settings.engine_url in said
        for more, what in (
            ({}, "Your code goes"),
            ({"apiKeyEnv": "MY_KEY"}, "Your code and your key go"),
            ({"headers": {"X-A": "b"}}, "Your code and your headers go"),
            (
                {"apiKeyEnv": "K", "headers": {"X-A": "b"}},
                "Your code, your key and your headers go",
            ),
        ):
            said = load(editor={**editor, **more})[0].in_the_clear("openai")
            assert said.startswith(f"{what} to {settings.engine_url} unencrypted.")


def test_ollamas_own_variable_may_name_another_machine_too() -> None:
    settings, _ = load(environment={"OLLAMA_HOST": "gpu.example"})
    assert "http://gpu.example:11434 unencrypted" in settings.in_the_clear("ollama")


def test_what_command_line_and_environment_give_is_known_as_fixed() -> None:
    settings, problems = load(
        command_line={"model": "a", "multiline": None, "maxTokens": "wrong"},
        environment={"INFILL_LS_DEBOUNCE_MS": "7", "INFILL_LS_MODE": "sideways"},
        editor={"enabled": False},
        file={"keepAlive": 0},
    )
    assert settings.fixed == {"model", "debounceMs"}
    assert len(problems) == 2
    assert load()[0] == Settings()


@pytest.mark.parametrize(
    ("key", "value", "field", "read"),
    [
        ("engine", "Ollama", "engine", "ollama"),
        ("engine", "OPENAI", "engine", "openai"),
        ("multiline", "Never", "multiline", "never"),
        ("log", "DEBUG", "log", "debug"),
        ("debounceMs", "Auto", "debounce_ms", "auto"),
    ],
)
def test_a_value_of_a_closed_list_may_be_in_capitals(
    key: str, value: str, field: str, read: str
) -> None:
    settings, problems = load(editor={key: value})
    assert (getattr(settings, field), problems) == (read, [])


@pytest.mark.parametrize("value", ["ollamas", "ol lama", "", 5, None.__class__, ["ollama"]])
def test_another_value_is_none_of_a_closed_list(value: Any) -> None:
    _, (problem,) = load(editor={"engine": value})
    assert "it must be one of" in problem


@pytest.mark.parametrize(
    ("value", "is_repeated"),
    [
        ("127.0.0.1:11434", True),
        ("localhost", True),
        ("gpu.example:11434", True),
        ("10.0.0.7", True),
        # They may be a key.
        ("sk-canary4711", False),
        ("canary.4711", False),
        ("me:canary@host", False),
        ("http://host?key=canary", False),
    ],
)
def test_an_address_without_its_scheme_is_shown(value: str, is_repeated: bool) -> None:
    _, (problem,) = load(editor={"url": value})
    assert (value in problem) is is_repeated
    assert (" is wrong;" in problem) is not is_repeated
