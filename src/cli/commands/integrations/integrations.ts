/** `dome integrations` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand, showCommand } from "../catalog/read.ts";
import { removeCommand } from "../catalog/remove.ts";
import { addCommand } from "./add.ts";
import { updateCommand } from "./update.ts";
import { INTEGRATIONS } from "./view.ts";

export const integrationsCommand = (session: Session, title: Title): Command =>
  noun(title, [
    addCommand(session),
    listCommand(session, INTEGRATIONS),
    showCommand(session, INTEGRATIONS),
    updateCommand(session),
    removeCommand(session, INTEGRATIONS),
  ]);
