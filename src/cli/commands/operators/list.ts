/** `dome operators list` */
import { Option, type Command } from "commander";
import type { OperatorFilter } from "../../../client/operators.ts";
import { ROLES } from "../../../contract/roles.ts";
import { verb } from "../../command.ts";
import { takePage, tellMore, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { operatorTable } from "./view.ts";

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List operator tokens, without their secrets",
      examples: ["dome operators list", "dome operators list --role admin --json"],
    }),
    "tokens",
  )
    .option("--subject <subject>", "only tokens of this person or job")
    .addOption(new Option("--role <role>", "only tokens of this role").choices(ROLES))
    .action(async ({ subject, role, ...paging }: OperatorFilter & Paging, command: Command) => {
      const service = await session.controlPlane();
      const taken = await takePage(service.operators.list({ subject, role }), paging);
      const { items } = taken;
      const { output } = session;
      output.show({
        body: items,
        ids: items.map((operator) => operator.id),
        text: () => operatorTable(output.style, items),
      });
      tellMore(session, command, taken);
    });
