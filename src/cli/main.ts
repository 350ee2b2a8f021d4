/**
 * `dome`: parses the command line, runs one command, and returns an exit code. Only this file catches exceptions: each
 * becomes a line on stderr, never a stack trace.
 */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CommanderError } from "commander";
import { redact } from "../kernel/redact.ts";
import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";
import { withJoinedValues } from "./joined-values.ts";
import { guarded } from "./output.ts";
import { processIo } from "./process-io.ts";
import { program } from "./program.ts";
import { Session, type GlobalOptions } from "./session.ts";
import { localClock } from "./times.ts";

/**
 * @param argv the words after `dome`.
 * @returns the exit code: 0 ok, 1 failed, 2 usage, 3 denied, 4 not authenticated, 5 timed out.
 */
export async function run(argv: readonly string[], world: Io): Promise<number> {
  const io = guarded(world);
  const session = new Session(io);
  const complaints: string[] = [];
  // The parser repeats unknown words, and one of them may be a misplaced key (P4).
  const root = await program(session, argv, (text) => complaints.push(redact(text)));
  const tell = (...lines: readonly string[]): void => {
    for (const line of lines) io.stderr.write(line.endsWith("\n") ? line : `${line}\n`);
  };
  try {
    if (argv.length === 0) {
      root.outputHelp();
      return EXIT.ok;
    }
    await root.parseAsync(withJoinedValues(root, argv), { from: "user" });
    return session.exit;
  } catch (thrown) {
    const { json, output } = root.opts<GlobalOptions>();
    const asJson = json === true || output === "json";
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.ok;
    const { describeFailure, failureProblem, usageProblem } = await import("./failure.ts");
    if (thrown instanceof CommanderError) {
      // The parser's message is in its complaints.
      const said = complaints.join("");
      if (said !== "") tell(asJson ? usageProblem(said) : said);
      return EXIT.usage;
    }
    const { lines, exit } = asJson
      ? failureProblem(thrown, session.invocation)
      : describeFailure(
          thrown,
          session.invocation,
          localClock(() => io.timeZone()),
        );
    tell(...lines);
    return exit;
  }
}

/**
 * True when this file, or its bundle, is the program that was started, also through the link of an installed package.
 */
function isEntry(): boolean {
  const started = process.argv[1];
  if (started === undefined) return false;
  try {
    return realpathSync(started) === fileURLToPath(import.meta.url);
  } catch {
    return false;
  }
}

if (isEntry()) {
  // A closed pipe (`dome audit list | head`) is not a fault, and needs no message.
  process.stdout.on("error", () => process.exit(EXIT.failed));
  process.exitCode = await run(process.argv.slice(2), processIo());
}
