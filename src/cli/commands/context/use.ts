/** `dome context use` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { contextNamed, readContexts, writeContexts } from "../../config.ts";
import { CommandFailure, EXIT } from "../../exit.ts";
import type { Session } from "../../session.ts";

export const useCommand = (session: Session): Command =>
  verb({
    name: "use",
    summary: "Choose the service that commands talk to",
    examples: ["dome context use local"],
  })
    .argument("<name>", "name of a saved service")
    .action(async (name: string) => {
      const contexts = await readContexts(session.io.env);
      const context = contextNamed(contexts, name);
      if (context === undefined) {
        throw new CommandFailure(EXIT.failed, `there is no context "${name}"`, "dome context list");
      }
      await writeContexts(session.io, { ...contexts, current: name });
      session.output.show({
        body: { name, url: context.url, current: true },
        ids: [name],
        text: () => `Commands talk to ${context.url} now.`,
      });
      if (session.io.env.DOME_URL) session.output.note("DOME_URL is set and goes before the context.");
    });
