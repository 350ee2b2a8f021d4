/** The tree of commands and the options that all of them take. */
import { Command, Option } from "commander";
import { agentsCommand } from "./commands/agents/agents.ts";
import { auditCommand } from "./commands/audit/audit.ts";
import { chainCommand } from "./commands/chain/chain.ts";
import { checkCommand } from "./commands/check.ts";
import { completeCommand, completionCommand } from "./commands/completion.ts";
import { contextCommand } from "./commands/context/context.ts";
import { explainCommand } from "./commands/explain.ts";
import { idpCommand } from "./commands/idp/idp.ts";
import { integrationsCommand } from "./commands/integrations/integrations.ts";
import { keysCommand } from "./commands/keys/keys.ts";
import { loginCommand } from "./commands/login.ts";
import { logoutCommand } from "./commands/logout.ts";
import { operatorsCommand } from "./commands/operators/operators.ts";
import { poolsCommand } from "./commands/pools/pools.ts";
import { statusCommand } from "./commands/status.ts";
import { rootKeyCommand } from "./commands/root-key/root-key.ts";
import { signingKeysCommand } from "./commands/signing-keys/signing-keys.ts";
import { tiersCommand } from "./commands/tiers/tiers.ts";
import { tokenCommand } from "./commands/token/token.ts";
import { toolsCommand } from "./commands/tools/tools.ts";
import { usersCommand } from "./commands/users/users.ts";
import { versionCommand } from "./commands/version.ts";
import { whoamiCommand } from "./commands/whoami.ts";
import { workspacesCommand } from "./commands/workspaces/workspaces.ts";
import { isId } from "../kernel/ids.ts";
import { helpCommand } from "./commands/help.ts";
import { givenOnce } from "./given-once.ts";
import { WorkspaceOption } from "./option-values.ts";
import { FORMATS } from "./output.ts";
import type { GlobalOptions, Session } from "./session.ts";

const AFTER = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 not authenticated, 5 timed out.
Environment: DOME_URL with DOME_TOKEN (instead of a context), DOME_AGENT_KEY, DOME_WORKSPACE (the
default of --workspace), NO_COLOR.

Start here:
  $ dome login --url https://dome.example.com
  $ dome agents register --name support-triage --tool zendesk
  $ dome agents activate support-triage`;

/** @param complain takes what the parser says of words that are wrong. */
export function program(session: Session, complain: (text: string) => void): Command {
  const { io } = session;
  const root = new Command("dome")
    .description("The agent registry: register agents, give them keys, watch them, stop them.")
    .version(io.version, "-V, --version", "show the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .option("-c, --context <name>", "talk to this saved service")
    .addOption(new Option("-o, --output <format>", "how to print the answer").choices(FORMATS))
    .addOption(new Option("--json", "print the answer as JSON, as -o json").conflicts("quiet"))
    .addOption(new Option("-q, --quiet", "print ids only"))
    .addHelpText("after", AFTER)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: complain,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
    .hook("preAction", async (_root, action) => {
      await chooseWorkspace(session, root.opts<GlobalOptions>(), action);
      await session.begin(root.opts<GlobalOptions>(), {
        words: wordsOf(action),
        subject: action.args[0] ?? optionOf(action, "name"),
        workspace: optionOf(action, "workspace"),
      });
    });
  for (const command of commands(session)) root.addCommand(command);
  root.addCommand(helpCommand(() => root));
  root.addCommand(
    completeCommand(session, () => root),
    { hidden: true },
  );
  settle(root);
  return root;
}

const commands = (session: Session): readonly Command[] => [
  loginCommand(session),
  logoutCommand(session),
  whoamiCommand(session),
  statusCommand(session),
  contextCommand(session),
  versionCommand(session),
  completionCommand(session),
  workspacesCommand(session),
  agentsCommand(session),
  keysCommand(session),
  operatorsCommand(session),
  toolsCommand(session),
  poolsCommand(session),
  integrationsCommand(session),
  idpCommand(session),
  tiersCommand(session),
  tokenCommand(session),
  usersCommand(session),
  signingKeysCommand(session),
  rootKeyCommand(session),
  checkCommand(session),
  explainCommand(session),
  chainCommand(session),
  auditCommand(session),
];

/**
 * Says which workspace is meant where the command line does not. An agent's id says it by itself, and `--all-workspaces`
 * wants none.
 */
async function chooseWorkspace(session: Session, globals: GlobalOptions, action: Command): Promise<void> {
  const named = optionOf(action, "workspace") !== null || action.getOptionValue("allWorkspaces") === true;
  const byId = action.args.length > 0 && action.args.every((arg) => isId("agt", arg));
  if (named || byId || !action.options.some((option) => option instanceof WorkspaceOption)) return;
  const workspace = await session.defaultWorkspace(globals);
  if (workspace !== null) action.setOptionValueWithSource("workspace", workspace, "default");
}

/** What a command has from its parent (commander does this only for commands that the parent has made itself). */
function settle(parent: Command): void {
  parent.showHelpAfterError(`next: ${["dome", ...wordsOf(parent)].join(" ")} --help`);
  givenOnce(parent);
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    settle(command);
  }
}

/** `["agents", "show"]` for `dome agents show`. */
function wordsOf(command: Command): string[] {
  return command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
}

function optionOf(command: Command, name: string): string | null {
  const value: unknown = command.getOptionValue(name);
  return typeof value === "string" ? value : null;
}
