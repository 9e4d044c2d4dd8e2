// @ts-check
// Starts infill-ls and shows its state; vscode-languageclient does the rest, ghost text included.

const { spawn } = require("node:child_process");
const { homedir } = require("node:os");
const vscode = require("vscode");
const { LanguageClient, State } = require("vscode-languageclient/node");
const server = require("./server");

const { commands, window, workspace } = vscode;

/** What the status bar shows for each state of the server (the notification infill-ls/status). */
const ICONS = {
  idle: "$(sparkle)",
  asking: "$(loading~spin)",
  loading: "$(cloud-download)",
  off: "$(circle-slash)",
  problem: "$(warning)",
};

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.LogOutputChannel} */
let log;
/** @type {vscode.StatusBarItem} */
let item;

/**
 * Asks the server to tell its state.
 * @type {import("vscode-languageclient").StaticFeature}
 */
const statusWanted = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { ...capabilities.experimental, "infill-ls/status": true };
  },
  initialize() {},
  getState: () => ({ kind: "static" }),
  clear() {},
};

/** @param {keyof typeof ICONS} state @param {string} message */
function show(state, message) {
  item.text = `${ICONS[state] ?? ICONS.problem} infill-ls`;
  item.accessibilityInformation = { label: `infill-ls: ${state}` };
  item.backgroundColor =
    state === "problem" ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
  const tooltip = new vscode.MarkdownString(undefined, true);
  tooltip.appendText(`infill-ls: ${message || state}`);
  tooltip.appendMarkdown(
    "\n\n[Turn off or on](command:infill-ls.toggle) · [Restart](command:infill-ls.restart) · " +
      "[Log](command:infill-ls.showLog)",
  );
  tooltip.isTrusted = {
    enabledCommands: ["infill-ls.toggle", "infill-ls.restart", "infill-ls.showLog"],
  };
  item.tooltip = tooltip;
}

/**
 * The server's settings that the user has set. The defaults stay at home: the server's own
 * settings file would lose against them.
 * @param {vscode.ExtensionContext} context
 */
function settings(context) {
  const section = workspace.getConfiguration("infill-ls");
  const { properties } = context.extension.packageJSON.contributes.configuration;
  const names = Object.keys(properties).map((name) => name.replace("infill-ls.", ""));
  const isSet = (/** @type {string} */ name) => {
    const found = section.inspect(name);
    return [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].some(
      (value) => value !== undefined,
    );
  };
  return Object.fromEntries(
    names
      .filter((name) => name !== "command" && isSet(name))
      .map((name) => [name, section.get(name)]),
  );
}

/**
 * Starts the server's process, in the home directory: a file of the workspace is never run
 * instead, which Windows would do.
 * @param {string[]} command
 * @returns {Promise<import("node:child_process").ChildProcess>}
 */
function startProcess([program, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: homedir() });
    child.once("spawn", () => resolve(child));
    child.once("error", reject);
  });
}

/** @param {vscode.ExtensionContext} context */
async function start(context) {
  show("loading", "starting");
  item.command = "infill-ls.explain";
  const command = server.command(context);
  if (!command) {
    // Not awaited: a message that nobody closes would keep the extension from being there.
    void offerServer(context);
    return;
  }
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let first;
  try {
    first = await startProcess(command);
  } catch (error) {
    await cannotStart(command[0], /** @type {NodeJS.ErrnoException} */ (error));
    return;
  }
  client = new LanguageClient(
    "infill-ls",
    // A crashed server is started again, a few times.
    async () => {
      const child = first ?? (await startProcess(command));
      first = undefined;
      return child;
    },
    {
      documentSelector: ["file", "untitled", "vscode-notebook-cell"].map((scheme) => ({ scheme })),
      outputChannel: log,
      initializationOptions: settings(context),
      middleware: {
        workspace: { configuration: () => [settings(context)] },
        async executeCommand(command, args, next) {
          const answer = await next(command, args);
          if (command === "infill-ls.explain") {
            void explain(answer);
          }
          return answer;
        },
      },
    },
  );
  client.onDidChangeState(({ newState }) => {
    void commands.executeCommand("setContext", "infill-ls.running", newState === State.Running);
    if (newState === State.Running) show("idle", "");
    if (newState === State.Stopped) show("problem", "the server has stopped");
  });
  client.registerFeature(statusWanted);
  client.onNotification("infill-ls/status", ({ state, message }) => show(state, message));
  // What goes wrong here, the client tells the user.
  await client.start().catch(() => {});
  // Not awaited, as above; the server that is there does until then.
  if (server.isOutdated(context)) void offerUpdate(context);
}

