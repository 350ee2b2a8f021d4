/** `dome root-key status` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";

export const statusCommand = (session: Session): Command =>
  verb({
    name: "status",
    summary: "Show what still needs each version of the root key, and which versions you can retire",
    examples: ["dome root-key status"],
  }).action(async () => {
    const status = await (await session.controlPlane()).rootKeys.status();
    const { output } = session;
    output.show({
      body: status,
      ids: status.versions.filter((each) => each.may_leave).map((each) => each.version),
      text: () =>
        table(
          output.style,
          ["VERSION", "PLACE", "SEALED", "API KEYS", "OPERATOR TOKENS", "MADE", "MAY LEAVE"],
          status.versions.map((each) => [
            each.version,
            each.place,
            each.sealed,
            each.api_keys,
            each.operator_tokens,
            each.made,
            leaving(each),
          ]),
        ),
    });
  });

const leaving = ({ may_leave: may, made }: { may_leave: boolean; made: number }): string => {
  if (!may) return "no";
  return made === 0 ? "yes" : "yes, except its form key";
};
