/** `dome agents` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { activateCommand } from "./activate.ts";
import { eventsCommand } from "./events.ts";
import { haltsCommand } from "./halts.ts";
import { listCommand } from "./list.ts";
import { redeclareCommand } from "./redeclare.ts";
import { registerCommand } from "./register.ts";
import { resumeCommand } from "./resume.ts";
import { revokeCommand } from "./revoke.ts";
import { showCommand } from "./show.ts";
import { suspendCommand } from "./suspend.ts";
import { transferCommand } from "./transfer.ts";
import { treeCommand } from "./tree.ts";
import { updateCommand } from "./update.ts";

export const agentsCommand = (session: Session, title: Title): Command =>
  noun(title, [
    registerCommand(session),
    listCommand(session),
    showCommand(session),
    updateCommand(session),
    redeclareCommand(session),
    transferCommand(session),
    activateCommand(session),
    suspendCommand(session),
    resumeCommand(session),
    revokeCommand(session),
    haltsCommand(session),
    treeCommand(session),
    eventsCommand(session),
  ]);
