"""The commands and their arguments. ``serve`` imports nothing that only the others need."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infill_ls import __version__
from infill_ls.errors import InfillError, NotRunning, SettingsError

if TYPE_CHECKING:
    from tqdm import tqdm

    from infill_ls.completion.answer import Outcome
    from infill_ls.engines.embedded.weights import Weights
    from infill_ls.settings import Settings
    from infill_ls.text.hole import Hole

# Exit statuses of complete; argparse leaves with 2 as well.
FILLED: Final = 0
NOTHING: Final = 1
WRONG_CALL: Final = 2

# Not made from the weights' own table: that would load its module at every start of the server.
EMBEDDED_MODELS: Final = """\
models of the embedded engine:
  0.5b  qwen2.5-coder-0.5b-instruct-q4_k_m   491 MB  fast on any machine
  1.5b  qwen2.5-coder-1.5b-instruct-q4_k_m  1117 MB  right more often, two thirds as fast;
                                                     from two cores and 2.3 GB of free memory up
"""

# Language ids as editors name them, for files that are completed from a shell.
LANGUAGES: Final = {
    "c h": "c",
    "cc cpp cxx hh hpp hxx": "cpp",
    "cs": "csharp",
    "css": "css",
    "ex exs": "elixir",
    "go": "go",
    "hs": "haskell",
    "htm html": "html",
    "java": "java",
    "cjs js mjs": "javascript",
    "jsx": "javascriptreact",
    "json": "json",
    "jl": "julia",
    "kt kts": "kotlin",
    "lua": "lua",
    "md": "markdown",
    "ml mli": "ocaml",
    "php": "php",
    "pl pm": "perl",
    "py pyi": "python",
    "r": "r",
    "rb": "ruby",
    "rst": "restructuredtext",
    "rs": "rust",
    "scala": "scala",
    "bash sh zsh": "shellscript",
    "sql": "sql",
    "swift": "swift",
    "toml": "toml",
    "ts": "typescript",
    "tsx": "typescriptreact",
    "vue": "vue",
    "yaml yml": "yaml",
    "zig": "zig",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except SettingsError as error:
        return _complain(error, WRONG_CALL)
    except InfillError as error:
        return _complain(error, NOTHING)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has left, as `| head` does.
        sys.stderr.close()
        return 141


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="infill-ls",
        description="Fill-in-the-middle code completion with a model that you run yourself.",
    )
    parser.add_argument("--version", action="version", version=f"infill-ls {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="run the language server for an editor")
    serve.add_argument("--stdio", action="store_true", help="speak on stdin and stdout (default)")
    serve.add_argument("--tcp", metavar="HOST:PORT", help="speak to one client on a socket")
    serve.add_argument(
        "--allow-remote", action="store_true", help="let --tcp listen beyond this machine"
    )
    _engine_options(serve)
    serve.set_defaults(run=_serve)

    complete = commands.add_parser("complete", help="print the fill at a place in a file")
    complete.add_argument(
        "place", metavar="FILE:LINE[:COL]", help="from 1, COL in characters; end of line if absent"
    )
    complete.add_argument("--json", action="store_true", help="print the fill and its figures")
    complete.add_argument("--no-suffix", action="store_true", help="leave out what follows")
    complete.add_argument("-v", "--verbose", action="store_true", help="say why it came out so")
    _engine_options(complete)
    complete.set_defaults(run=_complete)

    generate = commands.add_parser("generate", help="one call of Ollama's /api/generate as it is")
    generate.add_argument(
        "prompt", nargs="?", metavar="PROMPT", help="- for stdin, which is read too if it is piped"
    )
    generate.add_argument("--model", help="the model's name")
    generate.add_argument("--suffix", help="text after the hole")
    generate.add_argument("--raw", action="store_true", help="no template around the prompt")
    generate.add_argument("--system", help="system message")
    generate.add_argument("--template", help="instead of the model's own")
    generate.add_argument("--format", metavar="json|SCHEMA_FILE", help="form of the answer")
    generate.add_argument("--image", action="append", default=[], metavar="FILE", type=Path)
    generate.add_argument(
        "-o", dest="options", action="append", default=[], metavar="KEY=VALUE", help="model option"
    )
    generate.add_argument("--no-stream", action="store_true", help="one answer when it is whole")
    generate.set_defaults(run=_generate)

    pull = commands.add_parser(
        "pull",
        help="fetch a model",
        epilog=EMBEDDED_MODELS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pull.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="0.5b or 1.5b for the embedded engine, any other through Ollama; default: 0.5b",
    )
    pull.add_argument(
        "--engine",
        choices=("auto", "ollama", "embedded"),
        help="the one that is to have it; auto: Ollama if it answers and both have the model",
    )
    pull.set_defaults(run=_pull)
    return parser


def _engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", help='the model\'s name, or "auto"')
    parser.add_argument("--engine", help="auto, ollama, openai or embedded")


def _command_line(options: argparse.Namespace) -> dict[str, Any]:
    given = {"model": options.model, "engine": getattr(options, "engine", None)}
    return {key: value for key, value in given.items() if value is not None}


def _settings(command_line: Mapping[str, Any]) -> Settings:
    from infill_ls.settings import from_user

    settings, problems = from_user(command_line)
    for problem in problems:
        print(f"infill-ls: {problem}", file=sys.stderr)
    return settings


def _complain(error: InfillError, status: int) -> int:
    print(f"infill-ls: {error}", file=sys.stderr)
    return status


def _serve(options: argparse.Namespace) -> int:
    import gc

    # The protocol's types are a hundred thousand objects that stay for ever. Looking through them
    # again and again while they are made takes a tenth of the start (`make bench`).
    usual = gc.get_threshold()
    gc.set_threshold(30_000, *usual[1:])
    from infill_ls.lsp import transport

    gc.freeze()
    gc.set_threshold(*usual)

    if options.tcp is None:
        transport.serve_stdio(_command_line(options))
        return 0
    host, _, port = options.tcp.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdigit() or int(port) > 65535:
        raise SettingsError(f'"{options.tcp}" is not HOST:PORT.', "Say --tcp 127.0.0.1:7777.")
    if host not in ("127.0.0.1", "localhost", "::1") and not options.allow_remote:
        raise SettingsError(
            f"{host} can be reached from other machines, and the server asks for no password.",
            "Use 127.0.0.1 (with an SSH tunnel, say), or add --allow-remote.",
        )
    transport.serve_tcp(_command_line(options), host, int(port))
    return 0


def _complete(options: argparse.Namespace) -> int:
    settings = _settings(_command_line(options))
    outcome = _run(_outcome(_place(options.place, with_suffix=not options.no_suffix), settings))
    if options.verbose:
        _explain(outcome)
    if options.json:
        usage = outcome.usage
        figures = {
            "fill": outcome.fill,
            "replaces": outcome.replaces,
            "model": outcome.model,
            "engine": outcome.engine,
            "prompt_tokens": usage.prompt_tokens,
            "cached_tokens": usage.cached_tokens,
            "fill_tokens": usage.fill_tokens,
            "stop_reason": outcome.ended_by,
            "first_ms": outcome.first_ms and round(outcome.first_ms, 1),
            "total_ms": round(outcome.total_ms, 1),
        }
        print(json.dumps(figures))
    elif outcome.fill:
        _write(outcome.fill)
        _end_line(outcome.fill)
    if not outcome.fill:
        print("infill-ls: The model wrote nothing that is worth showing here.", file=sys.stderr)
        return NOTHING
    return FILLED


async def _outcome(hole: Hole, settings: Settings) -> Outcome:
    from infill_ls.completion import policy
    from infill_ls.completion.generation import fill_hole
    from infill_ls.engines import connect
    from infill_ls.engines.engine import get_ready

    engine = await connect(settings)
    try:
        wanted = policy.shape(hole, settings.multiline, manual=True)
        await get_ready(engine)
        return await fill_hole(engine, hole, settings, wanted)
    finally:
        await engine.aclose()


def _place(text: str, *, with_suffix: bool) -> Hole:
    """The hole that ``FILE:LINE[:COL]`` means; raises :class:`SettingsError` if there is none."""
    from dataclasses import replace

    from infill_ls.text import hole
    from infill_ls.text.documents import split_lines

    found = re.fullmatch(r"(.+?):(\d+)(?::(\d+))?", text)
    if not found:
        raise SettingsError(f'"{text}" is not FILE:LINE[:COL].', "Say main.py:12 or main.py:12:5.")
    path = Path(found[1])
    try:
        # Not read_text: it would turn \r\n into \n.
        lines = split_lines(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path} is not UTF-8.", "Convert it first.") from None
    number = int(found[2])
    if not 1 <= number <= len(lines):
        raise SettingsError(f"{path} has no line {number}; its last is {len(lines)}.")
    length = len(lines[number - 1].rstrip("\r\n"))
    column = int(found[3]) if found[3] else length + 1
    if not 1 <= column <= length + 1:
        raise SettingsError(
            f"Line {number} of {path} has no column {column}; its last is {length + 1}."
        )
    place = hole.at(lines, number - 1, column - 1, language_of(path))
    return place if with_suffix else replace(place, suffix="")


def language_of(path: Path) -> str:
    """The language id of a file by its name, empty if it is not known."""
    ending = path.suffix.lower().lstrip(".")
    return next((name for endings, name in LANGUAGES.items() if ending in endings.split()), "")


def _explain(outcome: Outcome) -> None:
    usage = outcome.usage
    read = f"prompt of {usage.prompt_tokens} tokens"
    if usage.prompt_tokens is None:
        read = f"prompt of about {outcome.about_prompt_tokens} tokens"
    if usage.cached_tokens is not None:
        read += f", {usage.cached_tokens} of them cached"
    first = "never" if outcome.first_ms is None else f"{outcome.first_ms:.0f} ms"
    print(
        f"engine {outcome.engine}, model {outcome.model}\n"
        f"{read}; {usage.fill_tokens} written\n"
        f"first character after {first}, done after {outcome.total_ms:.0f} ms\n"
        f"ended by: {outcome.ended_by}\n"
        f"the model wrote: {outcome.raw!r}",
        file=sys.stderr,
    )


def _generate(options: argparse.Namespace) -> int:
    prompt = _prompt(options.prompt)
    settings = _settings({} if options.model is None else {"model": options.model})
    _run(_stream(prompt, options, settings))
    return 0


def _prompt(argument: str | None) -> str:
    """The prompt of ``generate``: the argument, or what comes on stdin."""
    if argument not in (None, "-"):
        prompt = str(argument)
    elif sys.stdin is None or (argument is None and sys.stdin.isatty()):
        raise SettingsError(
            "There is no prompt.", 'Say infill-ls generate "PROMPT", or pipe one into it.'
        )
    else:
        try:
            # Not sys.stdin.read: it would turn \r\n into \n.
            prompt = sys.stdin.buffer.read().decode("utf-8")
        except UnicodeDecodeError:
            raise SettingsError("What comes on stdin is not UTF-8.", "Convert it first.") from None
    if not prompt:
        raise SettingsError(
            "The prompt is empty; with such a one Ollama only loads the model.",
            "Give it some text, if only a blank.",
        )
    return prompt


async def _stream(prompt: str, options: argparse.Namespace, settings: Settings) -> None:
    from contextlib import aclosing

    from infill_ls.engines.ollama import GenerateRequest, Ollama

    ollama = Ollama(settings)
    model = settings.model if settings.model != "auto" else (await ollama.describe()).name
    request = GenerateRequest(
        model=model,
        prompt=prompt,
        suffix=options.suffix,
        system=options.system,
        template=options.template,
        stream=not options.no_stream,
        raw=True if options.raw else None,
        format=_format(options.format),
        images=[_image(path) for path in options.image] or None,
        options=_model_options(options.options) or None,
    )
    last, done = "\n", False
    async with aclosing(ollama.call(request)) as answers:
        async for answer in answers:
            done = answer.done
            if answer.response:
                _write(answer.response)
                last = answer.response
    _end_line(last)
    if not done:
        print(
            "infill-ls: Ollama has ended the answer before the model did. It does so when a model "
            "writes the same more than 30 times in a row.",
            file=sys.stderr,
        )


def _format(text: str | None) -> str | dict[str, Any] | None:
    if text is None or text == "json":
        return text
    try:
        schema = json.loads(Path(text).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"The schema {text} can't be read ({error}).") from None
    if not isinstance(schema, dict):
        raise SettingsError(f"The schema {text} is not a JSON object.")
    return schema


def _image(path: Path) -> str:
    from base64 import b64encode

    try:
        return b64encode(path.read_bytes()).decode("ascii")
    except OSError as error:
        raise SettingsError(f"The image {path} can't be read ({error.strerror}).") from None


def _model_options(pairs: Sequence[str]) -> dict[str, Any]:
    """``KEY=VALUE`` with the value in JSON, or a text as it stands; ``stop`` may come twice."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise SettingsError(f'"-o {pair}" is not KEY=VALUE.', "Say -o temperature=0.2.")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        if key == "stop" and not isinstance(value, list):
            value = [*values.get("stop", []), str(value) if not isinstance(value, str) else value]
        values[key] = value
    return values


