/** `dome policy shadow` */
import type { Command } from "commander";
import type { PolicyShadowed } from "../../../contract/policy.ts";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { wholeNumber } from "../../option-values.ts";
import { seconds } from "../../output.ts";
import type { Session } from "../../session.ts";
import { inWords, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";

interface ShadowOptions extends ScopeOptions {
  readonly off?: true;
}

export const shadowCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "shadow",
      summary: "Evaluate a version beside the one in force, and record where they differ",
      description:
        "Evaluate a version beside the one in force, and record where they differ. The version in shadow decides nothing. A bundle " +
        "has at most one.",
      examples: [
        "dome policy shadow 7",
        "dome policy shadow 3 --tier standard",
        "dome policy shadow --off",
        "dome policy simulate --shadow --since 7d",
      ],
    }).argument("[version]", "its number (default: the newest version)", wholeNumber),
  )
    .option("--off", "end it")
    .action(async (version: number | undefined, options: ShadowOptions) => {
      if (options.off === true && version !== undefined) throw usage("--off takes no version");
      const { policies } = await session.controlPlane();
      const reference = scopeOf(options);
      const number = options.off === true ? null : (version ?? (await policies.show(reference)).latest);
      const shadowed = await policies.shadow(reference, number);
      const { output } = session;
      output.show({
        body: shadowed,
        ids: shadowed.shadow === null ? [] : [String(shadowed.shadow)],
        text: () => shadowText(shadowed),
      });
      if (shadowed.shadow !== null) {
        output.next("dome policy simulate --shadow --since 1h   # where it differs");
        output.next(`dome policy activate ${shadowed.shadow}${withScopeOf(options)}`);
      }
    });

function shadowText(shadowed: PolicyShadowed): string {
  const { shadow, replaced, changed, effective_in_ms: left } = shadowed;
  const whose = inWords(shadowed);
  const when = left === 0 ? "" : ` This holds everywhere in ${seconds(left)}.`;
  if (shadow === null)
    return replaced === null
      ? `No version of ${whose} is in shadow.`
      : `Version ${replaced} of ${whose} is not in shadow any more.${when}`;
  return changed
    ? `Version ${shadow} of ${whose} is in shadow: it decides nothing, and its differences are recorded.${when}`
    : `Version ${shadow} of ${whose} is in shadow already.`;
}
