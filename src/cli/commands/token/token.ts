/** `dome token` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { inspectCommand } from "./inspect.ts";
import { issueCommand } from "./issue.ts";
import { revokeCommand } from "./revoke.ts";

export const tokenCommand = (session: Session): Command =>
  noun("token", "Short-lived tokens that agents carry on calls", [
    issueCommand(session),
    inspectCommand(session),
    revokeCommand(session),
  ]);
