/** `dome token` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { exchangeCommand } from "./exchange.ts";
import { inspectCommand } from "./inspect.ts";
import { issueCommand } from "./issue.ts";
import { revokeCommand } from "./revoke.ts";

export const tokenCommand = (session: Session, title: Title): Command =>
  noun(title, [
    issueCommand(session),
    exchangeCommand(session),
    inspectCommand(session),
    revokeCommand(session),
  ]);
