/** `dome keys list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { keyTable } from "./view.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List an agent's API keys, without their secrets",
    examples: ["dome keys list support-triage"],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .action(async (agent: string, options: { workspace?: string }) => {
      const service = await session.controlPlane();
      const { items } = await service.keys.list({ agent, ...options }).take();
      const { output } = session;
      output.show({
        body: items,
        ids: items.map((key) => key.id),
        text: () => keyTable(output.style, items),
      });
    });
