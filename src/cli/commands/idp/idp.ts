/** `dome idp` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { addCommand } from "./add.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";
import { showCommand } from "./show.ts";
import { testCommand } from "./test.ts";

export const idpCommand = (session: Session, title: Title): Command =>
  noun(title, [
    addCommand(session),
    listCommand(session),
    showCommand(session),
    testCommand(session),
    removeCommand(session),
  ]);