def _pull(options: argparse.Namespace) -> int:
    from infill_ls.engines import ollamas_name
    from infill_ls.engines.embedded import weights

    name = options.model
    if name is None or name == "embedded":
        if options.engine == "ollama":
            raise SettingsError("Which model?", "Say infill-ls pull --engine ollama MODEL.")
        return _pull_weights(weights.DEFAULT)
    if options.engine == "embedded":
        return _pull_weights(weights.named(name))
    if options.engine != "ollama" and (ours := weights.own(name)):
        return _pull_weights(ours)
    settings = _settings({"engine": options.engine} if options.engine else {})
    if settings.engine == "embedded":
        return _pull_weights(weights.named(name))
    ours = weights.find(name) if settings.engine == "auto" else None
    if ours is not None and not _run(_is_for_ollama(settings)):
        print(
            f"Ollama does not answer at {settings.engine_url}; this is for the embedded engine.",
            file=sys.stderr,
        )
        return _pull_weights(ours)
    _run(_pull_through_ollama(ollamas_name(name), settings))
    return 0


async def _is_for_ollama(settings: Settings) -> bool:
    """Whether a model that both engines have is for Ollama: it answers, or is the only engine."""
    from infill_ls.engines import has_embedded
    from infill_ls.engines.ollama import Ollama

    if not has_embedded():
        return True
    try:
        await Ollama(settings).version()
    except NotRunning:
        return False
    return True


