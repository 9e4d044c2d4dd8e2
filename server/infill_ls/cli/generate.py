"""``infill-ls generate``: one call of Ollama's ``/api/generate`` as it is."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from infill_ls.cli.options import settings_from, tell_of_the_clear
from infill_ls.cli.output import SUCCESS, complain, end_line, write
from infill_ls.errors import SettingsError
from infill_ls.given_file import content_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infill_ls.cli.options import Commands
    from infill_ls.settings import Settings

GENERATE_EXAMPLES: Final = """\
examples:
  infill-ls generate "Why is the sky blue?"
  infill-ls generate "one, two, " --suffix ", five, six" -o temperature=0
  infill-ls generate "Name a colour." --format json -o seed=1 -o num_predict=20
  git diff | infill-ls generate --system "Summarise this diff."
"""


def add_to(commands: Commands) -> None:
    """Add the command and its arguments."""
    parser = commands.add_parser(
        "generate",
        help="one call of Ollama's /api/generate as it is",
        epilog=GENERATE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "prompt", nargs="?", metavar="PROMPT", help="- for stdin, which is read too if it is piped"
    )
    parser.add_argument("--model", help="the model's name")
    parser.add_argument("--suffix", help="text after the hole")
    parser.add_argument("--raw", action="store_true", help="no template around the prompt")
    parser.add_argument("--system", help="system message")
    parser.add_argument("--template", help="instead of the model's own")
    parser.add_argument("--format", metavar="json|SCHEMA_FILE", help="form of the answer")
    parser.add_argument("--image", action="append", default=[], metavar="FILE", type=Path)
    parser.add_argument(
        "-o", dest="options", action="append", default=[], metavar="KEY=VALUE", help="model option"
    )
    parser.add_argument("--no-stream", action="store_true", help="one answer when it is whole")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer as it comes, and return the exit status.

    Raises :class:`SettingsError` for arguments that are wrong, and
    :class:`infill_ls.errors.EngineError` for what Ollama refuses.
    """
    prompt = read_prompt(options.prompt)
    settings = settings_from({} if options.model is None else {"model": options.model})
    tell_of_the_clear(settings, "ollama")
    asyncio.run(_stream(prompt, options, settings))
    return SUCCESS


def read_prompt(argument: str | None) -> str:
    """Return the prompt: the argument, or what comes on stdin for "-" or None.

    Raises :class:`SettingsError` if there is none, if it is empty, or if stdin is not UTF-8.
    """
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

    from infill_ls.engines.ollama import Ollama
    from infill_ls.engines.ollama_generate import GenerateRequest

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
        format=read_format(options.format),
        images=[_image(path) for path in options.image] or None,
        options=model_options(options.options) or None,
    )
    last, done = "\n", False
    async with aclosing(ollama.call(request)) as answers:
        async for answer in answers:
            done = answer.done
            if answer.response:
                write(answer.response)
                last = answer.response
    end_line(last)
    if not done:
        complain(
            "Ollama has ended the answer before the model did. It does so when a model "
            "writes the same more than 30 times in a row."
        )


def read_format(text: str | None) -> str | dict[str, Any] | None:
    """Return the form of the answer: None, "json", or the JSON schema in a file of this name.

    Raises :class:`SettingsError` if the file can't be read or holds no JSON object.
    """
    if text is None or text == "json":
        return text
    try:
        schema = json.loads(content_of(Path(text)).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"The schema {text} can't be read ({error}).") from None
    if not isinstance(schema, dict):
        raise SettingsError(f"The schema {text} is not a JSON object.")
    return schema


def _image(path: Path) -> str:
    """Return the file in base64."""
    from base64 import b64encode

    try:
        return b64encode(content_of(path)).decode("ascii")
    except OSError as error:
        raise SettingsError(f"The image {path} can't be read ({error.strerror}).") from None


def model_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Return the model's options of ``KEY=VALUE`` texts.

    A value is JSON, or else a text as it stands. ``stop`` may come more than once. Raises
    :class:`SettingsError` for a text that is no such pair.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise SettingsError(f'"-o {pair}" is not KEY=VALUE.', "Say -o temperature=0.2.")
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        if key == "stop" and not isinstance(value, list):
            value = [*values.get("stop", []), str(value) if not isinstance(value, str) else value]
        values[key] = value
    return values
