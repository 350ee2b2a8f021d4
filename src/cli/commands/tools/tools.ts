/** `dome tools` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand, showCommand } from "../catalog/read.ts";
import { removeCommand } from "../catalog/remove.ts";
import { addCommand } from "./add.ts";
import { updateCommand } from "./update.ts";
import { TOOLS } from "./view.ts";

export const toolsCommand = (session: Session): Command =>
  noun("tools", "The tools of a workspace's catalog", [
    addCommand(session),
    listCommand(session, TOOLS),
    showCommand(session, TOOLS),
    updateCommand(session),
    removeCommand(session, TOOLS),
  ]);
