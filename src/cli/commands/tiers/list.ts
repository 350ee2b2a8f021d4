/** `dome tiers list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { takePage, tellMore, withPaging, type Paging } from "../../paging.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";
import { members } from "./view.ts";

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the tiers",
      examples: ["dome tiers list"],
    }),
    "tiers",
  ).action(async (options: Paging, command: Command) => {
    const taken = await takePage((await session.controlPlane()).tiers.list(), options);
    const { items } = taken;
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
    tellMore(session, command, taken);
  });
