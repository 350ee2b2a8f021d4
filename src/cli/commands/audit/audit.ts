/** `dome audit` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { chainCommand } from "./chain.ts";
import { listCommand } from "./list.ts";
import { openCommand } from "./open.ts";
import { replayCommand } from "./replay.ts";
import { showCommand } from "./show.ts";
import { tailCommand } from "./tail.ts";

export const auditCommand = (session: Session, title: Title): Command =>
  noun(title, [
    listCommand(session),
    openCommand(session),
    showCommand(session),
    tailCommand(session),
    chainCommand(session),
    replayCommand(session),
  ]);
