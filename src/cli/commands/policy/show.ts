/** `dome policy show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { usage } from "../../exit.ts";
import { wholeNumber } from "../../option-values.ts";
import { fields } from "../../output.ts";
import type { Session } from "../../session.ts";
import { inWords, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";
import { versionMembers } from "./view.ts";

export const showCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "show",
      summary: "Show the policies in force, or another version of them",
      examples: ["dome policy show", "dome policy show 3 --tier standard"],
    }).argument("[version]", "its number (default: the version in force)", wholeNumber),
  ).action(async (version: number | undefined, options: ScopeOptions) => {
    const { policies } = await session.controlPlane();
    const reference = scopeOf(options);
    const number = version ?? (await inForce(session, options));
    const shown = await policies.version(reference, number);
    const { output } = session;
    output.show({
      body: shown,
      ids: [String(shown.version)],
      text: () => `${fields(output.style, versionMembers(output.style, shown))}\n\n${shown.source.trimEnd()}`,
    });
  });

/** @throws CommandFailure (exit 2) when no version is in force. */
export async function inForce(session: Session, options: ScopeOptions): Promise<number> {
  const { policies } = await session.controlPlane();
  const bundle = await policies.show(scopeOf(options));
  if (bundle.active !== null) return bundle.active;
  throw usage(
    `No policies of ${inWords(bundle)} are in force; the newest version is ${bundle.latest}`,
    `dome policy activate${withScopeOf(options)}`,
  );
}
