/** `dome signing-keys list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { shownPage, takePage, withPaging, type Paging } from "../../paging.ts";
import type { Session } from "../../session.ts";
import { showOnce } from "../../watch.ts";
import { signingKeyTable } from "./view.ts";

export const listCommand = (session: Session): Command =>
  withPaging(
    verb({
      name: "list",
      summary: "List the keys that the service signs with, the newest first",
      examples: ["dome signing-keys list"],
    }),
    "keys",
  ).action(async (options: Paging, command: Command) => {
    const taken = await takePage((await session.controlPlane()).signingKeys.list(), options);
    showOnce(session, shownPage(session, command, taken, { id: ({ kid }) => kid, text: signingKeyTable }));
  });
