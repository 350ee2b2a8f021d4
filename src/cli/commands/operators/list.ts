/** `dome operators list` */
import { Option, type Command } from "commander";
import type { OperatorFilter } from "../../../client/operators.ts";
import { ROLES } from "../../../contract/roles.ts";
import { verb } from "../../command.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
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
      showOnce(session, shownPage(session, command, taken, { id: ({ id }) => id, text: operatorTable }));
    });
