/** `dome policy` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { activateCommand, rollbackCommand } from "./activate.ts";
import { diffCommand } from "./diff.ts";
import { fmtCommand } from "./fmt.ts";
import { listCommand } from "./list.ts";
import { pushCommand } from "./push.ts";
import { shadowCommand } from "./shadow.ts";
import { showCommand } from "./show.ts";
import { simulateCommand } from "./simulate.ts";
import { suggestCommand } from "./suggest.ts";
import { testCommand } from "./test.ts";
import { validateCommand } from "./validate.ts";
import { versionsCommand } from "./versions.ts";

export const policyCommand = (session: Session, title: Title): Command =>
  noun(title, [
    validateCommand(session),
    fmtCommand(session),
    testCommand(session),
    pushCommand(session),
    simulateCommand(session),
    shadowCommand(session),
    activateCommand(session),
    rollbackCommand(session),
    listCommand(session),
    showCommand(session),
    versionsCommand(session),
    diffCommand(session),
    suggestCommand(session),
  ]);
