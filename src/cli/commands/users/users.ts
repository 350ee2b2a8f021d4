/** `dome users` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { listCommand } from "./list.ts";
import { resumeCommand } from "./resume.ts";
import { showCommand } from "./show.ts";
import { stopCommand } from "./stop.ts";
import { testTokenCommand } from "./test-token.ts";

export const usersCommand = (session: Session, title: Title): Command =>
  noun(title, [
    listCommand(session),
    showCommand(session),
    stopCommand(session),
    resumeCommand(session),
    testTokenCommand(session),
  ]);
