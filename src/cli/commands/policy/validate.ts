/** `dome policy validate` */
import type { Command } from "commander";
import type { PolicyValidation } from "../../../contract/policy.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import type { Session } from "../../session.ts";
import { readPolicies, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";
import { faultText, policiesText } from "./view.ts";

export const validateCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "validate",
      summary: "Check a file of policies as a push would, and change nothing",
      examples: [
        "dome policy validate workspace.cedar",
        "dome policy validate triage.cedar --agent support-triage",
      ],
    }).argument("<file>", "the policies, in Cedar's language"),
  ).action(async (file: string, options: ScopeOptions) => {
    const source = await readPolicies(file);
    const { policies } = await session.controlPlane();
    const found = await policies.validate(scopeOf(options), source);
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
  });

const validationText = (file: string, { faults, warnings, policies, valid }: PolicyValidation): string =>
  [
    ...faults.map((each) => faultText(file, each)),
    ...warnings.map((each) => `${faultText(file, each)} (warning)`),
    ...(valid ? [`${policiesText(policies.length)}, no fault.`] : []),
  ].join("\n");