async def _pull_through_ollama(name: str, settings: Settings) -> None:
    from infill_ls.engines.ollama import Ollama

    bar: tqdm[Any] | None = None
    doing = ""
    async for doing_now, done, total in Ollama(settings).pull(name):
        if doing_now != doing:
            if bar is not None:
                bar.close()
            bar, doing = None, doing_now
            if not total:
                print(doing, file=sys.stderr)
        if total:
            if bar is None:
                bar = _bar(doing, total)
            bar.update(done - bar.n)
    if bar is not None:
        bar.close()


def _pull_weights(wanted: Weights) -> int:
    from infill_ls.engines.embedded import weights

    bar: tqdm[Any] | None = None
    shown = ""

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal bar, shown
        if bar is None or doing != shown:
            if bar is not None:
                bar.close()
            bar, shown = _bar(doing, total), doing
        bar.update(done - bar.n)

    try:
        path = weights.fetch(wanted, progress)
    finally:
        if bar is not None:
            bar.close()
    print(f"{wanted.name} ({wanted.licence}) is at {path}", file=sys.stderr)
    return 0


def _bar(doing: str, total: int) -> Any:
    from tqdm import tqdm

    # Bars are for people; a log gets a line every few seconds.
    interval = 0.2 if sys.stderr.isatty() else 5.0
    return tqdm(desc=doing, total=total, unit="B", unit_scale=True, mininterval=interval)


def _write(text: str) -> None:
    """Text on stdout as it is; on a terminal without control sequences."""
    if sys.stdout.isatty():
        text = re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


def _end_line(text: str) -> None:
    """End the line after such a text on a terminal; what is piped stays as it is."""
    if sys.stdout.isatty() and not text.endswith("\n"):
        print(flush=True)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)
