"""VS Code as code-server, in headless Chromium, with the extension of ``editor-configs/vscode``.

Keys go to the browser and what is shown comes from its page. What a page doesn't tell (the whole
text, where a file opens) is asked of VS Code itself, through ``vscode_helper``, a second extension.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from editors import debian
from editors.editor import LOOK, PATIENCE, Ability, Editor
from editors.loop import Loop

# code-server 4.139.1 is VS Code 1.139.1, and insists on Node 24.
CODE_SERVER: Final = "code-server@4.139.1"
NODE: Final = "node@24.21.0"
PLAYWRIGHT: Final = "playwright==1.65.2"
# Without the parts of a desktop that the package "chromium" brings along.
CHROMIUM: Final = ["chromium-headless-shell", "fonts-dejavu-core"]
SUITE: Final = "bookworm"
# s. What the browser is told to do is done within this time.
BROWSING: Final = 60.0
SHELL: Final = "usr/lib/chromium/chromium-headless-shell"
# Width and height of the page in a picture, and how many pixels of the picture one of them is.
PICTURE: Final = (740, 500)
SCALE: Final = 1.5

ROOT: Final = Path(__file__).parents[2]
EXTENSION: Final = ROOT / "editor-configs" / "vscode" / "infill-ls.vsix"
HELPER: Final = Path(__file__).parent / "vscode_helper"

# What the tests need beside the shipped configuration: nothing that talks by itself.
USER_SETTINGS: Final = {
    "telemetry.telemetryLevel": "off",
    "workbench.startupEditor": "none",
    "chat.disableAIFeatures": True,
    "workbench.tips.enabled": False,
}

# Nothing beside the text.
FOR_PICTURE: Final = {
    "breadcrumbs.enabled": False,
    "editor.minimap.enabled": False,
    "workbench.activityBar.location": "hidden",
}

# Each cell of a notebook is an editor, and none is in its group of editors.
FOCUSED_CELL: Final = ".notebookOverlay .monaco-editor.focused"
# Ghost text of the editor, or the cell, that has the focus, line by line: what stands in its line,
# then the lines below. VS Code writes blanks as no-break spaces.
GHOST_TEXT: Final = """() => {
  const editor =
    document.querySelector("FOCUSED_CELL") ??
    document.querySelector(".editor-group-container.active .monaco-editor");
  if (!editor) return "";
  const text = (nodes) => [...nodes].map((node) => node.textContent).join("");
  const first = text(editor.querySelectorAll(".view-lines [class*=ghost-text-decoration]"));
  const below = [...editor.querySelectorAll(".suggest-preview-text .view-line")]
    .map((line) => [parseFloat(line.style.top), line.textContent])
    .sort((one, other) => one[0] - other[0]);
  return [first, ...below.map(([, line]) => line)]
    .join("\\n").replaceAll("\\u00a0", " ");
}""".replace("FOCUSED_CELL", FOCUSED_CELL)
# The lines that can be seen, from the top, less what VS Code hides of them.
SEEN: Final = """() => {
  const editor = document.querySelector(".editor-group-container.active .monaco-editor");
  if (!editor) return "";
  return [...editor.querySelectorAll(".view-line")]
    .map((line) => {
      const seen = line.cloneNode(true);
      for (const hidden of seen.querySelectorAll(".ghost-text-hidden")) hidden.remove();
      return [line.getBoundingClientRect().top, seen.textContent];
    })
    .sort((one, other) => one[0] - other[0])
    .map(([, line]) => line.replaceAll("\\u00a0", " ").trimEnd())
    .join("\\n");
}"""
# Notifications go away; this keeps what they said.
KEEP_MESSAGES: Final = """() => {
  window.told = new Set();
  new MutationObserver(() => {
    for (const node of document.querySelectorAll(".notification-list-item-message")) {
      window.told.add(node.textContent);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
}"""
# VS Code sets ghost text up in an editor when the page is idle (at most 5 s after the editor is
# there: EditorContributionInstantiation.Eventually in its source); what is typed before asks for
# nothing. Nobody types that soon but a test.
IDLE: Final = "() => new Promise((resolve) => requestIdleCallback(() => resolve()))"
STATUS: Final = """() => document.getElementById("infill-ls.infill-ls.infill-ls")
  ?.querySelector("a")?.getAttribute("aria-label") ?? \"\""""


class VSCode(Editor):
    name = "vscode"
    abilities = frozenset(Ability)
    pause = 0.05

    @classmethod
    def install(cls, folder: Path) -> None:
        """Needs npm and Debian's apt-get and dpkg-deb; 1.5 GB."""
        place = folder / cls.name
        wanted = f"{NODE} {CODE_SERVER} {PLAYWRIGHT} {sys.version_info[:2]}\n"
        done = place / "installed"
        if not done.exists() or done.read_text() != wanted:
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            # Its script picks the build for this machine.
            _npm(place, "--prefix=node", NODE)
            # Its script would fetch VS Code's own packages too, but also build what isn't needed.
            _npm(place, "--ignore-scripts", "--prefix=code-server", CODE_SERVER)
            _npm(_code_server(place) / "lib" / "vscode", "--ignore-scripts", "--omit=dev")
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "--target", place / "python", PLAYWRIGHT], check=True)
            done.write_text(wanted)
        debian.unpack(place / "chromium", CHROMIUM, SUITE, [SHELL])
        path = f"{_node(place).parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            ["make", "-s", "vsix"], cwd=ROOT, env={**os.environ, "PATH": path}, check=True
        )

    @classmethod
    def start(
        cls, folder: Path, home: Path, environment: Mapping[str, str], *, bare: bool = False
    ) -> VSCode:
        """``bare``: there is no server yet."""
        return cls(folder / cls.name, home, environment, bare=bare)

    def __init__(
        self, place: Path, home: Path, environment: Mapping[str, str], *, bare: bool
    ) -> None:
        self.workspace = home / "workspace"
        self.workspace.mkdir(parents=True)
        self._socket = home / "helper"
        self._log = home / "log"
        user = home / "data" / "User"
        user.mkdir(parents=True)
        (user / "settings.json").write_text(json.dumps(USER_SETTINGS))
        self._command = [
            str(_node(place)),
            str(_code_server(place) / "out" / "node" / "entry.js"),
            f"--user-data-dir={home / 'data'}",
            f"--extensions-dir={home / 'extensions'}",
        ]
        self._environment = {
            **os.environ,
            **{f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "STATE")},
            "HOME": str(home),
            "SHELL": "/bin/sh",
            "INFILL_TESTS_SOCKET": str(self._socket),
            **environment,
        }
        # VS Code takes its environment from a login shell.
        (home / ".profile").write_text(f"export PATH='{environment['PATH']}'\n")
        self._install_extensions(home)
        options = ["--auth=none", "--bind-addr=127.0.0.1:0", "--disable-telemetry"]
        options += ["--disable-update-check", "--disable-workspace-trust"]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                [*self._command, *options],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._browser: Browser | None = None
        try:
            address = self._until_logged(r"listening on (http://127\.0\.0\.1:\d+)")
            self._browser = Browser(place, environment)
            self._browser.go(f"{address}/?folder={quote(str(self.workspace))}")
            wanted = "infill-ls.install" if bare else "infill-ls.accept"
            self.until(lambda: self._has(wanted), f"the command {wanted}", limit=60.0)
        except BaseException:
            self.quit()
            raise

    def _install_extensions(self, home: Path) -> None:
        helper = _packed(HELPER, home / "helper.vsix")
        for extension in (EXTENSION, helper):
            subprocess.run(
                [*self._command, "--install-extension", str(extension)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=True,
            )

    def _until_logged(self, pattern: str) -> str:
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self._log.read_text("utf-8", "replace"))):
            if time.monotonic() > end or self._server.poll() is not None:
                raise AssertionError(f"code-server didn't start:\n{self._log.read_text()}")
            time.sleep(LOOK)
        return found[1]

    def _has(self, command: str) -> bool:
        """Whether the helper is there, and a command of the extension or of the server's."""
        try:
            return bool(self._asked("has", command=command))
        except OSError:
            return False

    @property
    def _page(self) -> Browser:
        assert self._browser is not None
        return self._browser

    def _asked(self, question: str, **details: Any) -> Any:
        """The answer of ``vscode_helper``."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(self._socket))
            connection.sendall(json.dumps({"question": question, **details}).encode() + b"\n")
            reply = json.loads(connection.makefile("rb").readline())
        if "error" in reply:
            raise AssertionError(f"{question}: {reply['error']}")
        return reply["answer"]

    def open(self, file: Path, line: int, column: int) -> None:
        self._asked("open", file=str(file), line=line, column=column)
        self._page.evaluate(IDLE)

    def open_notebook(self, file: Path) -> None:
        self._asked("notebook", file=str(file))

    def cell(self, number: int) -> None:
        """Go to the end of a cell of the notebook, ready to type; they count from 0."""

        def is_there() -> bool:
            # Where the cursor was in another cell, VS Code may leave this one again at once.
            there = bool(self._asked("cell", number=number))
            self._page.evaluate(IDLE)
            return there and self._page.count(FOCUSED_CELL) == 1

        self.until(is_there, f"the cursor in cell {number}")

    def cells(self) -> list[str]:
        """The texts of the notebook's cells."""
        return list(self._asked("cells"))

    def become(self, language: str) -> None:
        """Change the language of the document, or of the cell, that the cursor is in."""
        self._asked("language", name=language)

    def do(self, command: str) -> None:
        """Have VS Code run a command, by its name for programs."""
        self._asked("command", name=command)

    def key(self, character: str) -> None:
        self._page.press("Enter") if character == "\n" else self._page.type(character)

    def backspace(self) -> None:
        self._page.press("Backspace")

    def shown(self) -> str:
        text = str(self._page.evaluate(GHOST_TEXT))
        if "\n" in text and (state := self._asked("state")) and "\n\t" in state["text"]:
            # A tab is drawn as blanks.
            tab = " " * int(state["tabSize"])
            text = re.sub(r"^ +", lambda blanks: blanks[0].replace(tab, "\t"), text, flags=re.M)
        return text

    def seen(self) -> str:
        return str(self._page.evaluate(SEEN))

    def accept(self) -> None:
        self._page.press("Tab")

    def accept_word(self) -> None:
        self._page.press("Control+ArrowRight")

    def accept_line(self) -> None:
        self._page.press("Control+ArrowDown")

    def ask(self) -> None:
        self._page.press("Alt+Backslash")

    def next_candidate(self) -> None:
        self._page.press("Alt+BracketRight")

    def toggle(self) -> None:
        self.command("Turn Off or On")

    def command(self, title: str) -> None:
        """Run one of the extension's commands, from the palette."""
        self._page.press("F1")
        self._page.type(f"infill-ls: {title}")
        palette = ".quick-input-widget:not([style*='display: none'])"
        self.until(
            lambda: title in self._page.text(f"{palette} .monaco-list-row.focused"),
            f"the command {title} in the palette",
        )
        self._page.press("Enter")
        self.until(lambda: not self._page.count(palette), "the end of the palette")

    def explained(self) -> dict[str, Any]:
        """What ``infill-ls.explain`` says."""
        return dict(self._asked("command", name="infill-ls.explain"))

    def setting(self, name: str) -> Any:
        """The value of a setting that counts in this window."""
        return self._asked("setting", name=name)

    def set(self, name: str, value: object) -> None:
        """Change one of the user's own settings; None takes it away."""
        self._asked("set", name=name, value=value)

    def menu(self) -> str:
        """VS Code's own menu of suggestions; "" if there is none."""
        return self._page.text(".suggest-widget.visible .monaco-list-row")

    def status(self) -> str:
        return str(self._page.evaluate(STATUS)).removeprefix("infill-ls: ")

    def move(self, line: int, column: int) -> None:
        self._asked("move", line=line, column=column)

    def close_brackets(self) -> None:
        """It does by default."""

    def undo(self) -> None:
        self._page.press("Control+KeyZ")

    def text(self) -> str:
        state = self._asked("state")
        return str(state["text"]).replace("\r\n", "\n") if state else ""

    def split(self) -> None:
        self._page.press("Control+Backslash")
        self.until(lambda: self._page.count(".editor-group-container") == 2, "a second window")

    def save(self) -> None:
        self._page.press("Control+KeyS")
        self.until(lambda: not self._asked("state")["dirty"], "the saved file")

    def close(self) -> None:
        self._asked("command", name="workbench.action.revertAndCloseActiveEditor")

    def picture(self, place: Path) -> Path:
        """Of the text with its tab above it and the status bar below it."""
        shown = self.shown()
        for part in ("Sidebar", "AuxiliaryBar"):
            self._asked("command", name=f"workbench.action.close{part}")
        # What is missing in code-server, but nothing that is ours.
        self._asked("command", name="notifications.hideToasts")
        for name, value in FOR_PICTURE.items():
            self.set(name, value)
        self._page.resize(*PICTURE)
        self.until_shown(shown)
        file = place.with_suffix(".png")
        self._page.picture(file, ".part.editor", ".part.statusbar")
        return file

    def messages(self) -> str:
        return "\n".join(self._page.evaluate("() => [...window.told]"))

    def click(self, button: str) -> None:
        """Click on a button of a notification."""
        found = f".notifications-toasts .monaco-button:text-is('{button}')"
        self.until(lambda: self._page.count(found), f"the button {button}")
        self._page.click(found)

    def quit(self) -> None:
        if self._browser is not None:
            self._browser.close()
        self._server.terminate()
        try:
            self._server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(PATIENCE)
            raise AssertionError("code-server didn't leave when asked to") from None


