/** `dome signing-keys list` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { signingKeyTable } from "./view.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the keys that the service signs with, the newest first",
    examples: ["dome signing-keys list"],
  }).action(async () => {
    const { items } = await (await session.controlPlane()).signingKeys.list().take();
    const { output } = session;
    output.show({
      body: items,
      ids: items.map((key) => key.kid),
      text: () => signingKeyTable(output.style, items),
    });
  });
