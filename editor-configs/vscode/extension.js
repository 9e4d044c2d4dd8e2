// Starts infill-ls; vscode-languageclient does the rest, inline completion included.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

const configured = (name) => workspace.getConfiguration("infill-ls").get(name);

exports.activate = () => {
  const [command, ...args] = configured("command");
  client = new LanguageClient(
    "infill-ls",
    { command, args },
    {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
      initializationOptions: configured("settings"),
      middleware: { workspace: { configuration: () => [configured("settings")] } },
    },
  );
  return client.start();
};

exports.deactivate = () => client?.stop();
