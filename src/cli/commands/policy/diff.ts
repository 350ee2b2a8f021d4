/** `dome policy diff` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { lineDiff } from "../../line-diff.ts";
import { wholeNumber } from "../../option-values.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { readPolicies, scopeOf, withScope, type ScopeOptions } from "./scope.ts";
import { inForce } from "./show.ts";

interface DiffOptions extends ScopeOptions {
  readonly from?: number;
  readonly to?: number;
}

export const diffCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "diff",
      summary: "Show how a file or a version differs from the policies in force",
      examples: ["dome policy diff workspace.cedar", "dome policy diff --from 3 --to 4 --tier standard"],
    }).argument("[file]", "the policies to compare (default: the newest version)"),
  )
    .option("--from <version>", "compare with this version (default: the version in force)", wholeNumber)
    .option("--to <version>", "compare this version, and no file", wholeNumber)
    .action(async (file: string | undefined, options: DiffOptions) => {
      const { policies } = await session.controlPlane();
      const reference = scopeOf(options);
      const from = options.from ?? (await inForce(session, options));
      const before = await policies.version(reference, from);
      const after =
        file === undefined
          ? (await policies.version(reference, options.to ?? (await policies.show(reference)).latest)).source
          : await readPolicies(file);
      const hunks = lineDiff(lines(before.source), lines(after));
      const { output } = session;
      output.show({
        body: { from, differs: hunks.length > 0, diff: hunks },
        ids: [],
        text: () =>
          hunks.length === 0 ? `No difference from version ${from}.` : hunks.map(clean).join("\n"),
      });
    });

/** A text ends with a line end, which begins no line of its own. */
const lines = (text: string): readonly string[] => text.replace(/\r?\n$/, "").split(/\r?\n/);
