/** `dome users` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { resumeCommand } from "./resume.ts";
import { stopCommand } from "./stop.ts";
import { testTokenCommand } from "./test-token.ts";

export const usersCommand = (session: Session): Command =>
  noun("users", "The people for whom agents act: stop them, and let them go on", [
    stopCommand(session),
    resumeCommand(session),
    testTokenCommand(session),
  ]);
