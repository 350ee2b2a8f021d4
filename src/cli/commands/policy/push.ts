/** `dome policy push` */
import type { Command } from "commander";
import type { PolicyVersion } from "../../../contract/policy.ts";
import { defined } from "../../../kernel/defined.ts";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { activate } from "./activate.ts";
import { inWords, readPolicies, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";
import { policiesText } from "./view.ts";

interface PushOptions extends ScopeOptions {
  readonly message?: string;
  readonly activate?: true;
  readonly wait?: true;
}

export const pushCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "push",
      summary: "Add a version to the policies of a workspace, agent, tier or the organization",
      description:
        "Add a version to the policies of a workspace, agent, tier or the organization. Dome checks the whole file first, and " +
        "adds nothing if a policy is wrong. The new version is in force when you activate it.",
      examples: [
        'dome policy push workspace.cedar --message "no refunds above 100"',
        "dome policy push triage.cedar --agent support-triage --activate --wait",
        "dome policy push read-only.cedar --tier restricted",
      ],
    }).argument("<file>", "the policies, in Cedar's language"),
  )
    .option("--message <text>", "what changed, and why")
    .option("--activate", "bring the version into force at once")
    .option("--wait", "with --activate: return when the version is in force everywhere")
    .action(async (file: string, options: PushOptions) => {
      const source = await readPolicies(file);
      const { policies } = await session.controlPlane();
      const pushed = await policies.push(scopeOf(options), {
        source,
        ...defined({ message: options.message }),
      });
      if (options.activate === true)
        return activate(session, options, (service) =>
          service.policies.activate(scopeOf(options), pushed.version),
        );
      const { output } = session;
      output.show({ body: pushed, ids: [String(pushed.version)], text: () => pushText(pushed) });
      if (!pushed.active) output.next(`dome policy activate ${pushed.version}${withScopeOf(options)}`);
    });

const pushText = (pushed: PolicyVersion): string =>
  pushed.active
    ? `Version ${pushed.version} of ${inWords(pushed)} has this text already, and is in force.`
    : `Version ${pushed.version} of ${inWords(pushed)}, with ${policiesText(pushed.policies)}. It is not in force yet.`;
