// @ts-check
// Where the server is, and how the extension installs one of its own: into a virtual environment in
// its own storage, from the wheel that is packed with it. Nothing is fetched before the user says so.

const { execFile, spawn } = require("node:child_process");
const {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require("node:fs");
const { homedir } = require("node:os");
const { basename, delimiter, isAbsolute, join } = require("node:path");
const { createInterface } = require("node:readline");
const { promisify } = require("node:util");
const vscode = require("vscode");

const { ProgressLocation, window, workspace } = vscode;
const run = promisify(execFile);

const WINDOWS = process.platform === "win32";
const PROGRAM = WINDOWS ? "infill-ls.exe" : "infill-ls";
/** The server needs this or a later one (pyproject.toml, requires-python). */
const OLDEST_PYTHON = [3, 11];
const NEWEST_KNOWN_PYTHON = 15;
/** ms after which a program that should only say its version is given up. */
const PATIENCE = 20_000;
/** ms after which an installation that another window began is taken for one that was broken off;
 * on a slow line the packages and the model take a quarter of an hour. */
const LONGEST_INSTALLATION = 3_600_000;
/** What says which installation counts, and which window is at one, beside their folders. */
const STAMP = "installed.json";
const LOCK = "lock";

class CannotInstall extends Error {}

/** Where programs of the user are: the PATH, and where uv and pipx put them, which a desktop's
 * session often lacks. Never the workspace: a relative folder of the PATH would be one of it. */
function folders() {
  const path = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  const others = [join(homedir(), ".local", "bin")];
  if (process.platform === "darwin") others.push("/opt/homebrew/bin", "/usr/local/bin");
  return [...path, ...others];
}

/** @param {string} name @returns {string | undefined} the path of a program */
function found(name) {
  const file = WINDOWS && !name.endsWith(".exe") ? `${name}.exe` : name;
  return folders()
    .map((folder) => join(folder, file))
    .find((path) => existsSync(path));
}

/** Where the extension's installations are, each in a folder of its own.
 * @param {vscode.ExtensionContext} context */
function place(context) {
  return join(context.globalStorageUri.fsPath, "server");
}

/** @param {string} environment @param {string} name */
function inside(environment, name) {
  return join(environment, WINDOWS ? "Scripts" : "bin", WINDOWS ? `${name}.exe` : name);
}

/** The installation that counts, which was finished.
 * @param {vscode.ExtensionContext} context
 * @returns {{ version: string, embedded: boolean, folder: string } | undefined} */
function installed(context) {
  try {
    const stamp = JSON.parse(readFileSync(join(place(context), STAMP), "utf8"));
    return { ...stamp, folder: join(place(context), basename(stamp.folder)) };
  } catch {
    return undefined;
  }
}

/** The program of the installation that counts.
 * @param {vscode.ExtensionContext} context @returns {string | undefined} */
function ownProgram(context) {
  const stamp = installed(context);
  const program = stamp && inside(stamp.folder, "infill-ls");
  return program && existsSync(program) ? program : undefined;
}

/** The wheel that is packed with the extension.
 * @param {vscode.ExtensionContext} context @returns {string | undefined} */
function wheel(context) {
  const folder = join(context.extensionPath, "wheel");
  const name = existsSync(folder) && readdirSync(folder).find((file) => file.endsWith(".whl"));
  return name ? join(folder, name) : undefined;
}

/**
 * How the server is started: the user's setting, what is on the PATH, what the extension has
 * installed. Undefined if there is none of them.
 * @param {vscode.ExtensionContext} context @returns {string[] | undefined}
 */
function command(context) {
  const section = workspace.getConfiguration("infill-ls");
  if (section.inspect("command")?.globalValue !== undefined) return section.get("command");
  const program = found(PROGRAM) ?? ownProgram(context);
  return program === undefined ? undefined : [program, "serve"];
}

/** Whether the server that the extension has installed came with another version of it.
 * @param {vscode.ExtensionContext} context */
function isOutdated(context) {
  const stamp = installed(context);
  return (
    stamp !== undefined &&
    command(context)?.[0] === inside(stamp.folder, "infill-ls") &&
    stamp.version !== context.extension.packageJSON.version &&
    wheel(context) !== undefined
  );
}

/** @param {string} text a program's own words about its version @returns {number[]} */
function versionIn(text) {
  return (/(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
}

/** The first Python that will do, newest first; else why there is none.
 * @returns {Promise<string>} its path */
async function python() {
  const names = ["python3", "python"];
  for (let minor = NEWEST_KNOWN_PYTHON; minor >= OLDEST_PYTHON[1]; minor--) {
    names.push(`python3.${minor}`);
  }
  if (WINDOWS) names.push("py");
  let older = "";
  let bare = "";
  for (const path of new Set(names.map(found))) {
    if (!path) continue;
    const [major, minor, whole] = await asked(path);
    if (!major) continue;
    if (major < OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor < OLDEST_PYTHON[1])) {
      older ||= `${major}.${minor}`;
    } else if (whole) {
      return path;
    } else {
      bare ||= `${major}.${minor}`;
    }
  }
  const wanted = `Python ${OLDEST_PYTHON.join(".")} or later`;
  if (bare) {
    throw new CannotInstall(
      `Python ${bare} lacks its venv module. On Debian and Ubuntu: sudo apt install python3-venv`,
    );
  }
  throw new CannotInstall(
    older
      ? `infill-ls needs ${wanted}, and this machine has ${older}. Install a newer one from python.org.`
      : `infill-ls needs ${wanted}, and none is on the PATH. Install it from python.org.`,
  );
}

/** @param {string} path of a Python @returns {Promise<number[]>} version, 1 if it can make an
 * environment with pip; empty if it doesn't run */
async function asked(path) {
  const question =
    "import sys, importlib.util as u; print(*sys.version_info[:2], " +
    "int(all(map(u.find_spec, ('venv', 'ensurepip')))))";
  try {
    const options = { timeout: PATIENCE, cwd: homedir() };
    return (await run(path, ["-I", "-c", question], options)).stdout.split(" ").map(Number);
  } catch {
    return []; // the store's stand-in on Windows, for instance
  }
}

/**
 * Runs a program and writes what it says to the log.
 * @param {Context} what @param {string} program @param {string[]} args
 */
async function logged(what, program, args) {
  what.log.info(`${program} ${args.join(" ")}`);
  const child = spawn(program, args, { cwd: homedir(), stdio: ["ignore", "pipe", "pipe"] });
  const cancelled = what.cancel.onCancellationRequested(() => child.kill());
  let last = "";
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on("line", (line) => {
      if (!line.trim()) return;
      last = line.trim();
      what.log.info(last);
      const percent = /(\d+)%/.exec(last);
      if (percent) what.say(`${what.doing} ${percent[1]} %`);
    });
  }
  try {
    const status = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (what.cancel.isCancellationRequested) throw new vscode.CancellationError();
    if (status !== 0) throw new CannotInstall(`${what.doing} failed: ${last || `status ${status}`}`);
  } finally {
    cancelled.dispose();
  }
}

/**
 * @typedef {object} Context
 * @property {vscode.LogOutputChannel} log
 * @property {vscode.CancellationToken} cancel
 * @property {(message: string) => void} say
 * @property {string} doing what is done, as the user reads it
 */

/**
 * Keeps other windows from the installations while work is done.
 * @template T @param {vscode.ExtensionContext} context @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
async function alone(context, work) {
  const lock = join(place(context), LOCK);
  mkdirSync(place(context), { recursive: true });
  if (isAbandoned(lock)) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") {
      throw new CannotInstall("The server is being installed already. Wait until that is done.");
    }
    rmSync(lock, { force: true }); // the disk may be full
    throw error;
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** @param {string} lock @returns {boolean} whether it is of a window that is gone, or of another day */
function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LONGEST_INSTALLATION) return true;
    process.kill(Number(readFileSync(lock, "utf8")), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH";
  }
}

