"""No prompt has a line in which a key or a token stands."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holes import at, in_cell
from infill_ls.prompt import families
from infill_ls.prompt.build import Mode, build, window
from infill_ls.prompt.families import Model
from infill_ls.prompt.secrets import PLACEHOLDER, hidden, stands_in
from infill_ls.text.hole import Hole

WORD = "q7Rf2kP9xLm4Zt8WvB3nHc6YdJ5sGa1EuKoTiQrXwMzNbVfCpLhDgSyUeAjOk0I7"
HEX = "0f9e8d7c6b5a49382716f5e4d3c2b1a0" * 2
# In two parts each, so that whoever looks for secrets in this file finds none.
TOKENS = [
    *(kind + "Q3EGRUN7XYZ2ABCD" for kind in ("AKIA", "ASIA", "ABIA", "ACCA")),
    *(f"{name}{WORD[:40]}" for name in ("aws_secret_access_key = ", "AWS_SECRET_ACCESS_KEY=")),
    f'"SecretAccessKey": "{WORD[:40]}"',
    *("AIza" + WORD[:35], "GOCSPX-" + WORD[:28], "ya29." + WORD),
    *(f"AccountKey={WORD}{WORD[:22]}==", f"SharedAccessKey={WORD[:43]}="),
    *(kind + WORD[:36] for kind in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "npm_")),
    "github_pat_" + WORD[:22] + "_" + WORD[:59],
    *(kind + WORD[:20] for kind in ("glpat-", "gldt-", "glrt-", "glsoat-", "glcbt-64_")),
    *("glptt-" + HEX[:40], "pypi-AgEIcHlwaS5vcmc" + WORD, "hf_" + WORD[:34]),
    *("dckr_pat_" + WORD[:27], "sk-" + WORD[:48], "sk-ant-api03-" + WORD, "sk-proj-" + WORD),
    *("gsk_" + WORD[:52], "xai-" + WORD, "nvapi-" + WORD),
    *("xoxb-781236542736-" + WORD[:24], "xoxp-41684372915-1320496754-" + HEX[:32]),
    *("xoxe.xoxp-1-" + WORD, "xapp-1-A052FGTS2DL-5171572773297-" + HEX),
    f"https://hooks.slack.com/services/T0{WORD[:9]}/B0{WORD[:9]}/{WORD[:24]}",
    *("sk_live_" + WORD[:24], "rk_live_" + WORD[:24], "sk_test_" + WORD[:24]),
    *(f"SG.{WORD[:22]}.{WORD[:43]}", "SK" + HEX[:32], "shpat_" + HEX[:32]),
    *("dop_v1_" + HEX, "hvs." + WORD, WORD[:14] + ".atlasv1." + WORD, "dapi" + HEX[:32]),
    "AGE-SECRET-KEY-1" + WORD[:58].upper(),
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.{WORD[:43]}",
    *(f"postgres://app:{WORD[:12]}@db.internal/x", f"redis://:{WORD[:9]}@10.0.0.1:6379/0"),
]
BODY = [
    base64.b64encode(bytes((7 * n + 13 * row) % 256 for n in range(48))).decode()
    for row in range(8)
] + ["q83vASNFZw=="]


def key(kind: str = "RSA PRIVATE KEY", *, before: str = "", after: str = "") -> list[str]:
    lines = [f"-----BEGIN {kind}-----", *BODY, f"-----END {kind}-----"]
    return [f"{before}{line}{after}" for line in lines]


BLOCKS = {
    "alone": key(),
    "kinds": key("OPENSSH PRIVATE KEY"),
    "plain": key("PRIVATE KEY"),
    "encrypted": [key()[0], "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,0F", "", *key()[1:]],
    "pgp": [
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        *("Version: GnuPG v2", "", *BODY, "=aB3d"),
        "-----END PGP PRIVATE KEY BLOCK-----",
    ],
    "four dashes": ["---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----", *BODY, *key()[-1:]],
    "in a string": ['key = """' + key()[0], *key()[1:-1], key()[-1] + '"""'],
    "indented": key(before="    "),
    "in a comment": key(before="// "),
    "strings that are added": key(before='    "', after='\\n" +'),
    "a list of lines": key(before='  "', after='",'),
    "a line": ['KEY = "' + "\\n".join(key()) + '"'],
    "a short one": [key()[0], "canary-4711", key()[-1]],
    "a short one in a line": [f'"{key()[0]}\\ncanary-4711\\n{key()[-1]}"'],
}


def shown(lines: list[str], cursor: int) -> list[str]:
    """The lines that a prompt has of a text with the cursor in an empty line, at this number."""
    hole = at("\n".join([*lines[:cursor], "█", *lines[cursor:]]))
    return "".join(hidden(hole, hole.prefix, hole.suffix)).split("\n")


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:14])
def test_a_line_with_a_token_is_left_out(token: str) -> None:
    for line in (f'    key = "{token}"', token, f"a: {token},", f'print("a\\n{token}")'):
        text = ["import os", "", line, "", "def f():"]
        for cursor in (0, 2, 3, 5):
            expected = [*text[:2], PLACEHOLDER, *text[3:]]
            assert shown(text, cursor) == [*expected[:cursor], "", *expected[cursor:]]
    assert stands_in(at(f"a = 1\nkey = {token}█\n"))
    assert stands_in(at(f"key = █{token}\n"))
    assert stands_in(at(f"key = {token[:-1]}█{token[-1:]}\n"))
    assert not stands_in(at(f"key = {token}\n█\n"))
    assert not stands_in(at(f"█\nkey = {token}\n"))


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_is_left_out(name: str) -> None:
    block = BLOCKS[name]
    text = ["import os", *block, "", "def f():"]
    for cursor in (0, 1, len(block) + 1, len(block) + 3):
        kept = shown(text, cursor)
        assert len(kept) == len(text) + 1
        assert [line for line in kept if line] == ["import os", "def f():"]
    for row in range(len(block)):
        inside = ["import os", *block[:row], block[row] + "█", *block[row + 1 :]]
        assert stands_in(at("\n".join(inside)))
    assert not stands_in(at("\n".join(["import os█", *block])))
    assert not stands_in(at("\n".join([*block, "█"])))


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:14])
def test_a_token_that_the_cursor_cuts_in_two(token: str) -> None:
    """Nothing is asked there; and if somebody asks all the same, nothing of it is sent."""
    for cut in range(1, len(token)):
        hole = at(f"a = 1\nkey = '{token[:cut]}█{token[cut:]}'\nb = 2\n")
        assert stands_in(hole)
        assert hidden(hole, hole.prefix, hole.suffix) == ("a = 1\n", "\nb = 2\n")


@pytest.mark.parametrize("cut", [1, 4, len(BODY) + 1])
def test_a_block_whose_end_is_cut_off(cut: int) -> None:
    """Above the cursor its first marker is cut off, below the last one."""
    # A marker alone says nothing.
    markers = {key()[0], key()[-1]} if cut > len(BODY) else set()
    text = [*key()[cut:], "", "def f():"]
    assert set(shown(text, len(text))) & {*key()} <= markers
    text = ["def f():", "", *key()[:-cut]]
    kept = shown(text, 0)
    assert set(kept) & {*key()} <= markers
    assert kept[:3] == ["", "def f():", ""]


def test_a_block_whose_end_is_outside_of_the_prompt() -> None:
    above, below = [*key(), *["a = 1"] * 3, ""], ["", "def f():", *key()]
    hole = Hole("\n".join(above), "\n".join(below))
    for size in range(0, 700, 7):
        parts = hidden(hole, hole.prefix[-size:] if size else "", hole.suffix[:size])
        for part in parts:
            assert not set(part.split("\n")) & {*BODY, *key()}
            assert not any(line[3:-3] in part for line in BODY)


def test_a_token_that_the_edge_cuts_in_two() -> None:
    token = "ghp_" + WORD[:36]
    hole = Hole(f"a = '{token}'; b =", f" c; d = '{token}'\n")
    for size in range(1, 50):
        before, after = hidden(hole, hole.prefix[-size:], hole.suffix[:size])
        assert not any(token[n : n + 4] in before + after for n in range(36))


# What code has of these texts without a secret behind them.
CODE = """\
KEYS = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
BEGIN = "-----BEGIN RSA PRIVATE KEY-----"
END = "-----END RSA PRIVATE KEY-----"
def parse(text):
    start = text.index("-----BEGIN PRIVATE KEY-----")
    header, body = text[:start], text[start:]
    while not body.endswith("-----END PRIVATE KEY-----"):
        body += read()
    # Ends with -----BEGIN PRIVATE KEY-----
    return header, body
