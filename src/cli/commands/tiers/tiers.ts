/** `dome tiers` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { addCommand, removeCommand, updateCommand } from "./change.ts";
import { listCommand } from "./list.ts";
import { showCommand } from "./show.ts";

export const tiersCommand = (session: Session, title: Title): Command =>
  noun(title, [
    addCommand(session),
    listCommand(session),
    showCommand(session),
    updateCommand(session),
    removeCommand(session),
  ]);
