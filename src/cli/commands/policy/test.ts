/** `dome policy test` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import { filesBelow } from "../../files-below.ts";
import { clean, type Output, type Style } from "../../output.ts";
import type { CaseResult, PolicyResult, TestRun } from "../../policy-tests/run-tests.ts";
import type { Session } from "../../session.ts";
import { faultText, policiesText } from "./view.ts";

interface TestOptions {
  readonly requireCoverage?: true;
}

export const testCommand = (session: Session): Command =>
  verb({
    name: "test",
    summary: "Run cases against files of policies, and list the policies that no case is about",
    description:
      "Run cases against files of policies, and list the policies that no case is about. Cases are in YAML files beside the " +
      "policies: who asks for what, and what is decided. The same engine decides as in a service, and no service is asked.",
    examples: [
      "dome policy test",
      "dome policy test policies/workspace.test.yaml",
      "dome policy test policies --require-coverage",
    ],
  })
    .argument("[files...]", "files, or folders with *.test.yaml files (default: the current folder)")
    .option("--require-coverage", "fail if there is a policy that decides no case")
    .action(async (named: readonly string[], { requireCoverage }: TestOptions) => {
      const files = await filesBelow(named, ".test.yaml");
      const [{ offlineCedar }, { runTests }] = await Promise.all([
        import("../../offline-cedar.ts"),
        import("../../policy-tests/run-tests.ts"),
      ]);
      const run = await runTests(offlineCedar(), files);
      const { output } = session;
      const failed = run.cases.filter(({ passed }) => !passed);
      output.show({
        body: { passed: failed.length === 0 && run.faults.length === 0, ...run },
        ids: failed.map(({ file, line }) => `${file}:${line}`),
        text: () => runText(output, run),
      });
      endWith(run, requireCoverage === true);
    });

/** @throws CommandFailure unless everything passed. */
function endWith({ faults, cases, policies }: TestRun, requireCoverage: boolean): void {
  const files = new Set(faults.map(({ file }) => file)).size;
  if (files > 0)
    throw new CommandFailure(
      EXIT.failed,
      `${files === 1 ? "1 file has" : `${files} files have`} faults, and the cases that need ${files === 1 ? "it" : "them"} did not run`,
    );
  const failed = cases.filter(({ passed }) => !passed).length;
  if (failed > 0) throw new CommandFailure(EXIT.failed, `${failed} of ${casesText(cases.length)} failed`);
  const uncovered = policies.filter(isUncovered).length;
  if (requireCoverage && uncovered > 0)
    throw new CommandFailure(EXIT.failed, `${policiesText(uncovered)} without a case`);
}

const isUncovered = ({ cases }: PolicyResult): boolean => cases === 0;
const casesText = (count: number): string => (count === 1 ? "1 case" : `${count} cases`);

function runText({ style }: Output, { faults, cases, policies }: TestRun): string {
  const uncovered = policies.filter(isUncovered);
  const passed = cases.filter(({ passed: each }) => each).length;
  const byFile = new Map<string, CaseResult[]>();
  for (const each of cases) byFile.set(each.file, [...(byFile.get(each.file) ?? []), each]);
  return [
    ...faults.map((fault) => faultText(fault.file, fault)),
    ...[...byFile].flatMap(([file, own]) => [
      style.strong(clean(file)),
      ...own.flatMap((each) => caseText(style, each)),
    ]),
    ...(faults.length > 0 && cases.length === 0 ? [] : [`${passed} of ${casesText(cases.length)} passed.`]),
    ...(uncovered.length === 0 ? [] : [`No case is decided by:`]),
    ...uncovered.map(
      ({ file, line, column, policy }) => `  ${clean(file)}:${line}:${column}: ${clean(policy)}`,
    ),
  ].join("\n");
}

function caseText(
  style: Style,
  { line, name, passed, expected, actual, why }: CaseResult,
): readonly string[] {
  if (passed) return [`  ${style.good("ok  ")}  ${clean(name)}`];
  return [
    `  ${style.bad("FAIL")}  ${clean(name)} (line ${line})`,
    `        expected: ${toldText(expected)}`,
    `        decided:  ${toldText(actual)}`,
    ...why.map((sentence) => `        ${clean(sentence)}`),
  ];
}

/** `deny, policy_forbidden, by workspace/no-large-refunds` */
const toldText = ({ decision, reason, policies }: CaseResult["expected"]): string =>
  [
    decision,
    ...(reason === null ? [] : [reason]),
    ...(policies === null
      ? []
      : [policies.length === 0 ? "by no policy" : `by ${policies.map(clean).join(", ")}`]),
  ].join(", ");
