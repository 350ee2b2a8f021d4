/** `dome pools` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand, showCommand } from "../catalog/read.ts";
import { removeCommand } from "../catalog/remove.ts";
import { addCommand } from "./add.ts";
import { updateCommand } from "./update.ts";
import { POOLS } from "./view.ts";

export const poolsCommand = (session: Session, title: Title): Command =>
  noun(title, [
    addCommand(session),
    listCommand(session, POOLS),
    showCommand(session, POOLS),
    updateCommand(session),
    removeCommand(session, POOLS),
  ]);