/**
 * Installs the server into the extension's storage, beside what is there. That counts, and other
 * windows may run it, until the new one is finished; what came before it is removed first.
 * @param {vscode.ExtensionContext} context @param {Context} what
 * @param {boolean} embedded with the embedded engine and its small model
 */
async function installOwn(context, what, embedded) {
  const file = wheel(context);
  if (!file) {
    throw new CannotInstall(
      "This build of the extension has no server packed with it. Install infill-ls with pip, uv " +
        'or pipx, or say in the setting "infill-ls.command" where it is.',
    );
  }
  await alone(context, async () => {
    removeOld(context);
    const { version } = context.extension.packageJSON;
    // Environments can't be moved: their programs name their folder.
    const folder = join(place(context), `${version}-${Date.now().toString(36)}`);
    try {
      await fill(folder, file, what, embedded);
      const stamp = join(place(context), STAMP);
      writeFileSync(`${stamp}.new`, JSON.stringify({ version, embedded, folder: basename(folder) }));
      renameSync(`${stamp}.new`, stamp);
    } catch (error) {
      // On Windows what the stopped program had open is free a moment later.
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      throw error;
    }
  });
}

/** Removes installations that don't count; on Windows one that still runs stays.
 * @param {vscode.ExtensionContext} context */
function removeOld(context) {
  const stamp = installed(context);
  for (const name of readdirSync(place(context))) {
    const path = join(place(context), name);
    if ([STAMP, LOCK].includes(name) || path === stamp?.folder) continue;
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      // It is removed another time.
    }
  }
}