/**
 * Shows why the last answer came out so, and, if the user wants them, those before in the log.
 * @param {{ message: string, before: { message: string, seconds_ago: number, times: number }[] }} last
 */
async function explain(last) {
  const all = "Earlier Ones";
  const more = last.before.length ? [all] : [];
  const choice = await window.showInformationMessage(`infill-ls: ${last.message}`, ...more);
  if (choice !== all) return;
  for (const { message, seconds_ago: ago, times } of [...last.before].reverse()) {
    log.info(`${ago.toFixed(0)} s ago: ${message}${times > 1 ? ` (${times} times)` : ""}`);
  }
  log.show();
}

function showMissing() {
  show("problem", "the server is not installed");
  item.command = "infill-ls.install";
}

/** @param {vscode.ExtensionContext} context */
async function offerServer(context) {
  showMissing();
  log.warn("There is no infill-ls on the PATH.");
  if (await server.offer(context, log)) await start(context);
}

/** @param {vscode.ExtensionContext} context */
async function offerUpdate(context) {
  if (await server.offerUpdate(context, log)) await commands.executeCommand("infill-ls.restart");
}

/** @param {string} command @param {NodeJS.ErrnoException} error */
async function cannotStart(command, error) {
  const what = error.code === "ENOENT" ? "was not found" : `can't be started (${error.message})`;
  const text = `The command "${command}" ${what}.`;
  show("problem", text);
  log.error(text);
  const choice = await window.showErrorMessage(
    `infill-ls: ${text} Install infill-ls so that it is on the PATH, or say in the setting ` +
      '"infill-ls.command" where it is; then restart it.',
    "Restart",
    "Open Setting",
  );
  if (choice === "Restart") await commands.executeCommand("infill-ls.restart");
  if (choice === "Open Setting") await server.openSetting();
}

async function stop() {
  await client?.dispose();
  client = undefined;
}

/** @param {vscode.ExtensionContext} context */
exports.activate = async (context) => {
  log = window.createOutputChannel("infill-ls", { log: true });
  item = window.createStatusBarItem("infill-ls", vscode.StatusBarAlignment.Right, 100);
  item.name = "infill-ls";
  item.show();
  context.subscriptions.push(
    log,
    item,
    commands.registerCommand("infill-ls.showLog", () => log.show()),
    commands.registerCommand("infill-ls.restart", async () => {
      await stop();
      await start(context);
    }),
    commands.registerCommand("infill-ls.install", async () => {
      // On Windows a program that runs can't be replaced.
      await stop();
      const done = await server.choose(context, log);
      // Why there is none, the user knows by then.
      if (done || server.command(context)) await start(context);
      else showMissing();
    }),
    commands.registerCommand("infill-ls.remove", async () => {
      await stop();
      await server.remove(context, log);
      await start(context);
    }),
    workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration("infill-ls.command")) {
        await commands.executeCommand("infill-ls.restart");
      } else if (change.affectsConfiguration("infill-ls") && client?.isRunning()) {
        // Without a value: the server asks for it.
        await client.sendNotification("workspace/didChangeConfiguration", { settings: null });
      }
    }),
  );
  await start(context);
};

exports.deactivate = stop;
