/** `dome context list`. Tokens are not shown. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { readContexts } from "../../config.ts";
import { table } from "../../output.ts";
import type { Session } from "../../session.ts";

export const listCommand = (session: Session): Command =>
  verb({
    name: "list",
    summary: "List the saved services",
    examples: ["dome context list"],
  }).action(async () => {
    const { current, contexts } = await readContexts(session.io.env);
    const items = Object.entries(contexts).map(([name, { url }]) => ({
      name,
      url,
      current: name === current,
    }));
    const { output } = session;
    output.show({
      body: items,
      ids: items.map((item) => item.name),
      text: () =>
        table(
          output.style,
          ["", "NAME", "URL"],
          items.map((item) => [item.current ? "*" : " ", item.name, item.url]),
        ),
    });
  });