/**
 * Makes an environment with the server in it.
 * @param {string} folder @param {string} file the wheel @param {Context} what
 * @param {boolean} embedded
 */
async function fill(folder, file, what, embedded) {
  const next = (/** @type {string} */ doing) => {
    what.doing = doing;
    what.say(doing);
  };
  next("Looking for Python");
  const uv = found("uv");
  // uv fetches a Python where there is none.
  const own = uv ? undefined : await python();
  next("Making an environment");
  const oldest = OLDEST_PYTHON.join(".");
  if (uv) await logged(what, uv, ["venv", "--no-project", "--python", `>=${oldest}`, folder]);
  else await logged(what, /** @type {string} */ (own), ["-I", "-m", "venv", folder]);
  next("Installing the server");
  const interpreter = inside(folder, "python");
  const requirement = embedded ? `${file}[embedded]` : file;
  if (uv) await logged(what, uv, ["pip", "install", "--python", interpreter, requirement]);
  else await logged(what, interpreter, ["-I", "-m", "pip", "install", requirement]);
  if (embedded) {
    next("Fetching the model");
    await logged(what, inside(folder, "infill-ls"), ["pull"]);
  }
}

/** The ways to install it that there are on this machine.
 * @param {vscode.ExtensionContext} context */
function ways(context) {
  const own = [
    {
      label: "Install with a Small Model",
      description: "for this extension alone; 0.6 GB, needs nothing else",
      install: (/** @type {Context} */ what) => installOwn(context, what, true),
    },
    {
      label: "Install for My Ollama",
      description: "for this extension alone; 30 MB, with a model that you have in Ollama",
      install: (/** @type {Context} */ what) => installOwn(context, what, false),
    },
  ];
  const file = wheel(context);
  const tools = Object.entries({ uv: ["tool", "install", "--force"], pipx: ["install", "--force"] });
  const others = tools.flatMap(([name, args]) => {
    const program = file && found(name);
    return program
      ? [
          {
            label: `Install with ${name}`,
            description: "for all editors, and as a command in the terminal",
            async install(/** @type {Context} */ what) {
              what.doing = `Installing the server with ${name}`;
              await logged(what, program, [...args, file]);
            },
          },
        ]
      : [];
  });
  return [...own, ...others];
}

/** @param {vscode.LogOutputChannel} log @param {(what: Context) => Promise<void>} install
 * @returns {Promise<boolean>} whether it is installed; if not, the user knows why */
