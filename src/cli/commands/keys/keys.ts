/** `dome keys` */
import type { Command } from "commander";
import { noun, type Title } from "../../command.ts";
import type { Session } from "../../session.ts";
import { identifyCommand } from "./identify.ts";
import { issueCommand } from "./issue.ts";
import { listCommand } from "./list.ts";
import { revokeCommand } from "./revoke.ts";
import { rotateCommand } from "./rotate.ts";

export const keysCommand = (session: Session, title: Title): Command =>
  noun(title, [
    issueCommand(session),
    rotateCommand(session),
    listCommand(session),
    identifyCommand(session),
    revokeCommand(session),
  ]);