class Browser:
    """A page in headless Chromium; Playwright's loop runs in a thread of its own."""

    def __init__(self, place: Path, environment: Mapping[str, str]) -> None:
        self._loop = Loop("browser", BROWSING)
        python = str(place / "python")
        if python not in sys.path:
            sys.path.append(python)
        try:
            self._loop.do(self._launch(place / "chromium" / "root", environment))
        except BaseException:
            self._loop.close()
            raise

    async def _launch(self, root: Path, environment: Mapping[str, str]) -> None:
        from playwright.async_api import async_playwright

        # A library that another library looks for in a folder of its own.
        sound = [str(folder) for folder in root.glob("usr/lib/*-linux-gnu/pulseaudio")]
        self._playwright = await async_playwright().start()
        self._chromium = await self._playwright.chromium.launch(
            executable_path=root / SHELL,
            # The sandbox wants rights that a container often doesn't give; the page is our own.
            args=["--no-sandbox", "--disable-gpu"],
            env={
                **os.environ,
                **environment,
                "LD_LIBRARY_PATH": os.pathsep.join(sound),
                "FONTCONFIG_SYSROOT": str(root),
            },
        )
        self._page = await self._chromium.new_page(viewport={"width": 1000, "height": 700})
        await self._page.add_init_script(f"({KEEP_MESSAGES})()")

    def go(self, address: str) -> None:
        self._loop.do(self._page.goto(address, wait_until="domcontentloaded"))

    def press(self, key: str) -> None:
        self._loop.do(self._page.keyboard.press(key))

    def type(self, text: str) -> None:
        self._loop.do(self._page.keyboard.type(text))

    def click(self, selector: str) -> None:
        self._loop.do(self._page.locator(selector).first.click())

    def evaluate(self, function: str) -> Any:
        return self._loop.do(self._page.evaluate(function))

    def text(self, selector: str) -> str:
        """The text of the elements that a selector finds; "" if none."""
        return "\n".join(self._loop.do(self._page.locator(selector).all_inner_texts()))

    def count(self, selector: str) -> int:
        return int(self._loop.do(self._page.locator(selector).count()))

    def resize(self, width: int, height: int) -> None:
        self._loop.do(self._page.set_viewport_size({"width": width, "height": height}))

    def picture(self, file: Path, first: str, last: str, margin: int = 0) -> None:
        """A sharp picture from the corner of an element to the opposite corner of another.

        ``margin``: px around them.
        """

        async def taken() -> str:
            start = await self._page.locator(first).bounding_box()
            end = await self._page.locator(last).bounding_box()
            clip = {
                "x": start["x"] - margin,
                "y": start["y"] - margin,
                "width": end["x"] + end["width"] - start["x"] + 2 * margin,
                "height": end["y"] + end["height"] - start["y"] + 2 * margin,
                "scale": SCALE,
            }
            devices = await self._page.context.new_cdp_session(self._page)
            answer = await devices.send("Page.captureScreenshot", {"clip": clip})
            return str(answer["data"])

        file.write_bytes(base64.b64decode(self._loop.do(taken())))

    def close(self) -> None:
        async def close() -> None:
            await self._chromium.close()
            await self._playwright.stop()

        try:
            self._loop.do(close())
        finally:
            self._loop.close()


def _npm(folder: Path, *arguments: str) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*command, *arguments], cwd=folder, check=True)


def _node(place: Path) -> Path:
    return place / "node" / "node_modules" / "node" / "bin" / "node"


def _code_server(place: Path) -> Path:
    return place / "code-server" / "node_modules" / "code-server"


def _packed(extension: Path, file: Path) -> Path:
    """An extension without dependencies as a .vsix."""
    about = json.loads((extension / "package.json").read_text())
    manifest = (
        '<?xml version="1.0" encoding="utf-8"?><PackageManifest Version="2.0.0" '
        'xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011"><Metadata>'
        f'<Identity Language="en-US" Id="{about["name"]}" Version="{about["version"]}" '
        f'Publisher="{about["publisher"]}"/></Metadata><Installation>'
        '<InstallationTarget Id="Microsoft.VisualStudio.Code"/></Installation><Assets>'
        '<Asset Type="Microsoft.VisualStudio.Code.Manifest" Path="extension/package.json"/>'
        "</Assets></PackageManifest>"
    )
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("extension.vsixmanifest", manifest)
        for part in extension.iterdir():
            archive.write(part, f"extension/{part.name}")
    return file
