/** `dome policy fmt` */
import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { PolicyFault } from "../../../contract/policy.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import type { Result } from "../../../kernel/result.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT, usage } from "../../exit.ts";
import { faultCode } from "../../fault-code.ts";
import { filesBelow } from "../../files-below.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { readPolicies } from "./scope.ts";
import { faultText, shownFault } from "./view.ts";

interface FmtOptions {
  readonly check?: true;
}

export const fmtCommand = (session: Session): Command =>
  verb({
    name: "fmt",
    summary: "Write files of policies in the one form that Cedar's formatter gives them",
    description:
      "Write files of policies in the one form that Cedar's formatter gives them. Comments stay, and no policy changes its meaning. " +
      "No service is asked.",
    examples: [
      "dome policy fmt",
      "dome policy fmt policies/workspace.cedar",
      "dome policy fmt --check",
      "dome policy fmt - <workspace.cedar",
    ],
  })
    .argument(
      "[files...]",
      "files, or folders with *.cedar files; - reads from stdin and writes to stdout (default: the current folder)",
    )
    .option(
      "--check",
      "change nothing; list the files that differ, and end with exit code 1 if there are any",
    )
    .action((files: readonly string[], { check }: FmtOptions) =>
      files.includes("-")
        ? formatInput(session, files, check === true)
        : formatFiles(session, files, check === true),
    );

interface Formatted {
  readonly file: string;
  /** The file is, or was, not in the form. */
  readonly differs: boolean;
  /** What keeps it from being read; it is left as it is. */
  readonly faults: readonly PolicyFault[];
}

async function formatFiles(session: Session, named: readonly string[], check: boolean): Promise<void> {
  const format = await formatter();
  const made: Formatted[] = [];
  for (const file of await filesBelow(named, ".cedar")) {
    const text = await readPolicies(file);
    const formatted = format(text);
    const differs = formatted.ok && formatted.value !== text;
    if (differs && !check) await write(file, formatted.value);
    made.push({ file, differs, faults: formatted.ok ? [] : formatted.error });
  }
  const differing = made.filter(({ differs }) => differs).map(({ file }) => file);
  session.output.show({ body: made, ids: differing, text: () => formattedText(made, check) });
  const faulty = made.filter(({ faults }) => faults.length > 0).length;
  if (faulty > 0) throw failed("What cannot be read as policies stayed as it was");
  if (check && differing.length > 0)
    throw failed(
      `${filesText(differing.length)} not formatted`,
      `dome policy fmt ${differing.map(shellWord).join(" ")}`,
    );
}

async function formatInput(session: Session, files: readonly string[], check: boolean): Promise<void> {
  const { output, io } = session;
  if (files.length > 1) throw usage("- stands alone: stdin is formatted to stdout");
  const format = await formatter();
  const text = await io.stdin.read();
  const formatted = format(text);
  if (!formatted.ok) {
    for (const fault of formatted.error) output.warn(faultText("stdin", fault));
    throw failed("stdin cannot be read as policies");
  }
  if (!check) output.file(formatted.value);
  else if (formatted.value !== text) throw failed("stdin is not formatted");
}

async function formatter(): Promise<(text: string) => Result<string, readonly PolicyFault[]>> {
  const [{ offlineCedar }, { formatBundle }] = await Promise.all([
    import("../../offline-cedar.ts"),
    import("../../../policy/format-bundle.ts"),
  ]);
  const cedar = offlineCedar();
  return (text) => {
    const formatted = formatBundle(cedar, text);
    return formatted.ok ? formatted : { ok: false, error: formatted.error.map(shownFault) };
  };
}

const write = (file: string, text: string): Promise<void> =>
  writeFile(file, text).catch((fault: unknown) => {
    throw failed(`${file} cannot be written (${faultCode(fault)})`);
  });

function formattedText(made: readonly Formatted[], check: boolean): string {
  const lines = made.flatMap(({ file, differs, faults }) => [
    ...faults.map((fault) => faultText(file, fault)),
    ...(differs ? [check ? clean(file) : `Formatted ${clean(file)}.`] : []),
  ]);
  if (lines.length > 0) return lines.join("\n");
  return made.length === 1 ? "The file is formatted." : `All ${made.length} files are formatted.`;
}

const filesText = (count: number): string => (count === 1 ? "1 file is" : `${count} files are`);
const failed = (message: string, next: string | null = null): CommandFailure =>
  new CommandFailure(EXIT.failed, message, next);
