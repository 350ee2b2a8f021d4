/** `dome workspaces resume`. It returns 300 ms after the commit, as `agents resume` does. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { SETTLE_MS } from "../agents/start-agent.ts";

export const resumeCommand = (session: Session): Command =>
  verb({
    name: "resume",
    summary: "Let the agents of a halted workspace act again",
    description:
      "Let the agents of a halted workspace act again. Tokens from before the halt stay invalid: the agents need new ones.",
    examples: ["dome workspaces resume support"],
  })
    .argument("<workspace>", "name or id")
    .action(async (name: string) => {
      const service = await session.controlPlane();
      const transition = await service.workspaces.resume(name);
      await session.io.timers.sleep(SETTLE_MS);
      session.output.show({
        body: transition,
        ids: [transition.workspace],
        text: () =>
          `The agents of ${clean(name)} may act again${transition.changed ? "" : " (it was not halted)"}.`,
      });
    });