async function withProgress(log, install) {
  const options = { location: ProgressLocation.Notification, title: "infill-ls", cancellable: true };
  try {
    await window.withProgress(options, (progress, cancel) =>
      install({ log, cancel, doing: "", say: (message) => progress.report({ message }) }),
    );
    return true;
  } catch (error) {
    if (error instanceof vscode.CancellationError) return false;
    const text = error instanceof Error ? error.message : String(error);
    log.error(text);
    // Not awaited: a message that nobody closes would keep the command from its end.
    void window.showErrorMessage(`infill-ls: ${text}`, "Try Again", "Show Log").then((choice) => {
      if (choice === "Show Log") log.show();
      if (choice === "Try Again") void vscode.commands.executeCommand("infill-ls.install");
    });
    return false;
  }
}

/**
 * Asks whether to bring the extension's own server to the version that is packed with it, and does
 * it; until then, and if it fails, the one that is there goes on.
 * @param {vscode.ExtensionContext} context @param {vscode.LogOutputChannel} log
 * @returns {Promise<boolean>} whether it was done
 */
async function offerUpdate(context, log) {
  const stamp = installed(context);
  if (!stamp) return false;
  const { version } = context.extension.packageJSON;
  const choice = await window.showInformationMessage(
    `infill-ls: The installed server is ${stamp.version}, and the extension has ${version}. Update ` +
      "it? Its Python packages come from the package index.",
    "Update",
  );
  if (choice !== "Update") return false;
  // Another window may have done it meanwhile.
  if (!isOutdated(context)) return true;
  return withProgress(log, (what) => installOwn(context, what, stamp.embedded));
}

/**
 * Has the user choose how the server is installed, and does it.
 * @param {vscode.ExtensionContext} context @param {vscode.LogOutputChannel} log
 */
async function choose(context, log) {
  const way = await window.showQuickPick(ways(context), { title: "Install the server of infill-ls" });
  return way !== undefined && withProgress(log, way.install);
}

/**
 * Asks, where there is no server, whether to install one, and does it.
 * @param {vscode.ExtensionContext} context @param {vscode.LogOutputChannel} log
 * @returns {Promise<boolean>} whether there is one now
 */
async function offer(context, log) {
  if (!wheel(context)) {
    const text =
      "infill-ls: The server is not installed. Install infill-ls with uv, pipx or pip so that it " +
      'is on the PATH, or say in the setting "infill-ls.command" where it is; then restart it.';
    const choice = await window.showErrorMessage(text, "Restart", "Open Setting");
    if (choice === "Open Setting") await openSetting();
    return choice === "Restart" && command(context) !== undefined;
  }
  const [model, ollama] = ways(context);
  const choice = await window.showInformationMessage(
    "infill-ls: The server is not installed on this machine. Install it in a folder of the " +
      "extension's own? Its Python packages come from the package index, the model (0.6 GB with " +
      "it) from the model hub.",
    model.label,
    ollama.label,
    "Open Setting",
  );
  if (choice === "Open Setting") await openSetting();
  const way = [model, ollama].find((one) => one.label === choice);
  return way !== undefined && withProgress(log, way.install);
}

function openSetting() {
  return vscode.commands.executeCommand("workbench.action.openSettings", "infill-ls.command");
}

/** Removes what the extension has installed; models stay, which other editors use too.
 * @param {vscode.ExtensionContext} context @param {vscode.LogOutputChannel} log */
async function remove(context, log) {
  const there = existsSync(place(context));
  try {
    // The lock is in the folder.
    if (there) await alone(context, () => rmSync(place(context), { recursive: true, force: true }));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    log.error(text);
    void window.showErrorMessage(`infill-ls: The server can't be removed. ${text}`);
    return;
  }
  void window.showInformationMessage(
    there
      ? "infill-ls: The server that the extension had installed is removed."
      : "infill-ls: The extension has installed no server.",
  );
}

module.exports = { choose, command, isOutdated, offer, offerUpdate, openSetting, remove };
