/** `dome operators show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { operatorFields } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show an operator token, without its secret",
    examples: ["dome operators show opt_…"],
  })
    .argument("<token>", "id of the token, as `dome operators list` shows it")
    .action(async (id: string) => {
      const operator = await (await session.controlPlane()).operators.show(id);
      const { output } = session;
      output.show({
        body: operator,
        ids: [operator.id],
        text: () => operatorFields(output.style, operator),
      });
    });
