/** Every command of the program, to be looked at; none of them runs. */
import type { Command } from "commander";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import type { Io } from "../../../src/cli/io.ts";
import { guarded } from "../../../src/cli/output.ts";
import { program } from "../../../src/cli/program.ts";
import { Session } from "../../../src/cli/session.ts";

const unused = (): never => {
  throw new Error("no command runs here");
};
const nowhere = { write: unused, isTTY: false };
const io: Io = {
  env: {},
  variable: unused,
  stdin: { isTTY: false, read: unused, ask: unused },
  stdout: nowhere,
  stderr: nowhere,
  fetch: unused,
  clock: { now: unused },
  timers: { sleep: unused },
  random: { bytes: unused },
  timeZone: unused,
  onInterrupt: unused,
  version: "0.1.0",
};

/** @param argv the command line that the tree is for; default: one that names every command. */
export const commandTree = (argv: readonly string[] = COMMANDS.map(({ name }) => name)): Promise<Command> =>
  program(new Session(guarded(io)), argv, unused);

/** All commands under this one. */
export const below = (command: Command): Command[] =>
  command.commands.flatMap((each) => [each, ...below(each)]);

/** `["agents", "show"]` for `dome agents show`. */
export const wordsOf = (command: Command): string[] =>
  command.parent === null ? [] : [...wordsOf(command.parent), command.name()];
