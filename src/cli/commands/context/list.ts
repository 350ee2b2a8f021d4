/** `dome context list`. Tokens are not shown. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { readContexts } from "../../config.ts";
import { table } from "../../table.ts";
import type { Session } from "../../session.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the saved services",
    examples: ["dome context list"],
  }).action(async () => {
    const { current, contexts } = await readContexts(session.io.env);
    const items = Object.entries(contexts).map(([name, { url, workspace }]) => ({
      name,
      url,
      workspace: workspace ?? null,
      current: name === current,
    }));
    const { output } = session;
    output.show({
      body: items,
      ids: items.map((item) => item.name),
      text: () => {
        const chosen = items.some(({ workspace }) => workspace !== null);
        return table(
          output.style,
          ["", "NAME", "URL", ...(chosen ? ["WORKSPACE"] : [])],
          items.map(({ current: now, name, url, workspace }) => [
            now ? "*" : " ",
            name,
            url,
            ...(chosen ? [workspace] : []),
          ]),
        );
      },
    });
  });
