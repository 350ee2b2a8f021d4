/** `dome token` */
import type { Command } from "commander";
import { noun } from "../../command.ts";
import type { Session } from "../../session.ts";
import { exchangeCommand } from "./exchange.ts";
import { inspectCommand } from "./inspect.ts";
import { issueCommand } from "./issue.ts";
import { revokeCommand } from "./revoke.ts";

export const tokenCommand = (session: Session): Command =>
  noun("token", "Short-lived tokens that agents carry on calls", [
    issueCommand(session),
    exchangeCommand(session),
    inspectCommand(session),
    revokeCommand(session),
  ]);