-----BEGIN PUBLIC KEY-----
risk-assessment-of-the-whole-portfolio-2024 task-management disk-usage-of-everything-here-12345
sk-estonia-tallinn-and-its-surroundings ghp_is_a_prefix npm_config_registry hf_hub_download
https://user:password@example.com/ http://user:pass@host ftp://user:{password}@{host} a://b:%s@c
http://localhost:8080/a@b http://[::1]:80/@ ssh://git@example.com:2222/a postgres://localhost:5432/a
AccountKey=... AKIA... eyJ... xoxb-your-token sk-... ASIAPACIFICREGIONALHEADQUARTERSOFALL
SKETCH SG.example.com SK = sk_live_ AIzaSyShort "aws_secret_access_key": os.environ["A"]
"""


def test_code_is_no_secret() -> None:
    lines = CODE.split("\n")
    assert shown(lines, len(lines)) == [*lines, ""]
    for number in range(len(lines)):
        assert not stands_in(at("\n".join([*lines[:number], lines[number] + "█", *lines[number:]])))


FAMILY = "qwen2.5-coder:1.5b"
LINES = st.lists(st.text(st.sampled_from("ab (=\"'\\-_:/1"), max_size=30), max_size=40)


@given(
    LINES,
    st.sampled_from([[f"x = '{token}'"] for token in TOKENS] + list(BLOCKS.values())),
    st.sampled_from(["raw", "suffix", "plain"]),
    st.integers(8, 400),
    st.data(),
)
def test_a_secret_is_in_no_prompt(
    lines: list[str], secret: list[str], mode: Mode, tokens: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(lines)))
    cursor = data.draw(st.integers(0, len(lines)))
    text = [*lines[:cursor], "█", *lines[cursor:]]
    text[place:place] = secret
    hole = at("\n".join(text))
    model = Model(FAMILY, can_insert=True)
    request = build(
        hole,
        model,
        families.find(FAMILY),
        mode=mode,
        context_tokens=tokens,
        max_tokens=16,
        temperature=0.0,
    )
    read = request.longest_text
    assert not any(line[n : n + 12] in read for line in secret for n in range(0, len(line) - 11, 4))
    with_suffix = mode != "plain"
    sent = window(hole, tokens * 3, with_suffix=with_suffix)
    parts = hidden(hole, *sent)
    assert [part.count("\n") for part in parts] == [part.count("\n") for part in sent]
    assert all(len(part) <= len(whole) for part, whole in zip(parts, sent, strict=True))


@given(LINES, st.sampled_from(TOKENS), st.integers(0, 39))
def test_what_is_typed_changes_nothing_above(lines: list[str], token: str, place: int) -> None:
    text = "\n".join([*lines[:place], token, *lines[place:]])
    before = hidden(Hole(text + "\n", ""), text + "\n", "")[0]
    after = hidden(Hole(text + "\nx = [", ""), text + "\nx = [", "")[0]
    assert after == before + "x = ["


@pytest.mark.parametrize(
    "unit",
    [
        *("eyJ", "eyJaaaaaaaaaa.eyJ", "://a:", "sk-", "xoxb-1-", "SG.", "AKIA", "----- BEGIN "),
        *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----\n" + "MIIE" * 5 + "\n"),
        "-----BEGIN PRIVATE KEY-----\n" + "A" * 30 + "\n",
    ],
)
def test_no_text_takes_long(unit: str) -> None:
    """With the square of the text each of these would take minutes."""
    text = unit * (400_000 // len(unit))
    hole = Hole(text, text)
    before, after = hidden(hole, text, text)
    assert [before.count("\n"), after.count("\n")] == [text.count("\n")] * 2
    stands_in(hole)


_LINE = (WORD + WORD)[:64]


def shown_of(text: str) -> str:
    """What is sent of a text before the cursor."""
    return hidden(Hole(text, ""), text, "")[0]


@pytest.mark.parametrize(
    "form",
    [
        *('b"{}\\n"', 'r"{}"', '@"{}"', 'u8"{}"', '"{}" .', '"{}" ..', "'{}' || chr(10) ||"),
        *('sb.append("{}");', 'k += "{}";', 'echo "{}" >> key.pem', "12:{}", "REM {}", "{}<br>"),
    ],
)
def test_a_key_in_the_code_of_any_language(form: str) -> None:
    name = "-----BEGIN RSA " + "PRIVATE KEY-----"
    lines = [form.format(line) for line in (name, *[_LINE] * 8, name.replace("BEGIN", "END"))]
    text = "\n".join(["a = 1", *lines, "b = 2"])
    assert _LINE not in shown_of(text)
    assert shown_of(text).count("\n") == text.count("\n")
    # A window may end within it.
    assert _LINE not in shown_of("\n".join(["a", *lines[:5]]))
    for number in range(2, 8):
        assert stands_in(at("\n".join([*lines[:number], "█", *lines[number:]])))


@pytest.mark.parametrize(
    "code",
    [
        *(
            "task_live_notifications()",
            "sk_live_migrationtable",
            "ya29.something_like_this_one_here",
        ),
        *("SG.security_group_name.security_group_rules", "github_pat_rotation_interval_days"),
        *('class="sk-test-results-container-left"', "docker://image:tag@sha256:0f9e8d7c6b5a"),
        *(
            "postgres://postgres:postgres@localhost",
            "amqp://guest:guest@host",
            "oci://registry:5000@sha256",
        ),
    ],
)
def test_what_only_looks_like_a_token(code: str) -> None:
    assert shown_of(f"a = 1\n{code}\n") == f"a = 1\n{code}\n"


def test_secrets_in_other_cells() -> None:
    token = "ghp_" + "a1B2" * 9
    key = f"-----BEGIN PRIVATE KEY-----\n{'A1b2' * 16}\n-----END PRIVATE KEY-----"
    hole = in_cell("x = █", f'key = "{token}"\na = 1', f'key = """{key}"""\nprint(x)')
    prefix, suffix = hidden(hole, hole.whole_prefix, hole.whole_suffix)
    assert prefix == f"{PLACEHOLDER}\na = 1\n\nx = "
    assert suffix == f"\n\n{PLACEHOLDER}\n{PLACEHOLDER}\n{PLACEHOLDER}\nprint(x)"
    # One that the prompt cuts off counts too.
    cut = hole.whole_prefix[hole.whole_prefix.index(token) + 20 :]
    assert hidden(hole, cut, "")[0].partition("\n")[0] == PLACEHOLDER
    assert not stands_in(hole)
    assert stands_in(in_cell(f'x = "{token}"█'))
