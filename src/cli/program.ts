/** The tree of commands, and the options that all commands take. */
import { Command, Option } from "commander";
import { isId } from "../kernel/ids.ts";
import { COMMANDS } from "./commands/commands.ts";
import { givenOnce } from "./given-once.ts";
import { WorkspaceOption } from "./option-values.ts";
import { FORMATS } from "./output.ts";
import type { Title } from "./command.ts";
import type { GlobalOptions, Session } from "./session.ts";

const AFTER = `
Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 not authenticated, 5 timed out.
Environment: DOME_URL with DOME_TOKEN (instead of a context), DOME_AGENT_KEY, DOME_WORKSPACE (the
default of --workspace), NO_COLOR.

Start here:
  $ dome login --url https://dome.example.com
  $ dome agents register --name support-triage --tool zendesk
  $ dome agents activate support-triage`;

/**
 * @param argv the words after `dome`. A command is loaded when one of them is its name, at any position.
 * @param complain receives the parser's complaints about wrong words.
 */
export async function program(
  session: Session,
  argv: readonly string[],
  complain: (text: string) => void,
): Promise<Command> {
  const { io } = session;
  const root = new Command("dome")
    .description("The agent registry: register agents, issue their keys, watch and stop them.")
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
        rest: action.args.slice(1),
        workspace: optionOf(action, "workspace"),
        flags: flagsOf(action),
      });
    });
  for (const { hidden = false, load, ...title } of COMMANDS) {
    const command = argv.includes(title.name) ? (await load())(session, title, root) : placeholder(title);
    root.addCommand(command, { hidden });
  }
  settle(root);
  return root.configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() });
}

/** The entry in the list of commands for one that the command line does not name. */
const placeholder = ({ name, summary }: Title): Command => new Command(name).summary(summary);

/** Sets the default workspace of a command that names none. The id of an agent and `--all-workspaces` need none. */
async function chooseWorkspace(session: Session, globals: GlobalOptions, action: Command): Promise<void> {
  const named = optionOf(action, "workspace") !== null || action.getOptionValue("allWorkspaces") === true;
  const byId = action.args.length > 0 && action.args.every((arg) => isId("agt", arg));
  if (named || byId || !action.options.some((option) => option instanceof WorkspaceOption)) return;
  const workspace = await session.defaultWorkspace(globals);
  if (workspace !== null) action.setOptionValueWithSource("workspace", workspace, "default");
}

/** Copies the settings of a parent command (commander does this only for commands that the parent itself has made). */
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

/** The long options of a command; those that were typed come first. */
function flagsOf(command: Command): string[] {
  const isTyped = (option: Option): boolean => command.getOptionValueSource(option.attributeName()) === "cli";
  const { options } = command;
  return [...options.filter(isTyped), ...options.filter((option) => !isTyped(option))].flatMap(
    ({ long }) => long ?? [],
  );
}

function optionOf(command: Command, name: string): string | null {
  const value: unknown = command.getOptionValue(name);
  return typeof value === "string" ? value : null;
}
