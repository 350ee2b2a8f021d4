/** `dome policy validate` */
import type { Command } from "commander";
import type { PolicyValidation } from "../../../contract/policy.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import type { Session } from "../../session.ts";
import { readPolicies, scopeKind, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";
import { faultText, policiesText } from "./view.ts";

interface ValidateOptions extends ScopeOptions {
  readonly offline?: true;
  readonly world?: string;
}

export const validateCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "validate",
      summary: "Check a file of policies as a push would, and change nothing",
      description:
        "Check a file of policies as a push would, and change nothing. The service knows which tools, agents and tiers there are. " +
        "Without it, a file with tests can say so, or else names are not checked.",
      examples: [
        "dome policy validate workspace.cedar",
        "dome policy validate triage.cedar --agent support-triage",
        "dome policy validate workspace.cedar --offline",
        "dome policy validate workspace.cedar --world workspace.test.yaml",
      ],
    }).argument("<file>", "the policies, in Cedar's language"),
  )
    .option("--offline", "ask no service; what only a service knows is not checked")
    .option(
      "--world <file>",
      "ask no service; check names and arguments against the world of a file with tests",
    )
    .action((file: string, options: ValidateOptions) => validate(session, file, options));

async function validate(session: Session, file: string, options: ValidateOptions): Promise<void> {
  const source = await readPolicies(file);
  const isOffline = options.offline === true || options.world !== undefined;
  const found = isOffline
    ? await offline(source, options)
    : await (await session.controlPlane()).policies.validate(scopeOf(options), source);
  const { output } = session;
  output.show({
    body: found,
    ids: found.policies.map(({ id }) => id),
    text: () => validationText(file, found),
  });
  if (!found.valid)
    throw new CommandFailure(
      EXIT.failed,
      `${file} has ${found.faults.length === 1 ? "1 fault" : `${found.faults.length} faults`}`,
    );
  output.next(`dome policy push ${shellWord(file)}${withScopeOf(options)}`);
}

async function offline(source: string, options: ValidateOptions): Promise<PolicyValidation> {
  const [{ offlineCedar }, { validateOffline }] = await Promise.all([
    import("../../offline-cedar.ts"),
    import("../../policy-tests/validate-offline.ts"),
  ]);
  return validateOffline(offlineCedar(), scopeKind(options), source, options.world);
}

const validationText = (file: string, { faults, warnings, policies, valid }: PolicyValidation): string =>
  [
    ...faults.map((each) => faultText(file, each)),
    ...warnings.map((each) => `${faultText(file, each)} (warning)`),
    ...(valid ? [`${policiesText(policies.length)}, no fault.`] : []),
  ].join("\n");
