/** `dome workspaces show` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import type { Session } from "../../session.ts";
import { showOrWatch, watchOption, type Watching } from "../../watch.ts";
import { shownWorkspace } from "./view.ts";

export const showCommand = (session: Session): Command =>
  verb({
    name: "show",
    summary: "Show a workspace",
    examples: ["dome workspaces show default"],
  })
    .argument("<workspace>", "name or id")
    .addOption(watchOption())
    .action((name: string, options: Watching) =>
      showOrWatch(session, options, async () =>
        shownWorkspace(session.output, await (await session.controlPlane()).workspaces.show(name)),
      ),
    );
