/** `dome tools` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand, showCommand } from "../catalog/read.ts";
import { removeCommand } from "../catalog/remove.ts";
import { addCommand } from "./add.ts";
import { addSecretCommand, removeSecretCommand, secretsCommand } from "./secrets.ts";
import { approveCommand, diffCommand, operationsCommand, refreshCommand } from "./operations.ts";
import { testCommand } from "./test.ts";
import { updateCommand } from "./update.ts";
import { TOOLS } from "./view.ts";

export const toolsCommand = (session: Session, title: Title): Command =>
  noun(title, [
    addCommand(session),
    listCommand(session, TOOLS),
    showCommand(session, TOOLS),
    updateCommand(session),
    removeCommand(session, TOOLS),
    testCommand(session),
    secretsCommand(session),
    addSecretCommand(session),
    removeSecretCommand(session),
    refreshCommand(session),
    operationsCommand(session),
    diffCommand(session),
    approveCommand(session),
  ]);
