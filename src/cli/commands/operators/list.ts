/** `dome operators list` */
import { Option, type Command } from "commander";
import type { OperatorFilter } from "../../../client/operators.ts";
import { ROLES } from "../../../contract/roles.ts";
import { verb } from "../../command.ts";
import { limitOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { operatorTable } from "./view.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List operator tokens, without their secrets",
    examples: ["dome operators list", "dome operators list --role admin --json"],
  })
    .option("--subject <subject>", "only tokens of this person or job")
    .addOption(new Option("--role <role>", "only tokens of this role").choices(ROLES))
    .addOption(limitOption("tokens (default: all)"))
    .action(async (filter: OperatorFilter) => {
      const service = await session.controlPlane();
      const { items, more } = await service.operators.list(filter).take(filter.limit);
      const { output } = session;
      output.show({
        body: items,
        ids: items.map((operator) => operator.id),
        text: () => operatorTable(output.style, items),
      });
      if (more) output.note("There are more: raise --limit, or leave it out.");
    });
