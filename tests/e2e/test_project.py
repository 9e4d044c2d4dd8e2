"""A project's own settings, and secrets in a buffer, with the real server."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import Start
from fake_ollama import FakeOllama
from infill_ls.project.project_file import PROJECT_FILE
from lsp_client import MENU_ONLY, LspClient

CANARY = "Q3EGRUN7XYZ2ABCD"


def write(folder: Path, text: str) -> None:
    new = folder / "new"
    new.write_text(text)
    new.rename(folder / PROJECT_FILE)


def prompts(ollama: FakeOllama) -> str:
    return "".join(json.dumps(call.body) for call in ollama.generations)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


class Project:
    """A server that has a folder open, and a document in it."""

    def __init__(self, client: LspClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.version = 1

    def open(self, name: str = "main.py", text: str = "a = [\n") -> None:
        self.client.open(text, uri=self.uri(name))

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def items(self, name: str = "main.py", line: int = 0, **how: bool) -> list[Any]:
        answer = await self.client.ask(line, 5, uri=self.uri(name), **how)
        assert answer is not None
        return list(answer["items"])

    async def reason(self) -> tuple[str, str]:
        explained = await self.client.command("infill-ls.explain")
        return explained["reason"], explained["message"]


@pytest.fixture
async def project(start: Start, ollama: FakeOllama, folder: Path) -> Project:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0}, folders=[folder])
    return Project(client, folder)


async def test_a_project_excludes_at_once(project: Project, ollama: FakeOllama) -> None:
    project.open()
    assert await project.items()
    write(project.folder, 'exclude = ["main.py"]\n')
    # What is remembered isn't shown either, also not by hand.
    for manual in (False, True):
        assert await project.items(manual=manual) == []
    assert await project.reason() == (
        "excluded",
        'This file is never completed: "exclude" has the pattern "main.py" in '
        f'"{project.folder / PROJECT_FILE}".',
    )
    asked = len(ollama.generations)
    write(project.folder, "# nothing\n")
    assert await project.items()
    assert len(ollama.generations) > asked
    assert project.client.shown() == []


async def test_an_exclusion_ends_what_runs(project: Project, ollama: FakeOllama) -> None:
    ollama.gate.clear()
    project.open()
    asked = project.client.ask(0, 5, uri=project.uri("main.py"))
    await ollama.until(lambda: bool(ollama.generations))
    write(project.folder, 'exclude = ["main.py"]\n')
    project.client.insert("x", 0, 5, 2, uri=project.uri("main.py"))
    assert await asked == {"items": []}
    await ollama.until(lambda: ollama.generations[0].state == "cancelled")


async def test_a_project_can_not_send_the_server_elsewhere(
    project: Project, ollama: FakeOllama
) -> None:
    async with FakeOllama() as elsewhere:
        write(
            project.folder,
            f'url = "{elsewhere.url}"\nmodel = "evil"\nengine = "openai"\n'
            'apiKeyEnv = "HOME"\naudit = "audit.jsonl"\n[headers]\nx = "y"\n',
        )
        project.open()
        for _ in range(2):
            assert await project.items()
        assert elsewhere.calls == []
    (shown,) = await project.client.until_shown()
    assert str(project.folder / PROJECT_FILE) in shown
    assert all(name in shown for name in ('"url"', '"model"', '"engine"', "and 3 more"))
    assert len(project.client.shown()) == 1
    assert not (project.folder / "audit.jsonl").exists()


async def test_languages_of_project_and_user(
    start: Start, ollama: FakeOllama, folder: Path
) -> None:
    write(folder, "[languages.python]\nmaxTokens = 9\n[languages.go]\nenabled = false\n")
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    languages = {"rust": {"maxTokens": 300}, "go": {"enabled": True}}
    options = {"debounceMs": 0, "languages": languages}
    await client.initialize(options=options, folders=[folder])
    for language, most in (("python", 9), ("rust", 300), ("java", 128)):
        uri = (folder / language).as_uri()
        client.open("a = [\n", uri=uri, language=language)
        assert (await client.ask(0, 5, uri=uri))["items"]
        assert ollama.generations[-1].body["options"]["num_predict"] == most
    client.open("a = [\n", uri=(folder / "go").as_uri(), language="go")
    assert (await client.ask(0, 5, uri=(folder / "go").as_uri())) == {"items": []}
    assert (await client.command("infill-ls.explain"))["reason"] == "disabled"


async def test_a_file_that_is_none_hangs_nothing(project: Project) -> None:
    write(project.folder, 'exclude = ["other.py"]\n')
    project.open()
    project.open("other.py")
    assert await project.items()
    (project.folder / PROJECT_FILE).unlink()
    os.mkfifo(project.folder / PROJECT_FILE)
    assert await project.items()
    assert await project.items("other.py") == []
    (shown,) = await project.client.until_shown()
    assert "What it said before still counts." in shown


async def test_a_folder_that_is_opened_later(project: Project, tmp_path: Path) -> None:
    later = tmp_path / "later"
    later.mkdir()
    write(later, 'exclude = ["*"]\n')
    uri = (later / "main.py").as_uri()
    project.client.open("a = [\n", uri=uri)
    assert (await project.client.ask(0, 5, uri=uri))["items"]
    added = [{"uri": later.as_uri(), "name": "later"}]
    change = {"event": {"added": added, "removed": []}}
    project.client.notify("workspace/didChangeWorkspaceFolders", change)
    assert await project.client.ask(0, 5, uri=uri) == {"items": []}
    # The other one is still open.
    project.open()
    assert await project.items()


@pytest.mark.parametrize("mode", ["raw", "suffix", "plain"])
async def test_a_token_never_reaches_the_engine(
    start: Start, ollama: FakeOllama, mode: str
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0, "mode": mode})
    text = f'KEY = "AKIA{CANARY}"\na = [\nKEY2 = "AKIA{CANARY}"\n'
    client.open(text)
    # In the line itself nothing is asked.
    for line, column in ((0, 0), (0, 12), (0, 27), (2, 28)):
        for manual in (False, True):
            assert await client.ask(line, column, manual=manual) == {"items": []}
    explained = await client.command("infill-ls.explain")
    assert explained["reason"] == "secret"
    assert CANARY not in json.dumps(explained)
    assert ollama.generations == []
    for manual in (False, True):
        assert (await client.ask(1, 5, manual=manual))["items"]
    assert CANARY not in prompts(ollama)
    # Nor does the rest of its line.
    assert "KEY" not in prompts(ollama)


async def test_a_key_that_is_pasted_never_reaches_the_engine(
    start: Start, ollama: FakeOllama
) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(options={"debounceMs": 0})
    client.open("a = [\n\n")
    assert (await client.ask(0, 5))["items"]
    body = "\n".join([f"MII{CANARY * 4}"] * 6)
    key = f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n"
    client.insert(key, 1, 0, 2)
    for line in range(1, 9):
        assert await client.ask(line, 3) == {"items": []}
    assert (await client.command("infill-ls.explain"))["reason"] == "secret"
    client.insert("b = [\n", 9, 0, 3)
    assert (await client.ask(9, 5))["items"]
    assert CANARY not in prompts(ollama)


async def test_a_menu_has_nothing_in_a_secret(start: Start, ollama: FakeOllama) -> None:
    client = await start(environment={"OLLAMA_HOST": ollama.url})
    await client.initialize(MENU_ONLY, options={"debounceMs": 0})
    client.open(f'KEY = "AKIA{CANARY}"\n')
    about = {
        "textDocument": {"uri": "file:///project/main.py"},
        "position": {"line": 0, "character": 27},
    }
    assert await client.request("textDocument/completion", about) is None
    assert ollama.generations == []
