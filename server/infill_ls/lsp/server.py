"""The server: the open documents, the client and its ways, the completer, the settings.

What it does for each message is in ``features``; who starts it registers those.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from infill_ls import __version__
from infill_ls.completion.answer import Answer
from infill_ls.completion.history import History, log_line
from infill_ls.completion.status import Status
from infill_ls.editors import AUTOMATIC_WAIT, names_servers
from infill_ls.errors import InfillError, SettingsError
from infill_ls.logs import failure, set_log_level
from infill_ls.lsp.compliance import Compliance
from infill_ls.lsp.configuration import Configuration, NoAnswer
from infill_ls.lsp.documents import Documents
from infill_ls.lsp.menu import Menu
from infill_ls.lsp.messages import Messages
from infill_ls.lsp.protocol import Handlers, Protocol
from infill_ls.lsp.statistics import Statistics
from infill_ls.lsp.translate import Client, client_from, name_of, path_of
from infill_ls.lsp.writing import AT_THE_END, BEFORE_THE_REPLY, for_a_moment
from infill_ls.memory import settle
from infill_ls.project.rules import Rulebook, Rules
from infill_ls.settings import Settings, in_short
from infill_ls.text.documents import Change, Document, Encoding, Snapshot
from infill_ls.text.hole import Hole

if TYPE_CHECKING:
    from infill_ls.completion.completer import Completer

log = logging.getLogger(__name__)

# All cells, whatever their language: which of them belong together is for us to say.
_EVERY_NOTEBOOK: Final = lsp.NotebookDocumentSyncOptions(
    [lsp.NotebookDocumentFilterWithNotebook("*")]
)


class Server(LanguageServer):
    """One session with one editor. ``command_line`` has the settings that were given there.

    ``history`` has the newest answers, for ``infill-ls.explain``. ``menu`` is the request for a
    menu's items that waits, if one does. ``is_read`` tells whether the client reads what it is
    sent.
    """

    protocol: Protocol

    def __init__(self, command_line: Mapping[str, Any] | None = None) -> None:
        super().__init__(
            "infill-ls",
            __version__,
            protocol_cls=Protocol,
            converter_factory=default_converter,
            notebook_document_sync=_EVERY_NOTEBOOK,
        )
        self.documents = Documents(lambda: self.encoding, self._changed, self._closing)
        self.protocol.handlers = Handlers(
            note_client=self._note_client,
            snapshot_for=self.documents.snapshot_for,
            open=self.documents.open,
            change=self.documents.change,
            close=self.documents.close,
            open_notebook=self.documents.open_notebook,
            change_notebook=self.documents.change_notebook,
            close_notebook=self.documents.close_notebook,
        )
        self.client = Client()
        self.history = History()
        self.menu: Menu | None = None
        self.is_read: Callable[[], bool] = lambda: True
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeping: asyncio.Task[Any] | None = None
        self._started = False
        self._asked = 0  # how often for a fill
        self.messages = Messages(self, self.background)
        self._rulebook = Rulebook(self.messages.tell)
        self.status = Status(self.messages.tell_status, self.messages.show_progress)
        self._compliance = Compliance(self.messages.warn, self.documents.file_of)
        self.statistics = Statistics(self._lines_of)
        self.configuration = Configuration(
            command_line or {},
            ask=self._ask_for_settings,
            tell=self.messages.tell,
            take=self._take_settings,
        )

    @cached_property
    def completer(self) -> Completer:
        """Who answers requests."""
        # Not at the head: a tenth of the start is for prompts, engines and filters, and the editor
        # need not wait for them before its initialize is answered.
        from infill_ls.completion.completer import Completer
        from infill_ls.engines import connect
        from infill_ls.engines.rates_file import RatesFile

        told = partial(connect, tell=self.messages.tell)
        return Completer(told, Settings(), RatesFile(), status=self.status)

    # The client and its documents

    @property
    def encoding(self) -> Encoding:
        """The position encoding that was agreed on."""
        agreed = self.server_capabilities.position_encoding
        return cast(Encoding, getattr(agreed, "value", agreed) or "utf-16")

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log what pygls would show to the user: none of it is the user's fault."""
        log.warning("pygls: %s", type(error).__name__)

    def _note_client(self, params: dict[str, Any]) -> None:
        self.client = client_from(params)
        self.messages.has_status = self.client.has_status
        if names_servers(self.client.name):
            self.messages.prefix = ""
        # The socket's token has been looked at. It is no setting, and no log is to have it.
        options = params.get("initializationOptions")
        if isinstance(options, dict):
            options.pop("token", None)

    def _lines_of(self, uri: str) -> Sequence[str] | None:
        document = self.documents.get(uri)
        return document.snapshot().lines if document is not None else None

    def is_current(self, snapshot: Snapshot) -> bool:
        """Whether a document still stands as it did."""
        document = self.documents.get(snapshot.uri)
        return document is not None and document.version == snapshot.version

    def _changed(
        self, document: Document, changes: Sequence[Change], holes: Iterable[Hole]
    ) -> None:
        self.statistics.put_in(document.uri, [change.text for change in changes])
        if self.menu is not None and self.menu.uri == document.uri:
            holes = list(holes)
            self.menu.follow(holes)
        if self.configuration.is_known:
            self._rule(document, self.completer.settings)
            self.completer.document_changed(document.uri, holes)

    def _closing(self, uri: str) -> None:
        self.statistics.closing(uri)
        self.completer.close_document(uri)

    def pass_over(self, head: bytes, size: int) -> None:
        """Do without a message that is too large; ``head`` has its first bytes.

        The document that it is about is no longer known as the editor has it.
        """
        self.documents.close_unknown(head)
        self.messages.tell(
            f"A text of {size / 1e6:.0f} MB is too large: no fills until it is opened anew."
        )

    # Settings

    async def _ask_for_settings(self) -> Any:
        """Ask the editor for its ``workspace/configuration``, section ``infill-ls``.

        Raises :class:`NoAnswer`.
        """
        workspace = self.client_capabilities.workspace
        if workspace is None or not workspace.configuration:
            raise NoAnswer
        question = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="infill-ls")])
        try:
            answers = await self.workspace_configuration_async(question)
        except JsonRpcException:
            raise NoAnswer from None
        return answers[0] if answers else None

    async def _take_settings(self, settings: Settings) -> None:
        set_log_level(settings.log)
        # Before anything is waited for: nothing of what is excluded now may be sent meanwhile.
        self.rule_all(settings)
        if settings.wrong and settings.wrong != self.completer.settings.wrong:
            # Whoever asks is refused with the same, which is not said again then.
            self.messages.recovered()
            self.messages.report(SettingsError(in_short(settings.wrong)))
        self._compliance.take(settings, self.completer.offers)
        self.statistics.take(settings)
        self.completer.showing.shift = self.statistics.shift
        before = self.completer.settings
        another = settings != before and await self.completer.reconfigure(settings)
        if another and not settings.wrong:
            # What goes wrong with another engine is news.
            self.messages.recovered()
        # At the start the editor is told the status first.
        if self.configuration.is_known and (another or not before.enabled):
            self.background(self._get_ready())

    def _folders(self) -> list[str]:
        """Return the folders that are worked in."""
        opened = [path_of(folder.uri) for folder in self.workspace.folders.values()]
        return [folder for folder in (*opened, path_of(self.workspace.root_uri or "")) if folder]

    def rule_all(self, settings: Settings | None = None) -> None:
        """Have what counts by now count for all open documents: settings or folders changed.

        ``settings``: the user's; None for those that the completer has.
        """
        settings = settings or self.completer.settings
        self._rulebook.use(settings.exclude, self._folders())
        for document in self.documents:
            self._rule(document, settings)

    def _rule(self, document: Document, settings: Settings) -> Rules:
        """Have what counts for a document by now count: its project may have changed its file."""
        file = self.documents.file_of(document.uri)
        path = path_of(file)
        name = "" if path else name_of(file)
        rules = self._rulebook.rules_for(path, document.language, settings, name)
        self.completer.use(document.uri, rules)
        return rules

    def toggle(self) -> bool:
        """Turn completion off, or on again, and return whether it is on.

        That counts until the user's settings say something new.
        """
        enabled = not self.completer.settings.enabled
        self.configuration.toggle(enabled=enabled)
        self.completer.turn(on=enabled)
        self.rule_all()
        # Before the settings are known nobody knows what to get ready.
        if enabled and self.configuration.is_known:
            self.background(self._get_ready())
        return enabled

    # Completion

    async def complete(
        self, uri: str, hole: Hole, *, waited: float = 0.0, manual: bool = False
    ) -> Answer:
        """Return the completer's answer for a hole. What is in the way is told to the user.

        ``waited``: how long the editor has waited for another key, in s.
        ``manual``: the user has asked by hand. Raises only :class:`asyncio.CancelledError`.
        """
        self._asked += 1
        asked, since = self._asked, asyncio.get_running_loop().time()
        try:
            answer = await self._answer(uri, hole, waited, manual)
        except asyncio.CancelledError:
            self.note(Answer("cancelled"), hole.language, since, manual=manual)
            raise
        except Exception as error:
            failure(log, "a request failed", error)
            answer = Answer("problem")
        if answer.offers and asked != self._asked:
            # While it was on its way here, a newer one was answered from memory.
            answer = Answer("superseded")
        self.note(answer, hole.language, since, manual=manual)
        if answer.error is not None:
            self.messages.report(answer.error)
        elif answer.outcome is not None:
            # It has answered, be it with something that isn't shown.
            self.messages.recovered()
        return answer

    def note(
        self,
        answer: Answer,
        language: str = "",
        since: float | None = None,
        *,
        manual: bool = False,
    ) -> None:
        """Keep why a request of this moment, or of ``since``, is answered so; log that, at debug.

        ``since``: in s of the loop's clock. ``language``: the document's language id.
        """
        now = asyncio.get_running_loop().time()
        waited = 0.0 if since is None else now - since
        entry = self.history.note(answer, now, waited=waited, language=language, manual=manual)
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s", log_line(entry))

    async def _answer(self, uri: str, hole: Hole, paused: float, manual: bool) -> Answer:
        if not (manual or self.is_read()):
            # It has hung, or is about to leave.
            return Answer("unread")
        loop = asyncio.get_running_loop()
        until = loop.time() + AUTOMATIC_WAIT
        waited = not self.configuration.is_known
        if not await self.configuration.known():
            return Answer("superseded")
        document = self.documents.get(uri)
        if document is None:
            return Answer("closed")
        rules = self._rule(document, self.completer.settings)
        if not rules.excluded and rules.settings.enabled:
            problem = self._compliance.problem()
            if problem is not None:
                return Answer.of("problem", error=problem)
        answering = self.completer.complete(uri, hole, waited=paused, manual=manual)
        if not waited or manual:
            return await answering
        # The wait for the settings counts too. What comes later is remembered.
        return await _within(until - loop.time(), answering)

    # Life

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the messages, as long as the session lasts."""
        task = asyncio.create_task(work)
        # The reference keeps it alive.
        self._tasks.add(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failure(log, "work beside the messages failed", error)

    def start(self) -> None:
        """Read the settings and get the engine ready, once the editor is initialized."""
        if not self._started:
            self._started = True
            self.background(self._start())

    async def _start(self) -> None:
        # The editor has its answer to initialize.
        settle()
        await self.configuration.read()
        self.status.begin()
        # Not at the head: the start doesn't need it.
        from infill_ls.lsp import visiting

        visiting.note(self.client, self.client_capabilities, self.encoding)
        await self._get_ready()

    async def _get_ready(self) -> None:
        """Have the engine load its model, unless completion is off."""
        if self.completer.settings.enabled:
            error = await self.completer.connection.warm()
            if error is not None:
                self.messages.report(error)
            else:
                self.background(self._advise())

    async def _advise(self) -> None:
        """Tell the user, once, if the engine is one that is known to leak."""
        # Not at the head: it loads engines.
        from infill_ls.engines.ollama_versions import advice

        with suppress(InfillError):
            engine = await self.completer.connection.ready(ahead=True)
            if text := await advice(engine):
                self.messages.tell(text)

    async def keep(self) -> None:
        """Write what a session leaves, counts and rates; wait for it, but only for a moment."""
        self._keeping = asyncio.current_task()
        # Without a completer nothing was measured.
        rates = [self.completer.connection.save_rates] if "completer" in self.__dict__ else []
        await for_a_moment(self.statistics.close(BEFORE_THE_REPLY), *rates)

    async def aclose(self) -> None:
        """End what is under way, and let the engine go."""
        if self._keeping is not None:
            # An exit that comes at once leaves no request without its reply.
            await asyncio.wait({self._keeping})
        self.status.end()
        self.menu = None
        self.configuration.end()
        for task in self._tasks:
            task.cancel()
        await self.completer.aclose()
        self._compliance.close()
        await self.statistics.close(AT_THE_END)


async def _within(limit: float, answering: Awaitable[Answer]) -> Answer:
    """Return the answer; after ``limit`` s that it takes too long. Then it goes on, for memory."""
    asked = asyncio.ensure_future(answering)
    try:
        await asyncio.wait({asked}, timeout=max(limit, 0.0))
    except asyncio.CancelledError:
        asked.cancel()
        raise
    return asked.result() if asked.done() else Answer("slow")
