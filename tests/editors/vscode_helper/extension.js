// For the tests alone: answers questions about the editor on a local socket, a line of JSON each.
// Keys and what is seen go through the browser.

const { createServer } = require("node:net");
const { dirname } = require("node:path");
const { createInterface } = require("node:readline");
const vscode = require("vscode");
const { ConfigurationTarget, Position, Range, commands, languages, window, workspace } = vscode;

/** The UTF-16 position of a line and a column in code points. */
function position(document, line, column) {
  const before = [...document.lineAt(line).text].slice(0, column).join("");
  return new Position(line, before.length);
}

/** Closes what other tests have left open; VS Code would suggest its words. */
async function closeOthers(folder) {
  for (const document of workspace.textDocuments) {
    if (document.uri.scheme === "file" && dirname(document.uri.fsPath) !== folder) {
      await window.showTextDocument(document);
      await commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    }
  }
}

/** Shows a document with the cursor at this place; VS Code has done so when this is over. */
async function show(document, line, column) {
  const cursor = position(document, line, column);
  const selection = new Range(cursor, cursor);
  await window.showTextDocument(document, { preview: false, selection });
  return true;
}

const answers = {
  async open({ file, line, column }) {
    if (window.tabGroups.all.length > 1) {
      await commands.executeCommand("workbench.action.joinAllGroups");
    }
    await closeOthers(dirname(file));
    return show(await workspace.openTextDocument(file), line, column);
  },
  async notebook({ file }) {
    await closeOthers("");
    await window.showNotebookDocument(
      await workspace.openNotebookDocument(vscode.Uri.file(file)),
      { preview: false },
    );
    return true;
  },
  /** Puts the cursor at the end of a cell of the notebook that is shown, if it can do so now. */
  async cell({ number }) {
    const { notebook } = window.activeNotebookEditor;
    window.activeNotebookEditor.selection = new vscode.NotebookRange(number, number + 1);
    await commands.executeCommand("notebook.cell.edit");
    const { document } = notebook.cellAt(number);
    const editor = window.activeTextEditor;
    if (editor?.document !== document) return false;
    const end = document.lineAt(document.lineCount - 1).range.end;
    editor.selection = new vscode.Selection(end, end);
    return true;
  },
  async cells() {
    return window.activeNotebookEditor.notebook.getCells().map(({ document }) => document.getText());
  },
  async language({ name }) {
    await languages.setTextDocumentLanguage(window.activeTextEditor.document, name);
    return true;
  },
  async move({ line, column }) {
    return show(window.activeTextEditor.document, line, column);
  },
  async state() {
    const editor = window.activeTextEditor;
    if (!editor) return null;
    const { document, selection, options } = editor;
    return {
      file: document.uri.fsPath,
      text: document.getText(),
      dirty: document.isDirty,
      line: selection.active.line,
      tabSize: options.tabSize,
    };
  },
  async has({ command }) {
    return (await commands.getCommands()).includes(command);
  },
  async command({ name }) {
    return (await commands.executeCommand(name)) ?? null;
  },
  async setting({ name }) {
    return workspace.getConfiguration().get(name) ?? null;
  },
  async set({ name, value }) {
    await workspace.getConfiguration().update(name, value ?? undefined, ConfigurationTarget.Global);
    return true;
  },
};

exports.activate = () => {
  const server = createServer((socket) => {
    createInterface(socket).on("line", async (line) => {
      const { question, ...details } = JSON.parse(line);
      try {
        socket.end(JSON.stringify({ answer: await answers[question](details) }) + "\n");
      } catch (error) {
        socket.end(JSON.stringify({ error: String(error) }) + "\n");
      }
    });
  });
  server.listen(process.env.INFILL_TESTS_SOCKET);
};
