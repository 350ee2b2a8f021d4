/** `dome tiers list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { members } from "./view.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the tiers",
    examples: ["dome tiers list"],
  }).action(async () => {
    const { items } = await (await session.controlPlane()).tiers.list().take();
    const { output } = session;
    const [first] = items;
    const head = first === undefined ? [] : members(first).map(([member]) => member.toUpperCase());
    output.show({
      body: items,
      ids: items.map((tier) => tier.name),
      text: () =>
        table(
          output.style,
          head,
          items.map((tier) => members(tier).map(([, value]) => value)),
        ),
    });
  });
