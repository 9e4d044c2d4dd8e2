// Runs what follows in a process in which "vscode" is a stand-in: it answers messages as it is told,
// and prints what was said. Arguments: the extension's folder, its storage, its version, the button
// that is chosen, and JavaScript to await (with server, extension, context, log, happened).
const Module = require("node:module");
const { EventEmitter } = require("node:events");
const [extensionPath, storage, version, button, work] = process.argv.slice(2);

const said = [];
const events = new EventEmitter();
const answer = async (text, ...buttons) => {
  said.push(text);
  events.emit("said", text);
  if (button === "never") return new Promise(() => {});
  return buttons.includes(button) ? button : undefined;
};
const log = Object.fromEntries(
  ["info", "warn", "error", "show", "dispose"].map((name) => [name, () => {}]),
);
const registered = {};
const vscode = {
  ProgressLocation: { Notification: 15 },
  StatusBarAlignment: { Right: 2 },
  CancellationError: class extends Error {},
  MarkdownString: class {
    appendText() {}
    appendMarkdown() {}
  },
  ThemeColor: class {},
  window: {
    showInformationMessage: answer,
    showErrorMessage: answer,
    createOutputChannel: () => log,
    createStatusBarItem: () => ({ show() {} }),
    withProgress: (_, task) =>
      task(
        { report() {} },
        { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) },
      ),
  },
  workspace: {
    getConfiguration: () => ({ inspect: () => undefined, get: () => undefined }),
    onDidChangeConfiguration: () => ({ dispose() {} }),
  },
  commands: {
    executeCommand: (name) => registered[name]?.(),
    registerCommand: (name, run) => void (registered[name] = run),
  },
};
const client = {
  State: { Running: 2, Stopped: 1 },
  LanguageClient: class {
    constructor(_id, start) {
      this.begin = start;
    }
    onDidChangeState() {}
    registerFeature() {}
    onNotification() {}
    async start() {
      events.emit("ran", (await this.begin()).spawnfile);
    }
    async dispose() {}
  },
};
const load = Module._load;
Module._load = (name, ...rest) =>
  name === "vscode" ? vscode : name.startsWith("vscode-languageclient") ? client : load(name, ...rest);

const context = {
  extensionPath,
  globalStorageUri: { fsPath: storage },
  extension: { packageJSON: { version, contributes: { configuration: { properties: {} } } } },
  subscriptions: [],
};
const server = require(`${process.cwd()}/server.js`);
const extension = () => require(`${process.cwd()}/extension.js`);
const happened = (name) => new Promise((resolve) => events.once(name, resolve));
const Work = Object.getPrototypeOf(async () => {}).constructor;
new Work("server", "extension", "context", "log", "happened", work)(
  ...[server, extension, context, log, happened],
)
  .then((result) => console.log(JSON.stringify({ result, said })))
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => process.exit());
