/** `dome tiers list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import { memberTable } from "../../table.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
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
    const page = shownPage(session, command, taken, {
      id: (tier) => tier.name,
      text: (style, tiers) => memberTable(style, tiers, members),
    });
    showOnce(session, page);
  });
