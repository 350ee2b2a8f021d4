/** `dome idp` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { addCommand } from "./add.ts";
import { listCommand } from "./list.ts";
import { removeCommand } from "./remove.ts";
import { showCommand } from "./show.ts";
import { testCommand } from "./test.ts";

export const idpCommand = (session: Session): Command =>
  noun("idp", "Identity providers, whose users agents may act for", [
    addCommand(session),
    listCommand(session),
    showCommand(session),
    testCommand(session),
    removeCommand(session),
  ]);
